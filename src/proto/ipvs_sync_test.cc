// Datagrams of IPVS's synchronisation: layout, limits, and what is refused.

#include "proto/ipvs_sync.h"

#include <gtest/gtest.h>

#include <numeric>

namespace plenum::proto {
namespace {

using Bytes = std::vector<std::uint8_t>;

net::Address ip(const char* text) { return *net::Address::parse(text); }

SyncConnection connection(const char* client = "192.0.2.1", const char* vip = "198.51.100.10",
                          const char* server = "10.0.0.11") {
  SyncConnection c;
  c.state = 1;
  c.client_port = 40000;
  c.virtual_port = 80;
  c.server_port = 8080;
  c.fwmark = 7;
  c.timeout = 900;
  c.client = ip(client);
  c.virtual_ = ip(vip);
  c.server = ip(server);
  return c;
}

SyncConnection connection6() { return connection("2001:db8::1", "2001:db8:1::10", "fd00::11"); }

Bytes datagram(const std::vector<SyncConnection>& connections, std::size_t most = 1472) {
  SyncWriter writer(5, most);
  for (const auto& c : connections) EXPECT_FALSE(writer.add(c).has_value());
  return writer.take().value();
}

TEST(IpvsSync, WritesTheLayoutOfVersion1) {
  auto c = connection();
  c.flags = kSyncInactive | 3;
  EXPECT_EQ(datagram({c}), (Bytes{0,   5, 0,    44,   1,   1,  0,    0,     // header
                                  0,   6, 0,    36,                         // type, protocol, length
                                  0,   0, 1,    3,                          // flags
                                  0,   1, 0x9c, 0x40, 0,   80, 0x1f, 0x90,  // state, ports
                                  0,   0, 0,    7,    0,   0,  3,    0x84,  // mark, timeout
                                  192, 0, 2,    1,    198, 51, 100,  10,   10, 0, 0, 11}));
}

TEST(IpvsSync, ReadsWhatItWrote) {
  auto with_sequences = connection();
  with_sequences.flags = kSyncSequences;
  with_sequences.sequences = {{1, 2, 3}, {4, 5, 0xfffffffe}};
  auto with_engine = connection6();
  with_engine.flags = kSyncTemplate;
  with_engine.protocol = 17;
  with_engine.engine = "sip";
  with_engine.engine_data = "call-1@host";
  const std::vector<SyncConnection> all{connection(), with_sequences, with_engine, connection6()};
  const auto read = read_sync(datagram(all));
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.syncid, 5);
  EXPECT_EQ(read.version, 1);
  EXPECT_EQ(read.connections, all);
}

TEST(IpvsSync, PadsToFourBytesBetweenConnectionsOnly) {
  auto odd = connection();
  odd.engine = "sip";
  odd.engine_data = "x";  // 36 + 3 + 5 = 44; with two bytes of data 45
  EXPECT_EQ(datagram({odd}).size(), 8u + 44);
  odd.engine_data = "xy";
  EXPECT_EQ(datagram({odd}).size(), 8u + 45);
  EXPECT_EQ(datagram({odd, connection()}).size(), 8u + 48 + 36);
}

TEST(IpvsSync, BeginsAnotherDatagramWhenOneIsFull) {
  // 1472 bytes hold 40 connections of IPv4, as the kernel's do.
  SyncWriter writer(1, 1472);
  for (int i = 0; i < 40; ++i) EXPECT_FALSE(writer.add(connection()).has_value());
  const auto full = writer.add(connection());
  ASSERT_TRUE(full);
  EXPECT_EQ(full->size(), 8u + 40 * 36);
  EXPECT_EQ(read_sync(*full).connections.size(), 40u);
  EXPECT_EQ(read_sync(writer.take().value()).connections.size(), 1u);
  EXPECT_TRUE(writer.empty());
  EXPECT_FALSE(writer.take());
}

TEST(IpvsSync, AByteCountsTheConnectionsOfADatagram) {
  SyncWriter writer(1, 65507);
  for (std::size_t i = 0; i < kSyncMostConnections; ++i) EXPECT_FALSE(writer.add(connection()).has_value());
  const auto full = writer.add(connection());
  ASSERT_TRUE(full);
  EXPECT_EQ(read_sync(*full).connections.size(), kSyncMostConnections);
}

TEST(IpvsSync, HoldsOneConnectionHoweverSmall) {
  SyncWriter writer(1, 1);
  EXPECT_FALSE(writer.add(connection()).has_value());
  EXPECT_TRUE(writer.add(connection()).has_value());
}

TEST(IpvsSync, ReadsVersion0) {
  const Bytes bytes{2,  9,  0,    52,                                                       // number, syncid, size
                    0,  6,  0x9c, 0x40, 0,    80,   0, 81, 192, 0, 2, 1, 198, 51, 100, 10,  // addresses
                    10, 0,  0,    11,   1,    0x40, 0, 4,                                   // flags, state
                    0,  17, 0x9c, 0x41, 0,    53,   0, 53, 192, 0, 2, 2, 198, 51, 100, 10,  //
                    10, 0,  0,    12,   0x10, 0x03, 0, 0};
  const auto read = read_sync(bytes);
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.version, 0);
  EXPECT_EQ(read.syncid, 9);
  ASSERT_EQ(read.connections.size(), 2u);
  EXPECT_EQ(read.connections[0].flags, kSyncInactive);
  EXPECT_EQ(read.connections[0].state, 4);
  EXPECT_EQ(read.connections[0].server_port, 81);
  EXPECT_EQ(read.connections[0].timeout, 0u);
  EXPECT_EQ(read.connections[1].flags, kSyncTemplate | 3);
  EXPECT_EQ(read.connections[1].server, ip("10.0.0.12"));
}

