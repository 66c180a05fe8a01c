#include "lb/vip_front.h"

#include <gtest/gtest.h>

#include <vector>

#include "lb/abi_values.h"

namespace plenum::lb {
namespace {

pl_service_key key(const char* address, std::uint16_t port, conf::Protocol protocol = conf::Protocol::Tcp) {
  const auto a = net::Address::parse(address).value();
  return abi_key({.family = a.family(), .protocol = protocol, .address = a, .port = port});
}

class VipFrontTest : public testing::Test {
 protected:
  [[nodiscard]] std::uint64_t at(const pl_service_key& k) const {
    return places_[pl_front_place(k.addr.w[3], k.port, k.proto)];
  }

  std::vector<__u64> places_ = std::vector<__u64>(1u << PL_FRONT_BITS);
  VipFront front_{places_};
};

TEST_F(VipFrontTest, ShowsAServiceUntilItIsHidden) {
  const auto web = key("192.0.2.1", 80), dns = key("192.0.2.1", 53, conf::Protocol::Udp);
  front_.show(web, 3);
  front_.show(dns, 4);
  EXPECT_EQ(at(web), 3u);
  EXPECT_EQ(at(dns), 4u);
  front_.hide(web, 3);
  EXPECT_EQ(at(web), 0u);
  EXPECT_EQ(at(dns), 4u);
  front_.clear();
  EXPECT_EQ(at(dns), 0u);
}

TEST_F(VipFrontTest, WhoHidLeavesTheOneThatTookItsPlace) {
  const auto web = key("192.0.2.1", 80);
  auto other = web;
  for (std::uint32_t i = 1; other.addr.w[3] == web.addr.w[3]; ++i)
    if (pl_front_place(web.addr.w[3] + i, web.port, web.proto) == pl_front_place(web.addr.w[3], web.port, web.proto))
      other.addr.w[3] += i;
  front_.show(web, 1);
  front_.show(other, 2);
  front_.hide(web, 1);
  EXPECT_EQ(at(other), 2u);
}

TEST_F(VipFrontTest, IsNotForMarksEveryPortOrIpv6) {
  front_.show(key("2001:db8::1", 80), 1);
  front_.show(key("192.0.2.1", 0), 2);
  front_.show(abi_key({.fwmark = 7, .family = net::Family::V4, .protocol = {}, .address = {}, .port = 0}), 3);
  for (const auto place : places_) ASSERT_EQ(place, 0u);
}

}  // namespace
}  // namespace plenum::lb
