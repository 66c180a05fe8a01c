// Against the real kernel, between namespaces that each test makes for itself.
#include "rt/netlink.h"

#include <gtest/gtest.h>
#include <linux/neighbour.h>

#include <algorithm>

#include "rt/namespace_for_test.h"
#include "rt/network.h"

namespace plenum::rt {
namespace {

using namespace std::chrono_literals;

net::Address ip(std::string_view text) { return *net::Address::parse(text); }
net::Prefix prefix(std::string_view text) { return *net::Prefix::parse(text); }

// The result's value; a failure is a failed test and ends its thread's body.
#define MUST(expr)                                 \
  ({                                               \
    auto must = (expr);                            \
    if (!must) {                                   \
      ADD_FAILURE() << #expr << must.error().what; \
      return;                                      \
    }                                              \
    *std::move(must);                              \
  })

class NetlinkTest : public testing::Test {
 protected:
  void SetUp() override { PLENUM_NEEDS_ROOT(); }
};

TEST_F(NetlinkTest, ReadsLinks) {
  in_thread([] {
    TwoNamespaces net;
    net.sh("ip link add br0 type bridge && ip link set eth0 mtu 1400 master br0");
    net.sh("ip link add mv0 link eth0 type macvlan 2>/dev/null || ip link add mv0 link br0 type macvlan");
    auto netlink = MUST(Netlink::open());
    const auto links = MUST(netlink.links());
    ASSERT_EQ(links.size(), 4u);
    const auto eth0 = MUST(netlink.link("eth0"));
    const auto br0 = MUST(netlink.link("br0"));
    EXPECT_EQ(eth0.mac.text(), "02:00:00:00:00:01");
    EXPECT_EQ(eth0.mtu, 1400u);
    EXPECT_EQ(eth0.kind, "veth");
    EXPECT_EQ(eth0.master, br0.ifindex);
    EXPECT_TRUE(eth0.ethernet && eth0.up && eth0.carrier && !eth0.loopback);
    EXPECT_EQ(eth0.parent, 0u);  // the peer is in another namespace
    EXPECT_EQ(br0.kind, "bridge");
    EXPECT_FALSE(br0.up);
    EXPECT_EQ(MUST(netlink.link("mv0")).kind, "macvlan");
    EXPECT_NE(MUST(netlink.link("mv0")).parent, 0u);
    EXPECT_TRUE(MUST(netlink.link("lo")).loopback);
    EXPECT_FALSE(MUST(netlink.link("lo")).ethernet);
    EXPECT_EQ(std::count(links.begin(), links.end(), eth0), 1);
    EXPECT_EQ(MUST(netlink.link(eth0.ifindex)).name, "eth0");
    const auto missing = netlink.link("nosuch");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code.value(), ENODEV);
  });
}

TEST_F(NetlinkTest, SetsALinkUpAndDown) {
  in_thread([] {
    TwoNamespaces net;
    auto netlink = MUST(Netlink::open());
    const auto eth0 = MUST(netlink.link("eth0")).ifindex;
    ASSERT_TRUE(netlink.set_link_up(eth0, false));
    EXPECT_FALSE(MUST(netlink.link(eth0)).up);
    ASSERT_TRUE(netlink.set_link_up(eth0, true));
    EXPECT_TRUE(MUST(netlink.link(eth0)).up);
    const auto missing = netlink.set_link_up(4711, true);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code.value(), ENODEV);
  });
}

