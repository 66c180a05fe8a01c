#include "conf/scheduler_names.h"

#include <algorithm>

namespace plenum::conf {

const std::vector<SchedulerName>& schedulers() {
  static const std::vector<SchedulerName> rows = {
      {"rr", "round robin"},
      {"wrr", "weighted round robin"},
      {"lc", "least connections"},
      {"wlc", "weighted least connections"},
      {"lblc", "locality-based least connections"},
      {"lblcr", "locality-based least connections with replication"},
      {"dh", "destination hashing"},
      {"sh", "source hashing"},
      {"mh", "Maglev hashing"},
      {"sed", "shortest expected delay"},
      {"nq", "never queue"},
      {"fo", "weighted failover"},
      {"ovf", "weighted overflow"},
      {"twos", "power of two choices"},
  };
  return rows;
}

bool is_scheduler(std::string_view name) {
  return std::any_of(schedulers().begin(), schedulers().end(), [&](const auto& row) { return row.name == name; });
}

}  // namespace plenum::conf
