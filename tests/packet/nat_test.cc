// NAT: the destination rewritten towards the server, the source on the way back, and the
// checksums that follow.

#include <linux/bpf.h>
#include <sched.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// Keeps the test on the CPU it runs on.
class OnOneCpu {
 public:
  OnOneCpu() {
    EXPECT_EQ(::sched_getaffinity(0, sizeof(before_), &before_), 0);
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(::sched_getcpu(), &own);
    EXPECT_EQ(::sched_setaffinity(0, sizeof(own), &own), 0);
  }
  ~OnOneCpu() { ::sched_setaffinity(0, sizeof(before_), &before_); }
  OnOneCpu(const OnOneCpu&) = delete;
  OnOneCpu& operator=(const OnOneCpu&) = delete;

 private:
  cpu_set_t before_{};
};

class Nat : public EachProtocol {
 protected:
  std::uint32_t serve_mapped(std::uint16_t port) {
    const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
    director().server(server).port = __builtin_bswap16(port);
    return server;
  }
};

TEST_P(Nat, SendsFirstPacketToServerOneHopFurther) {
  serve(family(), protocol(), PL_FWD_MASQ);
  const Frame sent = first(family(), protocol());
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, at().server, kVport));
}

TEST_P(Nat, SendsLaterPacketsOfAConnectionToItsServer) {
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  const Frame sent = later(family(), protocol());
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, at().server, kVport));
}

TEST_P(Nat, MapsThePortOfTheService) {
  serve_mapped(8080);
  for (const Frame& sent : {first(family(), protocol()), later(family(), protocol())})
    expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, at().server, 8080));
}

TEST_P(Nat, RedirectsWhenTheServerIsOnAnotherInterface) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
  director().server(server).next_hop = hop({.ifindex = kIngress + 6});
  const Frame sent = first(family(), protocol());
  expect(director().run(sent), PL_FORWARD_NAT, XDP_REDIRECT, translated(sent, at().server, kVport));
}

TEST_P(Nat, AnswersTheClientFromTheVirtualAddress) {
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  const Frame reply = answer(family(), protocol());
  expect(director().run(reply), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(reply, at().vip));
}

TEST_P(Nat, AnswersTheClientFromTheVirtualPort) {
  serve_mapped(8080);
  director().run(first(family(), protocol()));
  const Frame reply = answer(family(), protocol(), 8080);
  expect(director().run(reply), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(reply, at().vip));
}

TEST_P(Nat, SendsAnAnswerBackWhereItCameFromWhenTheRouteSaysSo) {
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  // The route's interface is a VLAN on the one the packet came in by.
  director().port(egress()).parent = kIngress;
  director().port(egress()).vlan = 30;
  const Frame reply = answer(family(), protocol());
  Frame expected = answered(reply, at().vip);
  expected.vlans = {30};
  expect(director().run(reply), PL_FORWARD_NAT_REPLY, XDP_TX, expected);
}

TEST_P(Nat, LeavesAnAnswerToTheStackWhereTheInterfaceTakesNoFrames) {
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  director().port(egress()).flags = 0;
  const Frame reply = answer(family(), protocol());
  Frame expected = reply;  // rewritten, but the hop is the stack's to take
  expected.from = at().vip;
  expect(director().run(reply), PL_FORWARD_STACK, XDP_PASS, expected);
}

TEST_P(Nat, RemembersTheWayToAClientUntilRoutesChange) {
  const OnOneCpu same;
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  const Frame reply = answer(family(), protocol());
  expect(director().run(reply), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(reply, at().vip));
  // The kernel would say so now; it is asked again when user space says that something changed.
  director().port(egress()).flags = 0;
  EXPECT_EQ(director().run(reply).reason, PL_FORWARD_NAT_REPLY);
  director().forget_routes();
  EXPECT_EQ(director().run(reply).reason, PL_FORWARD_STACK);
  director().port(egress()).flags = PL_PORT_XMIT;
  EXPECT_EQ(director().run(reply).reason, PL_FORWARD_NAT_REPLY) << "what cannot be done is not remembered";
}

