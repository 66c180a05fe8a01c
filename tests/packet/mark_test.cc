// Services for firewall marks: what the rules give which packets, and that one template
// serves all of a mark's ports and addresses.

#include <linux/bpf.h>

#include "tests/packet/persistence.h"

namespace plenum::packet {
namespace {

using net::Family;

constexpr std::uint32_t kMark = 5;

net::Prefix prefix(const char* text) { return net::Prefix::parse(text).value(); }

class Mark : public PersistenceWorld {
 protected:
  void begin_mark(double persist, std::uint16_t server_port = 0, Family family = Family::V4) {
    begin(Service{.address = addresses(family).vip, .persist = persist, .mark = kMark}, server_port);
  }
};

const net::Address kClient = ip("10.0.1.50"), kOther = ip("10.0.1.51");

TEST_F(Mark, PortsShareATemplateAsRecorded) {
  begin_mark(kPersist);
  director().set_marks({{.mark = kMark, .protocol = kTcp, .first_port = 80, .last_port = 80},
                        {.mark = kMark, .protocol = kTcp, .first_port = 8080, .last_port = 8080}});
  EXPECT_EQ(sequence(clients("10.0.1.", 50, 3), 3, 80), "3 2 1");
  EXPECT_EQ(sequence(clients("10.0.1.", 50, 3), 3, 8080), "3 2 1");
  EXPECT_EQ(templates().size(), 3u);
  for (const Entry& t : templates()) {
    EXPECT_EQ(t.conn.proto, 0);
    EXPECT_EQ(t.conn.vip, __builtin_bswap32(kMark));
    EXPECT_EQ(t.conn.vport, 0);
    EXPECT_EQ(t.conn.packets, 2u);
  }
}

TEST_F(Mark, ConnectionsKeepTheirAddressAndPort) {
  const auto client = addresses(Family::V4).client;
  begin_mark(0);
  director().set_marks({{.mark = kMark}});
  const Frame sent = opening(client, 40000, 8080);
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, server(3), 8080));
  const auto entry = director().entry(client, 40000).value();
  EXPECT_EQ(entry.conn.vport, __builtin_bswap16(8080));
  Frame back = answer(Family::V4, kTcp, 8080);
  back.from = server(3);
  back.to = client;
  back.dport = 40000;
  expect(director().run(back), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(back, vip_, 8080));
}

TEST_F(Mark, AServersOwnPortHoldsForAllPortsWithoutPersistenceAndForNoneWith) {
  begin_mark(0, 8000);
  director().set_marks({{.mark = kMark}});
  Frame sent = opening(kClient, 40000, 80);
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, server(3), 8000));
  director().reset();
  begin_mark(kPersist, 8000);
  for (int i = 1; i <= 3; ++i) director().server(servers_[i]).port_for = PL_PORT_FOR_NONE;
  director().set_marks({{.mark = kMark}});
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, server(3), 80));
}

TEST_F(Mark, ProtocolsShareATemplateToo) {
  begin_mark(kPersist);
  director().set_marks({{.mark = kMark}});
  EXPECT_EQ(open(kClient, 40000, 80), 3);
  EXPECT_EQ(open(kOther, 40000, 80), 2);
  protocol_ = kUdp;
  EXPECT_EQ(open(kClient, 40001, 53), 3);
  EXPECT_EQ(templates().size(), 2u);
}

TEST_F(Mark, WithoutServersCacheBypassLetsPacketsGoOn) {
  begin_mark(0);
  director().set_marks({{.mark = kMark}});
  for (int i = 1; i <= 3; ++i) director().set_weight(servers_[i], 0);
  EXPECT_EQ(director().run(opening(kClient, 40000, 80)).reason, PL_REPLY_NO_SERVER);
  director().settings().tuning |= PL_TUNE_CACHE_BYPASS;
  expect_passed(director().run(opening(kClient, 40000, 80)), PL_NOT_OURS);
}

