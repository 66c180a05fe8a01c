// What is none of the director's business goes up the stack, byte for byte.

#include <linux/bpf.h>

#include "tests/packet/pieces.h"
#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

class NotOurs : public EachProtocol {};

TEST_P(NotOurs, OtherLinkAddressPasses) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  Frame sent = first(family(), protocol());
  sent.to_mac = net::Mac{{2, 0, 0, 0, 0, 0x99}};
  expect_passed(director().run(sent), PL_OTHER_HOST);
}

TEST_P(NotOurs, BroadcastAndMulticastLinkAddressesPass) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  Frame sent = first(family(), protocol());
  sent.to_mac = net::Mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
  expect_passed(director().run(sent), PL_OTHER_HOST);
  sent.to_mac = net::Mac{{0x01, 0x00, 0x5e, 0, 0, 0x12}};
  expect_passed(director().run(sent), PL_OTHER_HOST);
  sent.to_mac = net::Mac{{0x33, 0x33, 0, 0, 0, 1}};
  expect_passed(director().run(sent), PL_OTHER_HOST);
}

TEST_P(NotOurs, EveryLinkAddressOfThePortIsOurs) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  const net::Mac shared{{0, 0, 0x5e, 0, 1, 0x33}};  // a VRRP router's
  Frame sent = first(family(), protocol());
  sent.to_mac = shared;
  expect_passed(director().run(sent), PL_OTHER_HOST);
  for (unsigned slot = 1; slot < PL_PORT_MACS; ++slot) {
    pl_port& port = director().port(kIngress);
    port.macs = slot + 1;
    for (__u64& mac : port.mac) mac = 0;
    std::memcpy(&port.mac[0], kDirectorMac.bytes.data(), 6);
    std::memcpy(&port.mac[slot], shared.bytes.data(), 6);
    EXPECT_EQ(director().run(sent).reason, PL_FORWARD_DR) << "slot " << slot;
  }
}

TEST_P(NotOurs, AnInterfaceThatIsNoPortPassesEverything) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  director().port(kIngress) = {};
  expect_passed(director().run(first(family(), protocol())), PL_OTHER_HOST);
}

TEST_P(NotOurs, UnknownAddressPortAndProtocolPass) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  Frame sent = first(family(), protocol());
  sent.to = at().other_server;
  expect_passed(director().run(sent), PL_NOT_OURS);
  sent = first(family(), protocol());
  sent.dport = kVport + 1;
  expect_passed(director().run(sent), PL_NOT_OURS);
  for (const std::uint8_t other : kAllProtocols)
    if (other != protocol()) expect_passed(director().run(first(family(), other)), PL_NOT_OURS);
}

TEST_P(NotOurs, AServiceIsOneFamilysOnly) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  const net::Family other = family() == net::Family::V4 ? net::Family::V6 : net::Family::V4;
  expect_passed(director().run(first(other, protocol())), PL_NOT_OURS);
}

TEST_P(NotOurs, TheServiceIsNotFoundByItsSourceEnd) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  Frame sent = first(family(), protocol());
  std::swap(sent.from, sent.to);
  std::swap(sent.sport, sent.dport);
  expect_passed(director().run(sent), PL_NOT_OURS);
}

TEST_P(NotOurs, NothingIsCountedForWhatPasses) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  Frame sent = first(family(), protocol());
  sent.dport = kVport + 1;
  director().run(sent);
  const pl_stats stats = director().stats(server);
  EXPECT_EQ(stats.connections + stats.in_packets + stats.in_bytes, 0u);
  EXPECT_TRUE(director().entries().empty());
}

TEST_P(NotOurs, FragmentsToOtherAddressesPassFirstAndLaterAndAreNotNoted) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  director().set_keeper(true);
  Frame sent = later(family(), protocol());
  sent.to = at().other_server;
  sent.payload.resize(100);
  for (const auto& [start, end] : {std::pair{0, 40}, {40, 80}, {80, 200}})
    expect_passed(director().run(piece(sent, static_cast<std::size_t>(start), static_cast<std::size_t>(end))),
                  PL_FRAGMENT);
  EXPECT_TRUE(director().datagrams().empty());
  EXPECT_TRUE(director().handed_over().empty());
}

