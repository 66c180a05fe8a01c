#pragma once
// What a real server needs to take part in DR or TUN, as pure decisions from a View: the VIP
// on lo, silence in ARP, a source filter that lets clients in, decapsulation. Acts on
// nothing.

#include <set>
#include <string>
#include <vector>

#include "host/action.h"
#include "host/finding.h"
#include "host/persistence.h"
#include "host/record.h"
#include "host/view.h"

namespace plenum::host {

inline constexpr char kRealserverName[] = "plenum-realserver";

struct RealserverSpec {
  std::set<net::Address> vips;
  std::set<std::string> interfaces;  // that packets for the VIPs come by
  Tunnels tunnels;
  std::set<net::Address> others = {};  // VIPs that were set up here, too, and are not in question
  bool operator==(const RealserverSpec&) const = default;
};

// Settings that must hold, in the order in which they are to be set. Some depend on the
// present value of others (the kernel takes the greater of "all" and the interface's).
std::vector<SysctlWish> realserver_wishes(const RealserverSpec& spec, const Sysctls& now);
// The paths of all that it may wish or look at.
std::vector<std::string> realserver_sysctls(const RealserverSpec& spec);

// What is to be done so that `spec` holds; empty when it does. Nothing is announced on the
// way: ARP is silenced before a VIP is added.
// `persistence`: nullptr for none.
std::vector<Action> plan_realserver(const RealserverSpec& spec, const View& view, const Persistence* persistence);

// Everything that keeps `spec` from working.
std::vector<Finding> check_realserver(const RealserverSpec& spec, const View& view);

// The words after `plenum` that set up `spec`: "realserver", "setup", "--vip", ...
std::vector<std::string> realserver_setup_words(const RealserverSpec& spec);

}  // namespace plenum::host
