#include "conf/lvs_cf/read.h"

#include <gmock/gmock.h>

namespace plenum::conf::lvs_cf {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;

constexpr auto kFile = R"(serial_no = 12
primary = 10.0.0.11
service = lvs
backup_active = 1
backup = 10.0.0.12
heartbeat = 1
keepalive = 6
deadtime = 18
network = nat
nat_router = 192.168.1.254 eth1:1
nat_nmask = 255.255.255.0
syncdaemon = 1
tcp_timeout = 600
virtual web {
     active = 1
     address = 10.0.0.100 eth0:1
     vip_nmask = 255.255.255.0
     port = 80
     persistent = 300
     pmask = 255.255.255.0
     send = "GET / HTTP/1.0\r\n\r\n"
     expect = "HTTP"
     load_monitor = none
     scheduler = wrr
     protocol = tcp
     timeout = 6
     reentry = 15
     quiesce_server = 1
     server one {
         address = 192.168.1.1
         active = 1
         weight = 3
         port = 8080
     }
     server two {
         address = 192.168.1.2
         active = 0
     }
}
virtual off {
     active = 0
}
)";

Result read_as(const std::string& own, const std::string& text = kFile) {
  Host host;
  host.has_address = [own](const net::Address& address) { return address.text() == own; };
  return read(text, "lvs.cf", host);
}

TEST(LvsCf, AVirtualBlockIsAServiceWithItsServers) {
  const auto result = read_as("10.0.0.11");
  ASSERT_THAT(result.config.services, SizeIs(1));
  const auto& s = result.config.services[0];
  EXPECT_EQ(s.name, "web");
  EXPECT_EQ(s.key.text(), "TCP 10.0.0.100:80");
  EXPECT_EQ(s.scheduler, "wrr");
  EXPECT_EQ(s.persistence, (Persistence{300, 0xffffff00, ""}));
  ASSERT_THAT(s.servers, SizeIs(1));
  EXPECT_EQ(s.servers[0].key.text(), "192.168.1.1:8080");
  EXPECT_EQ(s.servers[0].forward, Forward::Masq);
  EXPECT_EQ(s.servers[0].weight, 3);
}

TEST(LvsCf, SendAndExpectAreACheckThatTakesTimeoutAndReentry) {
  const auto result = read_as("10.0.0.11");
  ASSERT_THAT(result.config.health, SizeIs(1));
  EXPECT_EQ(result.config.health[0].on_failure, OnFailure::Inhibit);
  const auto& check = result.config.health[0].checks.at(0);
  EXPECT_EQ(std::get<ExpectProbe>(check.probe).send, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(std::get<ExpectProbe>(check.probe).expect, "HTTP");
  EXPECT_EQ(check.interval * check.fall, seconds(6));
  EXPECT_EQ(check.rise, 7u);
}

TEST(LvsCf, TheDirectorsAreVirtualRoutersOfOneGroup) {
  const auto primary = read_as("10.0.0.11").config, backup = read_as("10.0.0.12").config;
  ASSERT_THAT(primary.vrrp.routers, SizeIs(2));
  EXPECT_EQ(primary.vrrp.routers[0].addresses.at(0).prefix.text(), "10.0.0.100/24");
  EXPECT_EQ(primary.vrrp.routers[1].addresses.at(0).prefix.text(), "192.168.1.254/24");
  EXPECT_EQ(primary.vrrp.routers[0].advert, seconds(6));
  EXPECT_GT(primary.vrrp.routers[0].priority, backup.vrrp.routers[0].priority);
  EXPECT_EQ(primary.vrrp.routers[0].vrid, backup.vrrp.routers[0].vrid);
  EXPECT_THAT(primary.vrrp.groups.at(0).members, ElementsAre("lvs-eth0", "lvs-eth1"));
  EXPECT_EQ(primary.director.sync.follow, "lvs");
  EXPECT_EQ(primary.director.timeouts.tcp, 600);
}

TEST(LvsCf, AProgramIsToldTheServersAddress) {
  std::string text = kFile;
  const auto at = text.find("send = ");
  text.replace(at, text.find('\n', at) - at, "send_program = \"/usr/bin/ask %h\"");
  const auto result = read_as("10.0.0.11", text);
  const auto& words =
      std::get<ScriptProbe>(result.config.health.at(0).servers.at(0).second.checks.at(0).probe).command.words;
  EXPECT_EQ(words.back(), "192.168.1.1");
  EXPECT_EQ(words[words.size() - 2], "/usr/bin/ask");
  EXPECT_EQ(words[4], "HTTP");
}

TEST(LvsCf, WhatIsNotCarriedOutIsTold) {
  const auto result = read_as("10.0.0.11", "service = fos\nload = 3\nfailover x {\nactive = 1\n}\n");
  std::vector<std::string> messages;
  for (const auto& f : result.findings.list()) messages.push_back(f.message);
  EXPECT_THAT(messages, ElementsAre("service = fos is not carried out", "unknown key load",
                                    "failover x (service = fos) is not carried out"));
}

TEST(LvsCf, AddressesThatCannotBeBalancedAreLeftOut) {
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = kFile;
    text.replace(text.find(from), from.size(), to);
    return read_as("10.0.0.11", text);
  };
  EXPECT_THAT(with("address = 10.0.0.100", "address = 224.0.0.1").config.services, testing::IsEmpty());
  for (const auto* bad : {"224.1.2.3", "0.0.0.0", "255.255.255.255", "2001:db8::1"}) {
    const auto read = with("192.168.1.1\n", std::string(bad) + "\n");
    ASSERT_EQ(read.config.services.size(), 1U) << bad;
    EXPECT_THAT(read.config.services[0].servers, testing::IsEmpty()) << bad;
    EXPECT_THAT(read.findings.list(),
                testing::Contains(testing::Field(&keepalived::Finding::message, testing::HasSubstr(bad))));
  }
  const auto sorry = with("persistent = 300", "sorry_server = 224.1.2.3");
  EXPECT_FALSE(sorry.config.health.at(0).sorry);
}

TEST(LvsCf, AServiceHasItsAddressesFamily) {
  const auto six = read_as("",
                           "virtual v {\nactive = 1\naddress = 2001:db8::1 eth0:1\nserver s {\nactive = 1\n"
                           "address = 2001:db8:1::1\n}\n}\n");
  ASSERT_EQ(six.config.services.size(), 1U);
  EXPECT_EQ(six.config.services[0].key.family, net::Family::V6);
  EXPECT_EQ(six.config.services[0].servers.size(), 1U);
}

TEST(LvsCf, WhatIsNeitherKeyNorBlockIsFatal) {
  for (const auto* text : {"serial_no = 1\nhello\n", "virtual x {\nactive = 1\n", "}\n"})
    EXPECT_EQ(read_as("", text).findings.worst(), keepalived::Severity::Fatal) << text;
}

TEST(LvsCf, IsToldFromOtherFiles) {
  EXPECT_TRUE(looks_like(kFile));
  EXPECT_TRUE(looks_like("# x\nvirtual web {\n"));
  EXPECT_FALSE(looks_like("global_defs {\n"));
  EXPECT_FALSE(looks_like("version: 1\n"));
  EXPECT_FALSE(looks_like(""));
}

}  // namespace
}  // namespace plenum::conf::lvs_cf
