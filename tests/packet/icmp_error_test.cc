// The errors the director sends itself: no server, time exceeded, too big.

#include <linux/bpf.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

struct Error {
  std::uint8_t type, code;
  std::uint32_t rest = 0;
};

// RFC 792 and 4443: v4 type and code, v6 type and code.
Error unreachable_port(bool v6) { return v6 ? Error{1, 4} : Error{3, 3}; }
Error time_exceeded(bool v6) { return v6 ? Error{3, 0} : Error{11, 0}; }
Error too_big(bool v6, std::uint32_t mtu) { return v6 ? Error{2, 0, mtu} : Error{3, 4, mtu}; }

// The error as the sender of `sent` gets it, from `from`: as much of the packet as a
// datagram of 576 (RFC 1812) or 1280 (RFC 4443) octets holds.
Frame error_about(const Frame& sent, const net::Address& from, const Error& error) {
  Frame f;
  f.to_mac = sent.from_mac;
  f.from_mac = sent.to_mac;
  f.vlans = sent.vlans;
  f.from = from;
  f.to = sent.from;
  f.tos = sent.v6() ? 0 : 0xc0;
  f.id = 0;
  f.protocol = sent.v6() ? kIcmpv6 : kIcmp;
  f.icmp_type = error.type;
  f.icmp_code = error.code;
  f.icmp_rest = error.rest;
  f.payload = sent.packet();
  const std::size_t most = sent.v6() ? 1280 - 40 - 8 : 576 - 20 - 8;
  if (f.payload.size() > most) f.payload.resize(most);
  return f;
}

class NoServer : public EachProtocol {};

TEST_P(NoServer, AnswersThatThePortIsUnreachable) {
  director().add(Service{protocol(), at().vip, kVport});
  const Frame sent = first(family(), protocol());
  expect(director().run(sent), PL_REPLY_NO_SERVER, XDP_TX, error_about(sent, at().vip, unreachable_port(sent.v6())));
  EXPECT_TRUE(director().entries().empty());
}

TEST_P(NoServer, WhenAllAreQuiesced) {
  for (const pl_scheduler scheduler : {PL_SCHED_RR, PL_SCHED_WRR, PL_SCHED_LC, PL_SCHED_WLC}) {
    director().reset();
    const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE, scheduler);
    director().set_weight(server, 0);
    const Frame sent = first(family(), protocol());
    expect(director().run(sent), PL_REPLY_NO_SERVER, XDP_TX, error_about(sent, at().vip, unreachable_port(sent.v6())));
  }
}

TEST_P(NoServer, QuotesAsMuchAsFitsAndNoMore) {
  director().add(Service{protocol(), at().vip, kVport});
  for (std::size_t size = 0; size < 1400; size += size < 40 ? 1 : 61) {
    Frame sent = first(family(), protocol());
    if (protocol() == kSctp) {
      sent.payload = chunk(kInit, size);
    } else {
      sent.payload = Bytes(size, 0x42);
    }
    expect(director().run(sent), PL_REPLY_NO_SERVER, XDP_TX, error_about(sent, at().vip, unreachable_port(sent.v6())));
    if (HasFailure()) break;
  }
}

TEST_P(NoServer, KeepsThePacketsVlanTags) {
  director().add(Service{protocol(), at().vip, kVport});
  Frame sent = first(family(), protocol());
  sent.vlans = {12};
  expect(director().run(sent), PL_REPLY_NO_SERVER, XDP_TX, error_about(sent, at().vip, unreachable_port(sent.v6())));
  sent.vlans = {12, 34};
  expect(director().run(sent), PL_REPLY_NO_SERVER, XDP_TX, error_about(sent, at().vip, unreachable_port(sent.v6())));
}

TEST_P(NoServer, QuotesThePacketNotItsPadding) {
  director().add(Service{protocol(), at().vip, kVport});
  Frame sent = first(family(), protocol());
  sent.padded_to = sent.bytes().size() + 9;
  expect(director().run(sent), PL_REPLY_NO_SERVER, XDP_TX, error_about(sent, at().vip, unreachable_port(sent.v6())));
}

