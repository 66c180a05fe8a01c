#pragma once
// The file's virtual addresses on this host's interfaces: added when missing, removed when
// the file drops them, left in place when the daemon stops. Those that plenum-vrrpd brings and
// takes are left to it.

#include <string>
#include <vector>

#include "conf/config.h"
#include "lb/status.h"
#include "rt/netlink.h"
#include "rt/network.h"

namespace plenum::lb {

// Where an address belongs: the interface named, or the one whose subnet holds it. Empty:
// nowhere here.
std::string interface_for(const conf::Vip& vip, const net::Address& address, const rt::Network& network);

class Vips {
 public:
  explicit Vips(rt::Netlink netlink) : netlink_(std::move(netlink)) {}

  // Makes the host carry `wanted`. Returns what could not be done, a line each. Idempotent.
  std::vector<std::string> add(const std::vector<conf::Vip>& wanted, const rt::Network& network);
  // Removes the addresses that `before` had and `wanted` has not.
  std::vector<std::string> remove(const std::vector<conf::Vip>& before, const std::vector<conf::Vip>& wanted,
                                  const rt::Network& network);

  static std::vector<VipStatus> status(const std::vector<conf::Vip>& vips, const rt::Network& network);

 private:
  rt::Netlink netlink_;
};

}  // namespace plenum::lb
