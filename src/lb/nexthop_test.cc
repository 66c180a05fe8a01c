#include "lb/nexthop.h"

#include <gtest/gtest.h>
#include <linux/neighbour.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rt/namespace_for_test.h"

namespace plenum::lb {
namespace {

using namespace std::chrono_literals;
using State = NextHop::State;

net::Address ip(std::string_view text) { return *net::Address::parse(text); }
net::Mac mac(std::string_view text) { return *net::Mac::parse(text); }

// ---- the decision ----

constexpr std::uint32_t kEth0 = 2, kVlan = 3, kTun = 4;
const net::Mac kOurs = mac("02:00:00:00:00:01"), kTheirs = mac("02:00:00:00:00:02");

rt::Link ethernet(std::uint32_t ifindex, std::string name, std::string kind = {}) {
  return {.ifindex = ifindex,
          .name = std::move(name),
          .mac = kOurs,
          .mtu = 1500,
          .ethernet = true,
          .up = true,
          .carrier = true,
          .kind = std::move(kind)};
}

rt::Network small_network(std::uint16_t nud = NUD_REACHABLE) {
  rt::Network network;
  auto vlan = ethernet(kVlan, "eth0.5", "vlan");
  vlan.parent = kEth0;
  vlan.vlan_id = 5;
  vlan.mtu = 1496;
  vlan.mac = mac("02:00:00:00:00:05");
  auto tun = ethernet(kTun, "tun0", "tun");
  tun.ethernet = false;
  network.reset({ethernet(kEth0, "eth0"), vlan, tun},
                {{.ifindex = kEth0, .prefix = *net::Prefix::parse("10.0.0.1/24")},
                 {.ifindex = kEth0, .prefix = *net::Prefix::parse("10.0.0.100/32")}},
                {{.key = {kEth0, ip("10.0.0.2")}, .mac = kTheirs, .state = nud},
                 {.key = {kEth0, ip("fe80::2")}, .mac = kTheirs, .state = nud},
                 {.key = {kVlan, ip("10.0.5.2")}, .mac = kTheirs, .state = nud}});
  return network;
}

rt::Route on_link(std::uint32_t ifindex = kEth0) {
  return {.type = rt::RouteType::Unicast, .ifindex = ifindex, .source = ip("10.0.0.1")};
}

rt::Route through(std::string_view gateway) {
  auto route = on_link();
  route.gateway = ip(gateway);
  return route;
}

TEST(Resolve, OnLinkServer) {
  const auto hop = resolve(ip("10.0.0.2"), on_link(), small_network(), {});
  const NextHop want{.state = State::Resolved,
                     .ifindex = kEth0,
                     .vlan = 0,
                     .dst_mac = kTheirs,
                     .src_mac = kOurs,
                     .mtu = 1500,
                     .source = ip("10.0.0.1"),
                     .via = ip("10.0.0.2"),
                     .device = "eth0",
                     .kind = ""};
  EXPECT_EQ(hop, want);
  EXPECT_EQ(hop.text(), "02:00:00:00:00:02 on eth0");
}

TEST(Resolve, ThroughGatewayOfEitherFamily) {
  const auto network = small_network();
  for (const auto* gateway : {"10.0.0.2", "fe80::2"}) {
    const auto hop = resolve(ip("192.0.2.1"), through(gateway), network, {});
    EXPECT_EQ(hop.state, State::Resolved) << gateway;
    EXPECT_EQ(hop.dst_mac, kTheirs);
    EXPECT_EQ(hop.via, ip(gateway));
    EXPECT_EQ(hop.source, ip("10.0.0.1"));  // the server's family, not the gateway's
    EXPECT_EQ(neighbour_of(ip("192.0.2.1"), through(gateway), network), (rt::NeighbourKey{kEth0, ip(gateway)}));
  }
}

TEST(Resolve, OnlyAValidNeighbourStateResolves) {
  for (const std::uint16_t good : {NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_PERMANENT, NUD_NOARP})
    EXPECT_EQ(resolve(ip("10.0.0.2"), on_link(), small_network(good), {}).state, State::Resolved) << good;
  for (const std::uint16_t bad : {NUD_NONE, NUD_INCOMPLETE, NUD_FAILED}) {
    const auto hop = resolve(ip("10.0.0.2"), on_link(), small_network(bad), {});
    EXPECT_EQ(hop.state, State::Unresolved) << bad;
    EXPECT_EQ(hop.dst_mac, net::Mac{});
  }
  const auto unknown = resolve(ip("10.0.0.77"), on_link(), small_network(), {});
  EXPECT_EQ(unknown.state, State::Unresolved);
  EXPECT_EQ(unknown.text(), "10.0.0.77 on eth0 does not answer");
}

TEST(Resolve, VlanLeavesByItsParentWithATag) {
  const auto hop = resolve(ip("10.0.5.2"), on_link(kVlan), small_network(), {});
  EXPECT_EQ(hop.state, State::Resolved);
  EXPECT_EQ(hop.ifindex, kEth0);
  EXPECT_EQ(hop.vlan, 5);
  EXPECT_EQ(hop.kind, "");
  EXPECT_EQ(hop.device, "eth0.5");
  EXPECT_EQ(hop.mtu, 1496u);
  EXPECT_EQ(hop.src_mac, mac("02:00:00:00:00:05"));  // the VLAN's own
}

TEST(Resolve, VlanOnAVlanIsLeftToTheDevice) {
  auto network = small_network();
  auto inner = ethernet(9, "eth0.5.7", "vlan");
  inner.parent = kVlan;
  inner.vlan_id = 7;
  network.apply(rt::LinkChanged{inner});
  const auto hop = resolve(ip("10.0.7.2"), on_link(9), network, {});
  EXPECT_EQ(hop.ifindex, 9u);
  EXPECT_EQ(hop.vlan, 0);
  EXPECT_EQ(hop.kind, "vlan");
}

TEST(Resolve, VlanIsDownWithItsParent) {
  auto network = small_network();
  auto parent = ethernet(kEth0, "eth0");
  parent.carrier = false;
  network.apply(rt::LinkChanged{parent});
  EXPECT_EQ(resolve(ip("10.0.5.2"), on_link(kVlan), network, {}).state, State::Unresolved);
}

TEST(Resolve, LinkWithoutCarrierOrDownIsUnresolvedThoughTheNeighbourIsKnown) {
  for (const bool up : {true, false}) {
    auto network = small_network();
    auto link = ethernet(kEth0, "eth0");
    link.up = up;
    link.carrier = !up;
    network.apply(rt::LinkChanged{link});
    EXPECT_EQ(resolve(ip("10.0.0.2"), on_link(), network, {}).state, State::Unresolved);
  }
}

TEST(Resolve, MtuIsTheLeastOfRouteAndDevice) {
  auto route = on_link();
  route.mtu = 1400;
  EXPECT_EQ(resolve(ip("10.0.0.2"), route, small_network(), {}).mtu, 1400u);
  route.mtu = 9000;
  EXPECT_EQ(resolve(ip("10.0.0.2"), route, small_network(), {}).mtu, 1500u);
}

TEST(Resolve, AVipIsNeverASource) {
  auto route = on_link();
  route.source = ip("10.0.0.100");
  EXPECT_EQ(resolve(ip("10.0.0.2"), route, small_network(), {}).source, ip("10.0.0.100"));
  EXPECT_EQ(resolve(ip("10.0.0.2"), route, small_network(), {ip("10.0.0.100")}).source, ip("10.0.0.1"));
}

TEST(Resolve, RoutesThatSendNowhere) {
  const auto of = [](rt::RouteType type) {
    const rt::Route route{.type = type, .ifindex = kEth0};
    EXPECT_EQ(neighbour_of(ip("10.0.0.2"), route, small_network()), std::nullopt);
    return resolve(ip("10.0.0.2"), route, small_network(), {});
  };
  EXPECT_EQ(of(rt::RouteType::Local), NextHop{.state = State::Local});
  EXPECT_EQ(of(rt::RouteType::Blackhole), NextHop{.state = State::Blackhole});
  for (const auto type : {rt::RouteType::None, rt::RouteType::Unreachable, rt::RouteType::Prohibit,
                          rt::RouteType::Broadcast, rt::RouteType::Multicast})
    EXPECT_EQ(of(type), NextHop{.state = State::NoRoute});
  EXPECT_EQ(of(rt::RouteType::Local).text(), "local");
}

TEST(Resolve, DeviceWithoutEthernetHasNoNeighbour) {
  const auto hop = resolve(ip("10.8.0.2"), on_link(kTun), small_network(), {});
  EXPECT_EQ(hop.state, State::NoEthernet);
  EXPECT_EQ(hop.kind, "tun");
  EXPECT_EQ(neighbour_of(ip("10.8.0.2"), on_link(kTun), small_network()), std::nullopt);
}

TEST(Resolve, ALinkThatIsGoneIsNoRoute) {
  EXPECT_EQ(resolve(ip("10.0.0.2"), on_link(77), small_network(), {}).state, State::NoRoute);
}

TEST(Pace, LeavesNineTenthsOfTheTimeToOthers) {
  Pace pace;
  const TimePoint start{1h};
  EXPECT_EQ(pace.due(start), 0ms);
  pace.worked(start, start + 20ms);
  EXPECT_EQ(pace.due(start + 20ms), 180ms);
  EXPECT_EQ(pace.due(start + 150ms), 50ms);
  EXPECT_EQ(pace.due(start + 1s), 0ms);
}

// ---- following the kernel ----

class NextHopsTest : public testing::Test {
 protected:
  void SetUp() override { PLENUM_NEEDS_ROOT(); }
};

// Two namespaces with 10.0.0.1 here and 10.0.0.2 there, and what was told.
struct Scene {
  Scene() {
    net.sh("ip addr add 10.0.0.1/24 dev eth0 && ip -6 addr add 2001:db8::1/64 dev eth0 nodad");
    net.sh_there("ip addr add 10.0.0.2/24 dev eth0 && ip -6 addr add 2001:db8::2/64 dev eth0 nodad");
    open();
  }
  void open() {
    auto opened = NextHops::open(loop, [this](const net::Address& destination, const NextHop& hop) {
      told.emplace_back(destination, hop);
      if (on_change) on_change();
    });
    EXPECT_TRUE(opened) << opened.error().what;
    hops = *std::move(opened);
  }
  [[nodiscard]] State state(std::string_view destination) const {
    const auto* hop = hops->find(ip(destination));
    return hop ? hop->state : State::Blackhole;  // no test here expects that one
  }
  [[nodiscard]] bool is_at(std::string_view destination, std::string_view address) const {
    const auto* hop = hops->find(ip(destination));
    return hop && hop->state == State::Resolved && hop->dst_mac == mac(address);
  }
  // Runs the loop until `done` or `most` has passed.
  template <class Done>
  bool until(Done done, Duration most = 10s) {
    const auto end = SteadyClock().now() + most;
    while (!done() && SteadyClock().now() < end) loop.run_for(5ms);
    return done();
  }
  [[nodiscard]] const rt::Neighbour* neighbour(std::string_view address) const {
    const auto* link = hops->network().link("eth0");
    return link ? hops->network().neighbour({link->ifindex, ip(address)}) : nullptr;
  }

