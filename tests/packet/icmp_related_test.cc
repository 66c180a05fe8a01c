// ICMP errors about known connections: on to the server, or back to the client in the
// client's terms. Errors never cause errors.

#include <linux/bpf.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

struct Kind {
  const char* name;
  std::uint8_t type4, code4, type6, code6;
  std::uint32_t rest;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

constexpr Kind kKinds[] = {
    {"NetUnreachable", 3, 0, 1, 0, 0},
    {"PortUnreachable", 3, 3, 1, 4, 0},
    {"TooBig", 3, 4, 2, 0, 1280},
    {"TimeExceeded", 11, 0, 3, 0, 0},
};

using Case = std::tuple<net::Family, std::uint8_t, Kind>;

class Related : public World, public testing::WithParamInterface<Case> {
 protected:
  static net::Family family() { return std::get<0>(GetParam()); }
  static std::uint8_t protocol() { return std::get<1>(GetParam()); }
  static const Addresses& at() { return addresses(family()); }
  static bool v6() { return family() == net::Family::V6; }

  // An error from a router, told to `to`, about `quoted`, of which `bytes` are quoted.
  static Frame error(const net::Address& to, const Bytes& quoted, std::size_t bytes = 548) {
    const Kind& kind = std::get<2>(GetParam());
    Frame f;
    f.to_mac = kDirectorMac;
    f.from_mac = kClientMac;
    f.from = v6() ? ip("2001:db8:aaaa::1") : ip("100.64.0.1");
    f.to = to;
    f.protocol = v6() ? kIcmpv6 : kIcmp;
    f.icmp_type = v6() ? kind.type6 : kind.type4;
    f.icmp_code = v6() ? kind.code6 : kind.code4;
    f.icmp_rest = kind.rest;
    f.payload = Bytes(quoted.begin(), quoted.begin() + static_cast<std::ptrdiff_t>(std::min(bytes, quoted.size())));
    return f;
  }

  // The packet that a server's answer was on its way to the client.
  static Frame to_client() {
    Frame f = answer(family(), protocol());
    f.from = at().vip;
    f.sport = kVport;
    f.ttl = 12;
    return f;
  }

  // A quoted packet with one end changed and its IP checksum following, its transport
  // checksum left alone: it need not be there, and nobody checks it.
  static Bytes requoted(const Frame& quoted, bool source, const net::Address& address, std::uint16_t port) {
    Frame changed = quoted;
    (source ? changed.from : changed.to) = address;
    (source ? changed.sport : changed.dport) = port;
    Bytes out = changed.packet();
    const Bytes before = quoted.transport();
    const std::size_t l4 = out.size() - before.size();
    std::copy(before.begin() + 4, before.end(), out.begin() + static_cast<std::ptrdiff_t>(l4) + 4);
    return out;
  }
};

TEST_P(Related, ReachesADirectlyRoutedServerUnchanged) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  const Frame sent = error(at().vip, to_client().packet());
  expect(director().run(sent), PL_FORWARD_ICMP, XDP_TX, routed(sent));
  EXPECT_EQ(director().stats(server).in_packets, 2u);
}

TEST_P(Related, ReachesATunnelledServerInsideTheTunnel) {
  serve(family(), protocol(), PL_FWD_TUNNEL);
  director().run(first(family(), protocol()));
  const Frame sent = error(at().vip, to_client().packet());
  expect(director().run(sent), PL_FORWARD_ICMP, XDP_TX, in_ipip(sent, at().server, at().director));
}

TEST_P(Related, ReachesANatServerInItsOwnTerms) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  director().run(first(family(), protocol()));
  const Frame sent = error(at().vip, to_client().packet());
  Frame expected = routed(sent);
  expected.to = at().server;
  expected.payload = requoted(to_client(), true, at().server, 8080);
  expect(director().run(sent), PL_FORWARD_ICMP, XDP_TX, expected);
}

