// The builder and its checksums against values published elsewhere.

#include "tests/packet/frame.h"

#include <gtest/gtest.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

TEST(Hex, ReadsDigitsBlanksAndComments) {
  EXPECT_EQ(hex("0a 0B # not these: zz\n ff"), (Bytes{0x0a, 0x0b, 0xff}));
  EXPECT_EQ(hex(""), Bytes{});
  EXPECT_THROW(hex("0g"), std::invalid_argument);
  EXPECT_THROW(hex("012"), std::invalid_argument);
}

TEST(Hex, DifferenceNamesBothSides) {
  EXPECT_EQ(difference(hex("0102"), hex("0102")), "");
  const std::string text = difference(hex("010203"), hex("0103"));
  EXPECT_NE(text.find("expected 3 bytes, got 2"), std::string::npos);
  EXPECT_NE(text.find("*02"), std::string::npos);
}

// RFC 1071 section 3: 0001 f203 f4f5 f6f7 sums to ddf2.
TEST(Checksum, OfTheRfcsExample) {
  EXPECT_EQ(internet_checksum({hex("0001f203f4f5f6f7")}), 0xffff & ~0xddf2);
  EXPECT_EQ(internet_checksum({hex("0001"), hex("f203f4f5"), hex("f6f7")}), 0xffff & ~0xddf2);
}

TEST(Checksum, PadsAnOddLengthBehind) { EXPECT_EQ(internet_checksum({hex("0001ab")}), 0xffff & ~0xab01); }

// RFC 3720 appendix B.4; there, too, the octets stand in the order of the wire.
TEST(Crc32c, OfTheRfcsExamples) {
  EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0xaa36918au);
  EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x43aba862u);
  Bytes counting;
  for (int i = 0; i < 32; ++i) counting.push_back(static_cast<std::uint8_t>(i));
  EXPECT_EQ(crc32c(counting), 0x4e79dd46u);
}

TEST(Frame, Ipv4HeaderSumsToZero) {
  Frame f = first(net::Family::V4, kTcp);
  f.options = hex("94040000");
  const Bytes packet = f.packet();
  EXPECT_EQ(packet[0], 0x46);
  EXPECT_EQ(internet_checksum({View(packet).first(24)}), 0);
}

TEST(Frame, ExtensionHeadersAreChained) {
  Frame f = first(net::Family::V6, kUdp);
  f.extensions = {{kHopByHop, Bytes(6, 0)}, {kDestinationOptions, Bytes(14, 0)}};
  const Bytes packet = f.packet();
  EXPECT_EQ(packet[6], kHopByHop);
  EXPECT_EQ(packet[40], kDestinationOptions);
  EXPECT_EQ(packet[41], 0);
  EXPECT_EQ(packet[48], kUdp);
  EXPECT_EQ(packet[49], 1);
  EXPECT_EQ(get16(packet, 4), packet.size() - 40);
}

TEST(Frame, VlanTagsStandOutermostFirst) {
  Frame f = first(net::Family::V4, kUdp);
  f.vlans = {100, 200};
  EXPECT_EQ(difference(hex("020000000001 020000000c01 88a8 0064 8100 00c8 0800"), f.link()), "");
  f.vlans = {200};
  EXPECT_EQ(difference(hex("020000000001 020000000c01 8100 00c8 0800"), f.link()), "");
}

}  // namespace
}  // namespace plenum::packet
