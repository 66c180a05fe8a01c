#pragma once
// The schedulers IPVS has, by the names people type. Says nothing of how they choose: that
// is the data plane's. A new scheduler is a row here and a file in bpf/.

#include <string>
#include <string_view>
#include <vector>

namespace plenum::conf {

struct SchedulerName {
  std::string_view name;
  std::string_view text;  // one line for people
  bool implemented;       // the data plane of this version has it
};

// Every scheduler of IPVS, in ipvsadm's order.
const std::vector<SchedulerName>& schedulers();
// Names of all of them, or of those the data plane has.
std::vector<std::string> scheduler_names(bool implemented_only);

}  // namespace plenum::conf
