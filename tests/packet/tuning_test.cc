// IPVS's sysctls where a packet meets them, each as Linux 6.1 does it: ip_vs_in(),
// tcp_conn_schedule(), ip_vs_in_icmp().

#include <linux/bpf.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

class Tuned : public EachFamily {
 protected:
  static void tune(std::uint32_t bits) { director().settings().tuning = bits; }
  static Frame segment(std::uint8_t flags) {
    Frame f = first(family(), kTcp);
    f.flags = flags;
    f.tcp_options.clear();
    return f;
  }
  static Entry entry() { return director().entry(at().client, kClientPort).value(); }
  // A second server, the newest: the next choice of round robin.
  std::uint32_t second(pl_forward forward = PL_FWD_ROUTE) {
    return director().add(service_, Server{.address = at().other_server, .forward = forward, .next_hop = hop()});
  }
  static void remove(std::uint32_t server) {
    director().set_weight(server, 0);
    director().server(server).flags &= ~static_cast<std::uint32_t>(PL_SERVER_AVAILABLE);
  }
};

TEST_P(Tuned, WithoutConnReuseModeASynStaysWithItsServer) {
  for (const unsigned over : {PL_TCP_TIME_WAIT, PL_TCP_CLOSE}) {
    SetUp();
    const auto one = serve(family(), kTcp, PL_FWD_ROUTE);
    director().run(first(family(), kTcp));
    director().force_state(entry(), over, false);
    second();
    tune(0);
    const Outcome run = director().run(first(family(), kTcp));
    EXPECT_TRUE(run.events.empty());
    EXPECT_EQ(entry().conn.server, one);
    EXPECT_EQ(entry().state(), unsigned{PL_TCP_SYN_RECV});
  }
}

TEST_P(Tuned, ConnReuseMode2SchedulesAnewFromFinWaitWhereAnswersDoNotPass) {
  for (const pl_forward forward : {PL_FWD_ROUTE, PL_FWD_MASQ}) {
    for (const bool bit2 : {false, true}) {
      SetUp();
      const auto one = serve(family(), kTcp, forward);
      director().run(first(family(), kTcp));
      director().force_state(entry(), PL_TCP_FIN_WAIT, false);
      const auto two = second(forward);
      tune(bit2 ? PL_TUNE_REUSE | PL_TUNE_REUSE_FIN : PL_TUNE_REUSE);
      director().run(first(family(), kTcp));
      EXPECT_EQ(entry().conn.server, bit2 && forward == PL_FWD_ROUTE ? two : one);
    }
  }
}

TEST_P(Tuned, ExpireNodestConnSchedulesTheSynOfAServerThatTakesNoMore) {
  const auto one = serve(family(), kTcp, PL_FWD_ROUTE);
  director().run(first(family(), kTcp));
  director().run(segment(kAck));
  const auto two = second();
  director().set_weight(one, 0);
  director().run(first(family(), kTcp));
  EXPECT_EQ(entry().conn.server, one) << "not without expire_nodest_conn";
  tune(PL_TUNE_EXPIRE_NODEST);
  director().run(first(family(), kTcp));
  EXPECT_EQ(entry().conn.server, one) << "nor with conn_reuse_mode 0";
  tune(PL_TUNE_REUSE | PL_TUNE_EXPIRE_NODEST);
  director().run(segment(kAck));
  EXPECT_EQ(entry().conn.server, one) << "nor without a SYN";
  director().run(first(family(), kTcp));
  EXPECT_EQ(entry().conn.server, two);
  EXPECT_EQ(director().load(one).active + director().load(one).inactive, 0u);
}

TEST_P(Tuned, ExpireNodestConnEndsAConnectionWhoseServerIsGone) {
  const auto one = serve(family(), kTcp, PL_FWD_ROUTE);
  director().run(first(family(), kTcp));
  director().run(segment(kAck));
  const auto two = second();
  remove(one);
  expect_dropped(director().run(segment(kAck)), PL_DROP_SERVER_GONE);
  EXPECT_EQ(entry().conn.server, one) << "kept: adding the server again revives it";
  tune(PL_TUNE_REUSE | PL_TUNE_EXPIRE_NODEST);
  // The stack answers with a reset: so the client learns of it.
  const Outcome run = director().run(segment(kAck));
  expect_passed(run, PL_NO_SYN);
  EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{{PL_EVENT_NODEST, 1}}));
  EXPECT_FALSE(director().entry(at().client, kClientPort));
  EXPECT_EQ(director().load(one).active + director().load(one).inactive, 0u);
  director().run(first(family(), kTcp));
  EXPECT_EQ(entry().conn.server, two);
}

