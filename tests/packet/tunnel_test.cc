// Tunnels by IPIP and GUE without checksums, either family inside either.

#include <linux/bpf.h>

#include <set>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// The family inside, the protocol inside, the family outside.
using Case = std::tuple<net::Family, std::uint8_t, net::Family>;

class Tunnel : public World, public testing::WithParamInterface<Case> {
 protected:
  static net::Family inside() { return std::get<0>(GetParam()); }
  static std::uint8_t protocol() { return std::get<1>(GetParam()); }
  static const Addresses& outside() { return addresses(std::get<2>(GetParam())); }

  std::uint32_t serve_tunnel(pl_tunnel type) {
    const std::uint32_t service = director().add(Service{protocol(), addresses(inside()).vip, kVport});
    return director().add(service, Server{.address = outside().server,
                                          .forward = PL_FWD_TUNNEL,
                                          .next_hop = hop({.source = outside().director}),
                                          .tunnel = type});
  }
  Frame wrapped(const Frame& sent) const { return in_ipip(sent, outside().server, outside().director); }
};

TEST_P(Tunnel, CarriesThePacketInIp) {
  serve_tunnel(PL_TUN_IPIP);
  for (const Frame& sent : {first(inside(), protocol()), later(inside(), protocol())})
    expect(director().run(sent), PL_FORWARD_TUNNEL, XDP_TX, wrapped(sent));
}

TEST_P(Tunnel, CopiesTosWithEcnAndTtlToTheOutside) {
  serve_tunnel(PL_TUN_IPIP);
  Frame sent = first(inside(), protocol());
  sent.tos = 0xbb;  // expedited forwarding, congestion experienced
  sent.ttl = 3;
  const Frame expected = wrapped(sent);
  ASSERT_EQ(expected.tos, 0xbb);
  ASSERT_EQ(expected.ttl, 2);
  expect(director().run(sent), PL_FORWARD_TUNNEL, XDP_TX, expected);
}

TEST_P(Tunnel, LeavesTheFlowLabelInside) {
  serve_tunnel(PL_TUN_IPIP);
  Frame sent = first(inside(), protocol());
  sent.flow_label = 0xabcde;
  expect(director().run(sent), PL_FORWARD_TUNNEL, XDP_TX, wrapped(sent));
}

TEST_P(Tunnel, TakesLengthsFromTheHeaderNotThePaddedFrame) {
  serve_tunnel(PL_TUN_IPIP);
  Frame sent = first(inside(), protocol());
  sent.padded_to = sent.bytes().size() + 11;
  const Outcome run = director().run(sent);
  EXPECT_EQ(run.reason, PL_FORWARD_TUNNEL);
  const Bytes expected = wrapped(sent).bytes();
  ASSERT_GE(run.frame.size(), expected.size());
  // The padding may stay behind the packet, but never inside its lengths.
  EXPECT_EQ(difference(expected, View(run.frame).first(expected.size())), "");
}

TEST_P(Tunnel, ComesFromAndGoesToVlans) {
  const std::uint32_t server = serve_tunnel(PL_TUN_IPIP);
  Frame sent = first(inside(), protocol());
  sent.vlans = {5};
  expect(director().run(sent), PL_FORWARD_TUNNEL, XDP_TX, wrapped(sent));
  director().server(server).next_hop = hop({.vlan = 77, .source = outside().director});
  Frame expected = wrapped(sent);
  expected.vlans = {77};
  expect(director().run(sent), PL_FORWARD_TUNNEL, XDP_TX, expected);
}

TEST_P(Tunnel, CarriesThePacketInGue) {
  serve_tunnel(PL_TUN_GUE);
  const Frame sent = first(inside(), protocol());
  const Outcome run = director().run(sent);
  const std::size_t at = 14 + (outside().server.is_v4() ? 20 : 40);
  ASSERT_GE(run.frame.size(), at + 12);
  const auto port = static_cast<std::uint16_t>(get16(run.frame, at));
  EXPECT_GE(port, 0x8000) << "source ports below are others'";
  expect(run, PL_FORWARD_TUNNEL, XDP_TX, in_gue(sent, outside().server, outside().director, port));
}

TEST_P(Tunnel, GueSpreadsFlowsAndKeepsEachOnItsPort) {
  serve_tunnel(PL_TUN_GUE);
  const std::size_t at = 14 + (outside().server.is_v4() ? 20 : 40);
  std::set<unsigned> ports;
  for (std::uint16_t client = 20000; client < 20064; ++client) {
    const unsigned port = get16(director().run(first(inside(), protocol(), client)).frame, at);
    EXPECT_EQ(get16(director().run(later(inside(), protocol(), client)).frame, at), port);
    ports.insert(port);
  }
  EXPECT_GT(ports.size(), 48u) << "64 flows share few source ports";
}

