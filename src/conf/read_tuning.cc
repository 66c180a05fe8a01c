#include "conf/read_tuning.h"

#include <bit>

#include "conf/schema.h"
#include "conf/validate.h"

namespace plenum::conf {
namespace {

// As the kernel takes it (proc_do_sync_threshold): the threshold lies below the period, unless
// that is 0.
void read_threshold(const Fields& fields, Tuning& out, Diagnostics& problems) {
  if (!fields.has("sync_threshold") || !fields.node("sync_threshold")->is_sequence()) return;
  const auto pair = fields.list<std::int64_t>("sync_threshold");
  if (fields.node("sync_threshold")->items.size() != 2) {
    problems.add(fields.place("sync_threshold"), "tuning: sync_threshold must be two numbers, like [3, 50]");
    return;
  }
  if (pair.size() != 2) return;  // validate() has told
  if (pair[1].first != 0 && pair[0].first >= pair[1].first) {
    problems.add(fields.place("sync_threshold"), "tuning: sync_threshold: the first number must be below the second");
    return;
  }
  out.sync_threshold = pair[0].first;
  out.sync_period = pair[1].first;
}

}  // namespace

Tuning read_tuning(const Node* node, Diagnostics& problems) {
  static const Tuning defaults;
  const Fields fields(node, tuning_shape());
  Tuning out;
  for (const auto& row : tunables()) {
    out.*row.value = fields.integer(row.name).value_or(defaults.*row.value);
    if (!row.fixed.empty() && out.*row.value != defaults.*row.value) {
      problems.add(fields.place(row.name),
                   "tuning: " + std::string(row.name) + " can only be " + std::to_string(defaults.*row.value),
                   std::string(row.fixed));
    }
  }
  if (!std::has_single_bit(static_cast<std::uint64_t>(out.sync_ports)))
    problems.add(fields.place("sync_ports"), "tuning: sync_ports must be a power of two");
  read_threshold(fields, out, problems);
  return out;
}

Timeouts read_timeouts(const Node* node) {
  const Fields fields(node, timeouts_shape());
  Timeouts out;
  out.tcp = fields.integer("tcp").value_or(out.tcp);
  out.tcp_fin = fields.integer("tcp_fin").value_or(out.tcp_fin);
  out.udp = fields.integer("udp").value_or(out.udp);
  return out;
}

}  // namespace plenum::conf
