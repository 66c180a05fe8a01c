// persistence:, one_packet:, listen: fwmark and port: any, director: marks: in the file.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conf/reader.h"
#include "conf/reading_for_test.h"

namespace plenum::conf {
namespace {

using testing::ElementsAre;

net::Prefix prefix(const char* text) { return *net::Prefix::parse(text); }

TEST(Persistence, HasIpvssDefaults) {
  const auto config = good(R"(version: 1
l4: { web: { listen: { address: 192.0.2.10, port: 80 }, persistence: {} } }
)");
  EXPECT_EQ(config.services.at(0).persistence, (Persistence{.timeout = 360, .netmask = 0xffffffff, .engine = ""}));
}

TEST(Persistence, EachFamilyTakesItsOwnMask) {
  const auto config = good(R"(version: 1
vips: { web: { addresses: [192.0.2.10, "2001:db8::10"] } }
l4:
  web:
    listen: { vip: web, port: 443 }
    persistence: { timeout: 10m, netmask: 255.255.255.0, prefix: 64 }
)");
  ASSERT_EQ(config.services.size(), 2u);
  EXPECT_EQ(config.services[0].persistence, (Persistence{.timeout = 600, .netmask = 0xffffff00, .engine = ""}));
  EXPECT_EQ(config.services[1].persistence, (Persistence{.timeout = 600, .netmask = 64, .engine = ""}));
}

TEST(Persistence, SipIsForUdp) {
  const auto config = good(R"(version: 1
l4: { sip: { listen: { address: 192.0.2.10, port: 5060, protocol: udp }, persistence: { engine: sip } } }
)");
  EXPECT_EQ(config.services.at(0).persistence->engine, "sip");
  EXPECT_THAT(problems("version: 1\n"
                       "l4: { sip: { listen: { address: 192.0.2.10, port: 5060, protocol: tcp }, "
                       "persistence: { engine: sip } } }\n"),
              ElementsAre("2:67: service sip: persistence: engine sip needs protocol: udp"));
}

TEST(Persistence, WrongMasksAreRefused) {
  for (const auto* mask : {"255.0.255.0", "0.0.0.0", "0.0.0.255"}) {
    const std::string file =
        "version: 1\nl4:\n  a:\n    listen: { address: 192.0.2.10, port: 80 }\n"
        "    persistence: { netmask: ";
    EXPECT_THAT(problems(file + mask + " }\n"),
                ElementsAre("5:29: service a: persistence: netmask must be an IPv4 mask, like 255.255.255.0, not " +
                            std::string(mask)));
  }
  EXPECT_THAT(problems("version: 1\nl4:\n  a:\n    listen: { address: 192.0.2.10, port: 80 }\n"
                       "    persistence: { netmask: \"ffff::\", prefix: 129, timeout: 32d, engine: h323 }\n"),
              ElementsAre("5:29: service a: persistence: netmask must be an IPv4 mask, like 255.255.255.0, not ffff:: "
                          "| for IPv6 clients there is prefix: 64",
                          "5:47: service a: persistence: prefix must be 1..128, not \"129\"",
                          "5:61: service a: persistence: timeout must be a duration from 1s to 31d, like 90s, 10m or "
                          "1h, not \"32d\"",
                          "5:74: service a: persistence: engine must be sip, not \"h323\""));
}

TEST(AnyPort, IsPortZeroAndNeedsPersistence) {
  const auto config = good(R"(version: 1
l4: { all: { listen: { address: 192.0.2.10, port: any }, persistence: { timeout: 5m } } }
)");
  EXPECT_EQ(config.services.at(0).key.text(), "TCP 192.0.2.10:0");
  EXPECT_THAT(problems("version: 1\nl4: { all: { listen: { address: 192.0.2.10, port: any } } }\n"),
              ElementsAre("2:51: service all: listen: port any needs persistence | a client's connections to several "
                          "ports must meet one server"));
  EXPECT_THAT(problems("version: 1\nl4: { all: { listen: { address: 192.0.2.10 } } }\n"),
              ElementsAre("2:22: service all: listen: key \"port\" is missing"));
}

TEST(OnePacket, IsForUdp) {
  EXPECT_TRUE(good("version: 1\nl4: { dns: { listen: { address: 192.0.2.10, port: 53, protocol: udp }, "
                   "one_packet: true } }\n")
                  .services.at(0)
                  .one_packet);
  EXPECT_THAT(problems("version: 1\nl4: { dns: { listen: { address: 192.0.2.10, port: 53 }, one_packet: true } }\n"),
              ElementsAre("2:22: service dns: one_packet needs protocol: udp"));
  EXPECT_THAT(problems("version: 1\nl4: { dns: { listen: { address: 192.0.2.10, port: 53, protocol: udp }, "
                       "one_packet: 1 } }\n"),
              ElementsAre("2:84: service dns: one_packet must be true or false, not \"1\""));
}

constexpr const char* kShop = R"(version: 1
director:
  marks:
    - { mark: 5, destination: 192.0.2.10, protocol: tcp, ports: [80, 8000-8100] }
    - { mark: 6, source: 10.0.0.0/8, interface: eth0 }
l4:
  shop:
    listen: { fwmark: 5 }
    forward: nat
    persistence: { timeout: 5m }
    servers: { a: { address: 10.0.2.11 }, b: { address: 10.0.2.12, port: 8080 } }
)";

TEST(Mark, AServiceForAMarkHasNoAddress) {
  const auto config = good(kShop);
  ASSERT_EQ(config.services.size(), 1u);
  const auto& shop = config.services[0];
  EXPECT_EQ(shop.key, (ServiceKey{.fwmark = 5, .family = net::Family::V4}));
  EXPECT_EQ(shop.servers[0].key.port, 0);
  EXPECT_EQ(shop.servers[1].key.port, 8080);
}

TEST(Mark, ARuleForEachRangeOfPortsInTheFilesOrder) {
  EXPECT_THAT(good(kShop).director.marks, ElementsAre(MarkRule{.mark = 5,
                                                               .source = {},
                                                               .destination = prefix("192.0.2.10"),
                                                               .protocol = Protocol::Tcp,
                                                               .first_port = 80,
                                                               .last_port = 80,
                                                               .interface = ""},
                                                      MarkRule{.mark = 5,
                                                               .source = {},
                                                               .destination = prefix("192.0.2.10"),
                                                               .protocol = Protocol::Tcp,
                                                               .first_port = 8000,
                                                               .last_port = 8100,
                                                               .interface = ""},
                                                      MarkRule{.mark = 6,
                                                               .source = prefix("10.0.0.0/8"),
                                                               .destination = {},
                                                               .protocol = {},
                                                               .first_port = 0,
                                                               .last_port = 65535,
                                                               .interface = "eth0"}));
}

TEST(Mark, OneServicePerFamilyOfItsServers) {
  const auto config = good(R"(version: 1
l4:
  both:
    listen: { fwmark: 7 }
    servers: { a: { address: 10.0.2.11 }, b: { address: "fd02::11" } }
  six:
    listen: { fwmark: 8, family: ipv6 }
    forward: tun
    servers: { a: { address: 10.0.2.11 } }
)");
  ASSERT_EQ(config.services.size(), 3u);
  EXPECT_EQ(config.services[0].key.text(), "FWM 7");
  EXPECT_EQ(config.services[0].servers.size(), 1u);
  EXPECT_EQ(config.services[1].key.text(), "FWM 7 IPv6");
  EXPECT_EQ(config.services[2].key.text(), "FWM 8 IPv6");
  EXPECT_EQ(config.services[2].servers.size(), 1u);
}

TEST(Mark, MistakesAreToldWithTheirPlace) {
  EXPECT_THAT(
      problems(R"(version: 1
director:
  marks:
    - { mark: 0 }
    - { mark: 5, source: 10.0.0.0/8, destination: "fd00::1", ports: [90-80, x], protocol: icmp, vlan: 3 }
    - five
    - { source: 10.0.0.0/8 }
l4:
  a: { listen: { fwmark: 5, address: 192.0.2.10, port: 80 } }
  b: { listen: { fwmark: 5 } }
  c: { listen: { address: 192.0.2.10, port: 80, family: ipv4 } }
)"),
      ElementsAre("4:15: director: marks: mark must be 1..4294967295, not \"0\"",
                  "5:26: director: marks: source and destination are of different address families",
                  "5:70: director: marks: ports must be a range of ports from the lower to the higher, not \"90-80\"",
                  "5:77: director: marks: ports must be a port or a range of ports, like 80 or 8000-8100, not \"x\"",
                  "5:91: director: marks: protocol must be tcp, udp or sctp, not \"icmp\"",
                  testing::HasSubstr("5:97: director: marks: unknown key \"vlan\""),
                  "6:7: director: marks: must be a mapping of keys, not \"five\"",
                  "7:7: director: marks: key \"mark\" is missing | The mark.",
                  "9:38: service a: listen takes fwmark or address, not both | what a mark stands for is told in "
                  "director: marks",
                  "9:56: service a: listen takes fwmark or port, not both | what a mark stands for is told in "
                  "director: marks",
                  "10:26: service b: FWM 5 is taken by service a at p.yaml:9:26",
                  "11:57: service c: listen: family goes with fwmark; an address has its own"));
}

TEST(Mark, NftablesMayGiveThemTooUnlessTheFileSaysNo) {
  EXPECT_TRUE(good("version: 1\n").director.nftables_marks);
  EXPECT_TRUE(good(kShop).director.nftables_marks);
  EXPECT_FALSE(good("version: 1\ndirector: { nftables_marks: false }\n").director.nftables_marks);
}

TEST(Mark, ThereIsRoomForSoManyRules) {
  std::string file = "version: 1\ndirector:\n  marks:\n    - { mark: 1, ports: [";
  for (int i = 0; i < 257; ++i) file += (i ? ", " : "") + std::to_string(i + 1);
  EXPECT_THAT(problems(file + "] }\n"),
              ElementsAre("4:5: director: marks: there is room for 256 rules, each range of ports one, not for 257"));
}

}  // namespace
}  // namespace plenum::conf