TEST_P(Tuned, ExpireNodestConnSchedulesTheUdpPacketItself) {
  const auto one = serve(family(), kUdp, PL_FWD_ROUTE);
  director().run(first(family(), kUdp));
  const auto two = second();
  remove(one);
  tune(PL_TUNE_EXPIRE_NODEST);
  const Outcome run = director().run(later(family(), kUdp));
  EXPECT_EQ(run.reason, PL_FORWARD_DR);
  EXPECT_EQ(entry().conn.server, two);
}

TEST_P(Tuned, SloppyTcpBeginsConnectionsInTheMiddle) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  expect_passed(director().run(segment(kAck)), PL_NO_SYN);
  tune(PL_TUNE_SLOPPY_TCP);
  for (const int flags : {kRst + 0, kRst | kAck})
    expect_passed(director().run(segment(static_cast<std::uint8_t>(flags))), PL_NO_SYN);
  EXPECT_EQ(director().run(segment(kAck)).reason, PL_FORWARD_DR);
  EXPECT_EQ(entry().state(), unsigned{PL_TCP_ESTABLISHED});
}

TEST_P(Tuned, SloppySctpBeginsAssociationsInTheMiddle) {
  serve(family(), kSctp, PL_FWD_ROUTE);
  expect_passed(director().run(later(family(), kSctp)), PL_NO_SYN);
  tune(PL_TUNE_SLOPPY_SCTP);
  Frame abort = later(family(), kSctp);
  abort.payload = chunk(kAbort, 0);
  expect_passed(director().run(abort), PL_NO_SYN);
  EXPECT_EQ(director().run(later(family(), kSctp)).reason, PL_FORWARD_DR);
}

TEST_P(Tuned, DropPacketDropsEachSoManyThThatBeginsAConnection) {
  serve(family(), kUdp, PL_FWD_ROUTE);
  ASSERT_EQ(director().run(first(family(), kUdp, 999)).reason, PL_FORWARD_DR);
  director().settings().drop_rate = 4;
  for (unsigned i = 1; i <= 12; ++i) {
    EXPECT_EQ(director().run(first(family(), kUdp, 999)).reason, PL_FORWARD_DR) << "known ones are not touched";
    EXPECT_EQ(director().run(first(family(), kUdp, static_cast<std::uint16_t>(2000 + i))).reason,
              i % 4 == 0 ? PL_DROP_DEFENCE : PL_FORWARD_DR)
        << i;
  }
  director().settings().drop_rate = 1;
  expect_dropped(director().run(first(family(), kUdp, 3000)), PL_DROP_DEFENCE);
}

TEST_P(Tuned, ABackupWithBackupOnlyBalancesNothing) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  tune(PL_TUNE_REUSE | PL_TUNE_PASS);
  expect_passed(director().run(first(family(), kTcp)), PL_BACKUP);
  EXPECT_TRUE(director().entries().empty());
}

TEST_P(Tuned, WithoutPmtuDiscATunnelIgnoresDf) {
  const auto server = serve(family(), kUdp, PL_FWD_TUNNEL);
  Frame large = first(family(), kUdp);
  large.payload = Bytes(1500 - 28 - (family() == net::Family::V6 ? 20 : 0), 0x55);
  ASSERT_TRUE(large.df);
  EXPECT_EQ(director().run(large).reason, PL_REPLY_TOO_BIG);
  director().server(server).flags |= PL_SERVER_IGNORE_DF;
  // The stack fragments the outer packet; of IPv6 there is no other way than to tell the sender.
  EXPECT_EQ(director().run(large).reason, family() == net::Family::V4 ? PL_FORWARD_STACK : PL_REPLY_TOO_BIG);
}

// tcp_states_dos where it differs from tcp_states.
TEST_P(Tuned, SecureTcpWaitsForTheServerBehindNat) {
  serve(family(), kTcp, PL_FWD_MASQ);
  tune(PL_TUNE_REUSE | PL_TUNE_SECURE_TCP);
  const auto answered = [](std::uint8_t flags) {
    Frame f = answer(family(), kTcp);
    f.flags = flags;
    return f;
  };
  director().run(first(family(), kTcp));
  EXPECT_EQ(entry().state(), unsigned{PL_TCP_SYN_RECV});
  director().run(segment(kAck));
  EXPECT_EQ(entry().state(), unsigned{PL_TCP_SYN_RECV}) << "a client alone establishes nothing";
  director().run(answered(kSyn | kAck));
  EXPECT_EQ(entry().state(), unsigned{PL_TCP_SYNACK});
  director().run(segment(kAck));
  EXPECT_EQ(entry().state(), unsigned{PL_TCP_SYNACK});
  director().run(answered(kAck));
  EXPECT_EQ(entry().state(), unsigned{PL_TCP_ESTABLISHED});
  EXPECT_TRUE(entry().active());
}