PLENUM_EACH_PROTOCOL(NotOurs);

class NotScheduled : public EachFamily {};

TEST_P(NotScheduled, TcpWithoutSynAndWithoutConnectionPasses) {
  const std::uint32_t server = serve(family(), kTcp, PL_FWD_ROUTE);
  for (const unsigned flags : {0 + kAck, 0 + kFin, kFin | kAck, 0 + kRst, kRst | kAck, kPsh | kAck, 0}) {
    Frame sent = first(family(), kTcp);
    sent.flags = static_cast<std::uint8_t>(flags);
    expect_passed(director().run(sent), PL_NO_SYN);
  }
  EXPECT_EQ(director().stats(server).connections, 0u);
  EXPECT_TRUE(director().entries().empty());
}

TEST_P(NotScheduled, TcpSynWithResetPasses) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  Frame sent = first(family(), kTcp);
  sent.flags = kSyn | kRst;
  expect_passed(director().run(sent), PL_NO_SYN);
}

TEST_P(NotScheduled, TcpSynThatOffersEcnOrCarriesDataIsScheduledAllTheSame) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  Frame sent = first(family(), kTcp, 5001);
  sent.flags = kSyn | 0xc0;  // ECE and CWR, RFC 3168 section 6.1.1
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
  sent = first(family(), kTcp, 5002);
  sent.payload = Bytes(100, 0x61);  // Fast Open, RFC 7413
  expect(director().run(sent), PL_FORWARD_DR, XDP_TX, routed(sent));
}

TEST_P(NotScheduled, SctpWithoutInitAndWithoutConnectionPasses) {
  serve(family(), kSctp, PL_FWD_ROUTE);
  for (const std::uint8_t type : {kData, kInitAck, kHeartbeat, kAbort, kCookieEcho, kShutdown}) {
    Frame sent = first(family(), kSctp);
    sent.payload = chunk(type);
    const Outcome run = director().run(sent);
    EXPECT_EQ(run.action, XDP_PASS) << "chunk " << int{type};
  }
  EXPECT_TRUE(director().entries().empty());
}

TEST_P(NotScheduled, EchoToTheVirtualAddressIsTheStacksToAnswer) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  Frame ping = first(family(), kTcp);
  ping.protocol = ping.v6() ? kIcmpv6 : kIcmp;
  ping.icmp_type = ping.v6() ? 128 : 8;
  ping.icmp_rest = 0x00010001;
  ping.payload = Bytes(56, 0x5a);
  expect_passed(director().run(ping), PL_NOT_OURS);
}

TEST_P(NotScheduled, NeighbourDiscoveryPasses) {
  Frame f = first(net::Family::V6, kTcp);
  f.protocol = kIcmpv6;
  for (const std::uint8_t type : {133, 134, 135, 136, 137}) {
    f.icmp_type = type;
    f.payload = Bytes(16, 0x20);
    expect_passed(director().run(f), PL_NOT_OURS);
  }
}

TEST_P(NotScheduled, OtherProtocolsPass) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  Frame sent = first(family(), kTcp);
  for (const std::uint8_t protocol : {2, 47, 50, 89, 112, 136, 255}) {
    sent.protocol = protocol;
    sent.payload = Bytes(40, 0x11);
    expect_passed(director().run(sent), PL_NOT_OURS);
  }
}

PLENUM_EACH_FAMILY(NotScheduled);

TEST_F(World, WhatIsNotIpPasses) {
  for (const std::uint16_t type : {0x0806, 0x8035, 0x88cc, 0x0026, 0x8847, 0xffff}) {
    const Bytes frame = ethernet(kDirectorMac, kClientMac, type, Bytes(46, 0x33));
    expect_passed(director().run(frame), PL_NOT_IP);
  }
}

TEST_F(World, ThreeVlanTagsPass) {
  serve(net::Family::V4, kTcp, PL_FWD_ROUTE);
  Frame sent = first(net::Family::V4, kTcp);
  sent.vlans = {1, 2, 3};
  expect_passed(director().run(sent), PL_NOT_IP);
}

}  // namespace
}  // namespace plenum::packet
