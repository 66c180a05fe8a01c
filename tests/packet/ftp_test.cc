// FTP: data connections meet the server of their control connection, by port 20 or by one of
// the server's choice (ip_vs_service_find, ip_vs_sched_persist).

#include <linux/bpf.h>

#include "tests/packet/persistence.h"

namespace plenum::packet {
namespace {

using net::Family;

class Ftp : public PersistenceWorld {
 protected:
  static constexpr std::uint16_t kControl = 21, kData = 20, kPassive = 50123;
};

const net::Address kClient = ip("10.0.1.50"), kOther = ip("10.0.1.51");

TEST_F(Ftp, DataConnectionsFollowTheControlConnection) {
  begin(persistent(Family::V4, kControl));
  EXPECT_EQ(open(kClient, 40000, kControl), 3);
  EXPECT_EQ(open(kOther, 40000, kControl), 2);
  EXPECT_EQ(open(kClient, 40001, kPassive), 3);
  EXPECT_EQ(open(kClient, 40002, kData), 3);
  EXPECT_EQ(open(kOther, 40001, kPassive), 2);
  EXPECT_EQ(templates().size(), 2u);
  for (const Entry& t : templates()) EXPECT_EQ(t.conn.vport, 0);
}

TEST_F(Ftp, DataMayComeFirst) {
  begin(persistent(Family::V4, kControl));
  EXPECT_EQ(open(kClient, 40001, kPassive), 3);
  EXPECT_EQ(open(kClient, 40000, kControl), 3);
}

TEST_F(Ftp, OnlyTheControlPortIsTranslatedToTheServersOwn) {
  const auto client = addresses(Family::V4).client;
  begin(persistent(Family::V4, kControl), 2121);
  for (int i = 1; i <= 3; ++i) director().server(servers_[i]).port_for = PL_PORT_FOR(__builtin_bswap16(kControl));
  const Frame control = opening(client, 40000, kControl), data = opening(client, 40001, kPassive);
  expect(director().run(control), PL_FORWARD_NAT, XDP_TX, translated(control, server(3), 2121));
  expect(director().run(data), PL_FORWARD_NAT, XDP_TX, translated(data, server(3), kPassive));
  Frame back = answer(Family::V4, kTcp, 2121);
  back.from = server(3);
  back.to = client;
  back.dport = 40000;
  expect(director().run(back), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(back, vip_, kControl));
  back.sport = kPassive;
  back.dport = 40001;
  expect(director().run(back), PL_FORWARD_NAT_REPLY, XDP_REDIRECT, answered(back, vip_, kPassive));
}

TEST_F(Ftp, PortsBelow1024AreNobodysData) {
  begin(persistent(Family::V4, kControl));
  open(kClient, 40000, kControl);
  for (const std::uint16_t port : {19, 22, 80, 1023})
    expect_passed(director().run(opening(kClient, 40001, port)), PL_NOT_OURS);
  EXPECT_EQ(open(kClient, 40002, 1024), 3);
}

TEST_F(Ftp, APortWithAServiceOfItsOwnIsNotFtps) {
  begin(persistent(Family::V4, kControl));
  open(kClient, 40000, kControl);
  const std::uint32_t web = director().add(Service{kTcp, vip_, 8080, PL_SCHED_RR});
  const std::uint32_t server = director().add(web, Server{.address = ip("10.0.2.99"), .next_hop = 1});
  director().run(opening(kClient, 40001, 8080));
  EXPECT_EQ(director().stats(server).connections, 1u);
}

TEST_F(Ftp, OtherProtocolsHaveNoFtp) {
  begin(persistent(Family::V4, kControl));
  protocol_ = kUdp;
  expect_passed(director().run(opening(kClient, 40001, kPassive)), PL_NOT_OURS);
}

TEST_F(Ftp, WithoutPersistenceDataIsLeftToTheStack) {
  begin(Service{.address = addresses(Family::V4).vip, .port = kControl});
  EXPECT_EQ(open(kClient, 40000, kControl), 3);
  expect_passed(director().run(opening(kClient, 40001, kPassive)), PL_NOT_OURS);
}

TEST_F(Ftp, WithoutServersOnlyTheControlConnectionIsRefused) {
  begin(persistent(Family::V4, kControl));
  for (int i = 1; i <= 3; ++i) director().set_weight(servers_[i], 0);
  EXPECT_EQ(director().run(opening(kClient, 40000, kControl)).reason, PL_REPLY_NO_SERVER);
  expect_passed(director().run(opening(kClient, 40001, kPassive)), PL_NOT_OURS);
}

// Active FTP: the server connects to the client from port 20. Whatever service that would
// meet on its way, it is none of a client.
TEST_F(Ftp, ConnectionsFromPort20AreNotScheduled) {
  begin(persistent(Family::V4, 0));
  expect_passed(director().run(opening(kClient, kData, 80)), PL_FTP_DATA);
  EXPECT_TRUE(director().entries().empty());
}

TEST_F(Ftp, Ipv6) {
  begin(persistent(Family::V6, kControl));
  const auto client = ip("fd01::50");
  EXPECT_EQ(open(client, 40000, kControl), 3);
  EXPECT_EQ(open(ip("fd01::51"), 40000, kControl), 2);
  EXPECT_EQ(open(client, 40001, kPassive), 3);
}

}  // namespace
}  // namespace plenum::packet
