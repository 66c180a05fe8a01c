#include "cli/plenum/listing.h"

#include <gtest/gtest.h>

#include "cli/plenum/text_table.h"

namespace plenum::cli {
namespace {

lb::ServerStatus server(const char* name, const char* address, std::int32_t weight) {
  lb::ServerStatus s;
  s.server.name = name;
  s.server.key = {*net::Address::parse(address), 80};
  s.server.weight = weight;
  s.next_hop = "02:00:00:00:00:11 on eth1";
  return s;
}

std::vector<lb::ServiceStatus> sample() {
  lb::ServiceStatus web;
  web.service.name = "web";
  web.service.key.address = *net::Address::parse("192.0.2.10");
  web.service.key.port = 80;
  web.service.scheduler = "wrr";
  web.rates = {12, 0, 0, 1536, 52'428'800};
  web.counters.connections = 99;
  web.servers = {server("a", "10.0.0.1", 3), server("", "10.0.0.22", 0), server("c", "10.0.0.3", 0)};
  web.servers[0].active = 5;
  web.servers[0].inactive = 7;
  web.servers[1].override_ = lb::Override{"drained", "ann via plenum", "new disk", 200};
  web.servers[2].draining = true;
  web.servers[2].removed_in = 590;
  web.servers[1].server.forward = conf::Forward::Tunnel;
  web.servers[1].server.tunnel = {conf::TunnelType::Gue, 6080, conf::TunnelChecksum::None};
  lb::ServiceStatus plain;
  plain.service.key = {0, net::Family::V6, conf::Protocol::Udp, *net::Address::parse("2001:db8::1"), 53};
  plain.override_ = lb::Override{"added", "ipvsadm by root", "", std::nullopt};
  return {web, plain};
}

TEST(Listing, ServicesAreOneAlignedRowEach) {
  EXPECT_EQ(
      services_text(sample()),
      "SERVICE               LISTENS ON            SCHEDULER  SERVERS  ACTIVE  INACTIVE  CONN/S  IN B/S  OUT B/S  "
      "CONNECTIONS  NOTE\n"
      "web                   TCP 192.0.2.10:80     wrr            1/3       5         7      12    1.5k      50M  "
      "         99\n"
      "UDP [2001:db8::1]:53  UDP [2001:db8::1]:53  wlc            0/0       0         0       0       0        0  "
      "          0  added by ipvsadm by root\n");
  EXPECT_EQ(services_text({}), "no services\n");
}

TEST(Listing, ServersTellTheirTunnelsChecksum) {
  auto services = sample();
  services[0].servers[1].server.tunnel.checksum = conf::TunnelChecksum::Full;
  EXPECT_NE(servers_text(services).find("  tun gue:6080 with checksum full       0  "), std::string::npos);
}

TEST(Listing, ServersTellWhoDrainedThemAndForHowLong) {
  EXPECT_EQ(servers_text(sample()),
            "SERVICE  SERVER        ADDRESS       FORWARD       WEIGHT  ACTIVE  INACTIVE  CONN/S  CONNECTIONS  NEXT HOP"
            "                   NOTE\n"
            "web      a             10.0.0.1:80   dr                 3       5         7       0            0  "
            "02:00:00:00:00:11 on eth1\n"
            "web      10.0.0.22:80  10.0.0.22:80  tun gue:6080       0       0         0       0            0  "
            "02:00:00:00:00:11 on eth1  drained by ann via plenum for 3m 20s more: new disk\n"
            "web      c             10.0.0.3:80   dr                 0       0         0       0            0  "
            "02:00:00:00:00:11 on eth1  draining, gone in 9m 50s at the latest\n");
  EXPECT_EQ(servers_text({}), "no servers\n");
  EXPECT_EQ(server_line(sample()[0].servers[0]), "a: weight 3; 12 connections of its own go on\n");
}

TEST(Listing, ServersTellWhetherTheyAreWell) {
  auto services = sample();
  auto& servers = services[0].servers;
  for (auto& s : servers) {
    s.next_hop.clear();
    s.override_.reset();
    s.draining = false;
    s.removed_in.reset();
    s.health = lb::ServerHealthStatus{.state = "up", .since = 5, .why = "", .checks = {}};
  }
  servers[0].health->slow_start = 40;
  servers[1].server.forward = conf::Forward::Route;
  servers[1].health = lb::ServerHealthStatus{.state = "down", .since = 200, .why = "no answer", .checks = {}};
  servers[1].out = true;
  servers[2].health =
      lb::ServerHealthStatus{.state = "damped", .since = 60, .why = "refused", .damped_for = 30, .checks = {}};
  servers[2].out = true;
  auto sorry = server("", "10.0.0.9", 1);
  sorry.next_hop.clear();
  sorry.sorry = true;
  servers.push_back(sorry);
  EXPECT_EQ(
      servers_text(services),
      "SERVICE  SERVER        ADDRESS       FORWARD  WEIGHT  ACTIVE  INACTIVE  CONN/S  CONNECTIONS  HEALTH        "
      "       NOTE\n"
      "web      a             10.0.0.1:80   dr            3       5         7       0            0  up            "
      "       slow start, 40 % of its weight\n"
      "web      10.0.0.22:80  10.0.0.22:80  dr            0       0         0       0            0  down 3m 20s   "
      "       no answer; out\n"
      "web      c             10.0.0.3:80   dr            0       0         0       0            0  damped 1m, 30s"
      " more  refused; out\n"
      "web      10.0.0.9:80   10.0.0.9:80   dr            1       0         0       0            0  sorry         "
      "       takes all: the service is below its quorum\n");
  servers.back().server.weight = 0;
  servers.back().wanted_weight = 1;
  EXPECT_NE(servers_text(services).find("at weight 0: the service has its quorum\n"), std::string::npos);
  services[0].health = lb::ServiceHealthStatus{.state = "down", .weight = 1, .quorum = 2, .sorry = true};
  EXPECT_NE(services_text(services).find("below its quorum (1 of 2), the sorry server takes all"), std::string::npos);
}

TEST(Listing, HealthIsOneRowACheck) {
  lb::HealthReport web{.service = "web", .listens_on = "TCP 192.0.2.10:80", .health = {}, .servers = {}};
  web.health.state = "up";
  lb::HealthReport::Server a{.name = "a", .address = "10.0.0.1:80", .health = {}};
  a.health.checks.push_back({.name = "tcp",
                             .asked = "10.0.0.1:80",
                             .state = "up",
                             .since = 90,
                             .why = "",
                             .latency = 250,
                             .probes = 30,
                             .hindrance = ""});
  a.health.checks.push_back({.name = "http",
                             .asked = "10.0.0.1:8080",
                             .state = "down",
                             .since = 5,
                             .why = "status 500",
                             .latency = 12'400,
                             .probes = 30,
                             .failures = 4,
                             .falls = 1,
                             .hindrance = ""});
  web.servers = {a, {.name = "b", .address = "10.0.0.2:80", .health = {}}};
  EXPECT_EQ(
      health_text({web}),
      "SERVICE  SERVER  ADDRESS      CHECK  ASKED          STATE      LATENCY  PROBES  FAILED  FALLS  WHY\n"
      "web      a       10.0.0.1:80  tcp                   up 1m 30s   0.2 ms      30       0      0\n"
      "web      a       10.0.0.1:80  http   10.0.0.1:8080  down 5s      12 ms      30       4      1  status 500\n"
      "web      b       10.0.0.2:80  none\n");
  web.health = {.state = "down", .weight = 1, .quorum = 2, .since = 70, .sorry = true};
  EXPECT_EQ(health_text({web}).substr(0, 76),
            "web: BELOW ITS QUORUM for 1m 10s: weight 1 of 2, the sorry server takes all\n");
  EXPECT_EQ(health_text({}), "no server is checked\n");
}

TEST(Listing, ConnectionsReasonsAndStatus) {
  lb::ConnectionStatus c;
  c.client = *net::Endpoint::parse("198.51.100.7:40000");
  c.virtual_ = *net::Endpoint::parse("192.0.2.10:80");
  c.server = *net::Endpoint::parse("10.0.0.1:80");
  c.state = "ESTABLISHED";
  c.expires_in = 899;
  EXPECT_EQ(connections_text({c}),
            "PROTO  EXPIRES  STATE        CLIENT              VIRTUAL        SERVER\n"
            "TCP    14m 59s  ESTABLISHED  198.51.100.7:40000  192.0.2.10:80  10.0.0.1:80\n");
  EXPECT_EQ(reasons_text({{"no_server", "drop", "no server available", 3},
                          {"never", "drop", "did not happen", 0},
                          {"dr", "forward", "sent on", 12},
                          {"bad_length", "drop", "shorter than its header says", 40}}),
            "KIND     REASON      PACKETS  MEANING\n"
            "drop     bad_length       40  shorter than its header says\n"
            "drop     no_server         3  no server available\n"
            "forward  dr               12  sent on\n");
  EXPECT_EQ(reasons_text({}), "no packet has met a verdict yet\n");
  lb::Status s;
  s.version = "0.1.0";
  s.uptime = 3725;
  s.data_plane_uptime = 90061;
  s.config_path = "/etc/plenum/plenum.yaml";
  s.config_error = "plenum.yaml:1:1: bad";
  s.services = 2;
  s.servers = 3;
  s.connections = 10;
  s.connection_room = 1048576;
  s.interfaces = {{"eth0", "native", ""}, {"eth1", "generic", "the driver has no XDP"}};
  s.vips = {{"web", "192.0.2.10/24", "eth0", true}, {"old", "192.0.2.11/24", "", false}};
  s.warnings = {"ip_forward is 0"};
  EXPECT_EQ(status_text(s),
            "plenum-lbd 0.1.0, up 1h 2m, data plane up 1d 1h\n"
            "config       /etc/plenum/plenum.yaml\n"
            "services     2 with 3 servers\n"
            "connections  10 of 1048576\n"
            "interfaces   eth0 native\n"
            "             eth1 generic (the driver has no XDP)\n"
            "vips         web 192.0.2.10/24 on eth0\n"
            "             old 192.0.2.11/24 MISSING\n"
            "warning: ip_forward is 0\n"
            "the last reload was refused, the old state goes on:\n"
            "plenum.yaml:1:1: bad\n");
}

TEST(TextTable, KeepsTheTerminalSafeAndCountsCharacters) {
  TextTable table({{"A"}, {"EMPTY"}, {"B", TextTable::Align::Right}});
  table.row({"\xc3\xa4", "", "1"});
  table.row({"x\x1b[2J", "", "22"});
  EXPECT_EQ(table.text(), "A       B\n\xc3\xa4       1\nx?[2J  22\n");
}

TEST(DurationText, ShowsTheTwoLargestUnits) {
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(59), "59s");
  EXPECT_EQ(duration_text(60), "1m");
  EXPECT_EQ(duration_text(3600), "1h");
  EXPECT_EQ(duration_text(3601), "1h");
  EXPECT_EQ(duration_text(90000), "1d 1h");
}

}  // namespace
}  // namespace plenum::cli
