#include "proto/icmp_echo.h"

#include <gtest/gtest.h>

namespace plenum::proto {
namespace {

using Bytes = std::vector<std::uint8_t>;
const Bytes kPayload = {'a', 'b', 'c'};

TEST(IcmpEcho, ARequestIsWrittenAsRfc792Says) {
  EXPECT_EQ(write_echo_request(net::Family::V4, {0x1234, 2, kPayload}),
            (Bytes{8, 0, 0x21, 0x67, 0x12, 0x34, 0, 2, 'a', 'b', 'c'}));
  EXPECT_EQ(write_echo_request(net::Family::V6, {0x1234, 2, kPayload}),
            (Bytes{128, 0, 0, 0, 0x12, 0x34, 0, 2, 'a', 'b', 'c'}));
}

TEST(IcmpEcho, AReplyIsReadIfItsChecksumIsRight) {
  Bytes reply = {0, 0, 0x29, 0x67, 0x12, 0x34, 0, 2, 'a', 'b', 'c'};
  const auto echo = read_echo_reply(net::Family::V4, reply);
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->id, 0x1234);
  EXPECT_EQ(echo->sequence, 2);
  EXPECT_EQ(Bytes(echo->payload.begin(), echo->payload.end()), kPayload);
  reply[9] ^= 1;
  EXPECT_FALSE(read_echo_reply(net::Family::V4, reply));
  EXPECT_FALSE(read_echo_reply(net::Family::V4, write_echo_request(net::Family::V4, {1, 1, kPayload})));
  const Bytes reply6 = {129, 0, 0, 0, 0x12, 0x34, 0, 2, 'a'};
  EXPECT_TRUE(read_echo_reply(net::Family::V6, reply6));
  EXPECT_FALSE(read_echo_reply(net::Family::V6, std::span(reply6).first(7)));
}

TEST(IcmpEcho, AnIpv4HeaderIsTakenOff) {
  Bytes packet(20);
  packet[0] = 0x45;
  packet[9] = 1;
  packet.insert(packet.end(), {1, 2, 3});
  EXPECT_EQ(behind_ipv4_header(packet).size(), 3U);
  packet[0] = 0x4f;  // options that are not there
  EXPECT_TRUE(behind_ipv4_header(packet).empty());
  packet[0] = 0x44;
  EXPECT_TRUE(behind_ipv4_header(packet).empty());
  packet[0] = 0x65;
  EXPECT_TRUE(behind_ipv4_header(packet).empty());
}

}  // namespace
}  // namespace plenum::proto
