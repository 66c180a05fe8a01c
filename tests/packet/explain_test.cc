// What the director says it would do with a packet (lb/explain), against what the program
// then does with it: random services, servers and packets, for every scheduler there is.

#include <linux/bpf.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "conf/scheduler_names.h"
#include "lb/abi_values.h"
#include "lb/explain/explanation.h"
#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

constexpr int kWorlds = 12, kPackets = 240;

bool foretells_server(pl_reason verdict) {
  return verdict == PL_FORWARD_NAT || verdict == PL_FORWARD_DR || verdict == PL_FORWARD_TUNNEL || verdict == PL_LOCAL ||
         verdict == PL_FORWARD_STACK || verdict == PL_DROP_NO_NEXT_HOP || verdict == PL_REPLY_TOO_BIG ||
         verdict == PL_TOO_BIG_CUT || verdict == PL_DROP_TOO_BIG;
}

class Explained : public World, public testing::WithParamInterface<std::string> {
 protected:
  void make_world() {
    director().reset();
    services_.clear();
    const auto scheduler = static_cast<pl_scheduler>(*lb::abi_scheduler(GetParam()));
    const auto way = hop();
    // About as wide as the packets are, with and without what each tunnel puts around them.
    const auto narrow = [&] {
      return hop({.to = kServerMac, .mtu = static_cast<std::uint16_t>(pick(40, 130)), .source = ip("192.0.2.1")});
    };
    director().set_keeper(pick(0, 3) != 0);
    std::uint32_t host = 1;
    for (const auto family : kBothFamilies)
      for (const auto protocol : kAllProtocols) {
        // Fallback and the port in the hash are sh's and mh's; others do not look.
        const auto service = director().add(
            Service{protocol, addresses(family).vip, kVport, scheduler, static_cast<std::uint32_t>(pick(0, 3))});
        services_.push_back(service);
        for (int servers = pick(0, 6); servers > 0; --servers, ++host) {
          const auto address =
              ip(((family == net::Family::V4 ? "10.9.0." : "2001:db8:9::") + std::to_string(host)).c_str());
          // Another port would not be DR's or a tunnel's to reach.
          const bool nat = pick(0, 2) == 0;
          std::uint32_t flags = PL_SERVER_AVAILABLE;
          if (pick(0, 9) == 0) flags |= PL_SERVER_LOCAL;
          const auto upper = static_cast<std::uint32_t>(pick(0, 3) == 0 ? pick(1, 4) : 0);
          director().add(service, Server{.address = address,
                                         .port = static_cast<std::uint16_t>(nat && pick(0, 1) ? 8080 : 0),
                                         .forward = nat          ? PL_FWD_MASQ
                                                    : pick(0, 1) ? PL_FWD_ROUTE
                                                                 : PL_FWD_TUNNEL,
                                         .weight = static_cast<std::uint32_t>(pick(0, 4)),
                                         .next_hop = pick(0, 9) == 0   ? 0
                                                     : pick(0, 1) == 0 ? narrow()
                                                                       : way,
                                         .tunnel = static_cast<pl_tunnel>(pick(PL_TUN_IPIP, PL_TUN_GRE)),
                                         .tunnel_flags = static_cast<unsigned>(pick(0, 1) * PL_TUN_CSUM),
                                         .flags = flags,
                                         .upper = upper,
                                         .lower = upper != 0 ? upper - 1 : 0});
        }
      }
  }

  int pick(int least, int greatest) { return std::uniform_int_distribution<int>(least, greatest)(random_); }

  struct Sent {
    Frame frame;
    lb::Probe probe;
    std::uint16_t client_port = 0;
  };

  // Few client ports, so that many packets meet a connection.
  Sent packet() {
    Sent out;
    const auto family = pick(0, 1) ? net::Family::V4 : net::Family::V6;
    const auto protocol = kAllProtocols[pick(0, 2)];
    out.client_port = static_cast<std::uint16_t>(1000 + pick(0, 15));
    const bool begins = pick(0, 2) != 0;
    out.frame = begins ? first(family, protocol, out.client_port) : later(family, protocol, out.client_port);
    if (pick(0, 9) == 0) out.frame.dport = 81;
    if (!begins && protocol == kTcp && pick(0, 2) == 0) out.frame.flags = kRst | kAck;
    if (protocol != kSctp) out.frame.payload.assign(static_cast<std::size_t>(pick(0, 70)), 0x55);
    if (family == net::Family::V4) out.frame.df = pick(0, 1) != 0;
    out.probe.source = {addresses(family).client, out.client_port};
    out.probe.destination = {addresses(family).vip, out.frame.dport};
    out.probe.protocol = protocol;
    out.probe.first = begins;
    out.probe.length = static_cast<std::uint32_t>(out.frame.bytes().size() - 14);
    out.probe.may_be_fragmented = family == net::Family::V4 && !out.frame.df;
    out.probe.ttl = out.frame.ttl;
    return out;
  }

  void expect_as_told(const Sent& sent, const lb::Decision& told, const Outcome& run) {
    if (told.verdicts_differ) {
      ASSERT_TRUE(foretells_server(run.reason));
    } else {
      ASSERT_EQ(name_of(told.verdict), std::string(name_of(run.reason)));
    }
    if (!foretells_server(run.reason)) return;
    const auto entry = director().entry(sent.probe.source.address, sent.client_port);
    // A connection may be there for another protocol of the same port.
    ASSERT_TRUE(entry.has_value());
    if (told.foretold) {
      ASSERT_EQ(told.server, entry->conn.server);
    } else {
      const auto& all = told.choice->candidates;
      ASSERT_TRUE(std::any_of(all.begin(), all.end(), [&](const auto& c) { return c.server == entry->conn.server; }));
    }
  }

