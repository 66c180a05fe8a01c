#include "proto/tcp_segment.h"

#include <gtest/gtest.h>

namespace plenum::proto {
namespace {

using Bytes = std::vector<std::uint8_t>;

const TcpSegment kSyn{{*net::Address::parse("192.0.2.1"), 50000},
                      {*net::Address::parse("198.51.100.7"), 80},
                      0x01020304,
                      0,
                      true,
                      false,
                      false};

TEST(TcpSegment, ASynIsWrittenWithItsChecksums) {
  EXPECT_EQ(write_tcp(kSyn), (Bytes{0x45, 0,   0,    44,   0,    0,    0x40, 0,    64, 6, 0x4e, 0x90, 192, 0,   2,
                                    1,    198, 51,   100,  7,    0xc3, 0x50, 0,    80, 1, 2,    3,    4,   0,   0,
                                    0,    0,   0x60, 0x02, 0xff, 0xff, 0xe4, 0x43, 0,  0, 2,    4,    5,   0xb4}));
}

TEST(TcpSegment, WhatIsWrittenIsRead) {
  EXPECT_EQ(read_tcp(write_tcp(kSyn)), kSyn);
  auto rst = kSyn;
  rst.syn = false;
  rst.rst = rst.ack = true;
  rst.acknowledged = 77;
  EXPECT_EQ(read_tcp(write_tcp(rst)), rst);
  auto v6 = kSyn;
  v6.source.address = *net::Address::parse("2001:db8::1");
  v6.destination.address = *net::Address::parse("2001:db8::2");
  const auto bytes = write_tcp(v6);
  EXPECT_EQ(read_tcp(bytes), v6);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(read_tcp(std::span(bytes).first(size))) << size;
  // Padding of a short frame.
  auto padded = write_tcp(kSyn);
  padded.resize(60);
  EXPECT_EQ(read_tcp(padded), kSyn);
}

TEST(TcpSegment, OtherPacketsAreNone) {
  auto udp = write_tcp(kSyn);
  udp[9] = 17;
  EXPECT_FALSE(read_tcp(udp));
  auto fragment = write_tcp(kSyn);
  fragment[7] = 1;
  EXPECT_FALSE(read_tcp(fragment));
  auto broken = write_tcp(kSyn);
  broken[15] ^= 1;
  EXPECT_FALSE(read_tcp(broken));
  EXPECT_FALSE(read_tcp({}));
}

TEST(TcpSegment, IsTakenIntoTunnels) {
  const auto packet = write_tcp(kSyn);
  const auto gre = gre_around(packet, false);
  EXPECT_EQ(Bytes(gre.begin(), gre.begin() + 5), (Bytes{0, 0, 8, 0, 0x45}));
  const auto summed = gre_around(packet, true);
  ASSERT_EQ(summed.size(), packet.size() + 8);
  EXPECT_EQ(Bytes(summed.begin(), summed.begin() + 4), (Bytes{0x80, 0, 8, 0}));
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < summed.size(); i += 2) sum += static_cast<std::uint32_t>(summed[i] << 8 | summed[i + 1]);
  EXPECT_EQ((sum & 0xffff) + (sum >> 16), 0xffffU);
  const auto gue = gue_around(packet);
  EXPECT_EQ(Bytes(gue.begin(), gue.begin() + 5), (Bytes{0, 4, 0, 0, 0x45}));
}

}  // namespace
}  // namespace plenum::proto
