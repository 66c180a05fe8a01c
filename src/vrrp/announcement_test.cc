#include "vrrp/announcement.h"

#include <gtest/gtest.h>

#include "net/checksum.h"

namespace plenum::vrrp {
namespace {

using Bytes = std::vector<std::uint8_t>;
const net::Mac kMac{{0, 0, 0x5e, 0, 1, 7}};

TEST(Announcement, GratuitousArp) {
  EXPECT_EQ(gratuitous_arp(*net::Address::parse("192.0.2.10"), kMac),
            (Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,    0,    0x5e, 0,    1,    7, 8, 6,
                   0,    1,    8,    0,    6,    4,    0,    1,    0,    0,    0x5e, 0, 1, 7,
                   192,  0,    2,    10,   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 192,  0, 2, 10}));
}

TEST(Announcement, UnsolicitedNeighbourAdvertisement) {
  const auto address = *net::Address::parse("2001:db8::10");
  const auto frame = unsolicited_advertisement(address, kMac, true);
  ASSERT_EQ(frame.size(), 14u + 40 + 32);
  EXPECT_EQ(Bytes(frame.begin(), frame.begin() + 6), (Bytes{0x33, 0x33, 0, 0, 0, 1}));
  EXPECT_EQ(frame[14 + 7], 255) << "hop limit";
  EXPECT_EQ(net::Address::v6_bytes(frame.data() + 14 + 8), address);
  EXPECT_EQ(net::Address::v6_bytes(frame.data() + 14 + 24).text(), "ff02::1");
  const std::span<const std::uint8_t> message(frame.data() + 54, 32);
  EXPECT_EQ(message[0], 136);
  EXPECT_EQ(message[4], 0xa0) << "a router, overriding";
  EXPECT_EQ(net::Address::v6_bytes(message.data() + 8), address);
  EXPECT_EQ(Bytes(message.begin() + 24, message.end()), (Bytes{2, 1, 0, 0, 0x5e, 0, 1, 7}));
  net::InternetChecksum sum;
  sum.add_pseudo_header(address, *net::Address::parse("ff02::1"), 58, 32);
  sum.add(message);
  EXPECT_EQ(sum.value(), 0);
  EXPECT_EQ(unsolicited_advertisement(address, kMac, false)[58], 0x20);
}

}  // namespace
}  // namespace plenum::vrrp
