#pragma once
// The schedulers IPVS has, by the names people type. Says nothing of how they choose: that
// is the data plane's. A new scheduler is a row here and a file in bpf/.

#include <string_view>
#include <vector>

namespace plenum::conf {

struct SchedulerName {
  std::string_view name;
  std::string_view text;  // one line for people
};

// Every scheduler of IPVS, in ipvsadm's order.
const std::vector<SchedulerName>& schedulers();
bool is_scheduler(std::string_view name);

}  // namespace plenum::conf