TEST_P(Tuned, SecureTcpBeginsInSynackWhereAnswersDoNotPass) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  tune(PL_TUNE_REUSE | PL_TUNE_SECURE_TCP);
  director().run(first(family(), kTcp));
  EXPECT_EQ(entry().state(), unsigned{PL_TCP_SYNACK});
  director().run(segment(kAck));
  EXPECT_EQ(entry().state(), unsigned{PL_TCP_ESTABLISHED});
}

PLENUM_EACH_FAMILY(Tuned);

// A NAT server that sends what belongs to no connection.
class Stray : public EachProtocol {
 protected:
  static constexpr std::uint16_t kServerPort = 8080;
  std::uint32_t serve_nat() {
    serve(family(), protocol(), PL_FWD_MASQ);
    const auto server = director().add(service_, Server{.address = at().server,
                                                        .port = kServerPort,
                                                        .forward = PL_FWD_MASQ,
                                                        .next_hop = hop({.source = at().director})});
    director().add_real(server);
    return server;
  }
};

TEST_P(Stray, IsPassedUnlessTold) {
  serve_nat();
  expect_passed(director().run(answer(family(), protocol(), kServerPort)), PL_NOT_OURS);
}

TEST_P(Stray, IsToldPortUnreachable) {
  serve_nat();
  director().settings().tuning = PL_TUNE_NAT_ICMP_SEND;
  const Frame sent = answer(family(), protocol(), kServerPort);
  const Outcome run = director().run(sent);
  EXPECT_EQ(run.reason, PL_REPLY_STRAY);
  EXPECT_EQ(run.action, std::uint32_t{XDP_TX});
  const bool v6 = family() == net::Family::V6;
  Frame told;
  told.to_mac = sent.from_mac;
  told.from_mac = sent.to_mac;
  told.from = at().director;
  told.to = at().server;
  told.tos = v6 ? 0 : 0xc0;
  told.id = 0;
  told.protocol = v6 ? kIcmpv6 : kIcmp;
  told.icmp_type = v6 ? 1 : 3;
  told.icmp_code = v6 ? 4 : 3;
  told.payload = sent.packet();
  EXPECT_EQ(run.frame, told.bytes());
}

TEST_P(Stray, AResetOrAnAbortIsNoReasonToTell) {
  serve_nat();
  director().settings().tuning = PL_TUNE_NAT_ICMP_SEND;
  Frame sent = answer(family(), protocol(), kServerPort);
  if (protocol() == kTcp) sent.flags = kRst;
  if (protocol() == kSctp) sent.payload = chunk(kAbort, 0);
  EXPECT_EQ(director().run(sent).reason, protocol() == kUdp ? PL_REPLY_STRAY : PL_NOT_OURS);
}

TEST_P(Stray, OtherPortsAndServersThatWereRemovedAreNoneOfOurs) {
  const auto server = serve_nat();
  director().settings().tuning = PL_TUNE_NAT_ICMP_SEND;
  expect_passed(director().run(answer(family(), protocol(), kServerPort + 1)), PL_NOT_OURS);
  director().server(server).flags &= ~static_cast<std::uint32_t>(PL_SERVER_AVAILABLE);
  expect_passed(director().run(answer(family(), protocol(), kServerPort)), PL_NOT_OURS);
}

TEST_P(Stray, AnswersOfAConnectionGoToTheirClient) {
  serve_nat();
  director().settings().tuning = PL_TUNE_NAT_ICMP_SEND;
  ASSERT_EQ(director().run(first(family(), protocol())).reason, PL_FORWARD_NAT);
  EXPECT_EQ(director().run(answer(family(), protocol(), kServerPort)).reason, PL_FORWARD_NAT_REPLY);
}

PLENUM_EACH_PROTOCOL(Stray);

// Right behind a takeover; until the next tick, or in the past.
class Takeover : public Stray {
 protected:
  static void until(std::int32_t ticks) {
    director().settings().takeover = now_tick() + static_cast<std::uint32_t>(ticks);
  }
};

TEST_P(Takeover, AnswersOfNoConnectionAreNotSentOnUntranslated) {
  serve_nat();
  until(10000);
  for (const auto tuning : {0u, std::uint32_t{PL_TUNE_NAT_ICMP_SEND}}) {
    director().settings().tuning = tuning;
    expect_dropped(director().run(answer(family(), protocol(), kServerPort)), PL_DROP_TAKEOVER);
  }
  director().settings().tuning = 0;
  expect_passed(director().run(answer(family(), protocol(), kServerPort + 1)), PL_NOT_OURS);
}

