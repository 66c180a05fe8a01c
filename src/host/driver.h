#pragma once
// The host itself: looked at as a View, changed by Actions. Where things are can be moved,
// so that a test or an image under construction is not the running system.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/action.h"
#include "host/record.h"
#include "host/sysctl.h"
#include "host/view.h"

namespace plenum::host {

struct Places {
  std::string root;                            // put before the paths of files; "" none
  std::string bpf_dir = "/sys/fs/bpf/plenum";  // below it the decapsulation is pinned
  SysctlTree sysctls;

  [[nodiscard]] std::string file(const std::string& path) const { return root + path; }
};

// What a View shall show besides links and addresses, which it always does.
struct Look {
  std::vector<std::string> sysctls;  // paths below /proc/sys
  std::vector<std::string> files;    // paths without the root
  std::set<std::string> interfaces;  // whose offloads
  bool decapsulation = false;
};

Result<View> observe(const Places& places, const Look& look);

// Carries one action out; gives what the operator should know besides that it is done.
// Each can be repeated.
Result<std::vector<std::string>> apply(const Action& action, const Places& places);

// This boot, and the network namespace of the calling thread.
Where here();

}  // namespace plenum::host
