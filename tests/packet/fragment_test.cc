// Fragments follow their first one by every method, in both directions and families. What is
// expected is cut out of what the whole packet would have become, checksums computed afresh.

#include <linux/bpf.h>

#include "tests/packet/pieces.h"
#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// Where the packets of these tests are cut: a first, a middle and a last part.
constexpr std::size_t kFirst = 48, kSecond = 120, kEnd = 100000;
constexpr std::pair<std::size_t, std::size_t> kParts[] = {{0, kFirst}, {kFirst, kSecond}, {kSecond, kEnd}};

Frame long_one(Frame f) {
  f.df = false;
  if (f.protocol == kSctp)
    f.payload = chunk(f.payload.at(0), 180);
  else
    for (std::size_t i = f.payload.size(); i < 201; ++i) f.payload.push_back(static_cast<std::uint8_t>(i));
  return f;
}

class Fragments : public EachProtocol {
 protected:
  Frame request() const { return long_one(first(family(), protocol())); }

  // Each part of `sent`, in order, must leave as that part of `expected`.
  void expect_parts(const Frame& sent, const Frame& expected, pl_reason reason) {
    for (const auto& [start, end] : kParts)
      expect(director().run(piece(sent, start, end)), reason, XDP_TX, piece(expected, start, end));
  }
};

TEST_P(Fragments, FollowTheirFirstToADirectlyRoutedServer) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  const Frame sent = request();
  expect_parts(sent, routed(sent), PL_FORWARD_DR);
  EXPECT_EQ(director().stats(server).connections, 1u);
  EXPECT_EQ(director().stats(server).in_packets, 3u) << "each is counted";
}

TEST_P(Fragments, FollowTheirFirstThroughNatAndTheChecksumFitsTheWhole) {
  serve(family(), protocol(), PL_FWD_MASQ);
  const Frame sent = request();
  expect_parts(sent, translated(sent, at().server, kVport), PL_FORWARD_NAT);
}

TEST_P(Fragments, ANatServersPortIsChangedInTheFirstOnly) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  const Frame sent = request();
  if (protocol() == kSctp) {
    // The CRC changes with the length of the whole, which nobody knows yet.
    expect_dropped(director().run(piece(sent, 0, kFirst)), PL_DROP_UNSUPPORTED);
    return;
  }
  expect_parts(sent, translated(sent, at().server, 8080), PL_FORWARD_NAT);
}

TEST_P(Fragments, OfAnAnswerFollowTheirFirstToTheClient) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  const Frame sent = long_one(answer(family(), protocol()));
  const Frame expected = answered(sent, at().vip);
  for (const auto& [start, end] : kParts) {
    const Outcome run = director().run(piece(sent, start, end));
    EXPECT_EQ(run.reason, PL_FORWARD_NAT_REPLY) << name_of(run.reason);
    EXPECT_EQ(difference(piece(expected, start, end), run.frame), "");
  }
  EXPECT_EQ(director().stats(server).out_packets, 3u);
}

TEST_P(Fragments, FollowTheirFirstThroughEachTunnel) {
  const struct {
    pl_tunnel type;
    unsigned flags;
  } kTunnels[] = {
      {PL_TUN_IPIP, 0}, {PL_TUN_GUE, 0}, {PL_TUN_GUE, PL_TUN_CSUM}, {PL_TUN_GRE, 0}, {PL_TUN_GRE, PL_TUN_CSUM}};
  const std::size_t ip_header = family() == net::Family::V6 ? 40 : 20;
  for (const auto& tunnel : kTunnels) {
    director().reset();
    const std::uint32_t server = serve(family(), protocol(), PL_FWD_TUNNEL);
    director().server(server).tunnel = static_cast<__u8>(tunnel.type);
    director().server(server).tunnel_flags = static_cast<__u8>(tunnel.flags);
    const Frame sent = request();
    for (const auto& [start, end] : kParts) {
      const Outcome run = director().run(piece(sent, start, end));
      ASSERT_GE(run.frame.size(), 14 + ip_header + 12);
      Frame expected = in_ipip(sent, at().server, at().director);
      expected.payload = piece_packet(routed(sent), start, end);
      if (tunnel.type == PL_TUN_GUE) {
        expected.payload = gue(expected.protocol, expected.payload);
        expected.protocol = kUdp;
        expected.sport = static_cast<std::uint16_t>(get16(run.frame, 14 + ip_header));
        expected.dport = 6080;
        expected.udp_checksum = tunnel.flags != 0;
      } else if (tunnel.type == PL_TUN_GRE) {
        expected.payload = gre(sent.v6() ? 0x86dd : 0x0800, expected.payload, tunnel.flags != 0);
        expected.protocol = kGre;
      }
      if (!sent.v6()) expected.id = static_cast<std::uint16_t>(get16(run.frame, 18));
      expect(run, PL_FORWARD_TUNNEL, XDP_TX, expected);
    }
  }
}

