#pragma once
// Which interfaces the program goes on, and what it must know of each. Pure: decided from
// the host's links and addresses, the virtual addresses and the ways to the servers.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "conf/config.h"
#include "net/address.h"
#include "rt/network.h"

namespace plenum::lb {

struct PortPlan {
  std::set<std::uint32_t> attach;     // interfaces; for a VLAN device the one below it
  std::vector<pl_port> ports;         // elements of the port map, VLAN devices too
  std::vector<std::string> warnings;  // "eth7: no such interface"
};

// `named` empty: the interfaces that carry one of `vips` or whose subnet holds it, and those
// of `ways_out`.
PortPlan plan_ports(const std::vector<std::string>& named, const std::set<net::Address>& vips,
                    const std::set<std::uint32_t>& ways_out, const rt::Network& network);

// Interfaces that plenum-vrrpd brings addresses to which one of `vips`, or a vip of the file, is.
std::set<std::string> vrrp_interfaces(const conf::Config& config, const std::set<net::Address>& vips);

}  // namespace plenum::lb
