// Packets that netfilter marked, brought back by the device that is there for it: as they came in, by their
// mark, and errors about them to their senders.

#include <linux/bpf.h>

#include <cstring>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

constexpr std::uint32_t kMark = 0xdeadbe05;
constexpr net::Mac kMarkedMac{{0x02, 0x50, 0x4c, 0, 0, 1}};

// What the entry makes of a packet that came in as `f`.
Bytes marked(Frame f, std::uint32_t mark = kMark) {
  f.to_mac = kMarkedMac;
  std::memcpy(&f.from_mac.bytes[2], &mark, sizeof mark);
  --f.ttl;
  const bool df = f.df;
  f.df = false;
  Bytes out = f.bytes();
  if (f.v6() || !df) return out;
  // The reserved bit stands for DF, and counts in the header's checksum.
  Bytes header(out.begin() + 14, out.begin() + 34);
  header[6] |= 0x80;
  header[10] = header[11] = 0;
  const auto sum = internet_checksum({header});
  header[10] = static_cast<std::uint8_t>(sum >> 8);
  header[11] = static_cast<std::uint8_t>(sum);
  std::copy(header.begin(), header.end(), out.begin() + 14);
  return out;
}

// The same packet where it goes up the stack: to the port, from nobody in particular.
Frame as_it_came(Frame f, std::uint32_t mark = kMark) {
  std::memcpy(&f.from_mac.bytes[2], &mark, sizeof mark);
  return f;
}

class Marked : public EachProtocol {
 protected:
  void SetUp() override {
    World::SetUp();
    at_the_port(true);
  }
  // Whether packets come in by the port of marked ones, or as all others do.
  static void at_the_port(bool yes) { director().port(kIngress).flags = yes ? PL_PORT_MARKED : PL_PORT_XMIT; }

  std::uint32_t serve_mark(pl_forward forward = PL_FWD_ROUTE, std::uint32_t flags = PL_SERVER_AVAILABLE) {
    service_ = director().add(Service{.address = at().vip, .mark = kMark});
    return director().add(service_, Server{.address = at().server,
                                           .forward = forward,
                                           .next_hop = hop({.ifindex = egress(), .source = at().director}),
                                           .flags = flags});
  }
};

TEST_P(Marked, GoToTheirMarksServerAsTheyCameIn) {
  const auto server = serve_mark();
  const Frame sent = first(family(), protocol());
  const auto run = director().run(marked(sent));
  expect(run, PL_FORWARD_DR, XDP_REDIRECT, routed(sent));
  EXPECT_EQ(run.events.at(PL_EVENT_MARKED), 1u);
  EXPECT_EQ(director().stats(server).connections, 1u);
  EXPECT_EQ(director().stats(server).in_bytes, sent.ip_length());
  at_the_port(false);
  const Frame next = later(family(), protocol());
  expect(director().run(next), PL_FORWARD_DR, XDP_REDIRECT, routed(next));
}

TEST_P(Marked, MayBeFragmentedOrNotAsTheirSenderSaid) {
  serve_mark(PL_FWD_MASQ);
  Frame sent = first(family(), protocol());
  for (const bool df : {false, true}) {
    sent.df = df;
    ++sent.sport;
    expect(director().run(marked(sent)), PL_FORWARD_NAT, XDP_REDIRECT, translated(sent, at().server, kVport));
  }
}

TEST_P(Marked, EveryHopsToLive) {
  serve_mark();
  Frame sent = first(family(), protocol());
  for (unsigned ttl = 2; ttl < 256; ++ttl) {
    sent.ttl = static_cast<std::uint8_t>(ttl);
    expect(director().run(marked(sent)), PL_FORWARD_DR, XDP_REDIRECT, routed(sent));
    if (HasFailure()) break;
  }
}

TEST_P(Marked, ErrorsGoToTheirSenders) {
  serve_mark();
  Frame sent = first(family(), protocol());
  sent.ttl = 1;
  const auto run = director().run(marked(sent));
  EXPECT_STREQ(packet::name_of(run.reason), packet::name_of(PL_REPLY_TTL));
  EXPECT_EQ(run.action, XDP_REDIRECT);
  ASSERT_GT(run.frame.size(), sizeof(net::Mac) * 2);
  EXPECT_EQ(std::memcmp(run.frame.data(), WayToClients::kTo.bytes.data(), 6), 0);
  EXPECT_EQ(std::memcmp(run.frame.data() + 6, WayToClients::kFrom.bytes.data(), 6), 0);
  // The packet it is about is quoted as it came in.
  const auto quoted = sent.packet();
  ASSERT_GE(run.frame.size(), quoted.size());
  EXPECT_EQ(difference(quoted, View(run.frame).last(quoted.size())), "");
}

TEST_P(Marked, ErrorsToSendersWithoutANeighbourGoUpTheStack) {
  serve_mark();
  Frame sent = first(family(), protocol());
  sent.from = ip(sent.v6() ? "2001:db8:2::77" : "192.0.2.77");
  sent.ttl = 1;
  const auto run = director().run(marked(sent));
  EXPECT_STREQ(packet::name_of(run.reason), packet::name_of(PL_REPLY_TTL));
  EXPECT_EQ(run.action, XDP_PASS);
  ASSERT_GT(run.frame.size(), sizeof(net::Mac));
  EXPECT_EQ(std::memcmp(run.frame.data(), kDirectorMac.bytes.data(), 6), 0);
}

TEST_P(Marked, WithAMarkOfNoServiceGoUpAsTheyCameIn) {
  serve_mark();
  const Frame sent = first(family(), protocol());
  const auto run = director().run(marked(sent, 7));
  expect_passed(run, PL_NOT_OURS);
  Frame up = as_it_came(sent, 7);
  up.to_mac = kDirectorMac;
  EXPECT_EQ(difference(up.bytes(), run.frame), "");
}

TEST_P(Marked, RulesOfTheFileDoNotCountForThem) {
  serve_mark();
  director().set_marks({{.mark = kMark}});
  expect_passed(director().run(marked(first(family(), protocol()), 7)), PL_NOT_OURS);
}

TEST_P(Marked, FramesToOthersAreNotTouched) {
  serve_mark();
  Frame other = first(family(), protocol());
  other.to_mac = {{0x02, 0x50, 0x4c, 0, 0, 2}};
  expect_passed(director().run(other), PL_OTHER_HOST);
  // Nobody else may pretend to have been to netfilter.
  at_the_port(false);
  expect_passed(director().run(marked(first(family(), protocol()))), PL_OTHER_HOST);
}

TEST_P(Marked, WhatIsForTheDirectorItselfCountsOnce) {
  const auto server = serve_mark(PL_FWD_ROUTE, PL_SERVER_AVAILABLE | PL_SERVER_LOCAL);
  expect_passed(director().run(marked(first(family(), protocol()))), PL_LOCAL);
  at_the_port(false);
  expect_passed(director().run(later(family(), protocol())), PL_LOCAL);
  at_the_port(true);
  expect_passed(director().run(marked(later(family(), protocol()))), PL_LOCAL);
  EXPECT_EQ(director().stats(server).in_packets, 2u);
}

PLENUM_EACH_PROTOCOL(Marked);

}  // namespace
}  // namespace plenum::packet
