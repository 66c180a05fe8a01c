#include "net/checksum.h"

#include <gtest/gtest.h>

namespace plenum::net {
namespace {

// RFC 1071 section 3.
TEST(InternetChecksum, TheRfcsExample) {
  const std::uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  InternetChecksum sum;
  sum.add(bytes);
  EXPECT_EQ(sum.value(), 0xffff - 0xddf2);
}

TEST(InternetChecksum, AnOddByteStandsAboveNothing) {
  const std::uint8_t three[] = {1, 2, 3}, four[] = {1, 2, 3, 0};
  InternetChecksum a, b;
  a.add(three);
  b.add(four);
  EXPECT_EQ(a.value(), b.value());
}

TEST(InternetChecksum, PseudoHeaderOfBothFamilies) {
  const auto v4 = [](const char* text) { return Address::parse(text).value(); };
  InternetChecksum four, six;
  four.add_pseudo_header(v4("192.0.2.1"), v4("224.0.0.18"), 112, 12);
  EXPECT_EQ(four.value(), 0xffff - (0xc000 + 0x0201 + 0xe000 + 0x0012 + 112 + 12 - 0xffff));
  six.add_pseudo_header(v4("::1"), v4("::2"), 112, 0x10001);
  EXPECT_EQ(six.value(), 0xffff - (1 + 2 + 1 + 1 + 112));
}

}  // namespace
}  // namespace plenum::net
