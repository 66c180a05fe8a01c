// The tracing build of the director by itself, over maps of its own: what a filter takes, what
// a record holds, how a rate is kept. With no port of its own the verdict of every packet is
// other_host; that it is the right one for each packet the end-to-end tests see.

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include "lb/mapped_array.h"
#include "lb/trace/event.h"
#include "lb/trace/filter.h"
#include "lb/trace/trace_program.h"
#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

class Traced : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = lb::TraceProgram::open([](const char*) { return -1; },
                                         [this](const auto& record) { records_.push_back(record); });
    ASSERT_TRUE(opened) << opened.error().what;
    program_ = *std::move(opened);
  }

  // Starts a trace in a slot.
  void start(std::size_t slot, const lb::TraceFilter& filter) {
    program_->slots()[slot] = lb::trace_slot(filter, 0).value();
    lb::shared(program_->slots()[slot].active).store(1);
  }

  // How many records come of one packet; they are in records_.
  std::size_t run(const Frame& frame) {
    const auto bytes = frame.bytes();
    std::uint8_t out[2048];
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes.data(), .data_out = out,
                .data_size_in = static_cast<__u32>(bytes.size()), .data_size_out = sizeof(out), .repeat = 1);
    EXPECT_EQ(bpf_prog_test_run_opts(program_->fd(), &opts), 0);
    EXPECT_EQ(opts.retval, static_cast<__u32>(XDP_PASS));
    records_.clear();
    program_->read();
    return records_.size();
  }

  pl_trace_slot& slot(std::size_t index) { return program_->slots()[index]; }

  std::unique_ptr<lb::TraceProgram> program_;
  std::vector<pl_trace_record> records_;
};

TEST_F(Traced, ARecordHoldsThePacketAsItCame) {
  start(2, {});
  for (const auto family : kBothFamilies)
    for (const auto protocol : kAllProtocols) {
      const auto frame = first(family, protocol);
      ASSERT_EQ(run(frame), 1u);
      const auto& r = records_[0];
      const auto bytes = frame.bytes();
      EXPECT_EQ(r.slots, 1u << 2);
      EXPECT_EQ(r.proto, protocol);
      EXPECT_EQ(r.length, bytes.size());
      EXPECT_EQ(r.captured, std::min<std::size_t>(bytes.size(), PL_TRACE_BYTES));
      EXPECT_TRUE(std::equal(r.bytes, r.bytes + r.captured, bytes.begin()));
      const auto event = lb::trace_event(
          r, {[](std::uint32_t) { return "lo"; }, [](std::uint32_t) -> const pl_server* { return nullptr; }, 0}, false);
      EXPECT_EQ(event.reason, "other_host");
      EXPECT_EQ(event.kind, "pass");
      EXPECT_EQ(event.source, addresses(family).client);
      EXPECT_EQ(event.destination, addresses(family).vip);
      EXPECT_EQ(event.source_port, kClientPort);
      EXPECT_EQ(event.destination_port, kVport);
    }
}

TEST_F(Traced, AFilterTakesWhatItSaysAndNothingElse) {
  const auto v4 = first(net::Family::V4, kTcp), v6 = first(net::Family::V6, kUdp);
  const auto client = addresses(net::Family::V4).client, vip = addresses(net::Family::V4).vip;
  struct Case {
    const char* what;
    lb::TraceFilter filter;
    std::size_t v4, v6;
  };
  const Case cases[] = {
      {"either end", {.address = net::Prefix{vip, 32}}, 1, 0},
      {"source", {.source = net::Prefix{client, 24}}, 1, 0},
      {"not the source", {.source = net::Prefix{vip, 32}}, 0, 0},
      {"destination", {.destination = net::Prefix{vip, 32}}, 1, 0},
      {"all of IPv4", {.address = net::Prefix::parse("0.0.0.0/0")}, 1, 0},
      {"all of IPv6", {.address = net::Prefix::parse("::/0")}, 1, 1},
      {"port", {.port = kVport}, 1, 1},
      {"client's port", {.port = kClientPort}, 1, 1},
      {"no such port", {.port = 9}, 0, 0},
      {"protocol", {.protocol = "udp"}, 0, 1},
      {"kind", {.verdicts = {"pass"}}, 1, 1},
      {"other kind", {.verdicts = {"drop", "forward"}}, 0, 0},
      {"verdict", {.verdicts = {"other_host"}}, 1, 1},
  };
  for (const auto& c : cases) {
    start(0, c.filter);
    EXPECT_EQ(run(v4), c.v4) << c.what;
    EXPECT_EQ(run(v6), c.v6) << c.what;
    EXPECT_EQ(slot(0).matched, c.v4 + c.v6) << c.what;
  }
}

TEST_F(Traced, OneRecordIsForAllWhoWantIt) {
  start(0, {.protocol = "tcp"});
  start(3, {});
  start(7, {.protocol = "udp"});
  ASSERT_EQ(run(first(net::Family::V4, kTcp)), 1u);
  EXPECT_EQ(records_[0].slots, 1u << 0 | 1u << 3);
  ASSERT_EQ(run(first(net::Family::V4, kUdp)), 1u);
  EXPECT_EQ(records_[0].slots, 1u << 3 | 1u << 7);
  lb::shared(slot(3).active).store(0);
  EXPECT_EQ(run(first(net::Family::V4, kSctp)), 0u);
}

TEST_F(Traced, WhatPassesTheRateIsCounted) {
  start(0, {.rate = 3});
  std::size_t told = 0;
  for (int i = 0; i < 100; ++i) told += run(first(net::Family::V4, kUdp));
  EXPECT_EQ(slot(0).matched, 100u);
  EXPECT_EQ(slot(0).suppressed, 100 - told);
  // Three in each second that the loop touched.
  EXPECT_GE(told, 3u);
  EXPECT_LT(told, 60u);
}

TEST_F(Traced, AFullRingIsCounted) {
  start(0, {.rate = 100000});
  const auto bytes = first(net::Family::V4, kUdp).bytes();
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes.data(), .data_size_in = static_cast<__u32>(bytes.size()),
              .repeat = 5000);
  ASSERT_EQ(bpf_prog_test_run_opts(program_->fd(), &opts), 0);
  records_.clear();
  program_->read();
  EXPECT_EQ(slot(0).matched, 5000u);
  EXPECT_GT(slot(0).lost, 0u);
  EXPECT_EQ(records_.size() + slot(0).lost, 5000u);
  EXPECT_EQ(run(first(net::Family::V4, kUdp)), 1u);  // there is room again
}

}  // namespace
}  // namespace plenum::packet
