#include "cli/ipvsadm/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace plenum::cli::ipvsadm {
namespace {

conf::ServiceKey service(std::string_view address, std::uint16_t port, conf::Protocol protocol = conf::Protocol::Tcp) {
  const auto parsed = *net::Address::parse(address);
  return {.family = parsed.family(), .protocol = protocol, .address = parsed, .port = port};
}

conf::ServerKey server(std::string_view address, std::uint16_t port) { return {*net::Address::parse(address), port}; }

template <class Key>
std::vector<std::string> sorted_texts(const std::vector<Key>& keys) {
  std::vector<const Key*> items;
  for (const auto& key : keys) items.push_back(&key);
  std::vector<std::string> texts;
  for (const auto* key : sorted(items, [](const Key&a, const Key&b) { return compare(a, b); }))
    texts.push_back(key->text());
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Order, ServicesByFamilyProtocolAddressPort) {
  EXPECT_EQ(
      sorted_texts<conf::ServiceKey>({service("fd01::1", 80), service("10.0.0.1", 80, conf::Protocol::Udp),
                                      service("10.0.0.2", 80), service("10.0.0.1", 443), service("10.0.0.1", 80)}),
      (Texts{"TCP 10.0.0.1:80", "TCP 10.0.0.1:443", "TCP 10.0.0.2:80", "UDP 10.0.0.1:80", "TCP [fd01::1]:80"}));
}

TEST(Order, MarksComeAfterAddressesButLargeOnesBefore) {
  EXPECT_EQ(sorted_texts<conf::ServiceKey>({{.fwmark = 8, .family = net::Family::V6},
                                            {.fwmark = 8},
                                            {.fwmark = 7},
                                            service("10.0.0.1", 80),
                                            {.fwmark = 4294967295u}}),
            (Texts{"FWM 4294967295", "TCP 10.0.0.1:80", "FWM 7", "FWM 8", "FWM 8 IPv6"}));
}

TEST(Order, AddressesCompareByTheSignOfTheirDifference) {
  EXPECT_EQ(sorted_texts<conf::ServerKey>({server("10.0.0.1", 80), server("192.168.0.1", 80)}),
            (Texts{"192.168.0.1:80", "10.0.0.1:80"}));
  EXPECT_EQ(sorted_texts<conf::ServerKey>({server("10.0.0.1", 80), server("127.0.0.1", 80)}),
            (Texts{"10.0.0.1:80", "127.0.0.1:80"}));
}

TEST(Order, ServersOfBothFamiliesCompareByTheFirstWord) {
  EXPECT_EQ(sorted_texts<conf::ServerKey>({server("10.0.2.11", 80), server("10.0.1.12", 80), server("fd01::11", 80)}),
            (Texts{"[fd01::11]:80", "10.0.1.12:80", "10.0.2.11:80"}));
}

TEST(Order, EqualKeysStayInTheirOrder) {
  const std::vector<conf::ServerKey> keys(3, server("10.0.0.1", 80));
  const auto result = sorted(std::vector<const conf::ServerKey*>{&keys[2], &keys[0], &keys[1]},
                             [](const auto& a, const auto& b) { return compare(a, b); });
  EXPECT_EQ(result, (std::vector<const conf::ServerKey*>{&keys[2], &keys[0], &keys[1]}));
}

TEST(Order, EveryItemIsKeptAlthoughTheComparisonGoesInCircles) {
  std::mt19937 random(1);
  std::vector<conf::ServerKey> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back({net::Address::v4(static_cast<std::uint32_t>(random())), 80});
  std::vector<const conf::ServerKey*> items;
  for (const auto& key : keys) items.push_back(&key);
  auto result = sorted(items, [](const auto& a, const auto& b) { return compare(a, b); });
  std::sort(result.begin(), result.end());
  EXPECT_EQ(result, items);
}

}  // namespace
}  // namespace plenum::cli::ipvsadm
