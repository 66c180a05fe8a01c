// One-packet scheduling: every UDP packet is scheduled alone and no connection is kept, as
// recorded from IPVS (Linux 6.1).

#include <linux/bpf.h>

#include "tests/packet/persistence.h"

namespace plenum::packet {
namespace {

using net::Family;

class OnePacket : public PersistenceWorld, public testing::WithParamInterface<Family> {
 protected:
  static Service one_packet(std::uint8_t protocol = kUdp) {
    return {.protocol = protocol, .address = addresses(GetParam()).vip, .flags = PL_SERVICE_ONE_PACKET};
  }
  net::Address client() const { return ip(family_ == Family::V4 ? "10.0.1.50" : "fd01::50"); }
  // The server a packet of this flow was sent to; 0: none.
  int send(std::uint16_t port) {
    last_ = director().run(opening(client(), port, kVport));
    for (int i = 1; i <= 3; ++i)
      if (director().stats(servers_[i]).in_packets != seen_[i]++)
        return i;
      else
        --seen_[i];
    return 0;
  }
  std::uint64_t seen_[4] = {};
};

INSTANTIATE_TEST_SUITE_P(, OnePacket, testing::ValuesIn(kBothFamilies),
                         [](const auto& family) { return std::string(name_of(family.param)); });

TEST_P(OnePacket, EveryPacketOfAFlowIsScheduledAnewAndCountsAsAConnection) {
  begin(one_packet());
  std::string text;
  for (int i = 0; i < 6; ++i) text += std::to_string(send(40100));
  EXPECT_EQ(text, "321321");
  EXPECT_EQ(last_.reason, PL_FORWARD_NAT);
  EXPECT_TRUE(director().entries().empty());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(director().stats(servers_[i]).connections, 2u);
    EXPECT_EQ(director().stats(servers_[i]).in_packets, 2u);
    EXPECT_EQ(director().stats(servers_[i]).in_bytes, 2 * opening(client(), 1, kVport).ip_length());
    EXPECT_EQ(director().load(servers_[i]).active, 0u);
    EXPECT_EQ(director().load(servers_[i]).inactive, 0u);
  }
}

TEST_P(OnePacket, ThePacketIsWhatAConnectionsFirstWouldBe) {
  begin(one_packet(), 8080);
  const Frame sent = opening(client(), 40100, kVport);
  expect(director().run(sent), PL_FORWARD_NAT, XDP_TX, translated(sent, server(3), 8080));
}

TEST_P(OnePacket, OtherProtocolsKeepConnections) {
  begin(one_packet(kTcp));
  EXPECT_EQ(open(client(), 40100), 3);
  EXPECT_EQ(director().entries().size(), 1u);
}

TEST_P(OnePacket, PersistentClientsKeepTheirServerWithoutConnections) {
  Service service = one_packet();
  service.persist = kPersist;
  begin(service);
  EXPECT_EQ(send(40100), 3);
  EXPECT_EQ(send(40101), 3);
  EXPECT_EQ(only_template().conn.packets, 0u);
  EXPECT_TRUE(connections().empty());
  EXPECT_EQ(director().stats(servers_[3]).connections, 2u);
}

TEST_P(OnePacket, AnswersAreLeftToTheStack) {
  begin(one_packet());
  send(40100);
  Frame back = answer(family_, kUdp);
  back.from = server(3);
  back.to = client();
  back.dport = 40100;
  expect_passed(director().run(back), PL_NOT_OURS);
}

}  // namespace
}  // namespace plenum::packet
