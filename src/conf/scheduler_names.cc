#include "conf/scheduler_names.h"

namespace plenum::conf {

const std::vector<SchedulerName>& schedulers() {
  static const std::vector<SchedulerName> rows = {
      {"rr", "round robin", true},
      {"wrr", "weighted round robin", true},
      {"lc", "least connections", true},
      {"wlc", "weighted least connections", true},
      {"lblc", "locality-based least connections", true},
      {"lblcr", "locality-based least connections with replication", true},
      {"dh", "destination hashing", true},
      {"sh", "source hashing", true},
      {"mh", "Maglev hashing", true},
      {"sed", "shortest expected delay", true},
      {"nq", "never queue", true},
      {"fo", "weighted failover", true},
      {"ovf", "weighted overflow", true},
      {"twos", "power of two choices", true},
  };
  return rows;
}

std::vector<std::string> scheduler_names(bool implemented_only) {
  std::vector<std::string> names;
  for (const auto& row : schedulers()) {
    if (row.implemented || !implemented_only) names.emplace_back(row.name);
  }
  return names;
}

}  // namespace plenum::conf
