#include "lb/mark_rules.h"

#include <gmock/gmock.h>

namespace plenum::lb {
namespace {

using testing::ElementsAre;

net::Address ip(const char* text) { return *net::Address::parse(text); }

rt::InterfaceAddress on(std::uint32_t ifindex, const char* prefix) {
  rt::InterfaceAddress out;
  out.ifindex = ifindex;
  out.prefix = *net::Prefix::parse(prefix);
  return out;
}

TEST(MarkRules, WhatNetfilterMarksMayBeSentToAnyAddressThatFramesComeInFor) {
  rt::Network network;
  auto local = on(1, "fe80::1/64");
  local.link_scope = true;
  network.reset({{.ifindex = 1, .name = "eth0", .ethernet = true},
                 {.ifindex = 2, .name = "lo", .loopback = true},
                 {.ifindex = 3, .name = "docker0", .ethernet = true, .kind = "bridge"},
                 {.ifindex = 4, .name = "eth0.5", .ethernet = true, .kind = "vlan", .parent = 1, .vlan_id = 5},
                 {.ifindex = 5, .name = "br.6", .ethernet = true, .kind = "vlan", .parent = 3, .vlan_id = 6},
                 {.ifindex = 6, .name = "wg0"}},
                {on(1, "192.0.2.2/24"), on(1, "2001:db8::2/64"), local, on(2, "127.0.0.1/8"), on(3, "172.17.0.1/16"),
                 on(4, "198.51.100.1/24"), on(5, "203.0.113.1/24"), on(6, "10.9.0.1/24")},
                {});
  EXPECT_THAT(addresses_of_ports(network), ElementsAre(ip("192.0.2.2"), ip("198.51.100.1"), ip("2001:db8::2")));
}

}  // namespace
}  // namespace plenum::lb
