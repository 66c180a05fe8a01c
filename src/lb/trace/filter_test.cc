#include "lb/trace/filter.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

#include "lb/abi_values.h"
#include "lb/trace/event.h"

namespace plenum::lb {
namespace {

pl_trace_slot slot(const TraceFilter& filter) {
  const auto out = trace_slot(filter, 7);
  EXPECT_TRUE(out) << out.error().what;
  return out.value_or(pl_trace_slot{});
}

bool in(const pl_trace_range& range, const char* text) {
  const auto address = abi_address(net::Address::parse(text).value());
  for (int i = 0; i < 4; ++i)
    if ((address.w[i] & range.mask.w[i]) != range.addr.w[i]) return false;
  return true;
}

bool wants(const pl_trace_slot& s, pl_reason reason) { return (s.reasons[reason / 64] >> (reason % 64) & 1) != 0; }

std::string error(const TraceFilter& filter, std::uint32_t interface_index = 7) {
  const auto out = trace_slot(filter, interface_index);
  return out ? "taken" : out.error().what;
}

TEST(TraceFilter, NothingGivenTakesEveryVerdictAndNoEvent) {
  const auto s = slot({});
  EXPECT_TRUE(in(s.either, "192.0.2.1") && in(s.either, "2001:db8::1"));
  EXPECT_TRUE(wants(s, PL_NOT_IP) && wants(s, PL_DROP_UNSUPPORTED) && wants(s, PL_FORWARD_DR));
  EXPECT_FALSE(wants(s, PL_EVENT_NEW));
  EXPECT_EQ(s.active, 0u);
  EXPECT_EQ(s.ifindex, 0u);
}

TEST(TraceFilter, PrefixesOfBothFamilies) {
  auto s = slot({.address = net::Prefix::parse("192.0.2.9/24"), .source = net::Prefix::parse("2001:db8:1::/48")});
  EXPECT_TRUE(in(s.either, "192.0.2.255"));
  EXPECT_FALSE(in(s.either, "192.0.3.0"));
  EXPECT_FALSE(in(s.either, "2001:db8::1"));
  EXPECT_TRUE(in(s.source, "2001:db8:1:ffff::"));
  EXPECT_FALSE(in(s.source, "2001:db8:2::"));
  s = slot({.address = net::Prefix::parse("0.0.0.0/0"), .destination = net::Prefix::parse("10.0.0.1")});
  EXPECT_TRUE(in(s.either, "203.0.113.1"));
  EXPECT_FALSE(in(s.either, "2001:db8::1"));
  EXPECT_TRUE(in(s.destination, "10.0.0.1"));
  EXPECT_FALSE(in(s.destination, "10.0.0.2"));
}

TEST(TraceFilter, VerdictsByNameAndKind) {
  const auto s = slot({.verdicts = {"drop", "no_syn", "connection_new"}});
  EXPECT_TRUE(wants(s, PL_DROP_SERVER_GONE) && wants(s, PL_NO_SYN) && wants(s, PL_EVENT_NEW));
  EXPECT_FALSE(wants(s, PL_FORWARD_DR) || wants(s, PL_NOT_IP) || wants(s, PL_EVENT_SPILLED));
}

TEST(TraceFilter, PortsProtocolsAndInterfaces) {
  const auto s = slot({.port = 80, .protocol = "sctp", .interface = "eth0"});
  EXPECT_EQ(s.port, htons(80));
  EXPECT_EQ(s.proto, 132);
  EXPECT_EQ(s.ifindex, 7u);
  EXPECT_EQ(slot({.protocol = "47"}).proto, 47);
}

TEST(TraceFilter, WhatCannotBeIsRefused) {
  EXPECT_EQ(error({.protocol = "tpc"}), "no protocol: tpc");
  EXPECT_EQ(error({.protocol = "256"}), "no protocol: 256");
  EXPECT_EQ(error({.interface = "eth9"}, 0), "no interface eth9");
  EXPECT_EQ(error({.verdicts = {"drop", "dorp"}}), "no verdict or kind of verdicts: dorp");
  EXPECT_EQ(error({.rate = 0}), "a rate is 1 to 100000 packets a second");
  EXPECT_EQ(error({.rate = 100001}), "a rate is 1 to 100000 packets a second");
}

// A record of a SYN that made a connection on server 3.
pl_trace_record record() {
  pl_trace_record r{};
  r.time = 5;
  r.counted[PL_FORWARD_DR / 64] |= 1ULL << (PL_FORWARD_DR % 64);
  r.counted[PL_EVENT_NEW / 64] |= 1ULL << (PL_EVENT_NEW % 64);
  r.src = abi_address(net::Address::parse("203.0.113.9").value());
  r.dst = abi_address(net::Address::parse("192.0.2.10").value());
  r.sport = htons(40000);
  r.dport = htons(80);
  r.family = 4;
  r.proto = 6;
  r.ifindex = 2;
  r.server = 3;
  r.generation = 1;
  r.length = 74;
  r.captured = 2;
  r.bytes[0] = 0x02;
  r.bytes[1] = 0xaf;
  return r;
}

pl_server server() {
  pl_server s{};
  s.addr = abi_address(net::Address::parse("10.0.0.3").value());
  s.family = 4;
  s.generation = 1;
  s.service = 1;
  return s;
}

TEST(TraceEvent, SaysWhatCameAndWhatBecameOfIt) {
  const auto s = server();
  const TraceNames names{[](std::uint32_t) { return "eth0"; }, [&](std::uint32_t) { return &s; }, 100};
  const auto e = trace_event(record(), names, true);
  EXPECT_EQ(e.time, 105u);
  EXPECT_EQ(e.interface, "eth0");
  EXPECT_EQ(e.protocol, "tcp");
  EXPECT_EQ(e.source->text(), "203.0.113.9");
  EXPECT_EQ(e.destination_port, 80);
  EXPECT_EQ(e.length, 74u);
  EXPECT_EQ(e.reason, "dr");
  EXPECT_EQ(e.kind, "forward");
  EXPECT_EQ(e.events, std::vector<std::string>{"connection_new"});
  EXPECT_EQ(e.server->text(), "10.0.0.3:80");
  EXPECT_EQ(e.bytes, "02af");
}

TEST(TraceEvent, AServerSlotGivenAwayIsNotNamed) {
  auto s = server();
  s.generation = 2;
  const TraceNames names{[](std::uint32_t) { return "eth0"; }, [&](std::uint32_t) { return &s; }, 0};
  EXPECT_FALSE(trace_event(record(), names, false).server);
  EXPECT_EQ(trace_event(record(), names, false).bytes, "");
}

}  // namespace
}  // namespace plenum::lb