  std::vector<std::uint32_t> services_;
  std::mt19937 random_{20250101};
};

TEST_P(Explained, WhatIsToldComesTrue) {
  int connections = 0, known = 0, refused = 0, too_big = 0, cut = 0;
  for (int world = 0; world < kWorlds; ++world) {
    make_world();
    for (int i = 0; i < kPackets; ++i) {
      // One protocol's connection a port, so that a port tells the entry.
      const auto sent = packet();
      const auto before = director().entry(sent.probe.source.address, sent.client_port);
      if (before && before->conn.proto != sent.probe.protocol) continue;
      const auto told = lb::decide(director().view(), sent.probe, now_tick());
      const auto run = director().run(sent.frame);
      if (run.reason == PL_TOO_BIG_CUT) {
        EXPECT_EQ(director().handed_over().size(), 1u);
      }
      expect_as_told(sent, told, run);
      if (HasFatalFailure()) {
        const lb::ExplainNames names{[](std::uint32_t) { return "if"; }, [](const net::Address&) { return "none"; }};
        ADD_FAILURE() << "world " << world << " packet " << i << " of " << sent.probe.source.text() << " to "
                      << sent.probe.destination.text() << " protocol " << int{sent.probe.protocol};
        return;
      }
      connections += run.events.contains(PL_EVENT_NEW) ? 1 : 0;
      known += told.connection ? 1 : 0;
      refused += told.verdict == PL_REPLY_NO_SERVER ? 1 : 0;
      too_big += told.verdict == PL_REPLY_TOO_BIG ? 1 : 0;
      cut += told.verdict == PL_TOO_BIG_CUT ? 1 : 0;
    }
  }
  // Each way was met often enough to mean something.
  EXPECT_GT(connections, 100);
  EXPECT_GT(known, 100);
  EXPECT_GT(refused, 10);
  EXPECT_GT(too_big, 10);
  EXPECT_GT(cut, 5);
}

TEST_P(Explained, TellingChangesNothing) {
  make_world();
  for (int i = 0; i < 20; ++i) director().run(packet().frame);
  std::vector<std::uint64_t> cursors;
  for (const auto service : services_) cursors.push_back(director().service(service).cursor);
  const auto entries = director().entries().size();
  for (int i = 0; i < 50; ++i) (void)lb::decide(director().view(), packet().probe, now_tick());
  for (std::size_t i = 0; i < services_.size(); ++i) EXPECT_EQ(director().service(services_[i]).cursor, cursors[i]);
  EXPECT_EQ(director().entries().size(), entries);
}

INSTANTIATE_TEST_SUITE_P(, Explained,
                         testing::Values("rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "lblc", "lblcr", "dh",
                                         "sh", "mh", "twos"),
                         [](const auto& scheduler) { return std::string(scheduler.param); });

class ExplainedAnswer : public EachProtocol {};

TEST_P(ExplainedAnswer, AServersAnswerIsKnownAsOne) {
  serve(family(), protocol(), PL_FWD_MASQ);
  director().run(first(family(), protocol()));
  const auto frame = answer(family(), protocol());
  const lb::Probe probe{.source = {at().server, kVport},
                        .destination = {at().client, kClientPort},
                        .protocol = protocol(),
                        .first = protocol() == kTcp};
  const auto told = lb::decide(director().view(), probe, now_tick());
  EXPECT_TRUE(told.answer);
  EXPECT_EQ(told.server, 1u);
  EXPECT_EQ(told.verdict, director().run(frame).reason);
}

PLENUM_EACH_PROTOCOL(ExplainedAnswer);

TEST_F(World, AnExplanationNamesWhatItCompared) {
  serve(net::Family::V4, kTcp, PL_FWD_ROUTE, PL_SCHED_WLC);
  const lb::ExplainNames names{[](std::uint32_t) { return "eth1"; }, [](const net::Address&) { return "no route"; }};
  const lb::Probe probe{.source = {addresses(net::Family::V4).client, 5},
                        .destination = {addresses(net::Family::V4).vip, kVport}};
  director().set_load(1, {.active = 2, .inactive = 3});
  const auto told = lb::explain(director().view(), probe, now_tick(), names);
  EXPECT_EQ(told.found_by, "its address and port");
  ASSERT_EQ(told.candidates.size(), 1u);
  EXPECT_EQ(told.candidates[0].load, "515/1");
  EXPECT_TRUE(told.candidates[0].chosen);
  EXPECT_EQ(told.next_hop, kServerMac.text() + " on eth1");
  EXPECT_EQ(told.mtu, 1500u);
  EXPECT_EQ(told.verdict, "dr");
}

TEST_F(World, AnExplanationNamesTheTunnelAndWhatItAdds) {
  serve(net::Family::V4, kTcp, PL_FWD_TUNNEL);
  director().server(1).tunnel = PL_TUN_GRE;
  director().server(1).tunnel_flags = PL_TUN_CSUM;
  const lb::ExplainNames names{[](std::uint32_t) { return "eth1"; }, [](const net::Address&) { return "no route"; }};
  const lb::Probe probe{.source = {addresses(net::Family::V4).client, 5},
                        .destination = {addresses(net::Family::V4).vip, kVport}};
  const auto told = lb::explain(director().view(), probe, now_tick(), names);
  EXPECT_EQ(told.forward, "tun gre with checksum full from 10.0.0.1, 28 bytes around the packet");
  EXPECT_EQ(told.mtu, 1472u);
}

}  // namespace
}  // namespace plenum::packet
