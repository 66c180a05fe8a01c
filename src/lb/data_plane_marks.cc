// The mark rules' part of DataPlane: two halves of a map, one of which is shown.

#include <cstring>

#include "lb/data_plane.h"
#include "lb/mapped_array.h"

namespace plenum::lb {

void DataPlane::set_marks(const std::vector<pl_mark_rule>& rules) {
  auto shown = shared(program_.settings[0].mark_rules);
  const auto first = static_cast<std::uint32_t>(shown.load() >> 32);
  const auto count = static_cast<std::uint32_t>(shown.load());
  const auto* now = program_.marks.span().data() + first;
  if (count == rules.size() &&
      (rules.empty() || std::memcmp(now, rules.data(), rules.size() * sizeof(pl_mark_rule)) == 0))
    return;
  const std::uint32_t next = first == 0 ? PL_MARK_RULES : 0;
  for (std::uint32_t i = 0; i < rules.size(); ++i) program_.marks[next + i] = rules[i];
  shown.store(std::uint64_t{next} << 32 | rules.size());
}

}  // namespace plenum::lb
