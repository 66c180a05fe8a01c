#include "lb/vips.h"

#include <set>

namespace plenum::lb {

std::string interface_for(const conf::Vip& vip, const net::Address& address, const rt::Network& network) {
  if (!vip.interface.empty()) return vip.interface;
  std::string found;
  std::uint8_t longest = 0;
  for (const auto& on : network.addresses()) {
    const auto* link = network.link(on.ifindex);
    if (link == nullptr || link->loopback || on.prefix.address == address || !on.prefix.contains(address)) continue;
    if (on.prefix.length < longest || on.prefix.length == on.prefix.address.bits()) continue;
    longest = on.prefix.length;
    found = link->name;
  }
  return found;
}

namespace {

std::string carrier_of(const net::Address& address, const rt::Network& network) {
  for (const auto& on : network.addresses())
    if (on.prefix.address == address)
      if (const auto* link = network.link(on.ifindex)) return link->name;
  return {};
}

}  // namespace

std::vector<std::string> Vips::add(const std::vector<conf::Vip>& wanted, const rt::Network& network) {
  std::vector<std::string> problems;
  for (const auto& vip : wanted) {
    if (vip.by_vrrp) continue;
    for (const auto& prefix : vip.addresses) {
      const auto carrier = carrier_of(prefix.address, network);
      if (!carrier.empty() && (vip.interface.empty() || carrier == vip.interface)) continue;
      const auto name = interface_for(vip, prefix.address, network);
      const auto* link = name.empty() ? nullptr : network.link(name);
      if (link == nullptr) {
        problems.push_back("vip " + vip.name + ": " + prefix.text() +
                           (name.empty() ? ": no interface has its subnet; name one with `interface:`"
                                         : ": there is no interface " + name));
        continue;
      }
      // Not preferred: a virtual address must not become the source of the host's own traffic.
      if (const auto added = netlink_.add_address(link->ifindex, prefix, false); !added)
        problems.push_back("vip " + vip.name + ": add " + prefix.text() + " to " + name + ": " + added.error().what);
    }
  }
  return problems;
}

std::vector<std::string> Vips::remove(const std::vector<conf::Vip>& before, const std::vector<conf::Vip>& wanted,
                                      const rt::Network& network) {
  std::vector<std::string> problems;
  std::set<net::Address> keep;
  for (const auto& vip : wanted)
    for (const auto& prefix : vip.addresses) keep.insert(prefix.address);
  for (const auto& vip : before) {
    if (vip.by_vrrp) continue;
    for (const auto& prefix : vip.addresses) {
      if (keep.contains(prefix.address)) continue;
      const auto name = carrier_of(prefix.address, network);
      const auto* link = name.empty() ? nullptr : network.link(name);
      if (link == nullptr) continue;
      if (const auto removed = netlink_.remove_address(link->ifindex, prefix); !removed)
        problems.push_back("vip " + vip.name + ": remove " + prefix.text() + " from " + name + ": " +
                           removed.error().what);
    }
  }
  return problems;
}

std::vector<VipStatus> Vips::status(const std::vector<conf::Vip>& vips, const rt::Network& network) {
  std::vector<VipStatus> out;
  for (const auto& vip : vips) {
    for (const auto& prefix : vip.addresses) {
      const auto carrier = carrier_of(prefix.address, network);
      out.push_back({vip.name, prefix.text(), carrier.empty() ? interface_for(vip, prefix.address, network) : carrier,
                     !carrier.empty(), vip.by_vrrp});
    }
  }
  return out;
}

}  // namespace plenum::lb