TEST_P(Takeover, RequestsOfNoConnectionAreNotReset) {
  serve_nat();
  until(10000);
  // A datagram begins a connection by itself, and so does whatever else may.
  if (protocol() == kUdp)
    EXPECT_EQ(director().run(later(family(), protocol())).reason, PL_FORWARD_NAT);
  else
    expect_dropped(director().run(later(family(), protocol())), PL_DROP_TAKEOVER);
  EXPECT_EQ(director().run(first(family(), protocol())).reason, PL_FORWARD_NAT);
  EXPECT_EQ(director().run(later(family(), protocol())).reason, PL_FORWARD_NAT);
  EXPECT_EQ(director().run(answer(family(), protocol(), kServerPort)).reason, PL_FORWARD_NAT_REPLY);
}

TEST_P(Takeover, Ends) {
  serve_nat();
  until(-1);
  expect_passed(director().run(answer(family(), protocol(), kServerPort)), PL_NOT_OURS);
  if (protocol() != kUdp) expect_passed(director().run(later(family(), protocol())), PL_NO_SYN);
}

PLENUM_EACH_PROTOCOL(Takeover);

class ScheduleIcmp : public EachProtocol {
 protected:
  // A router's error about a packet from the virtual address to the client.
  static Frame error(std::uint16_t client_port = kClientPort) {
    Frame quoted = answer(family(), protocol());
    quoted.from = at().vip;
    quoted.sport = kVport;
    quoted.dport = client_port;
    return time_exceeded(at().vip, quoted.packet());
  }
};

TEST_P(ScheduleIcmp, OfNoConnectionIsLeftAloneUnlessTold) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  expect_passed(director().run(error()), PL_NOT_OURS);
  director().settings().tuning = PL_TUNE_SCHEDULE_ICMP;
  const auto before = now_tick();
  const Outcome run = director().run(error());
  EXPECT_EQ(run.reason, PL_FORWARD_ICMP);
  EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{{PL_EVENT_NEW, 1}}));
  const auto entry = director().entry(at().client, kClientPort).value();
  EXPECT_EQ(entry.state(), 0u);
  expect_ends(entry.expires(), before, ticks(3));
}

TEST_P(ScheduleIcmp, BehindNatItIsToldInTheServersTerms) {
  serve(family(), protocol(), PL_FWD_MASQ);
  director().settings().tuning = PL_TUNE_SCHEDULE_ICMP;
  const Outcome run = director().run(error());
  EXPECT_EQ(run.reason, PL_FORWARD_ICMP);
}

TEST_P(ScheduleIcmp, WithoutAServerItIsDropped) {
  const auto server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().set_weight(server, 0);
  director().settings().tuning = PL_TUNE_SCHEDULE_ICMP;
  expect_dropped(director().run(error()), PL_DROP_NO_SERVER);
}

TEST_P(ScheduleIcmp, AboutNoServiceItIsPassed) {
  director().settings().tuning = PL_TUNE_SCHEDULE_ICMP;
  expect_passed(director().run(error()), PL_NOT_OURS);
}

TEST_P(ScheduleIcmp, AboutFtpDataOfAServersItIsPassed) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  director().settings().tuning = PL_TUNE_SCHEDULE_ICMP;
  expect_passed(director().run(error(20)), PL_FTP_DATA);
}

// "Too big" is looked at once more, as one from inside a tunnel; what that finds are other headers.
TEST_P(ScheduleIcmp, AnErrorAboutAnErrorBeginsNothing) {
  serve(family(), protocol(), PL_FWD_ROUTE);
  director().settings().tuning = PL_TUNE_SCHEDULE_ICMP;
  Frame outer = error();
  const bool v6 = outer.v6();
  outer.icmp_type = v6 ? 2 : 3;
  outer.icmp_code = v6 ? 0 : 4;
  outer.icmp_rest = 1400;
  outer.payload = error().packet();
  expect_passed(director().run(outer), PL_NOT_OURS);
  Frame tunnelled = error();
  tunnelled.protocol = v6 ? kIpv6 : kIpIp;
  tunnelled.payload = error().packet();
  outer.payload = tunnelled.packet();
  expect_passed(director().run(outer), PL_NOT_OURS);
  EXPECT_TRUE(director().entries().empty());
}

PLENUM_EACH_PROTOCOL(ScheduleIcmp);

}  // namespace
}  // namespace plenum::packet
