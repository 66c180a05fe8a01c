#include "tests/packet/world.h"

#include <linux/bpf.h>

namespace plenum::packet {

const Addresses& addresses(net::Family family) {
  static const Addresses kV4{ip("198.51.100.7"), ip("203.0.113.10"), ip("10.0.0.11"), ip("10.0.0.12"), ip("10.0.0.1")};
  static const Addresses kV6{ip("2001:db8:c::7"), ip("2001:db8:f::10"), ip("2001:db8:1::11"), ip("2001:db8:1::12"),
                             ip("2001:db8:1::1")};
  return family == net::Family::V4 ? kV4 : kV6;
}

const char* name_of(net::Family family) { return family == net::Family::V4 ? "V4" : "V6"; }

std::string name_of_protocol(std::uint8_t protocol) {
  return protocol == kTcp ? "Tcp" : protocol == kUdp ? "Udp" : "Sctp";
}

std::string name_of_case(const testing::TestParamInfo<std::tuple<net::Family, std::uint8_t>>& info) {
  return name_of(std::get<0>(info.param)) + name_of_protocol(std::get<1>(info.param));
}

Frame first(net::Family family, std::uint8_t protocol, std::uint16_t client_port) {
  const Addresses& a = addresses(family);
  Frame f;
  f.to_mac = kDirectorMac;
  f.from_mac = kClientMac;
  f.from = a.client;
  f.to = a.vip;
  f.protocol = protocol;
  f.sport = client_port;
  f.dport = kVport;
  if (protocol == kTcp) {
    f.flags = kSyn;
    f.tcp_options = hex("020405b4 01030307 04020101");  // MSS, window scale, SACK permitted
  } else if (protocol == kSctp) {
    f.payload = chunk(kInit, 16);
  } else {
    f.payload = hex("68656c6c6f");  // odd length: the checksum's last octet stands alone
  }
  return f;
}

Frame later(net::Family family, std::uint8_t protocol, std::uint16_t client_port) {
  Frame f = first(family, protocol, client_port);
  f.id = 0x1235;
  if (protocol == kTcp) {
    f.flags = kAck | kPsh;
    f.tcp_options = hex("0101080a 00000001 00000002");  // timestamps
    f.payload = hex("474554202f20485454502f312e300d0a0d");
  } else if (protocol == kSctp) {
    f.payload = chunk(kData, 21);
  } else {
    f.payload = hex("0102030405060708090a0b0c");
  }
  return f;
}

Frame answer(net::Family family, std::uint8_t protocol, std::uint16_t server_port) {
  const Addresses& a = addresses(family);
  Frame f = first(family, protocol);
  f.from_mac = kServerMac;
  f.from = a.server;
  f.to = a.client;
  f.sport = server_port;
  f.dport = kClientPort;
  f.id = 0x4321;
  if (protocol == kTcp) f.flags = kSyn | kAck;
  if (protocol == kSctp) f.payload = chunk(kInitAck, 20);
  return f;
}

Frame time_exceeded(const net::Address& to, const Bytes& quoted) {
  const bool v6 = !to.is_v4();
  Frame f;
  f.to_mac = kDirectorMac;
  f.from_mac = kClientMac;
  f.from = v6 ? ip("2001:db8:aaaa::1") : ip("100.64.0.1");
  f.to = to;
  f.protocol = v6 ? kIcmpv6 : kIcmp;
  f.icmp_type = v6 ? 3 : 11;
  f.payload = quoted;
  return f;
}

Frame answered(const Frame& answer, const net::Address& vip, std::uint16_t vport) {
  Frame f = answer;
  f.to_mac = WayToClients::kTo;
  f.from_mac = WayToClients::kFrom;
  f.vlans.clear();
  f.from = vip;
  f.sport = vport;
  --f.ttl;
  f.padded_to = 0;
  return f;
}

Frame routed(const Frame& sent) {
  Frame f = sent;
  f.to_mac = kServerMac;
  f.from_mac = kHopMac;
  f.vlans.clear();
  --f.ttl;
  return f;
}

Frame translated(const Frame& sent, const net::Address& server, std::uint16_t port) {
  Frame f = routed(sent);
  f.to = server;
  f.dport = port;
  return f;
}

Frame in_ipip(const Frame& sent, const net::Address& server, const net::Address& source) {
  const Frame inner = routed(sent);
  Frame f;
  f.to_mac = kServerMac;
  f.from_mac = kHopMac;
  f.from = source;
  f.to = server;
  f.tos = inner.tos;
  f.ttl = inner.ttl;
  f.id = 0;
  f.df = inner.v6() || inner.df;
  f.protocol = inner.v6() ? kIpv6 : kIpIp;
  f.payload = inner.packet();
  return f;
}

Frame in_gue(const Frame& sent, const net::Address& server, const net::Address& source, std::uint16_t sport,
             std::uint16_t port) {
  Frame f = in_ipip(sent, server, source);
  f.payload = gue(f.protocol, f.payload);
  f.protocol = kUdp;
  f.sport = sport;
  f.dport = port;
  f.udp_checksum = false;
  return f;
}

Frame in_gre(const Frame& sent, const net::Address& server, const net::Address& source, bool checksum) {
  Frame f = in_ipip(sent, server, source);
  f.payload = gre(sent.v6() ? 0x86dd : 0x0800, f.payload, checksum);
  f.protocol = kGre;
  return f;
}

void World::SetUpTestSuite() {
  // Room for several of Maglev's tables.
  if (!director_) director_ = std::make_unique<Director>(Sizes{.slots = 8192});
}

std::uint32_t World::hop(NextHop hop) {
  if (hop.to == net::Mac{}) hop.to = kServerMac;
  if (hop.from == kDirectorMac) hop.from = kHopMac;
  return director().add(hop);
}

std::uint32_t World::serve(net::Family family, std::uint8_t protocol, pl_forward forward, pl_scheduler scheduler) {
  const Addresses& a = addresses(family);
  service_ = director().add(Service{protocol, a.vip, kVport, scheduler});
  return director().add(service_,
                        Server{.address = a.server, .forward = forward, .next_hop = hop({.source = a.director})});
}

void World::expect(const Outcome& run, pl_reason reason, std::uint32_t action, const Frame& frame) {
  expect(run, reason, action, frame.bytes());
}

void World::expect(const Outcome& run, pl_reason reason, std::uint32_t action, const Bytes& frame) {
  EXPECT_STREQ(packet::name_of(run.reason), packet::name_of(reason));
  EXPECT_EQ(run.action, action);
  EXPECT_EQ(difference(frame, run.frame), "");
}

void World::expect_passed(const Outcome& run, pl_reason reason) {
  EXPECT_STREQ(packet::name_of(run.reason), packet::name_of(reason));
  EXPECT_EQ(run.action, XDP_PASS);
}

void World::expect_dropped(const Outcome& run, pl_reason reason) {
  EXPECT_STREQ(packet::name_of(run.reason), packet::name_of(reason));
  EXPECT_EQ(run.action, XDP_DROP);
}

void expect_ends(std::uint32_t expires, std::uint32_t before, std::uint32_t time) {
  EXPECT_GE(expires, before + time);
  EXPECT_LE(expires, now_tick() + time);
}

}  // namespace plenum::packet