TEST_F(Mark, AMarkComesBeforeTheAddress) {
  begin_mark(0);
  director().set_marks({{.mark = kMark, .source = prefix("10.0.1.50/32")}});
  const std::uint32_t web = director().add(Service{kTcp, vip_, kVport, PL_SCHED_RR});
  const std::uint32_t plain = director().add(web, Server{.address = ip("10.0.2.99"), .next_hop = 1});
  EXPECT_EQ(open(kClient, 40000), 3);
  director().run(opening(kOther, 40001, kVport));
  EXPECT_EQ(director().stats(plain).connections, 1u);
}

TEST_F(Mark, AMarkWithoutAServiceIsAsNone) {
  begin(Service{.address = addresses(Family::V4).vip, .port = kVport});
  const std::uint32_t six = director().add(Service{.address = addresses(Family::V6).vip, .mark = 9});
  director().add(six, Server{.address = ip("fd02::99"), .next_hop = 1});
  director().set_marks({{.mark = 9}});
  EXPECT_EQ(open(kClient, 40000), 3) << "the mark's service is another family's";
}

TEST_F(Mark, TheFirstRuleThatMatchesCounts) {
  begin_mark(0);
  director().set_marks({{.mark = 77, .first_port = 443, .last_port = 443}, {.mark = kMark}});
  EXPECT_EQ(open(kClient, 40000, 80), 3);
  expect_passed(director().run(opening(kClient, 40001, 443)), PL_NOT_OURS);
}

struct RuleCase {
  const char* name;
  MarkRule rule;
  bool matches;
};

TEST_F(Mark, RulesMatchByEachOfTheirParts) {
  const RuleCase cases[] = {
      {"any", {}, true},
      {"protocol", {.protocol = kTcp}, true},
      {"other protocol", {.protocol = kUdp}, false},
      {"port in the middle", {.first_port = 8000, .last_port = 8100}, true},
      {"first port", {.first_port = 8080, .last_port = 8100}, true},
      {"last port", {.first_port = 8000, .last_port = 8080}, true},
      {"ports above", {.first_port = 8081, .last_port = 8100}, false},
      {"ports below", {.first_port = 1, .last_port = 8079}, false},
      {"source network", {.source = prefix("10.0.0.0/16")}, true},
      {"source of one bit less", {.source = prefix("10.0.1.48/30")}, true},
      {"other source network", {.source = prefix("10.0.1.52/30")}, false},
      {"destination", {.destination = prefix("198.51.100.7/32")}, true},
      {"other destination", {.destination = prefix("198.51.100.6/32")}, false},
      {"no address at all of IPv4", {.source = prefix("0.0.0.0/0")}, true},
      {"IPv6", {.source = prefix("fd00::/8")}, false},
      {"interface", {.ifindex = kIngress}, true},
      {"other interface", {.ifindex = kIngress + 1}, false},
  };
  for (const RuleCase& one : cases) {
    director().reset();
    begin_mark(0);
    vip_ = ip("198.51.100.7");
    MarkRule rule = one.rule;
    rule.mark = kMark;
    director().set_marks({rule});
    EXPECT_EQ(open(ip("10.0.1.50"), 40000, 8080), one.matches ? 3 : 0) << one.name;
  }
}

TEST_F(Mark, AsManyRulesAsThereIsRoomFor) {
  begin_mark(0);
  std::vector<MarkRule> rules(PL_MARK_RULES, {.mark = 77, .first_port = 1, .last_port = 1});
  rules.back() = {.mark = kMark, .first_port = 80, .last_port = 80};
  director().set_marks(rules);
  EXPECT_EQ(open(kClient, 40000, 80), 3);
}

TEST_F(Mark, Ipv6) {
  begin_mark(kPersist, 0, Family::V6);
  director().set_marks({{.mark = kMark, .source = prefix("fd01::/64")}});
  EXPECT_EQ(open(ip("fd01::50"), 40000, 80), 3);
  EXPECT_EQ(open(ip("fd01::51"), 40000, 80), 2);
  EXPECT_EQ(open(ip("fd01::50"), 40001, 8080), 3);
  const auto all = templates();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(director().bucket(all[0].bucket).upper[all[0].slot].vip[0], __builtin_bswap32(kMark));
  EXPECT_EQ(all[0].conn.vip, 0u);
}

}  // namespace
}  // namespace plenum::packet
