#include "lb/ports.h"

#include <gtest/gtest.h>

#include "lb/abi_values.h"

namespace plenum::lb {
namespace {

net::Address ip(const char* text) { return *net::Address::parse(text); }

rt::Link link(std::uint32_t ifindex, std::string name, const char* mac) {
  rt::Link l;
  l.ifindex = ifindex;
  l.name = std::move(name);
  l.mac = *net::Mac::parse(mac);
  l.ethernet = true;
  return l;
}

rt::InterfaceAddress on(std::uint32_t ifindex, const char* prefix) {
  rt::InterfaceAddress a;
  a.ifindex = ifindex;
  a.prefix = *net::Prefix::parse(prefix);
  return a;
}

rt::Network host() {
  rt::Link lo = link(1, "lo", "00:00:00:00:00:00");
  lo.ethernet = false;
  lo.loopback = true;
  rt::Link vlan = link(4, "eth0.5", "02:00:00:00:00:04");
  vlan.kind = "vlan";
  vlan.parent = 2;
  vlan.vlan_id = 5;
  rt::Network network;
  network.reset({lo, link(2, "eth0", "02:00:00:00:00:02"), link(3, "eth1", "02:00:00:00:00:03"), vlan},
                {on(1, "127.0.0.1/8"), on(2, "192.0.2.1/24"), on(3, "10.0.0.1/24"), on(4, "198.51.100.1/24")}, {});
  return network;
}

TEST(PlanPorts, TakesTheInterfacesOfVipsAndServers) {
  const auto plan = plan_ports({}, {ip("192.0.2.10")}, {3}, host());
  EXPECT_EQ(plan.attach, (std::set<std::uint32_t>{2, 3}));
  EXPECT_TRUE(plan.warnings.empty());
}

TEST(PlanPorts, GoesBelowAVlanDeviceAndKnowsItsTag) {
  const auto plan = plan_ports({}, {ip("198.51.100.7")}, {}, host());
  EXPECT_EQ(plan.attach, (std::set<std::uint32_t>{2}));
  ASSERT_EQ(plan.ports.size(), 2u);
  EXPECT_EQ(plan.ports[0].ifindex, 2u);
  EXPECT_EQ(plan.ports[0].macs, 2u) << "its own MAC and the VLAN device's";
  EXPECT_EQ(plan.ports[1].parent, 2u);
  EXPECT_EQ(plan.ports[1].vlan, 5u);
}

TEST(PlanPorts, GoesBelowAVirtualMac) {
  auto network = host();
  auto links = network.links();
  std::vector<rt::Link> all;
  for (const auto& [ifindex, one] : links) all.push_back(one);
  rt::Link vmac = link(5, "vrrp.51", "00:00:5e:00:01:33");
  vmac.kind = "macvlan";
  vmac.parent = 3;
  all.push_back(vmac);
  auto addresses = network.addresses();
  addresses.push_back(on(5, "203.0.113.9/32"));
  network.reset(all, addresses, {});
  const auto plan = plan_ports({}, {ip("203.0.113.9")}, {}, network);
  EXPECT_EQ(plan.attach, (std::set<std::uint32_t>{3})) << "a macvlan has no native XDP, and frames are on its parent";
  ASSERT_EQ(plan.ports.size(), 1u);
  EXPECT_EQ(plan.ports[0].macs, 2u);
}

TEST(VrrpInterfaces, AreThereBeforeTheAddressIs) {
  conf::Config config;
  config.vips.push_back({"web", {*net::Prefix::parse("192.0.2.10/24")}, "eth0", true});
  config.vips.push_back({"own", {*net::Prefix::parse("192.0.2.11/24")}, "eth9", false});
  conf::VirtualRouter router;
  router.interface = "eth1";
  router.addresses = {{.prefix = *net::Prefix::parse("203.0.113.9/32")}};
  router.excluded = {{.prefix = *net::Prefix::parse("203.0.113.10/32"), .interface = "eth2"}};
  config.vrrp.routers = {router};
  EXPECT_EQ(vrrp_interfaces(config, {}), (std::set<std::string>{"eth0"})) << "routers of addresses nobody listens on";
  EXPECT_EQ(vrrp_interfaces(config, {ip("203.0.113.9"), ip("203.0.113.10")}),
            (std::set<std::string>{"eth0", "eth1", "eth2"}));
}

TEST(PlanPorts, ObeysNamesAndTellsOfThoseThatAreNot) {
  const auto plan = plan_ports({"eth1", "eth7"}, {ip("192.0.2.10")}, {2}, host());
  EXPECT_EQ(plan.attach, (std::set<std::uint32_t>{3}));
  ASSERT_EQ(plan.warnings.size(), 1u);
  EXPECT_NE(plan.warnings[0].find("eth7"), std::string::npos);
}

TEST(PlanPorts, RefusesTwoInterfacesOfOneElement) {
  rt::Network network;
  network.reset({link(2, "a", "02:00:00:00:00:02"), link(2 + PL_PORTS, "b", "02:00:00:00:00:03")}, {}, {});
  const auto plan = plan_ports({"a", "b"}, {}, {}, network);
  EXPECT_EQ(plan.attach, (std::set<std::uint32_t>{2}));
  EXPECT_EQ(plan.warnings.size(), 1u);
}

}  // namespace
}  // namespace plenum::lb
