#include "cli/ipvsadm/columns.h"

#include <gtest/gtest.h>

namespace plenum::cli::ipvsadm {
namespace {

class OneName final : public Names {
 public:
  explicit OneName(std::string host) : host_(std::move(host)) {}
  [[nodiscard]] std::optional<net::Address> host_to_address(const std::string&) const override { return std::nullopt; }
  [[nodiscard]] std::optional<std::string> address_to_host(const net::Address&) const override { return host_; }
  [[nodiscard]] std::optional<std::uint16_t> service_to_port(const std::string&, conf::Protocol) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> port_to_service(std::uint16_t port, conf::Protocol protocol) const override {
    if (port == 80 && protocol == conf::Protocol::Tcp) return "http";
    return std::nullopt;
  }

 private:
  std::string host_;
};

TEST(Columns, PadsButNeverCuts) {
  EXPECT_EQ(left("ab", 4), "ab  ");
  EXPECT_EQ(right("ab", 4), "  ab");
  EXPECT_EQ(left("abcde", 4), "abcde");
  EXPECT_EQ(right("abcde", 4), "abcde");
}

TEST(Columns, LargeNumbersTakeTheUnitTheyNeed) {
  EXPECT_EQ(large_number(0, false), "        0");
  EXPECT_EQ(large_number(99999999, false), " 99999999");
  EXPECT_EQ(large_number(100000000, false), "  100000K");
  EXPECT_EQ(large_number(999999999, false), "  999999K");
  EXPECT_EQ(large_number(1000000000, false), "    1000M");
  EXPECT_EQ(large_number(99999999999, false), "   99999M");
  EXPECT_EQ(large_number(100000000000, false), "     100G");
  EXPECT_EQ(large_number(99999999999999, false), "   99999G");
  EXPECT_EQ(large_number(100000000000000, false), "     100T");
  EXPECT_EQ(large_number(18446744073709551615u, false), "18446744T");
}

TEST(Columns, ExactNumbersKeepABlankBeforeThem) {
  EXPECT_EQ(large_number(0, true), "        0");
  EXPECT_EQ(large_number(12345678, true), " 12345678");
  EXPECT_EQ(large_number(123456789, true), " 123456789");
  EXPECT_EQ(large_number(18446744073709551615u, true), " 18446744073709551615");
}

TEST(Columns, EndpointsByNumber) {
  const OneName names("host");
  const auto v4 = *net::Address::parse("192.0.2.1"), v6 = *net::Address::parse("2001:db8::1");
  EXPECT_EQ(endpoint_name(v4, 80, conf::Protocol::Tcp, true, names), "192.0.2.1:80");
  EXPECT_EQ(endpoint_name(v6, 80, conf::Protocol::Tcp, true, names), "[2001:db8::1]:80");
}

TEST(Columns, EndpointsByName) {
  const OneName names("host");
  const auto v4 = *net::Address::parse("192.0.2.1"), v6 = *net::Address::parse("2001:db8::1");
  EXPECT_EQ(endpoint_name(v4, 80, conf::Protocol::Tcp, false, names), "host:http");
  EXPECT_EQ(endpoint_name(v4, 80, conf::Protocol::Udp, false, names), "host:80");
  EXPECT_EQ(endpoint_name(v6, 81, conf::Protocol::Tcp, false, names), "[host]:81");
}

TEST(Columns, EndpointNamesEndWhereIpvsadmsBufferDoes) {
  const OneName names(std::string(70, 'h'));
  EXPECT_EQ(endpoint_name({}, 80, conf::Protocol::Tcp, false, names), std::string(59, 'h'));
}

}  // namespace
}  // namespace plenum::cli::ipvsadm