TEST_P(Fragments, OfALocalServerGoUpTheStack) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().server(server).flags |= PL_SERVER_LOCAL;
  for (const auto& [start, end] : kParts) expect_passed(director().run(piece(request(), start, end)), PL_LOCAL);
}

TEST_P(Fragments, OfAKnownConnectionFindIt) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  const Frame sent = long_one(later(family(), protocol()));
  expect_parts(sent, routed(sent), PL_FORWARD_DR);
  EXPECT_EQ(director().stats(server).connections, 1u);
}

TEST_P(Fragments, OfOtherPortsGoUpTheStack) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  Frame sent = request();
  sent.dport = kVport + 1;
  expect_passed(director().run(piece(sent, 0, kFirst)), PL_NOT_OURS);
  expect_passed(director().run(piece(sent, kFirst, kSecond)), PL_FRAGMENT);
  expect_passed(director().run(piece(sent, kSecond, kEnd)), PL_FRAGMENT);
}

TEST_P(Fragments, AreRefusedWithTheirFirst) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().set_weight(server, 0);
  EXPECT_EQ(director().run(piece(request(), 0, kFirst)).reason, PL_REPLY_NO_SERVER);
  expect_dropped(director().run(piece(request(), kFirst, kSecond)), PL_DROP_FRAGMENT_REFUSED);
}

TEST_P(Fragments, OfARemovedServerAreDropped) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(piece(request(), 0, kFirst));
  director().server(server).flags = 0;
  expect_dropped(director().run(piece(request(), kFirst, kSecond)), PL_DROP_SERVER_GONE);
}

TEST_P(Fragments, AWholeDatagramIsForgottenSoThatItsIdCanBeUsedAgain) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  for (int round = 0; round < 3; ++round) {
    const Frame sent = round == 0 ? request() : long_one(later(family(), protocol()));
    Frame same_id = sent;
    same_id.id = 0x1234;
    expect_parts(same_id, routed(same_id), PL_FORWARD_DR);
    EXPECT_TRUE(director().datagrams().empty());
  }
}

TEST_P(Fragments, ThatOverlapEndTheDatagram) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  EXPECT_EQ(director().run(piece(request(), 0, kFirst)).reason, PL_FORWARD_DR);
  expect_dropped(director().run(piece(request(), kFirst - 8, kSecond)), PL_DROP_FRAGMENT_OVERLAP);
  expect_dropped(director().run(piece(request(), kFirst, kSecond)), PL_DROP_FRAGMENT_OVERLAP);
  expect_dropped(director().run(piece(request(), kSecond, kEnd)), PL_DROP_FRAGMENT_OVERLAP);
  expect_dropped(director().run(piece(request(), 0, kFirst)), PL_DROP_FRAGMENT_OVERLAP);
}

TEST_P(Fragments, ThatComeTwiceAreDroppedAlone) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  EXPECT_EQ(director().run(piece(request(), 0, kFirst)).reason, PL_FORWARD_DR);
  expect_dropped(director().run(piece(request(), 0, kFirst)), PL_DROP_FRAGMENT_DUPLICATE);
  EXPECT_EQ(director().run(piece(request(), kSecond, kEnd)).reason, PL_FORWARD_DR);
  expect_dropped(director().run(piece(request(), kSecond, kEnd)), PL_DROP_FRAGMENT_DUPLICATE);
  EXPECT_EQ(director().run(piece(request(), kFirst, kSecond)).reason, PL_FORWARD_DR);
}

TEST_P(Fragments, BehindTheEndOfTheDatagramEndIt) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  EXPECT_EQ(director().run(piece(request(), 0, kFirst)).reason, PL_FORWARD_DR);
  Frame longer = request();
  longer.payload.resize(longer.payload.size() + 64);
  EXPECT_EQ(director().run(piece(request(), kSecond, kEnd)).reason, PL_FORWARD_DR);
  const std::size_t behind = (request().transport().size() + 7) / 8 * 8;
  expect_dropped(director().run(piece(longer, behind, kEnd)), PL_DROP_FRAGMENT_OVERLAP);
}

