// What the director says it would do with a packet against what the program then does with it,
// one case after the other: marks, persistence, FTP, every port, one packet, SIP, and what lblc,
// lblcr, the hashes and chance go by.

#include <linux/bpf.h>

#include <cmath>

#include "lb/explain/explanation.h"
#include "tests/packet/persistence.h"

namespace plenum::packet {
namespace {

using lb::Affinity;
using lb::FoundBy;
using net::Family;

constexpr std::uint32_t kMark = 5, kOtherInterface = 77;

class ExplainedCase : public PersistenceWorld, public testing::WithParamInterface<Family> {
 protected:
  static Service service(std::uint16_t port, double persist, std::uint8_t protocol = kTcp) {
    return {.protocol = protocol, .address = addresses(GetParam()).vip, .port = port, .persist = persist};
  }
  static Service marked(double persist) {
    return {.address = addresses(GetParam()).vip, .persist = persist, .mark = kMark};
  }
  static net::Address client(int n) {
    return ip(((GetParam() == Family::V4 ? "10.0.1." : "fd01::") + std::to_string(n)).c_str());
  }
  Frame frame(int from, std::uint16_t vport = kVport) { return opening(client(from), next_port_++, vport); }

  static lb::Probe probe_of(const Frame& f, std::uint8_t protocol) {
    return {.source = {f.from, f.sport},
            .destination = {f.to, f.dport},
            .protocol = protocol,
            .ifindex = kIngress,
            .length = static_cast<std::uint32_t>(f.bytes().size() - 14)};
  }
  std::vector<std::uint64_t> packets() {
    std::vector<std::uint64_t> out;
    for (std::uint32_t i = 0; i < 10; ++i) out.push_back(director().stats(i).in_packets);
    return out;
  }

  // What is told, after the packet did just that.
  lb::Decision agree(const Frame& f) {
    const auto told = lb::decide(director().view(), probe_of(f, protocol_), now_tick());
    text_ = lb::explain(director().view(), probe_of(f, protocol_), now_tick(),
                        {[](std::uint32_t i) { return "if" + std::to_string(i); },
                         [](const net::Address&) { return std::string("no route"); }});
    const auto before = packets();
    last_ = director().run(f);
    const auto after = packets();
    EXPECT_EQ(std::string(name_of(told.verdict)), name_of(last_.reason));
    std::uint32_t got = 0;
    for (std::uint32_t i = 0; i < after.size(); ++i)
      if (after[i] != before[i]) got = i;
    if (told.choice && !told.choice->foretold) {
      EXPECT_EQ(told.server, 0u);
    } else {
      EXPECT_EQ(told.server, got) << text_.why;
    }
    return told;
  }

