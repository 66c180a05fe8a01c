#include "lb/ports.h"

#include <map>

#include "lb/abi_values.h"

namespace plenum::lb {

namespace {

// The device frames are on: a VLAN device and a virtual MAC's have none of their own.
std::uint32_t below(const rt::Link& link) {
  const bool upper = link.vlan_id != 0 || link.kind == "macvlan";
  return upper && link.parent != 0 ? link.parent : link.ifindex;
}

void add_mac(pl_port& port, const net::Mac& mac) {
  const auto wire = abi_mac(mac);
  for (std::uint32_t i = 0; i < port.macs; ++i)
    if (port.mac[i] == wire) return;
  if (port.macs < PL_PORT_MACS) port.mac[port.macs++] = wire;
}

void named_interfaces(const std::vector<std::string>& named, const rt::Network& network, PortPlan& plan) {
  for (const auto& name : named) {
    if (const auto* link = network.link(name))
      plan.attach.insert(below(*link));
    else
      plan.warnings.push_back("interface " + name + ": there is none of this name");
  }
}

void found_interfaces(const std::set<net::Address>& vips, const std::set<std::uint32_t>& ways_out,
                      const rt::Network& network, PortPlan& plan) {
  for (const auto& address : network.addresses()) {
    const auto* link = network.link(address.ifindex);
    if (link == nullptr || link->loopback || !link->ethernet) continue;
    // A virtual address on lo, or not there yet, is reached by the interface of its subnet.
    for (const auto& vip : vips)
      if (address.prefix.address == vip || address.prefix.contains(vip)) plan.attach.insert(below(*link));
  }
  for (const auto ifindex : ways_out)
    if (const auto* link = network.link(ifindex); link != nullptr && link->ethernet) plan.attach.insert(below(*link));
}

}  // namespace

PortPlan plan_ports(const std::vector<std::string>& named, const std::set<net::Address>& vips,
                    const std::set<std::uint32_t>& ways_out, const rt::Network& network) {
  PortPlan plan;
  if (named.empty())
    found_interfaces(vips, ways_out, network, plan);
  else
    named_interfaces(named, network, plan);

  std::map<std::uint32_t, pl_port> ports;
  for (const auto ifindex : plan.attach) {
    const auto* link = network.link(ifindex);
    if (link == nullptr) continue;
    auto& port = ports[ifindex];
    port.ifindex = ifindex;
    port.flags = PL_PORT_XMIT;
    add_mac(port, link->mac);
  }
  for (const auto& [ifindex, link] : network.links()) {
    if (link.parent == 0 || !ports.contains(link.parent)) continue;
    if (link.vlan_id == 0 && link.kind != "macvlan") continue;
    // Frames for a VLAN or a virtual MAC arrive on the interface below.
    add_mac(ports[link.parent], link.mac);
    if (link.vlan_id == 0) continue;
    auto& port = ports[ifindex];
    port.ifindex = ifindex;
    port.parent = link.parent;
    port.vlan = link.vlan_id;
    port.flags = PL_PORT_XMIT;
  }
  std::map<std::uint32_t, std::uint32_t> slots;
  for (const auto& [ifindex, port] : ports) {
    const auto [it, fresh] = slots.emplace(ifindex % PL_PORTS, ifindex);
    if (!fresh) {
      plan.warnings.push_back("interfaces " + std::to_string(it->second) + " and " + std::to_string(ifindex) +
                              " share an element of the port map; the second is left to the stack");
      plan.attach.erase(ifindex);
      continue;
    }
    plan.ports.push_back(port);
  }
  return plan;
}

std::set<std::string> vrrp_interfaces(const conf::Config& config, const std::set<net::Address>& vips) {
  std::set<net::Address> ours = vips;
  std::set<std::string> out;
  for (const auto& vip : config.vips) {
    if (!vip.by_vrrp) continue;
    for (const auto& prefix : vip.addresses) ours.insert(prefix.address);
    if (!vip.interface.empty()) out.insert(vip.interface);
  }
  for (const auto& router : config.vrrp.routers)
    for (const auto* list : {&router.addresses, &router.excluded})
      for (const auto& address : *list)
        if (ours.contains(address.prefix.address))
          out.insert(address.interface.empty() ? router.interface : address.interface);
  return out;
}

}  // namespace plenum::lb