TEST_P(Fragments, WithoutAWholeTransportHeaderAreRefused) {
  if (protocol() == kUdp) return;  // its header has 8 bytes, and no fragment is shorter
  serve(family(), protocol(), PL_FWD_ROUTE);
  for (const std::size_t length : protocol() == kTcp ? std::vector<std::size_t>{8, 16} : std::vector<std::size_t>{8}) {
    Frame sent = request();
    sent.id = static_cast<std::uint16_t>(length);
    sent.sport = static_cast<std::uint16_t>(6000 + length);
    if (sent.v6()) sent.from = ip(length == 8 ? "2001:db8:c::8" : "2001:db8:c::9");
    expect_dropped(director().run(piece(sent, 0, length)), PL_DROP_FRAGMENT_TINY);
    expect_dropped(director().run(piece(sent, length, kEnd)), PL_DROP_FRAGMENT_REFUSED);
    sent.dport = kVport + 1;
    sent.id = static_cast<std::uint16_t>(length + 1);
    if (sent.v6()) sent.from = ip(length == 8 ? "2001:db8:c::a" : "2001:db8:c::b");
    expect_passed(director().run(piece(sent, 0, length)), PL_FRAGMENT);
  }
  EXPECT_TRUE(director().entries().empty());
}

TEST_P(Fragments, ThatNoSenderMakesGoUpTheStack) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  Bytes odd = piece(request(), 0, kFirst);
  const std::size_t length_at = family() == net::Family::V6 ? 18 : 16;
  odd.resize(odd.size() - 4);
  odd[length_at + 1] = static_cast<std::uint8_t>(odd[length_at + 1] - 4);  // no multiple of 8, and more to come
  expect_passed(director().run(odd), PL_MALFORMED);
}

TEST_P(Fragments, BeforeTheirFirstAreHandedToUserSpaceWhichIsToldOfIt) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  director().set_keeper(true);
  const Bytes last = piece(request(), kSecond, kEnd), middle = piece(request(), kFirst, kSecond);
  EXPECT_EQ(director().run(last).reason, PL_FRAGMENT_HELD);
  EXPECT_EQ(director().run(middle).reason, PL_FRAGMENT_HELD);
  const auto held = director().handed_over();
  ASSERT_EQ(held.size(), 2u);
  EXPECT_EQ(held[0].head.kind, unsigned{PL_FRAME_HELD});
  EXPECT_EQ(held[0].head.ifindex, kIngress);
  EXPECT_EQ(difference(last, held[0].frame), "");
  EXPECT_EQ(difference(middle, held[1].frame), "");

  EXPECT_EQ(director().run(piece(request(), 0, kFirst)).reason, PL_FORWARD_DR);
  const auto told = director().handed_over();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].head.kind, unsigned{PL_FRAME_FIRST});
  EXPECT_EQ(std::memcmp(&told[0].head.key, &held[0].head.key, sizeof(pl_fragment_key)), 0);
  // What comes back goes the same way.
  expect(director().run(held[0].frame), PL_FORWARD_DR, XDP_TX, piece(routed(request()), kSecond, kEnd));
  expect(director().run(held[1].frame), PL_FORWARD_DR, XDP_TX, piece(routed(request()), kFirst, kSecond));
}

TEST_P(Fragments, BeforeTheirFirstGoUpTheStackWhileNobodyKeepsThem) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  expect_passed(director().run(piece(request(), kFirst, kSecond)), PL_FRAGMENT_UNHELD);
  EXPECT_TRUE(director().handed_over().empty());
}

TEST_P(Fragments, AfterTheDatagramsTimeAreLateOnes) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  const auto before = now_tick();
  director().run(piece(request(), 0, kFirst));
  const auto keys = director().datagrams();
  ASSERT_EQ(keys.size(), 1u);
  pl_datagram datagram = director().datagram(keys[0]);
  const std::uint64_t seconds = family() == net::Family::V6 ? PL_DATAGRAM_SECONDS_V6 : PL_DATAGRAM_SECONDS_V4;
  expect_ends(datagram.expires, before, static_cast<std::uint32_t>(seconds * 1000000000 >> PL_TICK_SHIFT));
  datagram.expires = now_tick() - 1;
  director().set_datagram(keys[0], datagram);
  expect_passed(director().run(piece(request(), kFirst, kSecond)), PL_FRAGMENT_UNHELD);
}

PLENUM_EACH_PROTOCOL(Fragments);

class FragmentErrors : public EachFamily {};

TEST_P(FragmentErrors, NoneIsSentAboutALaterIpv4Fragment) {
  serve(family(), kUdp, PL_FWD_ROUTE);
  Frame sent = long_one(first(family(), kUdp));
  director().run(piece(sent, 0, kFirst));
  sent.ttl = 1;
  const Outcome run = director().run(piece(sent, kFirst, kSecond));
  EXPECT_EQ(run.reason, family() == net::Family::V4 ? PL_DROP_FRAGMENT_ERROR : PL_REPLY_TTL) << name_of(run.reason);
}

