#include "rt/network.h"

#include <gtest/gtest.h>
#include <linux/neighbour.h>

#include <set>

namespace plenum::rt {
namespace {

net::Address ip(std::string_view text) { return *net::Address::parse(text); }
InterfaceAddress address(std::uint32_t ifindex, std::string_view prefix) {
  return {.ifindex = ifindex, .prefix = *net::Prefix::parse(prefix)};
}
bool none(const net::Address&) { return false; }

TEST(Network, SaysWhetherAnEventChangedIt) {
  Network network;
  const Link eth0{.ifindex = 2, .name = "eth0", .mtu = 1500};
  EXPECT_TRUE(network.apply(LinkChanged{eth0}));
  EXPECT_FALSE(network.apply(LinkChanged{eth0}));
  EXPECT_TRUE(network.apply(AddressChanged{address(2, "10.0.0.1/24")}));
  EXPECT_FALSE(network.apply(AddressGone{address(2, "10.0.0.1/16")}));
  const Neighbour neighbour{.key = {2, ip("10.0.0.9")}, .state = NUD_STALE};
  EXPECT_TRUE(network.apply(NeighbourChanged{neighbour}));
  EXPECT_FALSE(network.apply(RouteChanged{}));
  EXPECT_FALSE(network.apply(Overflow{}));
  EXPECT_TRUE(network.carries(ip("10.0.0.1")));
  EXPECT_EQ(network.link("eth0")->ifindex, 2u);
  EXPECT_NE(network.neighbour({2, ip("10.0.0.9")}), nullptr);
}

TEST(Network, ALinkTakesItsAddressesAndNeighboursAlong) {
  Network network;
  network.reset({{.ifindex = 2, .name = "eth0"}, {.ifindex = 3, .name = "eth1"}},
                {address(2, "10.0.0.1/24"), address(3, "10.0.1.1/24")}, {{.key = {2, ip("10.0.0.9")}}});
  EXPECT_TRUE(network.apply(LinkGone{2}));
  EXPECT_FALSE(network.carries(ip("10.0.0.1")));
  EXPECT_TRUE(network.carries(ip("10.0.1.1")));
  EXPECT_TRUE(network.neighbours().empty());
  EXPECT_EQ(network.link("eth0"), nullptr);
}

TEST(Network, AddressesAreInTheOrderInWhichTheyCame) {
  const auto at = [](const char* text) { return InterfaceAddress{.ifindex = 2, .prefix = *net::Prefix::parse(text)}; };
  Network network;
  network.reset({}, {at("192.0.2.9/24"), at("10.0.0.1/24")}, {});
  network.apply(AddressChanged{at("10.0.0.0/24")});
  auto first = at("192.0.2.9/24");
  first.deprecated = true;
  network.apply(AddressChanged{first});
  EXPECT_EQ(network.addresses(2), (std::vector{first, at("10.0.0.1/24"), at("10.0.0.0/24")}));
  network.apply(AddressGone{first});
  network.apply(AddressChanged{first});
  EXPECT_EQ(network.addresses().back(), first) << "anew";
}

TEST(Network, TakesTheKernelsSourceUnlessForbiddenOrDeprecated) {
  Network network;
  auto vip = address(2, "10.0.0.100/32");
  network.reset({}, {vip, address(2, "10.0.0.1/24"), address(2, "172.16.0.1/24"), address(3, "10.9.0.1/24")}, {});
  Route route{.type = RouteType::Unicast, .ifindex = 2, .gateway = ip("172.16.0.254"), .source = ip("10.0.0.100")};
  EXPECT_EQ(network.source_for(ip("1.2.3.4"), route, none), ip("10.0.0.100"));
  // A VIP: the address of the gateway's subnet instead.
  const std::set<net::Address> vips{ip("10.0.0.100")};
  const auto never = [&](const net::Address& it) { return vips.contains(it); };
  EXPECT_EQ(network.source_for(ip("1.2.3.4"), route, never), ip("172.16.0.1"));
  // On link: the subnet of the destination itself.
  route.gateway.reset();
  EXPECT_EQ(network.source_for(ip("10.0.0.7"), route, never), ip("10.0.0.1"));
  // Deprecated.
  vip.deprecated = true;
  network.apply(AddressChanged{vip});
  EXPECT_EQ(network.source_for(ip("10.0.0.7"), route, none), ip("10.0.0.1"));
}

TEST(Network, GoesToAnotherLinkForASourceAndKeepsADeprecatedOneAsTheLastResort) {
  Network network;
  auto old = address(2, "2001:db8::100/64");
  old.deprecated = true;
  auto local = address(2, "fe80::1/64");
  local.link_scope = true;
  auto tentative = address(2, "2001:db8::5/64");
  tentative.tentative = true;
  network.reset({}, {old, local, tentative, address(2, "10.0.0.1/24"), address(1, "::1/128")}, {});
  const Route route{.type = RouteType::Unicast, .ifindex = 2, .gateway = ip("fe80::99"), .source = ip("2001:db8::100")};
  EXPECT_EQ(network.source_for(ip("2001:db8:1::1"), route, none), ip("2001:db8::100"));
  EXPECT_EQ(network.source_for(ip("2001:db8:1::1"), route, [](const auto&) { return true; }), std::nullopt);
  network.apply(AddressChanged{address(3, "2001:db8:9::1/64")});
  EXPECT_EQ(network.source_for(ip("2001:db8:1::1"), route, none), ip("2001:db8:9::1"));
}

TEST(Network, SourceIsOfTheDestinationsFamilyThoughTheGatewayIsNot) {
  Network network;
  network.reset({}, {address(2, "10.0.0.1/24"), address(2, "2001:db8::1/64")}, {});
  const Route route{.type = RouteType::Unicast, .ifindex = 2, .gateway = ip("2001:db8::99")};
  EXPECT_EQ(network.source_for(ip("192.0.2.1"), route, none), ip("10.0.0.1"));
}

}  // namespace
}  // namespace plenum::rt