TEST_F(NetlinkTest, AddsAndRemovesAddressesIdempotently) {
  in_thread([] {
    TwoNamespaces net;
    auto netlink = MUST(Netlink::open());
    const auto eth0 = MUST(netlink.link("eth0")).ifindex;
    for (const auto* text : {"192.0.2.10/24", "2001:db8::10/64"}) {
      EXPECT_TRUE(MUST(netlink.add_address(eth0, prefix(text), false))) << text;
      EXPECT_FALSE(MUST(netlink.add_address(eth0, prefix(text), false))) << text;
    }
    EXPECT_TRUE(MUST(netlink.add_address(eth0, prefix("192.0.2.11/24"), true)));
    Network network;
    network.reset({}, MUST(netlink.addresses()), {});
    std::vector<std::string> found;
    for (const auto& address : network.addresses(eth0)) {
      if (address.link_scope) continue;  // fe80::
      found.push_back(address.prefix.text());
      EXPECT_FALSE(address.tentative) << found.back();
      EXPECT_EQ(address.deprecated, found.back() != "192.0.2.11/24") << found.back();
      EXPECT_EQ(address.secondary, found.back() == "192.0.2.11/24") << found.back();
    }
    EXPECT_EQ(found, (std::vector<std::string>{"192.0.2.10/24", "192.0.2.11/24", "2001:db8::10/64"}));
    EXPECT_TRUE(MUST(netlink.remove_address(eth0, prefix("2001:db8::10/64"))));
    EXPECT_FALSE(MUST(netlink.remove_address(eth0, prefix("2001:db8::10/64"))));
    network.reset({}, MUST(netlink.addresses()), {});
    EXPECT_FALSE(network.carries(ip("2001:db8::10")));
    const auto missing = netlink.add_address(4711, prefix("192.0.2.12/24"), true);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code.value(), ENODEV);
    EXPECT_NE(missing.error().what.find("192.0.2.12/24"), std::string::npos);
  });
}