TEST_P(Tunnel, GueGoesToThePortOfTheServer) {
  const std::uint32_t server = serve_tunnel(PL_TUN_GUE);
  director().server(server).tunnel_port = __builtin_bswap16(9999);
  const std::size_t at = 14 + (outside().server.is_v4() ? 20 : 40);
  EXPECT_EQ(get16(director().run(first(inside(), protocol())).frame, at + 2), 9999u);
}

TEST_P(Tunnel, FillsThePathsMtuToTheLastByte) {
  const std::uint32_t server = serve_tunnel(PL_TUN_IPIP);
  Frame sent = later(inside(), protocol());
  director().run(first(inside(), protocol()));
  const std::size_t outer = outside().server.is_v4() ? 20 : 40;
  const auto full = static_cast<std::uint16_t>(sent.ip_length() + outer);
  director().server(server).next_hop = hop({.mtu = full, .source = outside().director});
  expect(director().run(sent), PL_FORWARD_TUNNEL, XDP_TX, wrapped(sent));
  director().server(server).next_hop = hop({.mtu = static_cast<std::uint16_t>(full - 1), .source = outside().director});
  EXPECT_EQ(director().run(sent).reason, PL_REPLY_TOO_BIG);
}

INSTANTIATE_TEST_SUITE_P(, Tunnel,
                         testing::Combine(testing::ValuesIn(kBothFamilies), testing::ValuesIn(kAllProtocols),
                                          testing::ValuesIn(kBothFamilies)),
                         [](const testing::TestParamInfo<Case>& each) {
                           return std::string(name_of(std::get<0>(each.param))) +
                                  name_of_protocol(std::get<1>(each.param)) + "In" + name_of(std::get<2>(each.param));
                         });

TEST_F(World, TunnelWithoutDfInsideHasNoneOutside) {
  serve(net::Family::V4, kUdp, PL_FWD_TUNNEL);
  const Addresses& a = addresses(net::Family::V4);
  Frame sent = first(net::Family::V4, kUdp);
  sent.df = false;
  Frame expected = in_ipip(sent, a.server, a.director);
  const Outcome run = director().run(sent);
  ASSERT_GE(run.frame.size(), 34u);
  expected.id = static_cast<std::uint16_t>(get16(run.frame, 14 + 4));  // any: it may be fragmented
  ASSERT_FALSE(expected.df);
  expect(run, PL_FORWARD_TUNNEL, XDP_TX, expected);
}

// The outer packet may be fragmented, and that is the stack's to do.
TEST_F(World, TunnelLeavesWhatIsTooBigWithoutDfToTheStack) {
  for (const pl_tunnel type : {PL_TUN_IPIP, PL_TUN_GUE}) {
    director().reset();
    const std::uint32_t server = serve(net::Family::V4, kUdp, PL_FWD_TUNNEL);
    director().server(server).tunnel = type;
    const Addresses& a = addresses(net::Family::V4);
    Frame sent = first(net::Family::V4, kUdp);
    sent.df = false;
    sent.payload.assign(1500 - 20 - 28 + 1, 0x55);
    const Outcome run = director().run(sent);
    ASSERT_GE(run.frame.size(), 38u);
    Frame expected = type == PL_TUN_IPIP
                         ? in_ipip(sent, a.server, a.director)
                         : in_gue(sent, a.server, a.director, static_cast<std::uint16_t>(get16(run.frame, 34)));
    expected.to_mac = sent.to_mac;
    expected.from_mac = sent.from_mac;
    expected.id = static_cast<std::uint16_t>(get16(run.frame, 14 + 4));
    expect(run, PL_FORWARD_STACK, XDP_PASS, expected);
  }
}

TEST_F(World, TunnelDropsWhatIsTooBigWhereTheStackCannotTakeIt) {
  serve(net::Family::V4, kUdp, PL_FWD_TUNNEL);
  Frame sent = first(net::Family::V4, kUdp);
  sent.df = false;
  sent.payload.assign(1500 - 20 - 28 + 1, 0x55);
  sent.vlans = {9};  // it would have to say on which VLAN
  expect_dropped(director().run(sent), PL_DROP_TOO_BIG);

  director().reset();
  sent.vlans.clear();
  const std::uint32_t service = director().add(Service{kUdp, addresses(net::Family::V4).vip, kVport});
  director().add(service, Server{.address = addresses(net::Family::V6).server,
                                 .forward = PL_FWD_TUNNEL,
                                 .next_hop = hop({.source = addresses(net::Family::V6).director})});
  expect_dropped(director().run(sent), PL_DROP_TOO_BIG);
}

}  // namespace
}  // namespace plenum::packet