  rt::TwoNamespaces net;
  rt::Loop loop;
  std::vector<std::pair<net::Address, NextHop>> told;
  std::function<void()> on_change;
  std::unique_ptr<NextHops> hops;
};

TEST_F(NextHopsTest, SettlesAtOnceAndResolvesOnLinkServersOfBothFamilies) {
  rt::in_thread([] {
    Scene scene;
    scene.hops->want({ip("10.0.0.2"), ip("2001:db8::2"), ip("10.0.0.1"), ip("192.0.2.1")});
    EXPECT_EQ(scene.hops->find(ip("10.0.0.2")), nullptr);
    scene.hops->settle();
    EXPECT_NE(scene.hops->find(ip("10.0.0.2")), nullptr);
    EXPECT_EQ(scene.state("10.0.0.1"), State::Local);
    EXPECT_EQ(scene.state("192.0.2.1"), State::NoRoute);
    EXPECT_TRUE(scene.until([&] {
      return scene.is_at("10.0.0.2", "02:00:00:00:00:02") && scene.is_at("2001:db8::2", "02:00:00:00:00:02");
    }));
    const auto* hop = scene.hops->find(ip("2001:db8::2"));
    EXPECT_EQ(hop->source, ip("2001:db8::1"));
    EXPECT_EQ(hop->kind, "veth");
    EXPECT_EQ(hop->src_mac, mac("02:00:00:00:00:01"));
    // Every telling was news.
    std::map<net::Address, NextHop> last;
    for (const auto& [destination, value] : scene.told) {
      if (last.contains(destination)) {
        EXPECT_NE(last[destination], value) << destination.text();
      }
      last[destination] = value;
    }
    EXPECT_EQ(last.size(), 4u);
    EXPECT_EQ(scene.hops->counts().changes, scene.told.size());
    EXPECT_EQ(scene.hops->counts().errors, 0u) << scene.hops->counts().last_error;
  });
}

TEST_F(NextHopsTest, FollowsANeighbourWhoseMacChanges) {
  rt::in_thread([] {
    Scene scene;
    // The kernel finds out by itself when it next checks, which is soon here.
    for (const auto* setting : {"base_reachable_time_ms=500", "delay_first_probe_time=1", "retrans_time_ms=100"})
      scene.net.sh("sysctl -qw net.ipv4.neigh.eth0." + std::string(setting));
    scene.hops->want({ip("10.0.0.2")});
    ASSERT_TRUE(scene.until([&] { return scene.is_at("10.0.0.2", "02:00:00:00:00:02"); }));
    scene.net.sh_there("ip link set eth0 address 02:00:00:00:00:22");
    EXPECT_TRUE(scene.until([&] { return scene.is_at("10.0.0.2", "02:00:00:00:00:22"); }, 20s));
    EXPECT_EQ(scene.told.back().second.dst_mac, mac("02:00:00:00:00:22"));
  });
}

TEST_F(NextHopsTest, FollowsAGatewaySwapAndKeepsOnlyTheNeighboursItNeeds) {
  rt::in_thread([] {
    Scene scene;
    scene.net.sh_there(
        "ip link add mv0 link eth0 address 02:00:00:00:00:33 type macvlan mode bridge && "
        "ip addr add 10.0.0.3/32 dev mv0 && ip link set mv0 up && "
        "sysctl -qw net.ipv4.conf.all.arp_ignore=1");
    scene.net.sh("ip route add 192.0.2.0/24 via 10.0.0.2");
    scene.hops->want({ip("192.0.2.1"), ip("192.0.2.2")});
    ASSERT_TRUE(scene.until([&] { return scene.is_at("192.0.2.2", "02:00:00:00:00:02"); }));
    ASSERT_TRUE(scene.until([&] { return scene.neighbour("10.0.0.2")->ext_flags & NTF_EXT_MANAGED; }));
    scene.net.sh("ip route replace 192.0.2.0/24 via 10.0.0.3");
    EXPECT_TRUE(scene.until([&] {
      return scene.is_at("192.0.2.1", "02:00:00:00:00:33") && scene.is_at("192.0.2.2", "02:00:00:00:00:33");
    }));
    EXPECT_TRUE(scene.until([&] {
      const auto* old = scene.neighbour("10.0.0.2");
      return !old || !(old->ext_flags & NTF_EXT_MANAGED);
    }));
    scene.net.sh("ip route del 192.0.2.0/24");
    EXPECT_TRUE(scene.until([&] { return scene.state("192.0.2.1") == State::NoRoute; }));
  });
}

TEST_F(NextHopsTest, ServerOfIpv4ThroughAnIpv6Gateway) {
  rt::in_thread([] {
    Scene scene;
    scene.net.sh("ip route add 192.0.2.0/24 via inet6 2001:db8::2 dev eth0");
    scene.hops->want({ip("192.0.2.1")});
    EXPECT_TRUE(scene.until([&] { return scene.is_at("192.0.2.1", "02:00:00:00:00:02"); }));
    EXPECT_EQ(scene.hops->find(ip("192.0.2.1"))->source, ip("10.0.0.1"));
    EXPECT_EQ(scene.hops->find(ip("192.0.2.1"))->via, ip("2001:db8::2"));
  });
}

TEST_F(NextHopsTest, ALinkThatGoesDownUnresolvesAndComesBack) {
  rt::in_thread([] {
    Scene scene;
    scene.hops->want({ip("10.0.0.2")});
    ASSERT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::Resolved; }));
    scene.net.sh_there("ip link set eth0 down");  // carrier
    EXPECT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::Unresolved; }));
    scene.net.sh_there("ip link set eth0 up");
    EXPECT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::Resolved; }));
    scene.net.sh("ip link set eth0 down");  // the route goes with it
    EXPECT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::NoRoute; }));
    scene.net.sh("ip link set eth0 up");
    EXPECT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::Resolved; }));
  });
}