TEST_P(Related, NeedsOnlyEightBytesOfTheTransportHeader) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  director().run(first(family(), protocol()));
  const std::size_t quoted = (v6() ? 40 : 20) + 8;
  const Frame sent = error(at().vip, to_client().packet(), quoted);
  Frame expected = routed(sent);
  expected.to = at().server;
  expected.payload = requoted(to_client(), true, at().server, 8080);
  expected.payload.resize(quoted);
  expect(director().run(sent), PL_FORWARD_ICMP, XDP_TX, expected);
}

TEST_P(Related, FromANatServerReachesTheClientAsFromTheVirtualAddress) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  director().run(first(family(), protocol()));
  // What the server got, and complains of.
  Frame quoted = translated(first(family(), protocol()), at().server, 8080);
  Frame sent = error(at().client, quoted.packet());
  sent.from_mac = kServerMac;
  sent.from = at().server;
  Frame expected = sent;
  expected.to_mac = WayToClients::kTo;
  expected.from_mac = WayToClients::kFrom;
  --expected.ttl;
  expected.from = at().vip;
  expected.payload = requoted(quoted, false, at().vip, kVport);
  expect(director().run(sent), PL_FORWARD_ICMP, XDP_REDIRECT, expected);
  EXPECT_EQ(director().stats(server).out_packets, 1u);
}

TEST_P(Related, AboutNoConnectionPasses) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  expect_passed(director().run(error(at().vip, to_client().packet())), PL_NOT_OURS);
  director().run(first(family(), protocol()));
  Frame other = to_client();
  other.dport = kClientPort + 1;
  expect_passed(director().run(error(at().vip, other.packet())), PL_NOT_OURS);
}

TEST_P(Related, CausesNoErrorItself) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  Frame sent = error(at().vip, to_client().packet());
  sent.ttl = 1;
  EXPECT_EQ(director().run(sent).action, XDP_DROP);
  sent.ttl = 64;
  director().next_hop(director().server(server).next_hop).mtu = 60;
  EXPECT_EQ(director().run(sent).action, XDP_DROP);
}

TEST_P(Related, DoesNotMoveTheConnectionsState) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  const auto before = director().entry(at().client, kClientPort);
  director().run(error(at().vip, to_client().packet()));
  const auto after = director().entry(at().client, kClientPort);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->state(), after->state());
}

TEST_P(Related, ToARemovedServerIsDropped) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().run(first(family(), protocol()));
  director().server(server).flags = 0;
  expect_dropped(director().run(error(at().vip, to_client().packet())), PL_DROP_SERVER_GONE);
}

TEST_P(Related, QuotingTooLittlePasses) {
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  for (std::size_t bytes = 0; bytes < (v6() ? 44u : 24u); ++bytes)
    EXPECT_EQ(director().run(error(at().vip, to_client().packet(), bytes)).action, XDP_PASS) << bytes;
}

INSTANTIATE_TEST_SUITE_P(, Related,
                         testing::Combine(testing::ValuesIn(kBothFamilies), testing::ValuesIn(kAllProtocols),
                                          testing::ValuesIn(kKinds)),
                         [](const testing::TestParamInfo<Case>& each) {
                           return std::string(name_of(std::get<0>(each.param))) +
                                  name_of_protocol(std::get<1>(each.param)) + std::get<2>(each.param).name;
                         });

// A router between director and server cannot pass the outer packet on, and tells the
// director, who is its source. The client is who can do something about it.
struct Outer {
  const char* name;
  net::Family inside, outside;
  pl_tunnel type;
  std::uint32_t overhead;
};

void PrintTo(const Outer& outer, std::ostream* out) { *out << outer.name; }

