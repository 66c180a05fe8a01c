#include "net/address.h"

#include <gtest/gtest.h>

namespace plenum::net {
namespace {

TEST(Address, ParsesAndPrintsBothFamilies) {
  EXPECT_EQ(Address::parse("192.0.2.10")->text(), "192.0.2.10");
  EXPECT_EQ(Address::parse("2001:DB8:0::10")->text(), "2001:db8::10");
  for (const auto* bad : {"", "192.0.2", "192.0.2.300", "fd01::zz", "1.2.3.4 ", "fe80::1%eth0", "[::1]"})
    EXPECT_FALSE(Address::parse(bad)) << bad;
}

TEST(Address, KeepsIpv4Mapped) {
  const auto a = *Address::parse("1.2.3.4");
  EXPECT_EQ(a.mapped()[11], 0xff);
  EXPECT_EQ(a.mapped()[15], 4);
  EXPECT_EQ(a.size(), 4u);
}

TEST(Address, MasksToPrefix) {
  EXPECT_EQ(Address::parse("10.1.2.255")->masked(25).text(), "10.1.2.128");
  EXPECT_EQ(Address::parse("2001:db8:ffff::1")->masked(33).text(), "2001:db8:8000::");
  EXPECT_EQ(Address::parse("10.1.2.3")->masked(0).text(), "0.0.0.0");
}

TEST(Address, LinkLocalIsOfIpv6Alone) {
  for (const auto* so : {"fe80::", "fe80::1", "febf:ffff::1"}) EXPECT_TRUE(Address::parse(so)->is_link_local()) << so;
  // IPv4's bytes are looked at as four: 254.128.0.1 begins as fe80:: does.
  for (const auto* not_so : {"fe7f::1", "fec0::1", "ff02::1", "::1", "2001:db8::fe80", "169.254.0.1", "254.128.0.1"})
    EXPECT_FALSE(Address::parse(not_so)->is_link_local()) << not_so;
}

TEST(Prefix, ContainsByFamilyAndBits) {
  const auto p = *Prefix::parse("192.0.2.10/24");
  EXPECT_EQ(p.text(), "192.0.2.10/24");
  EXPECT_TRUE(p.contains(*Address::parse("192.0.2.200")));
  EXPECT_FALSE(p.contains(*Address::parse("192.0.3.1")));
  EXPECT_FALSE(Prefix::parse("::/0")->contains(*Address::parse("192.0.3.1")));
  EXPECT_FALSE(Prefix::parse("192.0.2.1/33"));
  EXPECT_FALSE(Prefix::parse("192.0.2.1/"));
}

TEST(Endpoint, NeedsBracketsForIpv6AndAPort) {
  EXPECT_EQ(Endpoint::parse("[2001:db8::1]:80")->text(), "[2001:db8::1]:80");
  EXPECT_EQ(Endpoint::parse("192.0.2.1:65535")->port, 65535);
  for (const auto* bad : {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "2001:db8::1:80", "[192.0.2.1]:80", ":80"})
    EXPECT_FALSE(Endpoint::parse(bad)) << bad;
}

TEST(Mac, RoundTrips) {
  EXPECT_EQ(Mac::parse("02:00:5e:10:00:ff")->text(), "02:00:5e:10:00:ff");
  EXPECT_FALSE(Mac::parse("02:00:5e:10:00"));
  EXPECT_FALSE(Mac::parse("02:00:5e:10:00:fg"));
}

}  // namespace
}  // namespace plenum::net