TEST_P(NoServer, StopsAtTheRateLimitAndSaysSo) {
  director().add(Service{protocol(), at().vip, kVport});
  director().settings().icmp_per_tick = 0;
  expect_dropped(director().run(first(family(), protocol())), PL_DROP_ICMP_LIMIT);
}

PLENUM_EACH_PROTOCOL(NoServer);

// Each method, for a packet that may not go on.
class Undeliverable : public World,
                      public testing::WithParamInterface<std::tuple<net::Family, std::uint8_t, pl_forward>> {
 protected:
  static net::Family family() { return std::get<0>(GetParam()); }
  static std::uint8_t protocol() { return std::get<1>(GetParam()); }
  static pl_forward method() { return std::get<2>(GetParam()); }
  static const Addresses& at() { return addresses(family()); }
};

TEST_P(Undeliverable, TtlOneAnswersTimeExceeded) {
  serve(family(), protocol(), method());
  director().run(first(family(), protocol()));
  for (const std::uint8_t ttl : {1, 0}) {
    Frame sent = later(family(), protocol());
    sent.ttl = ttl;
    expect(director().run(sent), PL_REPLY_TTL, XDP_TX, error_about(sent, at().vip, time_exceeded(sent.v6())));
  }
}

TEST_P(Undeliverable, TtlTwoIsForwarded) {
  serve(family(), protocol(), method());
  director().run(first(family(), protocol()));
  Frame sent = later(family(), protocol());
  sent.ttl = 2;
  const Outcome run = director().run(sent);
  EXPECT_NE(run.reason, PL_REPLY_TTL);
  EXPECT_EQ(run.action, XDP_TX);
}

TEST_P(Undeliverable, TooBigTellsTheMtuLessTheTunnel) {
  const std::uint32_t server = serve(family(), protocol(), method());
  director().run(first(family(), protocol()));
  Frame sent = later(family(), protocol());
  sent.payload = protocol() == kSctp ? chunk(kData, 1450) : Bytes(1450, 0x77);
  director().next_hop(director().server(server).next_hop).mtu = 1400;
  const std::uint32_t outer = method() != PL_FWD_TUNNEL ? 0 : sent.v6() ? 40 : 20;
  expect(director().run(sent), PL_REPLY_TOO_BIG, XDP_TX, error_about(sent, at().vip, too_big(sent.v6(), 1400 - outer)));
}

TEST_P(Undeliverable, TooBigIsToldPastTheRateLimit) {
  const std::uint32_t server = serve(family(), protocol(), method());
  director().settings().icmp_per_tick = 0;
  director().run(first(family(), protocol()));
  Frame sent = later(family(), protocol());
  sent.payload = protocol() == kSctp ? chunk(kData, 1450) : Bytes(1450, 0x77);
  director().next_hop(director().server(server).next_hop).mtu = 1400;
  EXPECT_EQ(director().run(sent).reason, PL_REPLY_TOO_BIG);
}

INSTANTIATE_TEST_SUITE_P(, Undeliverable,
                         testing::Combine(testing::ValuesIn(kBothFamilies), testing::ValuesIn(kAllProtocols),
                                          testing::Values(PL_FWD_MASQ, PL_FWD_TUNNEL, PL_FWD_ROUTE)),
                         [](const auto& each) {
                           const pl_forward method = std::get<2>(each.param);
                           return std::string(name_of(std::get<0>(each.param))) +
                                  name_of_protocol(std::get<1>(each.param)) +
                                  (method == PL_FWD_MASQ     ? "Nat"
                                   : method == PL_FWD_TUNNEL ? "Tunnel"
                                                             : "Direct");
                         });

// What each kind of tunnel takes off the path's MTU.
struct Overhead {
  const char* name;
  net::Family inside, outside;
  pl_tunnel type;
  std::uint32_t bytes;
};

class TunnelMtu : public World, public testing::WithParamInterface<Overhead> {};