class RelatedToTunnel : public World, public testing::WithParamInterface<Outer> {
 protected:
  // The frame with the error a router sends, quoting the outer packet of `sent`.
  Frame error_of_router(const Outcome& tunnelled, std::uint8_t type, std::uint8_t code, std::uint32_t rest) const {
    const Addresses& a = addresses(GetParam().outside);
    Frame f;
    f.to_mac = kDirectorMac;
    f.from_mac = kServerMac;
    f.from = a.other_server;  // any address on the way
    f.to = a.director;
    f.protocol = f.v6() ? kIcmpv6 : kIcmp;
    f.icmp_type = type;
    f.icmp_code = code;
    f.icmp_rest = rest;
    f.payload.assign(tunnelled.frame.begin() + 14, tunnelled.frame.end());
    return f;
  }
};

TEST_P(RelatedToTunnel, TooBigReachesTheClientWithTheMtuLessTheTunnel) {
  const Outer& o = GetParam();
  const std::uint32_t service = director().add(Service{kTcp, addresses(o.inside).vip, kVport});
  director().add(service, Server{.address = addresses(o.outside).server,
                                 .forward = PL_FWD_TUNNEL,
                                 .next_hop = hop({.source = addresses(o.outside).director}),
                                 .tunnel = o.type});
  director().run(first(o.inside, kTcp));
  const Outcome tunnelled = director().run(later(o.inside, kTcp));
  ASSERT_EQ(tunnelled.reason, PL_FORWARD_TUNNEL);
  const bool outer6 = o.outside == net::Family::V6, inner6 = o.inside == net::Family::V6;
  const Addresses& a = addresses(o.inside);
  Frame expected;
  expected.to_mac = WayToClients::kTo;
  expected.from_mac = WayToClients::kFrom;
  expected.from = a.vip;
  expected.to = a.client;
  expected.tos = inner6 ? 0 : 0xc0;
  expected.id = 0;
  expected.protocol = inner6 ? kIcmpv6 : kIcmp;
  expected.icmp_type = inner6 ? 2 : 3;
  expected.icmp_code = inner6 ? 0 : 4;
  expected.icmp_rest = 1400 - o.overhead;
  expected.payload = routed(later(o.inside, kTcp)).packet();  // as it went into the tunnel
  expect(director().run(error_of_router(tunnelled, outer6 ? 2 : 3, outer6 ? 0 : 4, 1400)), PL_FORWARD_ICMP,
         XDP_REDIRECT, expected);
}

TEST_P(RelatedToTunnel, TooBigAboutNoConnectionPasses) {
  const Outer& o = GetParam();
  const std::uint32_t service = director().add(Service{kTcp, addresses(o.inside).vip, kVport});
  const std::uint32_t server =
      director().add(service, Server{.address = addresses(o.outside).server,
                                     .forward = PL_FWD_TUNNEL,
                                     .next_hop = hop({.source = addresses(o.outside).director}),
                                     .tunnel = o.type});
  const Outcome tunnelled = director().run(first(o.inside, kTcp));
  const bool outer6 = o.outside == net::Family::V6;
  const Frame error = error_of_router(tunnelled, outer6 ? 2 : 3, outer6 ? 0 : 4, 1400);
  // The connection goes to another server now: whoever sent this did not see our packet.
  director().server(server).addr = to_abi(addresses(o.outside).other_server);
  expect_passed(director().run(error), PL_NOT_OURS);
  director().bucket(director().entries().at(0).bucket) = {};
  expect_passed(director().run(error), PL_NOT_OURS);
}

TEST_P(RelatedToTunnel, OtherErrorsOfRoutersPass) {
  const Outer& o = GetParam();
  const std::uint32_t service = director().add(Service{kTcp, addresses(o.inside).vip, kVport});
  director().add(service, Server{.address = addresses(o.outside).server,
                                 .forward = PL_FWD_TUNNEL,
                                 .next_hop = hop({.source = addresses(o.outside).director}),
                                 .tunnel = o.type});
  const Outcome tunnelled = director().run(first(o.inside, kTcp));
  const bool outer6 = o.outside == net::Family::V6;
  expect_passed(director().run(error_of_router(tunnelled, outer6 ? 1 : 3, outer6 ? 0 : 1, 0)), PL_NOT_OURS);
  expect_passed(director().run(error_of_router(tunnelled, outer6 ? 3 : 11, 0, 0)), PL_NOT_OURS);
}