TEST_F(NextHopsTest, FollowsMtuAndAddresses) {
  rt::in_thread([] {
    Scene scene;
    scene.hops->want({ip("10.0.0.2")});
    ASSERT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::Resolved; }));
    scene.net.sh("ip link set eth0 mtu 1400");
    EXPECT_TRUE(scene.until([&] { return scene.hops->find(ip("10.0.0.2"))->mtu == 1400; }));
    scene.net.sh("ip addr add 10.0.0.5/24 dev eth0");
    scene.hops->never_source({ip("10.0.0.1")});
    EXPECT_TRUE(scene.until([&] { return scene.hops->find(ip("10.0.0.2"))->source == ip("10.0.0.5"); }));
    scene.net.sh("ip addr add 10.0.0.2/24 dev eth0");  // the server's address moves here
    EXPECT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::Local; }));
  });
}

TEST_F(NextHopsTest, LeavesAStaticNeighbourAlone) {
  rt::in_thread([] {
    Scene scene;
    scene.net.sh("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:99 dev eth0 nud permanent");
    scene.hops->want({ip("10.0.0.9")});
    ASSERT_TRUE(scene.until([&] { return scene.is_at("10.0.0.9", "02:00:00:00:00:99"); }));
    scene.loop.run_for(100ms);
    scene.hops->want({});
    scene.loop.run_for(100ms);
    EXPECT_EQ(scene.neighbour("10.0.0.9")->state, NUD_PERMANENT);
    EXPECT_EQ(scene.neighbour("10.0.0.9")->mac, mac("02:00:00:00:00:99"));
  });
}

