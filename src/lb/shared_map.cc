#include "lb/shared_map.h"

#include <bpf/libbpf.h>

#include <string_view>

namespace plenum::lb {

std::string shared_map_name(const bpf_map* map) {
  constexpr std::string_view kVariable = ".data.", kShared = "pl_";
  std::string_view name = bpf_map__name(map);
  if (name.starts_with(kVariable)) name.remove_prefix(kVariable.size());
  return name.starts_with(kShared) ? std::string(name) : std::string();
}

}  // namespace plenum::lb
