#include "failover/plan.h"

#include <gmock/gmock.h>

namespace plenum::failover {
namespace {

using testing::ElementsAre;

net::Address address(const char* text) { return net::Address::parse(text).value(); }
net::Prefix prefix(const char* text) { return net::Prefix::parse(text).value(); }

class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    rt::Link eth0{.ifindex = 2, .name = "eth0", .ethernet = true, .up = true, .carrier = true};
    eth0.mac = {{2, 0, 0, 0, 0, 1}};
    rt::Link vmac{.ifindex = 9, .name = "vrrp.7", .ethernet = true, .up = true, .carrier = true, .kind = "macvlan"};
    vmac.parent = 2;
    vmac.mac = proto::vrrp_mac(net::Family::V4, 7);
    network_.reset({eth0, vmac},
                   {{.ifindex = 2, .prefix = prefix("192.0.2.1/24")},
                    {.ifindex = 2, .prefix = prefix("192.0.2.5/24"), .secondary = true},
                    {.ifindex = 2, .prefix = prefix("fe80::1/64"), .link_scope = true},
                    {.ifindex = 2, .prefix = prefix("2001:db8::1/64")}},
                   {});
    conf_.name = "web";
    conf_.interface = "eth0";
    conf_.vrid = 7;
    conf_.addresses = {{.prefix = prefix("192.0.2.10/24")}};
  }
  RouterPlan plan(std::map<std::string, net::Address> sources = {}) {
    conf::Vrrp all;
    all.routers = {conf_};
    return plan_router(conf_, globals_, {network_, virtual_addresses(all), std::move(sources), false, {}});
  }

  rt::Network network_;
  conf::VirtualRouter conf_;
  conf::VrrpGlobals globals_;
};

TEST_F(PlanTest, SaysWhereAdvertsGoAndWhatTheySay) {
  const auto it = plan();
  EXPECT_EQ(it.lacking, "");
  EXPECT_EQ(it.in, 2u);
  EXPECT_EQ(it.out, 2u);
  EXPECT_EQ(it.settings.source, address("192.0.2.1"));
  EXPECT_THAT(it.shape.destinations, ElementsAre(address("224.0.0.18")));
  EXPECT_THAT(it.shape.addresses, ElementsAre(address("192.0.2.10")));
  ASSERT_EQ(it.kit.addresses.size(), 1u);
  EXPECT_EQ(it.kit.addresses[0].ifindex, 2u);
  ASSERT_EQ(it.kit.announcements.size(), 1u);
  EXPECT_EQ(it.kit.announcements[0].frame.size(), 42u);
}

TEST_F(PlanTest, ASourceIsNobodysVirtualAddressAndStays) {
  conf_.addresses = {{.prefix = prefix("192.0.2.1/24")}};
  EXPECT_EQ(plan().lacking, "there is no IPv4 address on eth0 to send from") << "the other one is a secondary";
  EXPECT_EQ(plan({{"web", address("192.0.2.5")}}).settings.source, address("192.0.2.5")) << "it was in use";
  conf_.priority = 255;
  EXPECT_EQ(plan().settings.source, address("192.0.2.1")) << "of their owner it may be one";
  conf_.source = address("192.0.2.99");
  EXPECT_EQ(plan().lacking, "this host does not have the source 192.0.2.99");
}

TEST_F(PlanTest, AnOwnersAddressThatIsTheInterfacesOwnIsNeverTakenAway) {
  conf_.priority = 255;
  conf_.addresses = {{.prefix = prefix("192.0.2.1/24")}, {.prefix = prefix("192.0.2.10/24")}};
  const auto it = plan_router(conf_, globals_, {.network = network_, .own = {{"eth0", prefix("192.0.2.1/24")}}});
  ASSERT_EQ(it.kit.own.size(), 1u);
  EXPECT_EQ(it.kit.own[0].prefix, prefix("192.0.2.1/24"));
  ASSERT_EQ(it.kit.addresses.size(), 1u);
  EXPECT_EQ(it.kit.addresses[0].prefix, prefix("192.0.2.10/24"));
  EXPECT_EQ(it.kit.announcements.size(), 2u);
}

// As the host has them: the least of their numbers is nothing to go by.
TEST_F(PlanTest, ASourceIsTheFirstThatWasThereOrThePeersNetworks) {
  auto eth0 = *network_.link(2);
  network_.reset(
      {eth0}, {{.ifindex = 2, .prefix = prefix("192.0.2.7/24")}, {.ifindex = 2, .prefix = prefix("10.0.0.7/24")}}, {});
  network_.apply(rt::AddressChanged{{.ifindex = 2, .prefix = prefix("10.0.0.1/8")}});
  EXPECT_EQ(plan().settings.source, address("192.0.2.7"));
  conf_.peers = {{.address = address("10.0.0.9")}};
  EXPECT_EQ(plan().settings.source, address("10.0.0.7"));
  EXPECT_EQ(plan({{"web", address("10.0.0.1")}}).settings.source, address("10.0.0.1")) << "it was in use";
  EXPECT_EQ(plan({{"web", address("192.0.2.7")}}).settings.source, address("10.0.0.7")) << "peers would refuse that";
  conf_.peers = {{.address = address("203.0.113.9")}};
  EXPECT_EQ(plan().settings.source, address("192.0.2.7")) << "beyond a router";
}