TEST_F(NextHopsTest, WhatIsNoLongerWantedIsForgottenAndReleased) {
  rt::in_thread([] {
    Scene scene;
    scene.hops->want({ip("10.0.0.2"), ip("10.0.0.1")});
    ASSERT_TRUE(scene.until([&] {
      const auto* it = scene.neighbour("10.0.0.2");
      return it && (it->ext_flags & NTF_EXT_MANAGED);
    }));
    const auto before = scene.told.size();
    scene.hops->want({ip("10.0.0.1")});
    EXPECT_EQ(scene.hops->find(ip("10.0.0.2")), nullptr);
    EXPECT_NE(scene.hops->find(ip("10.0.0.1")), nullptr);
    EXPECT_TRUE(scene.until([&] { return !(scene.neighbour("10.0.0.2")->ext_flags & NTF_EXT_MANAGED); }));
    EXPECT_EQ(scene.told.size(), before);
  });
}

TEST_F(NextHopsTest, ACallbackMayWantSomethingElse) {
  rt::in_thread([] {
    Scene scene;
    scene.on_change = [&] {
      scene.on_change = nullptr;
      scene.hops->want({ip("2001:db8::1")});
    };
    scene.hops->want({ip("10.0.0.1"), ip("10.0.0.2")});
    scene.hops->settle();
    EXPECT_EQ(scene.told.size(), 1u);  // the second was no longer wanted
    EXPECT_TRUE(scene.until([&] { return scene.state("2001:db8::1") == State::Local; }));
  });
}

