// Persistence: sequences recorded from IPVS (Linux 6.1), and the life of templates as
// ip_vs_sched_persist and ip_vs_conn_expire have it.

#include "tests/packet/persistence.h"

#include <linux/bpf.h>

namespace plenum::packet {
namespace {

using net::Family;

class Persistence : public PersistenceWorld {};

const net::Address kClient = ip("10.0.1.50"), kOther = ip("10.0.1.51");

TEST_F(Persistence, EachClientKeepsItsServerAsRecorded) {
  begin(persistent(Family::V4));
  EXPECT_EQ(sequence(clients("10.0.1.", 50, 3), 12), "3 2 1 3 2 1 3 2 1 3 2 1");
  EXPECT_EQ(templates().size(), 3u);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(director().load(servers_[i]).persistent, 1u);
    EXPECT_EQ(director().load(servers_[i]).active, 4u) << "templates are no connections";
    EXPECT_EQ(director().load(servers_[i]).inactive, 0u);
    EXPECT_EQ(director().stats(servers_[i]).connections, 4u);
  }
  EXPECT_EQ(director().count(PL_EVENT_TEMPLATE), 3u);
  EXPECT_EQ(director().count(PL_EVENT_NEW), 12u);
}

TEST_F(Persistence, ATemplateIsKeyedByTheClientAloneOfItsPort) {
  begin(persistent(Family::V4));
  const auto before = now_tick();
  open(kClient, 40000);
  const Entry t = only_template();
  EXPECT_EQ(t.conn.client, to_abi(kClient).w[3]);
  EXPECT_EQ(t.conn.client_port, 0);
  EXPECT_EQ(t.conn.vip, to_abi(vip_).w[3]);
  EXPECT_EQ(t.conn.vport, __builtin_bswap16(kVport));
  EXPECT_EQ(t.conn.proto, kTcp);
  EXPECT_EQ(t.conn.packets, 1u) << "connections it controls";
  expect_ends(t.expires(), before, ticks(kPersist));
}

TEST_F(Persistence, ClientsOfOneNetworkShareATemplateAsRecorded) {
  Service service = persistent(Family::V4);
  service.prefix = 24;
  begin(service);
  EXPECT_EQ(sequence(clients("10.0.1.", 50, 16), 12), "3 3 3 3 3 3 3 3 3 3 3 3");
  EXPECT_EQ(only_template().conn.client, to_abi(ip("10.0.1.0")).w[3]);
}

TEST_F(Persistence, NetworksOfFourAddressesAsRecorded) {
  Service service = persistent(Family::V4);
  service.prefix = 30;
  begin(service);
  EXPECT_EQ(sequence(clients("10.0.1.", 50, 16), 16), "3 3 2 2 2 2 1 1 1 1 3 3 3 3 2 2");
}

TEST_F(Persistence, Ipv6NetworksAsRecorded) {
  Service service = persistent(Family::V6);
  service.prefix = 124;
  begin(service);
  auto sixteen = clients("fd01::", 50, 10);
  for (const auto& more : clients("fd01::", 60, 6)) sixteen.push_back(more);
  EXPECT_EQ(sequence(sixteen, 16), "3 3 3 3 3 3 3 3 3 3 2 2 2 2 2 2");
  EXPECT_EQ(templates().size(), 2u);
}

TEST_F(Persistence, Ipv6PrefixesCutAtEveryBit) {
  for (const unsigned prefix : {1u, 31u, 32u, 33u, 64u, 95u, 96u, 97u, 127u, 128u}) {
    director().reset();
    Service service = persistent(Family::V6);
    service.prefix = prefix;
    begin(service);
    // Two clients that differ in the bit behind the prefix, and two that differ in its last.
    auto base = ip("2001:db8:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa");
    const auto with_bit_flipped = [&base](unsigned bit) {
      auto octets = base.mapped();
      octets[bit / 8] = static_cast<std::uint8_t>(octets[bit / 8] ^ (0x80 >> bit % 8));
      return net::Address::v6_bytes(octets.data());
    };
    const int server = open(base, 1024);
    if (prefix < 128) {
      EXPECT_EQ(open(with_bit_flipped(prefix), 1025), server) << prefix;
    }
    EXPECT_NE(open(with_bit_flipped(prefix - 1), 1026), server) << prefix;
  }
}

TEST_F(Persistence, EveryPortServiceSharesOneTemplateAmongPortsAsRecorded) {
  begin(persistent(Family::V4, 0));
  EXPECT_EQ(sequence({"10.0.1.50"}, 3, 80), "3 3 3");
  EXPECT_EQ(sequence({"10.0.1.50"}, 3, 8080), "3 3 3");
  EXPECT_EQ(sequence({"10.0.1.51"}, 3, 80), "2 2 2");
  EXPECT_EQ(templates().size(), 2u);
  for (const Entry& t : templates()) EXPECT_EQ(t.conn.vport, 0);
}

TEST_F(Persistence, APortOfItsOwnComesBeforeEveryPort) {
  begin(persistent(Family::V4, 0));
  const std::uint32_t web = director().add(Service{kTcp, vip_, 80, PL_SCHED_RR});
  const std::uint32_t server = director().add(web, Server{.address = ip("10.0.2.99"), .next_hop = 1});
  director().run(opening(kClient, 40000, 80));
  EXPECT_EQ(director().stats(server).connections, 1u);
  EXPECT_EQ(open(kClient, 40001, 81), 3);
}

TEST_F(Persistence, EveryPortWithoutPersistenceIsRefusedAsIpvsDoes) {
  begin(Service{.address = addresses(Family::V4).vip, .port = 0});
  EXPECT_EQ(director().run(opening(kClient, 40000, 80)).reason, PL_REPLY_NO_SERVER);
  EXPECT_TRUE(director().entries().empty());
}

TEST_F(Persistence, OtherProtocolsAreOtherClients) {
  begin(persistent(Family::V4));
  open(kClient, 40000);
  Service udp = persistent(Family::V4);
  udp.protocol = kUdp;
  const std::uint32_t other = director().add(udp);
  director().add(other, Server{.address = ip("10.0.2.99"), .next_hop = 1});
  protocol_ = kUdp;
  director().run(opening(kClient, 40000, kVport));
  EXPECT_EQ(templates().size(), 2u);
}

TEST_F(Persistence, EachNewConnectionBeginsTheTimeAgain) {
  begin(persistent(Family::V4));
  open(kClient, 40000);
  director().set_expiry(only_template(), now_tick() + ticks(kPersist / 2));
  const auto before = now_tick();
  open(kClient, 40001);
  expect_ends(only_template().expires(), before, ticks(kPersist));
  EXPECT_EQ(only_template().conn.packets, 2u);
}

TEST_F(Persistence, PacketsOfAConnectionLeaveTheTimeAlone) {
  begin(persistent(Family::V4));
  open(kClient, 40000);
  director().set_expiry(only_template(), 12345678);
  Frame f = opening(kClient, 40000, kVport);
  f.flags = kAck;
  director().run(f);
  EXPECT_EQ(only_template().expires(), 12345678u);
}

TEST_F(Persistence, AnExpiredTemplateIsForgotten) {
  begin(persistent(Family::V4));
  EXPECT_EQ(open(kClient, 40000), 3);
  for (const Entry& e : director().entries()) director().set_expiry(e, now_tick() - 1);
  for (const Entry& e : templates()) director().bucket(e.bucket).conn[e.slot].packets = 0;
  EXPECT_EQ(open(kClient, 40001), 2);
}

TEST_F(Persistence, ATemplatePastItsTimeIsKeptByItsConnectionsWithAMinuteFromThenOn) {
  begin(persistent(Family::V4));
  EXPECT_EQ(open(kClient, 40000), 3);
  director().set_expiry(only_template(), now_tick() - 1);
  auto before = now_tick();
  EXPECT_EQ(open(kClient, 40001), 3);
  expect_ends(only_template().expires(), before, PL_TEMPLATE_GRACE);
  before = now_tick();
  open(kClient, 40002);
  expect_ends(only_template().expires(), before, PL_TEMPLATE_GRACE);
}

TEST_F(Persistence, AServerOfWeightZeroKeepsItsClientsAndGetsNoOthers) {
  begin(persistent(Family::V4));
  EXPECT_EQ(open(kClient, 40000), 3);
  director().set_weight(servers_[3], 0);
  EXPECT_EQ(open(kClient, 40001), 3);
  EXPECT_EQ(sequence(clients("10.0.1.", 60, 4), 4), "2 1 2 1");
}

TEST_F(Persistence, WithExpireQuiescentTemplateAServerOfWeightZeroLosesItsClients) {
  begin(persistent(Family::V4));
  EXPECT_EQ(open(kClient, 40000), 3);
  director().settings().tuning |= PL_TUNE_EXPIRE_QUIESCENT;
  EXPECT_EQ(open(kClient, 40001), 3);
  director().set_weight(servers_[3], 0);
  EXPECT_EQ(open(kClient, 40002), 2);
  EXPECT_EQ(invalid_templates().size(), 1u);
}

TEST_F(Persistence, ClientsOfARemovedServerAreScheduledAnew) {
  begin(persistent(Family::V4));
  EXPECT_EQ(open(kClient, 40000), 3);
  director().set_weight(servers_[3], 0);
  director().server(servers_[3]).flags = 0;
  EXPECT_EQ(open(kClient, 40001), 2);
  EXPECT_EQ(only_template().conn.server, servers_[2]);
  ASSERT_EQ(invalid_templates().size(), 1u);
  EXPECT_EQ(invalid_templates()[0].conn.packets, 1u) << "the old connection is still its";
  EXPECT_EQ(director().load(servers_[3]).persistent, 1u) << "until it ends";
  director().server(servers_[3]).flags = PL_SERVER_AVAILABLE;
  EXPECT_EQ(open(kClient, 40002), 2) << "an invalid template does not come back with its server";
}

TEST_F(Persistence, ASlotGivenToAnotherServerHasNoClients) {
  begin(persistent(Family::V4));
  EXPECT_EQ(open(kClient, 40000), 3);
  ++director().server(servers_[3]).generation;
  EXPECT_EQ(open(kClient, 40001), 2);
}

TEST_F(Persistence, ConnectionsCountInTheirTemplateUntilTheyEnd) {
  begin(persistent(Family::V4));
  open(kClient, 40000);
  open(kClient, 40001);
  EXPECT_EQ(only_template().conn.packets, 2u);
  // With expire_nodest_conn a SYN to a server of weight 0 ends one connection and begins another.
  director().settings().tuning |= PL_TUNE_REUSE | PL_TUNE_EXPIRE_NODEST;
  director().set_weight(servers_[3], 0);
  EXPECT_EQ(open(kClient, 40000), 3);
  EXPECT_EQ(director().count(PL_EVENT_REUSED), 1u);
  EXPECT_EQ(only_template().conn.packets, 2u);
}

TEST_F(Persistence, AnEstablishedConnectionAssuresItsTemplate) {
  begin(persistent(Family::V4));
  open(kClient, 40000);
  EXPECT_EQ(only_template().state(), 0u);
  Frame f = opening(kClient, 40000, kVport);
  f.flags = kAck;
  director().run(f);
  EXPECT_EQ(only_template().state(), unsigned{PL_TEMPLATE_ASSURED});
}

TEST_F(Persistence, AnAnswerAssuresTheTemplateOfAUdpClient) {
  const auto client = addresses(Family::V4).client;
  Service service = persistent(Family::V4);
  service.protocol = kUdp;
  begin(service);
  ASSERT_EQ(open(client, 40000), 3);
  open(client, 40000);
  EXPECT_EQ(only_template().state(), 0u);
  Frame f = answer(Family::V4, kUdp);
  f.from = server(3);
  f.to = client;
  f.dport = 40000;
  EXPECT_EQ(director().run(f).reason, PL_FORWARD_NAT_REPLY);
  EXPECT_EQ(only_template().state(), unsigned{PL_TEMPLATE_ASSURED});
}

TEST_F(Persistence, NoServerIsToldToTheClientAndLeavesNothingBehind) {
  begin(persistent(Family::V4));
  for (int i = 1; i <= 3; ++i) director().set_weight(servers_[i], 0);
  EXPECT_EQ(open(kClient, 40000), 0);
  EXPECT_EQ(last_.reason, PL_REPLY_NO_SERVER);
  EXPECT_TRUE(director().entries().empty());
}

TEST_F(Persistence, AnswersAreNeverMistakenForATemplate) {
  begin(persistent(Family::V4, 0));
  open(kClient, 40000);
  Frame f = answer(Family::V4, kTcp, 0);
  f.from = server(3);
  f.to = kClient;
  f.dport = 0;
  EXPECT_EQ(director().run(f).reason, PL_NOT_OURS);
}

// Eviction: in two buckets, the one a template stands in full of established connections.
TEST_F(Persistence, ATemplateWhoseConnectionsLiveIsEvictedAfterAllOthers) {
  director().use_buckets(2);
  begin(persistent(Family::V4));
  open(kClient, 40000);
  director().force_state(only_template(), PL_TEMPLATE_ASSURED, false);
  director().set_expiry(only_template(), now_tick() + 1);
  director().force_state(connections().at(0), PL_TCP_ESTABLISHED, true);
  director().set_expiry(connections().at(0), now_tick() + ticks(900));
  for (std::uint16_t port = 1; port < 200; ++port) {
    open(kOther, port);
    for (const Entry& e : connections())
      if (e.state() != PL_TCP_ESTABLISHED) director().force_state(e, PL_TCP_ESTABLISHED, true);
  }
  EXPECT_GT(director().count(PL_EVENT_EVICTED_OLDEST), 100u);
  EXPECT_TRUE(director().entry(kClient, 40000));
  bool there = false;
  for (const Entry& t : templates()) there = there || t.conn.client == to_abi(kClient).w[3];
  EXPECT_TRUE(there);
  std::uint32_t active = 0, persistent_load = 0;
  for (int i = 1; i <= 3; ++i) {
    active += director().load(servers_[i]).active;
    persistent_load += director().load(servers_[i]).persistent;
  }
  EXPECT_EQ(active, connections().size());
  EXPECT_EQ(persistent_load, templates().size() + invalid_templates().size());
}

}  // namespace
}  // namespace plenum::packet