TEST_P(FragmentErrors, AnErrorAboutAFirstFragmentFindsItsConnection) {
  serve(family(), kUdp, PL_FWD_ROUTE);
  director().run(first(family(), kUdp));
  Frame from_server = long_one(answer(family(), kUdp));
  from_server.from = at().vip;
  Frame error = time_exceeded(at().vip, piece_packet(from_server, 0, kFirst));
  expect(director().run(error), PL_FORWARD_ICMP, XDP_TX, routed(error));
  error.payload = piece_packet(from_server, kFirst, kSecond);
  expect_passed(director().run(error), PL_NOT_OURS);
}

PLENUM_EACH_FAMILY(FragmentErrors);

TEST_F(World, AFragmentHeaderAroundAWholePacketIsNoFragment) {
  serve(net::Family::V6, kUdp, PL_FWD_ROUTE);
  Frame sent = first(net::Family::V6, kUdp);
  sent.extensions = {{kFragment, hex("0000 00000007")}};
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
  EXPECT_TRUE(director().datagrams().empty());
}

TEST_F(World, AnIpv4IdUsedAgainLaterBeginsANewDatagram) {
  serve(net::Family::V4, kUdp, PL_FWD_ROUTE);
  const Frame sent = long_one(first(net::Family::V4, kUdp));
  director().run(piece(sent, 0, kFirst));
  const auto keys = director().datagrams();
  ASSERT_EQ(keys.size(), 1u);
  pl_datagram datagram = director().datagram(keys[0]);
  datagram.touched -= ticks(2);
  director().set_datagram(keys[0], datagram);
  for (const auto& [start, end] : kParts)
    expect(director().run(piece(sent, start, end)), PL_FORWARD_DR, XDP_TX, piece(routed(sent), start, end));
}

TEST_F(World, AFloodOfFirstFragmentsStaysWithinItsBounds) {
  serve(net::Family::V4, kUdp, PL_FWD_ROUTE);
  Frame sent = long_one(first(net::Family::V4, kUdp));
  for (std::uint32_t i = 0; i < 3 * PL_DATAGRAMS; ++i) {
    sent.id = static_cast<std::uint16_t>(i);
    sent.sport = static_cast<std::uint16_t>(1024 + i % 100);
    ASSERT_EQ(director().run_only(piece(sent, 0, kFirst)), static_cast<std::uint32_t>(XDP_TX));
  }
  EXPECT_LE(director().datagrams().size(), std::size_t{PL_DATAGRAMS});
  // The latest one is served all the same.
  expect(director().run(piece(sent, kFirst, kSecond)), PL_FORWARD_DR, XDP_TX, piece(routed(sent), kFirst, kSecond));
}

TEST_F(World, WhatIsTooBigForThePathIsHandedOverToBeCut) {
  const struct {
    pl_forward forward;
    std::uint16_t mtu;
  } kRows[] = {{PL_FWD_ROUTE, 1000}, {PL_FWD_TUNNEL, 980}};
  for (const auto& row : kRows) {
    director().reset();
    const std::uint32_t server = serve(net::Family::V4, kUdp, row.forward);
    director().server(server).next_hop = hop({.mtu = 1000, .source = addresses(net::Family::V4).director});
    director().set_keeper(true);
    Frame sent = first(net::Family::V4, kUdp);
    sent.df = false;
    sent.payload.assign(1200, 0x42);
    EXPECT_EQ(director().run(sent).reason, PL_TOO_BIG_CUT);
    const auto handed = director().handed_over();
    ASSERT_EQ(handed.size(), 1u);
    EXPECT_EQ(handed[0].head.kind, unsigned{PL_FRAME_CUT});
    EXPECT_EQ(handed[0].head.mtu, row.mtu);
    EXPECT_EQ(handed[0].head.l3, 14);
    EXPECT_EQ(difference(sent.bytes(), handed[0].frame), "");
    sent.df = true;
    EXPECT_EQ(director().run(sent).reason, PL_REPLY_TOO_BIG);
  }
}

// A fragment that is cut itself comes back in pieces, which are not taken for duplicates.
TEST_F(World, PiecesOfFragmentsThatWereCutGoOn) {
  const std::uint32_t server = serve(net::Family::V4, kUdp, PL_FWD_ROUTE);
  director().set_keeper(true);
  const Frame sent = long_one(first(net::Family::V4, kUdp));
  director().server(server).next_hop = hop({.mtu = 60});
  EXPECT_EQ(director().run(piece(sent, 0, kFirst)).reason, PL_TOO_BIG_CUT);
  EXPECT_EQ(director().run(piece(sent, kFirst, kSecond)).reason, PL_TOO_BIG_CUT);
  for (std::size_t at = 0; at < kSecond; at += 40)
    expect(director().run(piece(sent, at, at + 40)), PL_FORWARD_DR, XDP_TX, piece(routed(sent), at, at + 40));
}

}  // namespace
}  // namespace plenum::packet