TEST_F(NextHopsTest, ARestartTakesOverTheNeighboursItKept) {
  rt::in_thread([] {
    Scene scene;
    scene.hops->want({ip("10.0.0.2")});
    ASSERT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::Resolved; }));
    scene.hops.reset();
    scene.told.clear();
    scene.open();
    scene.hops->want({ip("10.0.0.2")});
    scene.hops->settle();
    EXPECT_TRUE(scene.is_at("10.0.0.2", "02:00:00:00:00:02"));  // at once: no moment unresolved
    EXPECT_EQ(scene.told.size(), 1u);
    scene.hops->want({});
    EXPECT_TRUE(scene.until([&] { return !(scene.neighbour("10.0.0.2")->ext_flags & NTF_EXT_MANAGED); }));
  });
}

TEST_F(NextHopsTest, HealsWhenEventsWereLost) {
  rt::in_thread([] {
    Scene scene;
    scene.hops->want({ip("10.0.0.2")});
    ASSERT_TRUE(scene.until([&] { return scene.state("10.0.0.2") == State::Resolved; }));
    auto netlink = rt::Netlink::open();
    ASSERT_TRUE(netlink);
    const rt::NeighbourKey noise{scene.hops->network().link("eth0")->ifindex, ip("10.0.0.77")};
    for (int i = 0; i < 20000; ++i) ASSERT_TRUE(netlink->keep_neighbour(noise) && netlink->release_neighbour(noise));
    scene.net.sh("ip link set eth0 mtu 1300");  // this event does not fit
    const auto resyncs = scene.hops->counts().resyncs;
    EXPECT_TRUE(scene.until([&] { return scene.hops->find(ip("10.0.0.2"))->mtu == 1300; }));
    EXPECT_GE(scene.hops->counts().overflows, 1u);
    EXPECT_GT(scene.hops->counts().resyncs, resyncs);
  });
}