TEST_P(TunnelMtu, IsThePathsLessTheOuterHeaders) {
  const Overhead& o = GetParam();
  const std::uint32_t service = director().add(Service{kTcp, addresses(o.inside).vip, kVport});
  director().add(service, Server{.address = addresses(o.outside).server,
                                 .forward = PL_FWD_TUNNEL,
                                 .next_hop = hop({.mtu = 1500, .source = addresses(o.outside).director}),
                                 .tunnel = o.type});
  director().run(first(o.inside, kTcp));
  Frame sent = later(o.inside, kTcp);
  const std::size_t headers = sent.ip_length() - sent.payload.size();
  sent.payload.assign(1500 - o.bytes - headers, 0x10);
  EXPECT_EQ(director().run(sent).reason, PL_FORWARD_TUNNEL) << "exactly as large as fits";
  sent.payload.push_back(0x10);
  expect(director().run(sent), PL_REPLY_TOO_BIG, XDP_TX,
         error_about(sent, addresses(o.inside).vip, too_big(sent.v6(), 1500 - o.bytes)));
}

constexpr net::Family k4 = net::Family::V4, k6 = net::Family::V6;
INSTANTIATE_TEST_SUITE_P(
    , TunnelMtu,
    testing::Values(Overhead{"IpipV4InV4", k4, k4, PL_TUN_IPIP, 20}, Overhead{"IpipV6InV4", k6, k4, PL_TUN_IPIP, 20},
                    Overhead{"IpipV4InV6", k4, k6, PL_TUN_IPIP, 40}, Overhead{"IpipV6InV6", k6, k6, PL_TUN_IPIP, 40},
                    Overhead{"GueV4InV4", k4, k4, PL_TUN_GUE, 32}, Overhead{"GueV6InV4", k6, k4, PL_TUN_GUE, 32},
                    Overhead{"GueV4InV6", k4, k6, PL_TUN_GUE, 52}, Overhead{"GueV6InV6", k6, k6, PL_TUN_GUE, 52}),
    [](const auto& overhead) { return std::string(overhead.param.name); });

class AnswerUndeliverable : public EachFamily {};

TEST_P(AnswerUndeliverable, ServerIsToldThatItsAnswersTtlRanOut) {
  serve(family(), kTcp, PL_FWD_MASQ);
  director().run(first(family(), kTcp));
  Frame reply = answer(family(), kTcp);
  reply.ttl = 1;
  expect(director().run(reply), PL_REPLY_TTL, XDP_TX, error_about(reply, at().vip, time_exceeded(reply.v6())));
}

TEST_P(AnswerUndeliverable, ServerIsToldTheMtuOfTheWayToTheClient) {
  serve(family(), kTcp, PL_FWD_MASQ);
  director().run(first(family(), kTcp));
  Frame reply = answer(family(), kTcp);
  reply.flags = kAck;
  reply.payload.assign(1501 - (reply.ip_length() - reply.payload.size()), 0x31);
  expect(director().run(reply), PL_REPLY_TOO_BIG, XDP_TX,
         error_about(reply, at().vip, too_big(reply.v6(), WayToClients::kMtu)));
}

PLENUM_EACH_FAMILY(AnswerUndeliverable);

TEST_F(World, DirectRoutingDropsWhatIsTooBigAndMayBeFragmented) {
  serve(net::Family::V4, kUdp, PL_FWD_ROUTE);
  director().next_hop(1).mtu = 576;
  Frame sent = first(net::Family::V4, kUdp);
  sent.df = false;
  sent.payload.assign(1000, 0x55);
  expect_dropped(director().run(sent), PL_DROP_TOO_BIG);
}

TEST_F(World, ErrorsStartAgainWithTheNextTick) {
  director().add(Service{kUdp, addresses(net::Family::V4).vip, kVport});
  director().settings().icmp_per_tick = 1;
  const Frame sent = first(net::Family::V4, kUdp);
  EXPECT_EQ(director().run(sent).reason, PL_REPLY_NO_SERVER);
  // Two packets fall into one tick and on one CPU sooner or later.
  pl_reason reason = PL_REPLY_NO_SERVER;
  for (int i = 0; i < 10000 && reason == PL_REPLY_NO_SERVER; ++i) reason = director().run(sent).reason;
  EXPECT_EQ(reason, PL_DROP_ICMP_LIMIT);
  for (const std::uint32_t tick = now_tick(); now_tick() == tick;) {
  }
  EXPECT_EQ(director().run(sent).reason, PL_REPLY_NO_SERVER);
}

}  // namespace
}  // namespace plenum::packet