TEST_F(PlanTest, Ipv6SpeaksByItsLinkLocalAddress) {
  conf_.family = net::Family::V6;
  conf_.addresses = {{.prefix = prefix("fe80::10/64")}, {.prefix = prefix("2001:db8::10/64")}};
  conf_.excluded = {{.prefix = prefix("192.0.2.10/24")}};
  auto it = plan();
  EXPECT_EQ(it.settings.source, address("fe80::1"));
  EXPECT_THAT(it.shape.destinations, ElementsAre(address("ff02::12")));
  EXPECT_EQ(it.shape.addresses.size(), 2u);
  EXPECT_EQ(it.kit.addresses.size(), 3u) << "with those that adverts do not say";
  conf_.peers = {{.address = address("2001:db8::2")}};
  EXPECT_EQ(plan().settings.source, address("2001:db8::1")) << "to a peer beyond the link's own addresses";
}

// All directors may have the same list.
TEST_F(PlanTest, ItsOwnAddressIsNoPeer) {
  conf_.peers = {{.address = address("192.0.2.1")}, {.address = address("192.0.2.2")}};
  const auto it = plan();
  EXPECT_THAT(it.shape.destinations, ElementsAre(address("192.0.2.2")));
  ASSERT_EQ(it.shape.peers.size(), 1u);
  EXPECT_EQ(it.shape.peers[0].address, address("192.0.2.2"));
  conf_.peers.pop_back();
  EXPECT_EQ(plan().shape.peers.size(), 1u) << "one that has nobody else yet does not turn to the group";
  conf_.family = net::Family::V6;
  conf_.addresses = {{.prefix = prefix("fe80::10/64")}};
  conf_.peers = {{.address = address("fe80::1")}, {.address = address("fe80::2")}};
  EXPECT_THAT(plan().shape.destinations, ElementsAre(address("fe80::2")));
  auto eth0 = *network_.link(2), eth1 = eth0;
  eth1.ifindex = 3;
  network_.reset({eth0, eth1},
                 {{.ifindex = 2, .prefix = prefix("fe80::1/64"), .link_scope = true},
                  {.ifindex = 3, .prefix = prefix("fe80::2/64"), .link_scope = true}},
                 {});
  EXPECT_THAT(plan().shape.destinations, ElementsAre(address("fe80::2"))) << "on another link it is another's";
}

TEST_F(PlanTest, WithAVirtualMacEverythingIsTheMacvlans) {
  conf_.vmac = conf::VirtualRouter::Vmac{"", false};
  auto it = plan();
  EXPECT_EQ(it.in, 9u);
  EXPECT_EQ(it.out, 9u);
  EXPECT_EQ(it.kit.addresses.at(0).ifindex, 9u);
  EXPECT_EQ(it.settings.source, address("192.0.2.1"));
  EXPECT_EQ(it.shape.ifindex, 2u) << "where BFD's neighbours are";
  conf_.vmac->transmit_base = true;
  EXPECT_EQ(plan().out, 2u);
  conf_.peers = {{.address = address("192.0.2.2")}};
  EXPECT_EQ(plan().in, 2u) << "peers send to the interface's own MAC";
  conf_.vmac->name = "other";
  EXPECT_EQ(plan().lacking, "there is no macvlan other on eth0");
  conf_.vmac->name = "vrrp.7";
  conf_.vrid = 8;
  EXPECT_EQ(plan().lacking, "vrrp.7 has another MAC than 00:00:5e:00:01:08");
}

TEST_F(PlanTest, WhoOwnsTheAddressesTakesPacketsToThem) {
  EXPECT_TRUE(plan().kit.accept);
  conf_.accept = false;
  EXPECT_FALSE(plan().kit.accept);
  conf_.priority = 255;
  EXPECT_TRUE(plan().kit.accept);
}

TEST_F(PlanTest, Version2CarriesAPassword) {
  conf_.version = 2;
  conf_.password = "s3cret";
  const auto it = plan();
  ASSERT_TRUE(it.shape.password);
  EXPECT_EQ(std::string(it.shape.password->data()), "s3cret");
  EXPECT_EQ(it.settings.version, 2);
}

TEST_F(PlanTest, RoutesAndRules) {
  conf_.routes = {{.destination = prefix("198.18.0.0/15"), .via = address("192.0.2.254"), .table = 300},
                  {.destination = prefix("198.51.100.0/24"), .type = "blackhole"}};
  conf_.rules = {{.from = prefix("198.18.0.0/15"), .table = 300}};
  auto it = plan();
  ASSERT_EQ(it.kit.routes.size(), 2u);
  EXPECT_EQ(it.kit.routes[0].table, 300u);
  EXPECT_EQ(it.kit.routes[1].table, 254u);
  EXPECT_EQ(it.kit.routes[1].type, 6);
  ASSERT_EQ(it.kit.rules.size(), 1u);
  conf_.routes[0].interface = "eth9";
  EXPECT_EQ(plan().lacking, "there is no interface eth9");
}

}  // namespace
}  // namespace plenum::failover
