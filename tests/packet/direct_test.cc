// Direct routing and servers that are the director itself.

#include <linux/bpf.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

class DirectRouting : public EachProtocol {};

TEST_P(DirectRouting, ChangesLinkAddressesAndTtlOnly) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  for (const Frame& sent : {first(family(), protocol()), later(family(), protocol())})
    expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
}

TEST_P(DirectRouting, KeepsTheVirtualPortWhateverTheServersPort) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().server(server).port = __builtin_bswap16(8080);
  const Frame sent = first(family(), protocol());
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
}

TEST_P(DirectRouting, RedirectsToAnotherInterface) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().server(server).next_hop = hop({.ifindex = kIngress + 6});
  const Frame sent = first(family(), protocol());
  expect(director().run(sent), PL_FORWARD_DR, XDP_REDIRECT, routed(sent));
}

TEST_P(DirectRouting, FollowsANewNextHopAtOnce) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  const net::Mac moved{{2, 0, 0, 0, 9, 9}};
  director().server(server).next_hop = hop({.to = moved});
  const Frame sent = later(family(), protocol());
  Frame expected = routed(sent);
  expected.to_mac = moved;
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, expected);
}

TEST_P(DirectRouting, DropsWhileTheServerHasNoNextHop) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().server(server).next_hop = 0;
  expect_dropped(director().run(first(family(), protocol())), PL_DROP_NO_NEXT_HOP);
}

TEST_P(DirectRouting, DropsPacketsOfAConnectionWhoseServerWasRemoved) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  director().server(server).flags = 0;
  expect_dropped(director().run(later(family(), protocol())), PL_DROP_SERVER_GONE);
  // Adding it again revives them.
  director().server(server).flags = PL_SERVER_AVAILABLE;
  const Frame sent = later(family(), protocol());
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
}

TEST_P(DirectRouting, KeepsAConnectionOnAServerQuiescedByWeightZero) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  director().set_weight(server, 0);
  const Frame sent = later(family(), protocol());
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
}

TEST_P(DirectRouting, DeliversToTheStackWhenTheServerIsTheDirector) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().server(server).flags |= PL_SERVER_LOCAL;
  expect_passed(director().run(first(family(), protocol())), PL_LOCAL);
  expect_passed(director().run(later(family(), protocol())), PL_LOCAL);
  EXPECT_EQ(director().stats(server).in_packets, 2u);
}

TEST_P(DirectRouting, DeliversToTheStackByTheLocalMethod) {
  serve(family(), protocol(), PL_FWD_LOCAL);
  expect_passed(director().run(first(family(), protocol())), PL_LOCAL);
}

TEST_P(DirectRouting, LocalDeliveryTakesNoHop) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().server(server).flags |= PL_SERVER_LOCAL;
  Frame sent = first(family(), protocol());
  sent.ttl = 1;
  expect_passed(director().run(sent), PL_LOCAL);
}

TEST_P(DirectRouting, TagsForAVlan) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().server(server).next_hop = hop({.vlan = 100});
  const Frame sent = first(family(), protocol());
  Frame expected = routed(sent);
  expected.vlans = {100};
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, expected);
}

TEST_P(DirectRouting, UntagsWhatCameFromAVlan) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  Frame sent = first(family(), protocol());
  sent.vlans = {200};
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
}

TEST_P(DirectRouting, MovesBetweenVlans) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().server(server).next_hop = hop({.vlan = 100});
  Frame sent = first(family(), protocol());
  sent.vlans = {200};
  Frame expected = routed(sent);
  expected.vlans = {100};
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, expected);
}

TEST_P(DirectRouting, ReadsTwoTags) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  Frame sent = first(family(), protocol());
  sent.vlans = {10, 200};
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
}

PLENUM_EACH_PROTOCOL(DirectRouting);

// How each method treats headers that are longer than the least.
struct Options {
  const char* name;
  net::Family family;
  Bytes v4;
  std::vector<Extension> v6;
  Bytes tcp;
};

void PrintTo(const Options& header, std::ostream* out) { *out << header.name; }

class LongHeaders : public World, public testing::WithParamInterface<Options> {
 protected:
  Frame sent() const {
    Frame f = first(GetParam().family, kTcp);
    f.options = GetParam().v4;
    f.extensions = GetParam().v6;
    if (!GetParam().tcp.empty()) f.tcp_options = GetParam().tcp;
    return f;
  }
  const Addresses& at() const { return addresses(GetParam().family); }
};

TEST_P(LongHeaders, AreKeptByDirectRouting) {
  serve(GetParam().family, kTcp, PL_FWD_ROUTE);
  expect(director().run(sent()), PL_FORWARD_DR, XDP_TX, routed(sent()));
}

TEST_P(LongHeaders, AreKeptByNatBothWays) {
  serve(GetParam().family, kTcp, PL_FWD_MASQ);
  expect(director().run(sent()), PL_FORWARD_NAT, XDP_TX, translated(sent(), at().server, kVport));
  Frame reply = answer(GetParam().family, kTcp);
  reply.options = GetParam().v4;
  reply.extensions = GetParam().v6;
  expect(director().run(reply), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(reply, at().vip));
}

TEST_P(LongHeaders, AreCarriedByATunnel) {
  serve(GetParam().family, kTcp, PL_FWD_TUNNEL);
  expect(director().run(sent()), PL_FORWARD_TUNNEL, XDP_TX, in_ipip(sent(), at().server, at().director));
}

const std::vector<Options> kLongHeaders = {
    {"V4RouterAlert", net::Family::V4, hex("94040000"), {}, {}},
    {"V4Timestamp", net::Family::V4, hex("440c0500 00000000 00000000"), {}, {}},
    {"V4Longest", net::Family::V4, Bytes(40, 1), {}, {}},  // no-operations
    {"V4LongestTcp", net::Family::V4, {}, {}, Bytes(40, 1)},
    {"V6LongestTcp", net::Family::V6, {}, {}, Bytes(40, 1)},
    {"V6HopByHop", net::Family::V6, {}, {{kHopByHop, hex("0502 0000 0100")}}, {}},
    {"V6DestinationOptions", net::Family::V6, {}, {{kDestinationOptions, hex("0104 00000000")}}, {}},
    {"V6Routing", net::Family::V6, {}, {{kRouting, hex("0400 00000000")}}, {}},  // none left
    {"V6HopByHopAndLongOptions",
     net::Family::V6,
     {},
     {{kHopByHop, hex("0502 0000 0100")}, {kDestinationOptions, Bytes(30, 0)}},
     {}},
    {"V6AllThree",
     net::Family::V6,
     {},
     {{kHopByHop, hex("0502 0000 0100")}, {kRouting, hex("0400 00000000")}, {kDestinationOptions, Bytes(6, 0)}},
     {}},
};
INSTANTIATE_TEST_SUITE_P(, LongHeaders, testing::ValuesIn(kLongHeaders),
                         [](const auto& header) { return std::string(header.param.name); });

}  // namespace
}  // namespace plenum::packet