TEST_F(NetlinkTest, AsksForRoutesOfEveryKind) {
  in_thread([] {
    TwoNamespaces net;
    net.sh("ip addr add 10.0.0.1/24 dev eth0 && ip -6 addr add 2001:db8::1/64 dev eth0 nodad");
    // The kernel adds the address's own route later, in a worker, nodad or not.
    net.sh(
        "for i in $(seq 500); do ip -6 route show table local | grep -q '^local 2001:db8::1 ' && exit 0; sleep 0.02; "
        "done; exit 1");
    net.sh("ip route add 10.1.0.0/16 via 10.0.0.254 mtu 1300");
    net.sh("ip route add 10.2.0.0/16 via inet6 fe80::99 dev eth0 src 10.0.0.1");
    net.sh("ip route add blackhole 10.3.0.0/16 && ip -6 route add blackhole 2001:db8:3::/48");
    net.sh("ip route add unreachable 10.4.0.0/16 && ip route add prohibit 10.5.0.0/16");
    net.sh("ip -6 route add 2001:db8:1::/48 via 2001:db8::99");
    auto netlink = MUST(Netlink::open());
    const auto eth0 = MUST(netlink.link("eth0")).ifindex;
    const std::vector<std::pair<net::Address, Route>> cases = {
        {ip("10.0.0.7"), {.type = RouteType::Unicast, .ifindex = eth0, .source = ip("10.0.0.1")}},
        {ip("10.1.2.3"),
         {.type = RouteType::Unicast,
          .ifindex = eth0,
          .gateway = ip("10.0.0.254"),
          .source = ip("10.0.0.1"),
          .mtu = 1300}},
        {ip("10.2.0.1"),
         {.type = RouteType::Unicast, .ifindex = eth0, .gateway = ip("fe80::99"), .source = ip("10.0.0.1")}},
        {ip("10.3.0.1"), {.type = RouteType::Blackhole}},
        {ip("2001:db8:3::1"), {.type = RouteType::Blackhole}},
        {ip("10.4.0.1"), {.type = RouteType::Unreachable}},
        {ip("10.5.0.1"), {.type = RouteType::Prohibit}},
        {ip("192.0.2.1"), {.type = RouteType::None}},
        {ip("2001:db8:9::1"), {.type = RouteType::None}},
        {ip("2001:db8:1::1"),
         {.type = RouteType::Unicast, .ifindex = eth0, .gateway = ip("2001:db8::99"), .source = ip("2001:db8::1")}},
    };
    std::vector<net::Address> all;
    for (const auto& [destination, want] : cases) {
      EXPECT_EQ(MUST(netlink.route_get(destination)), want) << destination.text();
      all.push_back(destination);
    }
    EXPECT_EQ(MUST(netlink.route_get(ip("10.0.0.1"))).type, RouteType::Local);
    EXPECT_EQ(MUST(netlink.route_get(ip("2001:db8::1"))).type, RouteType::Local);
    EXPECT_EQ(MUST(netlink.route_get(ip("10.0.0.255"))).type, RouteType::Broadcast);
    // The same, many at a time, over several batches.
    for (int i = 0; i < 5; ++i) all.insert(all.end(), all.begin(), all.begin() + static_cast<long>(cases.size()));
    all.resize(cases.size() * 16);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = cases[i % cases.size()].first;
    const auto routes = MUST(netlink.route_get_many(all));
    ASSERT_EQ(routes.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(routes[i], cases[i % cases.size()].second) << i;
  });
}

TEST_F(NetlinkTest, KeepsANeighbourResolvedWithoutTraffic) {
  in_thread([] {
    TwoNamespaces net;
    net.sh("ip addr add 10.0.0.1/24 dev eth0");
    net.sh_there("ip addr add 10.0.0.2/24 dev eth0");
    auto netlink = MUST(Netlink::open());
    const NeighbourKey key{MUST(netlink.link("eth0")).ifindex, ip("10.0.0.2")};
    ASSERT_TRUE(netlink.keep_neighbour(key));
    Neighbour seen;
    const auto look = [&] {
      Network network;
      auto neighbours = netlink.neighbours();
      if (neighbours) network.reset({}, {}, *std::move(neighbours));
      const auto* found = network.neighbour(key);
      if (found) seen = *found;
      return found && found->state == NUD_REACHABLE;
    };
    for (int i = 0; i < 200 && !look(); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(seen.state, NUD_REACHABLE);
    ASSERT_TRUE(seen.mac);
    EXPECT_EQ(seen.mac->text(), "02:00:00:00:00:02");
    EXPECT_EQ(seen.ext_flags & NTF_EXT_MANAGED, unsigned{NTF_EXT_MANAGED});
    EXPECT_EQ(seen.flags & NTF_EXT_LEARNED, NTF_EXT_LEARNED);
    EXPECT_EQ(seen.protocol, kPlenumProtocol);
    EXPECT_TRUE(may_refresh(seen));
    ASSERT_TRUE(netlink.keep_neighbour(key));  // again: no harm
    look();
    EXPECT_EQ(seen.mac->text(), "02:00:00:00:00:02");
    ASSERT_TRUE(netlink.release_neighbour(key));
    look();
    EXPECT_EQ(seen.ext_flags & NTF_EXT_MANAGED, 0u);
    EXPECT_EQ(seen.flags & NTF_EXT_LEARNED, 0);
    EXPECT_TRUE(netlink.release_neighbour({key.ifindex, ip("10.0.0.77")}));  // not there: nothing to do
  });
}

TEST_F(NetlinkTest, DoesNotClaimWhatOthersKeep) {
  in_thread([] {
    TwoNamespaces net;
    net.sh("ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:09 dev eth0 nud permanent");
    net.sh("ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:09 dev eth0 nud stale extern_learn");
    net.sh("ip neigh add 10.0.0.4 lladdr 02:00:00:00:00:09 dev eth0 nud stale");
    auto netlink = MUST(Netlink::open());
    int mine = 0, others = 0;
    for (const auto& neighbour : MUST(netlink.neighbours())) ++(may_refresh(neighbour) ? mine : others);
    EXPECT_EQ(mine, 1);
    EXPECT_EQ(others, 2);
  });
}

// Runs the loop until `done` or 5 s have passed.
template <class Done>
bool until(Loop& loop, Done done) {
  const auto end = SteadyClock().now() + 5s;
  while (!done() && SteadyClock().now() < end) loop.run_for(5ms);
  return done();
}

TEST_F(NetlinkTest, MonitorTellsEveryKindOfChange) {
  in_thread([] {
    TwoNamespaces net;
    Loop loop;
    std::vector<NetlinkEvent> events;
    const auto monitor = MUST(NetlinkMonitor::open(loop, [&](const NetlinkEvent& event) { events.push_back(event); }));
    const auto heard = [&](auto matches) {
      return until(loop, [&] { return std::any_of(events.begin(), events.end(), matches); });
    };
    net.sh("ip link add br0 type bridge");
    EXPECT_TRUE(heard([](const NetlinkEvent& event) {
      const auto* it = std::get_if<LinkChanged>(&event);
      return it && it->link.name == "br0" && it->link.kind == "bridge";
    }));
    net.sh("ip addr add 10.0.0.1/24 dev eth0");
    EXPECT_TRUE(heard([](const NetlinkEvent& event) {
      const auto* it = std::get_if<AddressChanged>(&event);
      return it && it->address.prefix == prefix("10.0.0.1/24");
    }));
    net.sh("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0");
    EXPECT_TRUE(heard([](const NetlinkEvent& event) {
      const auto* it = std::get_if<NeighbourChanged>(&event);
      return it && it->neighbour.key.address == ip("10.0.0.9") && it->neighbour.mac;
    }));
    net.sh("ip route add 10.7.0.0/16 via 10.0.0.9");
    EXPECT_TRUE(heard([](const NetlinkEvent& event) {
      const auto* it = std::get_if<RouteChanged>(&event);
      return it && it->destination == prefix("10.7.0.0/16");
    }));
    net.sh("ip rule add to 10.7.0.0/16 table 100");
    EXPECT_TRUE(heard([](const NetlinkEvent& event) {
      const auto* it = std::get_if<RouteChanged>(&event);
      return it && !it->destination;
    }));
    net.sh("ip neigh del 10.0.0.9 dev eth0; ip addr del 10.0.0.1/24 dev eth0; ip link del br0");
    EXPECT_TRUE(heard([](const NetlinkEvent& event) { return std::holds_alternative<NeighbourGone>(event); }));
    EXPECT_TRUE(heard([](const NetlinkEvent& event) { return std::holds_alternative<AddressGone>(event); }));
    EXPECT_TRUE(heard([](const NetlinkEvent& event) { return std::holds_alternative<LinkGone>(event); }));
  });
}

TEST_F(NetlinkTest, MonitorSaysThatItLostEventsAndGoesOn) {
  in_thread([] {
    TwoNamespaces net;
    Loop loop;
    bool overflow = false, after = false;
    const auto monitor = MUST(NetlinkMonitor::open(loop, [&](const NetlinkEvent& event) {
      overflow = overflow || std::holds_alternative<Overflow>(event);
      const auto* link = std::get_if<LinkChanged>(&event);
      after = after || (overflow && link && link->link.mtu >= 1201 && link->link.mtu <= 1299);
    }));
    auto netlink = MUST(Netlink::open());
    const auto eth0 = MUST(netlink.link("eth0")).ifindex;
    // More than the monitor's buffer holds, while nobody reads it.
    const NeighbourKey key{eth0, ip("10.0.0.9")};
    for (int i = 0; i < 20000; ++i) ASSERT_TRUE(netlink.keep_neighbour(key) && netlink.release_neighbour(key));
    EXPECT_TRUE(until(loop, [&] { return overflow; }));
    // What is left of the flood may fill the buffer still, and cost this event too: so again.
    for (int mtu = 1201; mtu <= 1299 && !after; ++mtu) {
      net.sh("ip link set eth0 mtu " + std::to_string(mtu));
      loop.run_for(100ms);
    }
    EXPECT_TRUE(after);
  });
}

}  // namespace
}  // namespace plenum::rt