  lb::Explanation text_;
};

INSTANTIATE_TEST_SUITE_P(, ExplainedCase, testing::ValuesIn(kBothFamilies),
                         [](const auto& family) { return std::string(name_of(family.param)); });

TEST_P(ExplainedCase, ClientsOfANetworkShareATemplate) {
  auto persistent = service(kVport, kPersist);
  persistent.prefix = GetParam() == Family::V4 ? 24 : 64;
  begin(persistent);
  EXPECT_EQ(agree(frame(50)).affinity, Affinity::New);
  const auto network = GetParam() == Family::V4 ? std::string("10.0.1.0/24") : std::string("fd01::/64");
  const auto key = "template of " + network + " for TCP " + net::Endpoint{vip_, kVport}.text();
  EXPECT_EQ(text_.persistence, "no " + key + " yet; it is made for 60 s");
  EXPECT_EQ(agree(frame(51)).affinity, Affinity::Kept);
  EXPECT_TRUE(text_.persistence.starts_with(key + " on " + net::Endpoint{server(3), kVport}.text() + ", ends in "))
      << text_.persistence;
  EXPECT_TRUE(text_.rule.empty()) << "no scheduler is asked";
}

TEST_P(ExplainedCase, TemplatesEnd) {
  begin(service(kVport, kPersist));
  agree(frame(50));
  director().set_expiry(only_template(), now_tick() - ticks(5));
  EXPECT_EQ(agree(frame(50)).affinity, Affinity::Kept) << "by its connection";
  EXPECT_NE(text_.persistence.find("kept past its time"), std::string::npos) << text_.persistence;
  const auto entry = only_template();
  director().set_expiry(entry, now_tick() - ticks(5));
  director().bucket(entry.bucket).conn[entry.slot].packets = 0;
  EXPECT_EQ(agree(frame(50)).affinity, Affinity::Over);
  EXPECT_NE(text_.persistence.find(" s ago; the next is for 60 s"), std::string::npos) << text_.persistence;
  EXPECT_EQ(agree(frame(50)).affinity, Affinity::Kept);
}

TEST_P(ExplainedCase, TemplatesLoseTheirServer) {
  begin(service(kVport, kPersist));
  EXPECT_EQ(agree(frame(50)).server, servers_[3]);
  director().remove(servers_[3]);
  for (int i = 1; i <= 2; ++i) director().set_weight(servers_[i], 0);
  auto told = agree(frame(50));
  EXPECT_EQ(told.affinity, Affinity::ServerGone);
  EXPECT_EQ(told.verdict, PL_REPLY_NO_SERVER);
  EXPECT_EQ(agree(frame(50)).affinity, Affinity::Over);
  EXPECT_NE(text_.persistence.find("counts no more"), std::string::npos) << text_.persistence;
  director().set_weight(servers_[1], 1);
  EXPECT_EQ(agree(frame(50)).server, servers_[1]);
}

TEST_P(ExplainedCase, ServersOfWeightZeroKeepTheirClientsUnlessTold) {
  begin(service(kVport, kPersist));
  agree(frame(50));
  director().set_weight(servers_[3], 0);
  EXPECT_EQ(agree(frame(50)).affinity, Affinity::Kept);
  director().settings().tuning |= PL_TUNE_EXPIRE_QUIESCENT;
  EXPECT_EQ(agree(frame(50)).affinity, Affinity::Quiescent);
}

TEST_P(ExplainedCase, EveryPort) {
  begin(service(0, kPersist));
  auto told = agree(frame(50, 4711));
  EXPECT_EQ(told.found_by, FoundBy::AnyPort);
  told = agree(frame(50, 8080));
  EXPECT_EQ(told.affinity, Affinity::Kept);
  EXPECT_NE(text_.persistence.find("for all ports of " + vip_.text()), std::string::npos) << text_.persistence;
  director().reset();
  begin(service(0, 0));
  told = agree(frame(50, 4711));
  EXPECT_TRUE(told.other_port);
  EXPECT_EQ(told.verdict, PL_REPLY_NO_SERVER);
  EXPECT_EQ(text_.note, "only a persistent service takes packets to other ports than its own");
}

TEST_P(ExplainedCase, Ftp) {
  begin(service(21, kPersist));
  EXPECT_EQ(agree(frame(50, 21)).found_by, FoundBy::Port);
  for (const std::uint16_t port : {20, 1024, 40000}) {
    const auto told = agree(frame(50, port));
    EXPECT_EQ(told.found_by, FoundBy::Ftp);
    EXPECT_EQ(told.affinity, Affinity::Kept) << "of the control connection";
  }
  EXPECT_EQ(agree(frame(50, 1023)).verdict, PL_NOT_OURS);
  EXPECT_EQ(agree(opening(client(50), 20, 21)).verdict, PL_FTP_DATA);
  director().reset();
  begin(service(21, 0));
  EXPECT_EQ(agree(frame(50, 2000)).verdict, PL_NOT_OURS);
}

TEST_P(ExplainedCase, Marks) {
  begin(marked(0));
  director().set_marks({{.mark = 9, .protocol = kTcp, .first_port = 8080, .last_port = 8081},
                        {.mark = 7, .ifindex = kOtherInterface},
                        {.mark = kMark, .first_port = 80, .last_port = 80, .ifindex = kIngress}});
  auto told = agree(frame(50));
  EXPECT_EQ(told.found_by, FoundBy::Mark);
  EXPECT_EQ(told.mark_rule, 3u);
  EXPECT_EQ(text_.found_by, "firewall mark 5 of mark rule (all port 80 in by if1)");
  EXPECT_EQ(text_.service, GetParam() == Family::V4 ? "FWM 5" : "FWM 5 IPv6");
  told = agree(frame(50, 8081));
  EXPECT_EQ(told.mark, 9u);
  EXPECT_EQ(text_.found_by, "no service (firewall mark 9 of mark rule (tcp ports 8080-8081), which has no service)");
  // Not said where it comes in: no rule that names an interface holds, and the first is named.
  auto probe = probe_of(frame(50), kTcp);
  probe.ifindex = 0;
  const auto unsaid =
      lb::explain(director().view(), probe, now_tick(), {[](std::uint32_t i) { return "if" + std::to_string(i); }, {}});
  EXPECT_EQ(unsaid.found_by, "no service (no firewall mark; by --interface if77 it were mark 7)");
  EXPECT_EQ(unsaid.verdict, "not_ours");
}

TEST_P(ExplainedCase, MarksWithPersistence) {
  begin(marked(kPersist));
  director().set_marks({{.mark = kMark}});
  EXPECT_EQ(agree(frame(50)).affinity, Affinity::New);
  agree(frame(51));
  const auto told = agree(frame(50, 443));
  EXPECT_EQ(told.affinity, Affinity::Kept);
  EXPECT_NE(text_.persistence.find("for all of FWM 5"), std::string::npos) << text_.persistence;
}

TEST_P(ExplainedCase, MarksWithoutServers) {
  begin(marked(0));
  director().set_marks({{.mark = kMark}});
  for (int i = 1; i <= 3; ++i) director().set_weight(servers_[i], 0);
  EXPECT_EQ(agree(frame(50)).verdict, PL_REPLY_NO_SERVER);
  director().settings().tuning |= PL_TUNE_CACHE_BYPASS;
  const auto told = agree(frame(50));
  EXPECT_EQ(told.verdict, PL_NOT_OURS);
  EXPECT_TRUE(told.bypassed);
}

TEST_P(ExplainedCase, OnePacket) {
  for (const double persist : {0.0, kPersist}) {
    director().reset();
    auto one = service(kVport, persist, kUdp);
    one.flags = PL_SERVICE_ONE_PACKET;
    begin(one);
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(agree(opening(client(50), 4000, kVport)).one_packet);
      EXPECT_EQ(text_.note, "one packet: each is scheduled alone, and no connection is made");
    }
    EXPECT_TRUE(connections().empty());
  }
}

TEST_P(ExplainedCase, SipIsToldOfANewCall) {
  auto sip = service(5060, kPersist, kUdp);
  sip.flags = PL_SERVICE_SIP;
  begin(sip);
  for (int i = 0; i < 5; ++i) {
    auto f = frame(50, 5060);
    const auto call = "INVITE sip:bob SIP/2.0\r\nCall-ID: call" + std::to_string(i) + "@x\r\n\r\n";
    f.payload.assign(call.begin(), call.end());
    const auto told = agree(f);
    EXPECT_EQ(told.affinity, Affinity::CallId);
    EXPECT_FALSE(told.foretold);
    EXPECT_NE(text_.persistence.find("Call-ID"), std::string::npos);
  }
  director().reset();
  auto any = marked(kPersist);
  any.flags = PL_SERVICE_SIP;
  begin(any);
  director().set_marks({{.mark = kMark}});
  EXPECT_EQ(agree(frame(50)).verdict, PL_DROP_NO_CALL_ID) << "TCP has none";
}

TEST_P(ExplainedCase, OverloadedServersAreNamed) {
  begin({.address = addresses(GetParam()).vip, .scheduler = PL_SCHED_WLC});
  director().set_limits(servers_[3], 1, 0);
  EXPECT_EQ(agree(frame(50)).server, servers_[3]);
  EXPECT_EQ(agree(frame(50)).server, servers_[2]);
  ASSERT_EQ(text_.candidates.size(), 3u);
  EXPECT_TRUE(text_.candidates[0].overloaded);
  EXPECT_EQ(text_.candidates[0].note, "is overloaded: had 1 connections, takes more when they are below 1");
}

TEST_P(ExplainedCase, StraysRightBehindATakeover) {
  begin(service(kVport, 0), kVport);
  director().settings().takeover = now_tick() + 10000;
  director().add_real(servers_[2]);
  Frame f = answer(GetParam(), kTcp);
  f.from = server(2);
  f.to = client(50);
  for (Frame sent : {f, later(GetParam(), kTcp)}) {
    auto probe = probe_of(sent, kTcp);
    probe.first = false;
    EXPECT_EQ(lb::decide(director().view(), probe, now_tick()).verdict, PL_DROP_TAKEOVER);
    EXPECT_EQ(director().run(sent).reason, PL_DROP_TAKEOVER);
  }
}

TEST_P(ExplainedCase, ANatServersStrayPacket) {
  begin(service(kVport, 0), kVport);
  director().settings().tuning |= PL_TUNE_NAT_ICMP_SEND;
  director().add_real(servers_[2]);
  Frame f = answer(GetParam(), kTcp);
  f.from = server(2);
  f.to = client(50);
  auto probe = probe_of(f, kTcp);
  probe.first = false;
  const auto told = lb::decide(director().view(), probe, now_tick());
  EXPECT_EQ(told.verdict, PL_REPLY_STRAY);
  EXPECT_EQ(director().run(f).reason, told.verdict);
}

// ---- schedulers ----

class ExplainedScheduler : public ExplainedCase {
 protected:
  void begin_with(pl_scheduler scheduler, std::uint32_t flags = 0) {
    begin({.address = addresses(GetParam()).vip, .scheduler = scheduler, .scheduler_flags = flags});
  }
  pl_locality_key key() { return {to_abi(vip_), service_, director().service(service_).epoch}; }
  int localities() const { return bpf_object__find_map_fd_by_name(director().object(), "pl_localities"); }
  pl_locality known() {
    pl_locality out{};
    const auto of = key();
    EXPECT_EQ(bpf_map_lookup_elem(localities(), &of, &out), 0);
    return out;
  }
  void set_known(const pl_locality& value) {
    const auto of = key();
    EXPECT_EQ(bpf_map_update_elem(localities(), &of, &value, BPF_EXIST), 0);
  }
  bool said(const std::string& words) const { return text_.why.find(words) != std::string::npos; }
};

INSTANTIATE_TEST_SUITE_P(, ExplainedScheduler, testing::ValuesIn(kBothFamilies),
                         [](const auto& family) { return std::string(name_of(family.param)); });

TEST_P(ExplainedScheduler, LblcKeepsADestinationOnItsServer) {
  begin_with(PL_SCHED_LBLC);
  EXPECT_EQ(agree(frame(50)).server, servers_[3]);
  EXPECT_TRUE(said("was not sent anywhere yet")) << text_.why;
  EXPECT_EQ(agree(frame(51)).server, servers_[3]);
  EXPECT_TRUE(said("forgotten after")) << text_.why;
  // Its thresholds do not count, its removal, weight and what it has to do beside the others do.
  director().set_limits(servers_[3], 1, 0);
  director().set_load(servers_[3], {.active = 1, .inactive = 0});
  EXPECT_EQ(agree(frame(52)).server, servers_[3]);
  director().set_limits(servers_[3], 0, 0);
  director().set_load(servers_[3], {.active = 5, .inactive = 0});
  EXPECT_EQ(agree(frame(53)).server, servers_[2]);
  EXPECT_TRUE(said("has 5 active connections with weight 1, while 2 servers")) << text_.why;
  director().set_weight(servers_[2], 0);
  EXPECT_EQ(agree(frame(54)).server, servers_[1]);
  EXPECT_TRUE(said("has weight 0")) << text_.why;
  director().set_weight(servers_[2], 1);
  director().remove(servers_[1]);
  EXPECT_NE(agree(frame(55)).server, servers_[1]);
  EXPECT_TRUE(said("is there no more")) << text_.why;
}

TEST_P(ExplainedScheduler, LblcForgets) {
  begin_with(PL_SCHED_LBLC);
  EXPECT_EQ(agree(frame(50)).server, servers_[3]);
  auto entry = known();
  entry.used = now_tick() - director().settings().lblc_expiration - ticks(5);
  set_known(entry);
  EXPECT_EQ(agree(frame(51)).server, servers_[2]);
  EXPECT_TRUE(said("is forgotten after 86400 s")) << text_.why;
}

TEST_P(ExplainedScheduler, LblcrAddsServersUnderLoadAndLetsThemGo) {
  begin_with(PL_SCHED_LBLCR);
  EXPECT_EQ(agree(frame(50)).server, servers_[3]);
  director().set_load(servers_[3], {.active = 5, .inactive = 0});
  EXPECT_EQ(agree(frame(51)).server, servers_[2]);
  EXPECT_TRUE(said("has 5 active connections")) << text_.why;
  EXPECT_EQ(known().count, 2u);
  EXPECT_EQ(agree(frame(52)).server, servers_[2]);
  auto entry = known();
  director().set_load(servers_[2], {.active = 0, .inactive = 0});
  entry.changed = now_tick() - director().settings().lblcr_expiration - ticks(5);
  set_known(entry);
  EXPECT_EQ(agree(frame(53)).server, servers_[2]);
  EXPECT_TRUE(said("has most to do and leaves")) << text_.why;
  EXPECT_EQ(known().count, 1u);
}

TEST_P(ExplainedScheduler, HashesFallBackWhereTheyMay) {
  for (const auto scheduler : {PL_SCHED_SH, PL_SCHED_MH})
    for (const std::uint32_t flags :
         {0u, static_cast<unsigned>(PL_SCHED_FALLBACK), static_cast<unsigned>(PL_SCHED_PORT),
          static_cast<unsigned>(PL_SCHED_FALLBACK | PL_SCHED_PORT)}) {
      director().reset();
      begin_with(scheduler, flags);
      director().set_weight(servers_[1], 3);
      director().set_weight(servers_[2], 0);
      director().set_limits(servers_[3], 3, 2);
      int fell = 0, refused = 0;
      for (int i = 0; i < 60; ++i) {
        const auto told = agree(frame(i % 30));
        fell += said("; fallback ") ? 1 : 0;
        refused += told.verdict == PL_REPLY_NO_SERVER ? 1 : 0;
        EXPECT_TRUE(said(" has slot ")) << text_.why;
      }
      EXPECT_EQ(fell > 0, (flags & PL_SCHED_FALLBACK) != 0);
      EXPECT_EQ(refused > 0, (flags & PL_SCHED_FALLBACK) == 0);
    }
}

TEST_P(ExplainedScheduler, DhNamesTheDestinationsSlot) {
  begin_with(PL_SCHED_DH);
  const auto told = agree(frame(50));
  EXPECT_NE(told.server, 0u);
  EXPECT_TRUE(said(vip_.text() + " has slot ")) << text_.why;
  director().set_weight(told.server, 0);
  EXPECT_EQ(agree(frame(51)).verdict, PL_REPLY_NO_SERVER);
  EXPECT_TRUE(said("which has weight 0")) << text_.why;
}

TEST_P(ExplainedScheduler, ChanceKeepsToTheOddsTold) {
  auto one = service(kVport, 0, kUdp);
  one.scheduler = PL_SCHED_TWOS;
  one.flags = PL_SERVICE_ONE_PACKET;
  begin(one);
  for (int i = 1; i <= 3; ++i) director().set_weight(servers_[i], static_cast<std::uint32_t>(i));
  director().set_load(servers_[1], {.active = 1, .inactive = 0});
  director().set_load(servers_[2], {.active = 2, .inactive = 0});
  director().set_load(servers_[3], {.active = 9, .inactive = 0});
  const auto told = agree(frame(50));
  ASSERT_TRUE(told.choice);
  EXPECT_FALSE(told.foretold);
  constexpr int kPackets = 4000;
  const auto before = packets();
  const auto bytes = frame(51).bytes();
  for (int i = 0; i < kPackets; ++i) director().run_only(bytes);
  const auto after = packets();
  double sum = 0;
  for (const auto& c : told.choice->candidates) {
    const auto got = static_cast<double>(after[c.server] - before[c.server]);
    EXPECT_NEAR(got, kPackets * c.odds, 6 * std::sqrt(kPackets * c.odds * (1 - c.odds))) << c.server;
    EXPECT_GT(c.odds, 0.1);
    sum += c.odds;
  }
  EXPECT_NEAR(sum, 1, 1e-9);
  // Where one alone may be chosen there is no chance.
  director().set_weight(servers_[1], 0);
  director().set_weight(servers_[2], 0);
  EXPECT_EQ(agree(frame(52)).server, servers_[3]);
}

}  // namespace
}  // namespace plenum::packet