TEST(IpvsSync, TakesNoFlagsABackupDoesNotTake) {
  auto c = connection();
  c.flags = 0xffffffff & ~kSyncSequences;
  EXPECT_EQ(read_sync(datagram({c})).connections.at(0).flags, kSyncTaken & ~kSyncSequences);
}

TEST(IpvsSync, RefusesASizeThatIsNotTheDatagrams) {
  auto bytes = datagram({connection()});
  bytes.push_back(0);
  EXPECT_NE(read_sync(bytes).error, "");
  bytes.resize(bytes.size() - 2);
  EXPECT_NE(read_sync(bytes).error, "");
  EXPECT_NE(read_sync(Bytes{0, 1}).error, "");
  EXPECT_NE(read_sync({}).error, "");
}

TEST(IpvsSync, WhatStoodBeforeADamagedConnectionHolds) {
  for (const std::size_t at : {10u, 11u}) {
    auto bytes = datagram({connection(), connection()});
    bytes[36 + at] = 0xff;  // version and length of the second
    const auto read = read_sync(bytes);
    EXPECT_EQ(read.connections.size(), 1u) << at;
    EXPECT_NE(read.error, "") << at;
  }
  auto bytes = datagram({connection(), connection()});
  bytes[44] = 2;  // a type nobody knows
  EXPECT_EQ(read_sync(bytes).connections.size(), 1u);
  bytes = datagram({connection()});
  bytes[4] = 2;  // announces two
  EXPECT_EQ(read_sync(bytes).connections.size(), 1u);
  EXPECT_NE(read_sync(bytes).error, "");
}

// A connection with these bytes behind it as options.
SyncDatagram with_options(const Bytes& options) {
  auto bytes = datagram({connection()});
  bytes.insert(bytes.end(), options.begin(), options.end());
  bytes[3] = static_cast<std::uint8_t>(bytes.size());
  bytes[11] = static_cast<std::uint8_t>(36 + options.size());
  return read_sync(bytes);
}

TEST(IpvsSync, OptionsMayBeUnknownIfTheySaySo) {
  EXPECT_EQ(with_options({0x40 | 9, 2, 1, 2}).connections.size(), 1u);
  const auto mandatory = with_options({9, 2, 1, 2});
  EXPECT_EQ(mandatory.connections.size(), 0u);
  EXPECT_EQ(mandatory.skipped, 1u);
  EXPECT_EQ(mandatory.error, "");
  EXPECT_EQ(with_options({2, 3, 'a', 'b', 'c'}).skipped, 1u) << "data of no engine";
}

TEST(IpvsSync, OptionsAreWholeAndStandOnce) {
  EXPECT_NE(with_options({2}).error, "");
  EXPECT_NE(with_options({2, 0}).error, "");
  EXPECT_NE(with_options({2, 2, 1}).error, "");
  EXPECT_NE(with_options({2, 1, 1, 2, 1, 1}).error, "");
  EXPECT_NE(with_options({3, 1, 'a', 3, 1, 'a'}).error, "");
  EXPECT_NE(with_options({1, 4, 0, 0, 0, 0}).error, "") << "sequence numbers of another length";
  Bytes name(2 + 17, 'a');
  name[0] = 3;
  name[1] = 17;
  EXPECT_NE(with_options(name).error, "");
}

}  // namespace
}  // namespace plenum::proto