TEST_P(Nat, AsksForTheWayToAClientAgainAfterASecondWithoutUserSpace) {
  const OnOneCpu same;  // each has its own memory of ways
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  const Frame reply = answer(family(), protocol());
  const auto asked = now_tick();
  EXPECT_EQ(director().run(reply).reason, PL_FORWARD_NAT_REPLY);
  director().port(egress()).flags = 0;
  while (director().run(reply).reason == PL_FORWARD_NAT_REPLY)
    ASSERT_LE(now_tick() - asked, ticks(10)) << "still as it was";
  EXPECT_GE(now_tick() - asked, ticks(0.9));
}

TEST_P(Nat, LeavesThePacketToTheStackUntilTheServersNeighbourIsKnown) {
  const std::uint32_t server = serve_mapped(8080);
  director().server(server).next_hop = 0;
  const Frame sent = first(family(), protocol());
  Frame expected = sent;
  expected.to = at().server;
  expected.dport = 8080;
  expect(director().run(sent), PL_FORWARD_STACK, XDP_PASS, expected);
}

TEST_P(Nat, DoesNotMendAWrongChecksum) {
  serve_mapped(8080);
  Frame sent = first(family(), protocol());
  sent.checksum_error = 0x0100;
  const Outcome run = director().run(sent);
  EXPECT_EQ(run.reason, PL_FORWARD_NAT);
  const Frame right = translated(first(family(), protocol()), at().server, 8080);
  const std::size_t at_checksum = 14 + (right.v6() ? 40 : 20) + (protocol() == kTcp ? 16 : protocol() == kUdp ? 6 : 8);
  ASSERT_GT(run.frame.size(), at_checksum + 4);
  const Bytes expected = right.bytes();
  EXPECT_NE(get16(run.frame, at_checksum) << 16 | get16(run.frame, at_checksum + 2),
            get16(expected, at_checksum) << 16 | get16(expected, at_checksum + 2));
}

TEST_P(Nat, PassesAnAnswerOfNoConnection) {
  serve(family(), protocol(), PL_FWD_MASQ);
  expect_passed(director().run(answer(family(), protocol())), PL_NOT_OURS);
}

TEST_P(Nat, PassesAnAnswerFromAnotherPort) {
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  expect_passed(director().run(answer(family(), protocol(), 81)), PL_NOT_OURS);
}

// The filter is what spares other traffic the second lookup.
TEST_P(Nat, LooksForAnswersOnlyFromAddressesInTheNatFilter) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  director().set_nat_filter(server, false);
  expect_passed(director().run(answer(family(), protocol())), PL_NOT_OURS);
  director().set_nat_filter(server, true);
  EXPECT_EQ(director().run(answer(family(), protocol())).reason, PL_FORWARD_NAT_REPLY);
}

TEST_P(Nat, PassesAnAnswerFromAnAddressWithoutNat) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  expect_passed(director().run(answer(family(), protocol())), PL_NOT_OURS);
}

PLENUM_EACH_PROTOCOL(Nat);

class NatChecksum : public EachFamily {};

TEST_P(NatChecksum, UdpWithoutAChecksumStaysWithout) {
  serve(family(), kUdp, PL_FWD_MASQ);
  Frame sent = first(family(), kUdp);
  sent.udp_checksum = false;
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, at().server, kVport));
  Frame reply = answer(family(), kUdp);
  reply.udp_checksum = false;
  expect(director().run(reply), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(reply, at().vip));
}

