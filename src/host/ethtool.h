#pragma once
// An interface's offloads by their names, through the ethtool ioctl. Speaks for the network
// namespace of the calling thread.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/view.h"

namespace plenum::host {

// Those of `names` that the device knows. Empty for a device without ethtool.
Result<std::map<std::string, Offload>> read_offloads(const std::string& interface,
                                                     const std::vector<std::string>& names);
Result<> set_offload(const std::string& interface, const std::string& name, bool on);

}  // namespace plenum::host