TEST_P(RelatedToTunnel, TooBigCutAtEveryLengthNeverAborts) {
  const Outer& o = GetParam();
  const std::uint32_t service = director().add(Service{kTcp, addresses(o.inside).vip, kVport});
  director().add(service, Server{.address = addresses(o.outside).server,
                                 .forward = PL_FWD_TUNNEL,
                                 .next_hop = hop({.source = addresses(o.outside).director}),
                                 .tunnel = o.type});
  const Outcome tunnelled = director().run(first(o.inside, kTcp));
  const bool outer6 = o.outside == net::Family::V6;
  Frame error = error_of_router(tunnelled, outer6 ? 2 : 3, outer6 ? 0 : 4, 1400);
  const Bytes quoted = error.payload;
  for (std::size_t length = 0; length <= quoted.size(); ++length) {
    error.payload.assign(quoted.begin(), quoted.begin() + static_cast<std::ptrdiff_t>(length));
    const Outcome run = director().run(error);
    EXPECT_TRUE(run.reason == PL_NOT_OURS || run.reason == PL_FORWARD_ICMP) << packet::name_of(run.reason);
    const Bytes whole = error.bytes();
    for (std::size_t cut = whole.size() - std::min<std::size_t>(whole.size() - 14, 24); cut < whole.size(); cut += 5)
      EXPECT_EQ(director().run(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut))).action,
                XDP_PASS);
    if (HasFailure()) return;
  }
}

constexpr net::Family k4 = net::Family::V4, k6 = net::Family::V6;
INSTANTIATE_TEST_SUITE_P(, RelatedToTunnel,
                         testing::Values(Outer{"IpipV4InV4", k4, k4, PL_TUN_IPIP, 20},
                                         Outer{"IpipV6InV6", k6, k6, PL_TUN_IPIP, 40},
                                         Outer{"GueV4InV4", k4, k4, PL_TUN_GUE, 32},
                                         Outer{"GueV6InV6", k6, k6, PL_TUN_GUE, 52}),
                         [](const auto& outer) { return std::string(outer.param.name); });

TEST_F(World, RelatedErrorWithInnerOptionsIsUnderstood) {
  const Addresses& a = addresses(net::Family::V4);
  serve(net::Family::V4, kTcp, PL_FWD_ROUTE);
  director().run(first(net::Family::V4, kTcp));
  Frame quoted = answer(net::Family::V4, kTcp);
  quoted.from = a.vip;
  quoted.options = hex("94040000 01010101");
  Frame sent = first(net::Family::V4, kTcp);
  sent.from = ip("100.64.0.1");
  sent.protocol = kIcmp;
  sent.icmp_type = 3;
  sent.icmp_code = 1;
  sent.payload = quoted.packet();
  expect(director().run(sent), PL_FORWARD_ICMP, XDP_TX, routed(sent));
}

TEST_F(World, RelatedErrorAboutALaterFragmentPasses) {
  const Addresses& a = addresses(net::Family::V4);
  serve(net::Family::V4, kUdp, PL_FWD_ROUTE);
  director().run(first(net::Family::V4, kUdp));
  Frame quoted = answer(net::Family::V4, kUdp);
  quoted.from = a.vip;
  quoted.df = false;
  quoted.fragment_offset = 100;
  Frame sent = first(net::Family::V4, kUdp);
  sent.protocol = kIcmp;
  sent.icmp_type = 11;
  sent.payload = quoted.packet();
  expect_passed(director().run(sent), PL_NOT_OURS);
}

}  // namespace
}  // namespace plenum::packet
