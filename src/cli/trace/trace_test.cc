#include "cli/trace/trace.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/trace/event_text.h"
#include "cli/trace/pcapng.h"
#include "cli/trace/words.h"

namespace plenum::cli {
namespace {

lb::TraceFilter filter_of(const std::vector<std::string>& words) {
  lb::TraceFilter filter;
  for (const auto& word : words) EXPECT_EQ(add_trace_word(filter, word), "") << word;
  return filter;
}

std::string wrong(const std::vector<std::string>& words) {
  lb::TraceFilter filter;
  std::string last;
  for (const auto& word : words) last = add_trace_word(filter, word);
  return last;
}

lb::TraceEvent event() {
  lb::TraceEvent e;
  e.time = 1'700'000'000'123'456'789;
  e.interface = "eth0";
  e.protocol = "tcp";
  e.source = net::Address::parse("203.0.113.9");
  e.destination = net::Address::parse("192.0.2.10");
  e.source_port = 40000;
  e.destination_port = 80;
  e.length = 74;
  e.reason = "dr";
  e.kind = "forward";
  e.server = net::Endpoint::parse("192.0.2.11:80");
  e.bytes = "02af10";
  return e;
}

TEST(TraceWords, EachSaysWhatItIs) {
  const auto filter = filter_of({"192.0.2.0/24", ":80", "tcp", "drop", "no_server"});
  EXPECT_EQ(filter.address->text(), "192.0.2.0/24");
  EXPECT_EQ(filter.port, 80);
  EXPECT_EQ(filter.protocol, "tcp");
  EXPECT_EQ(filter.verdicts, (std::vector<std::string>{"drop", "no_server"}));
  const auto both = filter_of({"[2001:db8::1]:443"});
  EXPECT_EQ(both.address->text(), "2001:db8::1/128");
  EXPECT_EQ(both.port, 443);
  EXPECT_EQ(filter_of({"::1"}).address->text(), "::1/128");
}

TEST(TraceWords, WhatIsWrongIsSaid) {
  EXPECT_EQ(wrong({"forwrd"}), "no address, :port, protocol or verdict: forwrd; did you mean forward?");
  EXPECT_EQ(wrong({"80"}), "a port is written :80, a protocol by its name");
  EXPECT_EQ(wrong({":0"}), "a port is 1 to 65535");
  EXPECT_EQ(wrong({"192.0.2.1", "192.0.2.2"}),
            "only one address can be given; --source and --destination name both ends");
  EXPECT_EQ(wrong({"tcp", "udp"}), "only one protocol can be given");
}

TEST(EventText, OneLineSaysWhoWhatAndWhy) {
  auto e = event();
  e.events = {"connection_new"};
  EXPECT_EQ(event_text(e, 0),
            "22:13:20.123456 eth0 tcp 203.0.113.9:40000 > 192.0.2.10:80 length 74: forward dr to 192.0.2.11:80, "
            "connection_new");
  EXPECT_EQ(event_text(e, 3600).substr(0, 8), "23:13:20");
  EXPECT_EQ(event_text(e, 7200).substr(0, 8), "00:13:20");
  e.reason = "server_gone";
  e.kind = "drop";
  e.server.reset();
  e.events.clear();
  EXPECT_EQ(fate_text(e), "drop server_gone (the connection's server was removed)");
  e.source.reset();
  e.reason = "not_ip";
  e.kind = "pass";
  EXPECT_EQ(event_text(e, 0), "22:13:20.123456 eth0 no IP packet length 74: pass not_ip (neither IPv4 nor IPv6)");
}

TEST(EventText, CountsNameWhatWasNotShown) {
  EXPECT_EQ(counts_text(1, {1, 0, 0}), "1 packet shown");
  EXPECT_EQ(counts_text(3, {8, 4, 1}), "3 packets shown; 5 more matched: 4 above the rate, 1 lost");
}

std::uint32_t word_at(const std::string& bytes, std::size_t at) {
  std::uint32_t out = 0;
  bytes.copy(reinterpret_cast<char*>(&out), sizeof out, at);
  return out;
}

TEST(Pcapng, BlocksFrameEachOther) {
  Pcapng capture;
  std::string file = Pcapng::header();
  file += capture.packet(5'000'000'001, "eth0", "abcde", 60, "drop no_server");
  file += capture.packet(5'000'000'002, "eth1", "x", 1, "");
  file += capture.packet(5'000'000'003, "eth0", "", 9, "pass");
  std::vector<std::uint32_t> types;
  std::size_t at = 0;
  while (at < file.size()) {
    const auto length = word_at(file, at + 4);
    ASSERT_EQ(length % 4, 0u);
    ASSERT_GE(length, 12u);
    ASSERT_LE(at + length, file.size());
    ASSERT_EQ(word_at(file, at + length - 4), length);
    types.push_back(word_at(file, at));
    at += length;
  }
  EXPECT_EQ(types, (std::vector<std::uint32_t>{0x0a0d0d0a, 1, 6, 1, 6, 6}));
}

TEST(Pcapng, HexadecimalBack) {
  EXPECT_EQ(from_hex("02af"), std::string("\x02\xaf"));
  EXPECT_EQ(from_hex("02a"), std::string("\x02"));
  EXPECT_EQ(from_hex("zz"), "");
}

struct Run {
  int code = 0;
  std::string out, err;
  std::size_t taken = 0;  // lines until no more were wanted
};

Run run_on(const TraceCommand& command, bool json, const std::vector<std::string>& lines) {
  std::ostringstream out, err;
  Run result;
  const World world{{}, out, err, "", [&](const ctl::Request&, const std::function<bool(std::string_view)>& take) {
                      for (const auto& line : lines) {
                        ++result.taken;
                        if (!take(line)) break;
                      }
                      return Result<>{};
                    }};
  result.code = run_trace(command, json, world);
  result.out = out.str();
  result.err = err.str();
  return result;
}

TEST(Trace, EndsBehindTheCountAndSaysWhatWasNotShown) {
  const auto packet = ctl::encode(ctl::TraceLine{event(), {}});
  const auto counts = ctl::encode(ctl::TraceLine{{}, lb::TraceCounts{9, 6, 0}});
  const auto run = run_on({.filter = {}, .count = 2, .pcap = ""}, false, {packet, counts, packet, packet});
  EXPECT_EQ(run.code, kDone);
  EXPECT_EQ(run.taken, 3u);
  EXPECT_EQ(run.err, "2 packets shown; 6 more matched: 6 above the rate, 0 lost\n");
}

TEST(Trace, JsonIsTheDaemonsOwnLines) {
  const auto packet = ctl::encode(ctl::TraceLine{event(), {}});
  const auto run = run_on({}, true, {packet});
  EXPECT_EQ(run.out, packet + "\n");
  EXPECT_EQ(run.err, "");
}

TEST(Trace, CaptureOnStandardOutputIsNothingElse) {
  const auto run = run_on({.filter = {}, .count = 0, .pcap = "-"}, false, {ctl::encode(ctl::TraceLine{event(), {}})});
  Pcapng capture;
  EXPECT_EQ(run.out, Pcapng::header() +
                         capture.packet(event().time, "eth0", from_hex("02af10"), 74, "forward dr to 192.0.2.11:80"));
}

}  // namespace
}  // namespace plenum::cli
