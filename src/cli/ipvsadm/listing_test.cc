// What the recordings under tests/compat do not reach: long names, large numbers, tunnels.

#include "cli/ipvsadm/listing.h"

#include <gtest/gtest.h>

namespace plenum::cli::ipvsadm {
namespace {

// Every host has a name of 40 letters, no service has one.
class LongNames final : public Names {
 public:
  [[nodiscard]] std::optional<net::Address> host_to_address(const std::string&) const override { return std::nullopt; }
  [[nodiscard]] std::optional<std::string> address_to_host(const net::Address& address) const override {
    return std::string(40, address.is_v4() ? 'h' : 's');
  }
  [[nodiscard]] std::optional<std::uint16_t> service_to_port(const std::string&, conf::Protocol) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> port_to_service(std::uint16_t, conf::Protocol) const override {
    return std::nullopt;
  }
};

conf::ServiceKey key(std::string_view address) {
  const auto parsed = *net::Address::parse(address);
  return {.family = parsed.family(), .address = parsed, .port = 80};
}

lb::ServerStatus server(std::string_view address, conf::Forward forward = conf::Forward::Masq,
                        conf::Tunnel tunnel = {}) {
  lb::ServerStatus status;
  status.server.key = {*net::Address::parse(address), 80};
  status.server.forward = forward;
  status.server.tunnel = tunnel;
  return status;
}

ctl::ListReply table(const conf::ServiceKey& of, std::vector<lb::ServerStatus> servers) {
  ctl::ListReply reply{.services = {}, .table_size = 1048576};
  lb::ServiceStatus status;
  status.service.key = of;
  status.servers = std::move(servers);
  reply.services.push_back(std::move(status));
  return reply;
}

std::string body(const std::string& listing, int titles) {
  std::size_t at = 0;
  for (int i = 0; i < titles; ++i) at = listing.find('\n', at) + 1;
  return listing.substr(at);
}

TEST(Listing, HeadNamesTheTableSize) {
  const std::string text = list_services({.services = {}, .table_size = 1048576}, {}, true, LongNames());
  EXPECT_EQ(text.substr(0, text.find('\n')), "IP Virtual Server version 1.2.1 (size=1048576)");
}

TEST(Listing, LongIpv4NamesAreCutAndIpv6NamesAreNot) {
  const std::string v4 = body(list_services(table(key("10.0.0.1"), {server("10.0.0.2")}), {}, false, LongNames()), 2);
  EXPECT_EQ(v4, "TCP  " + std::string(28, 'h') + " wlc\n  -> " + std::string(28, 'h') +
                    " Masq    1      0          0         \n");
  const std::string v6 = body(list_services(table(key("fd00::1"), {server("fd00::2")}), {}, false, LongNames()), 2);
  EXPECT_EQ(v6, "TCP  [" + std::string(40, 's') + "]:80 wlc\n  -> [" + std::string(40, 's') +
                    "]:80 Masq    1      0          0         \n");
}

TEST(Listing, RulesAreNeverCut) {
  const std::string text =
      list_services(table(key("10.0.0.1"), {server("10.0.0.2")}), {.rule = true}, true, LongNames());
  EXPECT_EQ(text, "-A -t " + std::string(40, 'h') + ":80 -s wlc\n-a -t " + std::string(40, 'h') + ":80 -r " +
                      std::string(40, 'h') + ":80 -m -w 1\n");
}

TEST(Listing, TunnelInfoSaysTypePortAndChecksum) {
  using conf::TunnelChecksum, conf::TunnelType, conf::Forward;
  const auto reply =
      table(key("10.0.0.1"), {server("10.0.0.2", Forward::Masq), server("10.0.0.3", Forward::Tunnel),
                              server("10.0.0.4", Forward::Tunnel, {TunnelType::Gue, 6080, TunnelChecksum::None}),
                              server("10.0.0.5", Forward::Tunnel, {TunnelType::Gue, 65535, TunnelChecksum::Remote}),
                              server("10.0.0.6", Forward::Tunnel, {TunnelType::Gre, 0, TunnelChecksum::Full}),
                              server("10.0.0.7", Forward::Route)});
  EXPECT_EQ(list_services(reply, {.numeric = true, .tun_info = true}, false, LongNames()),
            "Prot LocalAddress:Port Scheduler Flags\n"
            "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn\n"
            "TCP  10.0.0.1:80 wlc\n"
            "  -> 10.0.0.2:80                  Masq    n/a           1      0          0         \n"
            "  -> 10.0.0.3:80                  Tunnel  ipip          1      0          0         \n"
            "  -> 10.0.0.4:80                  Tunnel  gue:6080:-c   1      0          0         \n"
            "  -> 10.0.0.5:80                  Tunnel  gue:65535:r+c 1      0          0         \n"
            "  -> 10.0.0.6:80                  Tunnel  gre:+c        1      0          0         \n"
            "  -> 10.0.0.7:80                  Route   n/a           1      0          0         \n");
}

TEST(Listing, StatsAreCutToUnitsUnlessExact) {
  auto reply = table(key("10.0.0.1"), {server("10.0.0.2")});
  reply.services[0].counters = {1, 123456789, 1234567890, 123456789012, 123456789012345};
  reply.services[0].servers[0].counters = {100000000, 0, 0, 0, 0};
  EXPECT_EQ(body(list_services(reply, {.numeric = true, .stats = true}, false, LongNames()), 2),
            "TCP  10.0.0.1:80                         1  123456K    1234M     123G     123T\n"
            "  -> 10.0.0.2:80                   100000K        0        0        0        0\n");
  EXPECT_EQ(body(list_services(reply, {.numeric = true, .stats = true, .exact = true}, false, LongNames()), 2),
            "TCP  10.0.0.1:80                         1 123456789 1234567890 123456789012 123456789012345\n"
            "  -> 10.0.0.2:80                  100000000        0        0        0        0\n");
}

TEST(Listing, RatesOfServersAreNeverCutBeforeTheirBytes) {
  auto reply = table(key("10.0.0.1"), {server("10.0.0.2")});
  reply.services[0].servers[0].rates = {123456789, 1, 2, 123456789, 3};
  EXPECT_EQ(body(list_services(reply, {.numeric = true, .rate = true}, false, LongNames()), 3),
            "  -> 10.0.0.2:80                  123456789        1        2  123456K        3\n");
}

// Who is kept out by health is gone, as behind `ipvsadm -d`; what is saved is what is wanted.
TEST(Listing, WhatHealthMakesOfServersIsListedAndNotSaved) {
  auto inhibited = server("10.0.0.1"), out = server("10.0.0.2"), sorry = server("10.0.0.9");
  inhibited.server.weight = 0;
  inhibited.wanted_weight = 5;
  out.out = true;
  sorry.sorry = true;
  const auto reply = table(key("192.0.2.10"), {inhibited, out, sorry});
  const LongNames names;
  Format format{.numeric = true};
  const auto listed = list_services(reply, format, false, names);
  EXPECT_NE(listed.find("10.0.0.1:80"), std::string::npos);
  EXPECT_EQ(listed.find("10.0.0.2:80"), std::string::npos);
  EXPECT_NE(listed.find("10.0.0.9:80"), std::string::npos);
  format.rule = true;
  const auto saved = list_services(reply, format, false, names);
  EXPECT_NE(saved.find("-r 10.0.0.1:80 -m -w 5\n"), std::string::npos);
  EXPECT_NE(saved.find("-r 10.0.0.2:80 -m -w 1\n"), std::string::npos);
  EXPECT_EQ(saved.find("10.0.0.9"), std::string::npos);
}

TEST(Listing, UnsortedServersAreNewestFirst) {
  const auto reply = table(key("10.0.0.1"), {server("10.0.0.3"), server("10.0.0.2"), server("10.0.0.4")});
  const std::string text = list_services(reply, {.numeric = true, .rule = true, .nosort = true}, true, LongNames());
  EXPECT_EQ(body(text, 1),
            "-a -t 10.0.0.1:80 -r 10.0.0.4:80 -m -w 1\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1\n"
            "-a -t 10.0.0.1:80 -r 10.0.0.3:80 -m -w 1\n");
}

}  // namespace
}  // namespace plenum::cli::ipvsadm