TEST_F(NextHopsTest, TenThousandServersBehindOneGatewayInWellUnderASecond) {
  rt::in_thread([] {
    Scene scene;
    // IPv6 would make address events of its own for a while.
    scene.net.sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && ip route add 172.16.0.0/16 via 10.0.0.2");
    scene.loop.run_for(50ms);
    std::set<net::Address> servers;
    for (std::uint32_t i = 0; i < 10000; ++i) servers.insert(net::Address::v4(0xac100000 + i));
    scene.hops->want(servers);
    auto start = SteadyClock().now();
    scene.hops->settle();
    const auto first = SteadyClock().now() - start;
    EXPECT_LT(first, 1s);
    const auto all_at = [&](std::string_view where) {
      for (const auto& server : servers) {
        const auto* hop = scene.hops->find(server);
        if (!hop || hop->state != State::Resolved || hop->dst_mac != mac(where)) return false;
      }
      return true;
    };
    ASSERT_TRUE(scene.until([&] { return all_at("02:00:00:00:00:02"); }));
    EXPECT_LE(scene.hops->network().neighbours().size(), 50u);  // the gateway's is shared
    const auto lookups = scene.hops->counts().route_lookups;
    // Static, so that the change is one event: no route is asked for again.
    start = SteadyClock().now();
    scene.net.sh("ip neigh replace 10.0.0.2 lladdr 02:00:00:00:00:77 dev eth0 nud permanent");
    EXPECT_TRUE(scene.until([&] { return all_at("02:00:00:00:00:77"); }));
    const auto moved = SteadyClock().now() - start;
    EXPECT_LT(moved, 1s);
    EXPECT_EQ(scene.hops->counts().route_lookups, lookups);
    RecordProperty("first_ms", static_cast<int>(first / 1ms));
    RecordProperty("moved_ms", static_cast<int>(moved / 1ms));
  });
}

}  // namespace
}  // namespace plenum::lb