// Payloads are searched for whose checksum after the rewriting is the special one.
TEST_P(NatChecksum, UdpChecksumThatComesOutZeroIsSentAsAllOnes) {
  serve(family(), kUdp, PL_FWD_MASQ);
  Frame sent = first(family(), kUdp);
  sent.payload = hex("0000");
  Frame expected = translated(sent, at().server, kVport);
  const unsigned sum = get16(expected.transport(), 6);
  sent.payload = {static_cast<std::uint8_t>(sum >> 8), static_cast<std::uint8_t>(sum)};
  expected = translated(sent, at().server, kVport);
  ASSERT_EQ(get16(expected.transport(), 6), 0xffffu);
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, expected);
}

TEST_P(NatChecksum, TcpChecksumThatComesOutZeroStaysZero) {
  serve(family(), kTcp, PL_FWD_MASQ);
  Frame sent = first(family(), kTcp);
  sent.payload = hex("0000");
  Frame expected = translated(sent, at().server, kVport);
  const unsigned sum = get16(expected.transport(), 16);
  sent.payload = {static_cast<std::uint8_t>(sum >> 8), static_cast<std::uint8_t>(sum)};
  expected = translated(sent, at().server, kVport);
  ASSERT_EQ(get16(expected.transport(), 16), 0u);
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, expected);
}

TEST_P(NatChecksum, HoldsForEveryPayloadLength) {
  serve(family(), kSctp, PL_FWD_MASQ);
  director().server(1).port = __builtin_bswap16(5060);
  director().run(first(family(), kSctp));
  for (std::size_t body = 0; body < 1400; body += 37) {
    Frame sent = later(family(), kSctp);
    sent.payload = chunk(kData, body);
    expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, at().server, 5060));
    if (HasFailure()) break;
  }
}

TEST_P(NatChecksum, HoldsForManyPortsAndClients) {
  for (const std::uint8_t protocol : {kTcp, kUdp}) {
    director().reset();
    serve(family(), protocol, PL_FWD_MASQ);
    director().server(1).port = __builtin_bswap16(65535);
    for (unsigned port = 1; port < 65536; port += 997) {
      const Frame sent = first(family(), protocol, static_cast<std::uint16_t>(port));
      expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, at().server, 65535));
      if (HasFailure()) return;
    }
  }
}

TEST_P(NatChecksum, OnePortZeroServiceTakesEveryPort) {
  const std::uint32_t service =
      director().add(Service{.protocol = kTcp, .address = at().vip, .port = 0, .persist = 360});
  director().add(service, Server{.address = at().server, .forward = PL_FWD_MASQ, .next_hop = hop()});
  for (const std::uint16_t port : {22, 443, 65535}) {
    Frame sent = first(family(), kTcp, static_cast<std::uint16_t>(port + 1));
    sent.dport = port;
    expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, at().server, port));
    Frame reply = answer(family(), kTcp, port);
    reply.dport = sent.sport;
    expect(director().run(reply), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(reply, at().vip, port));
  }
}

TEST_P(NatChecksum, AServiceOfItsOwnWinsOverPortZero) {
  const std::uint32_t any = director().add(Service{.protocol = kTcp, .address = at().vip, .port = 0, .persist = 360});
  director().add(any, Server{.address = at().server, .forward = PL_FWD_MASQ, .next_hop = hop()});
  const std::uint32_t own = director().add(Service{kTcp, at().vip, kVport});
  director().add(own, Server{.address = at().other_server, .forward = PL_FWD_MASQ, .next_hop = hop()});
  const Frame sent = first(family(), kTcp);
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, at().other_server, kVport));
}

PLENUM_EACH_FAMILY(NatChecksum);

TEST_F(World, NatWithoutDfLeavesWhatIsTooBigToTheStackToFragment) {
  serve(net::Family::V4, kUdp, PL_FWD_MASQ);
  director().next_hop(1).mtu = 576;
  Frame sent = first(net::Family::V4, kUdp);
  sent.df = false;
  sent.payload.assign(1000, 0x55);
  Frame expected = sent;
  expected.to = addresses(net::Family::V4).server;
  expect(director().run(sent), PL_FORWARD_STACK, XDP_PASS, expected);
}

}  // namespace
}  // namespace plenum::packet
