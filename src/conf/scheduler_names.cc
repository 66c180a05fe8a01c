#include "conf/scheduler_names.h"

namespace plenum::conf {

const std::vector<SchedulerName>& schedulers() {
  static const std::vector<SchedulerName> rows = {
      {"rr", "round robin", true},
      {"wrr", "weighted round robin", true},
      {"lc", "least connections", true},
      {"wlc", "weighted least connections", true},
      {"lblc", "locality-based least connections", false},
      {"lblcr", "locality-based least connections with replication", false},
      {"dh", "destination hashing", false},
      {"sh", "source hashing", false},
      {"mh", "Maglev hashing", false},
      {"sed", "shortest expected delay", false},
      {"nq", "never queue", false},
      {"fo", "weighted failover", false},
      {"ovf", "weighted overflow", false},
      {"twos", "power of two choices", false},
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
