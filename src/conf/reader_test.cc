#include "conf/reader.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "conf/reading_for_test.h"
#include "conf/schema.h"

namespace plenum::conf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

net::Address ip(const char* text) { return *net::Address::parse(text); }

TEST(Reader, ReadsAWholeFile) {
  const auto config = good(R"(version: 1
vips:
  web: { addresses: [192.0.2.10/24, "2001:db8::10/64"], interface: eth0 }
director: { interfaces: [eth0, eth1], xdp: native, connections: 3M, servers: 128 }
l4:
  smtp:
    listen: { vip: web, port: 25, protocol: tcp }
    forward: dr
    scheduler: wrr
    drain: 90s
    servers:
      mx1: {address: 192.0.2.21, weight: 100, upper: 1000, lower: 500}
      mx2: {address: "${MX2:-192.0.2.22}", weight: 50}
      mx6: {address: "2001:db8::21"}
  dns:
    listen: { address: 198.51.100.1, port: 53, protocol: udp }
    forward: tun
    tunnel: { type: gue, port: 6080 }
    servers: { a: { address: "2001:db8::53" }, b: { address: 10.0.0.5, forward: nat, port: 5353 } }
)");
  EXPECT_EQ(config.director.interfaces, (std::vector<std::string>{"eth0", "eth1"}));
  EXPECT_EQ(config.director.xdp, XdpMode::Native);
  EXPECT_EQ(config.director.connections, 1u << 22) << "rounded up to a power of two";
  EXPECT_EQ(config.director.servers, 128u);
  ASSERT_EQ(config.vips.size(), 1u);
  EXPECT_EQ(config.vips[0].addresses.size(), 2u);
  EXPECT_EQ(config.vips[0].interface, "eth0");

  ASSERT_EQ(config.services.size(), 3u);
  const auto& four = config.services[0];
  EXPECT_EQ(four.name, "smtp");
  EXPECT_EQ(four.key.text(), "TCP 192.0.2.10:25");
  EXPECT_EQ(four.scheduler, "wrr");
  EXPECT_EQ(four.drain, 90u);
  ASSERT_EQ(four.servers.size(), 2u);
  Server mx1;
  mx1.name = "mx1";
  mx1.key = {ip("192.0.2.21"), 25};
  mx1.weight = 100;
  mx1.upper = 1000;
  mx1.lower = 500;
  EXPECT_EQ(four.servers[0], mx1);
  EXPECT_EQ(four.servers[1].key.text(), "192.0.2.22:25");

  const auto& six = config.services[1];
  EXPECT_EQ(six.name, "smtp");
  EXPECT_EQ(six.key.text(), "TCP [2001:db8::10]:25");
  ASSERT_EQ(six.servers.size(), 1u);
  EXPECT_EQ(six.servers[0].name, "mx6");

  const auto& dns = config.services[2];
  EXPECT_EQ(dns.key.text(), "UDP 198.51.100.1:53");
  EXPECT_EQ(dns.drain, 600u);
  EXPECT_EQ(dns.scheduler, "wlc");
  ASSERT_EQ(dns.servers.size(), 2u);
  EXPECT_EQ(dns.servers[0].forward, Forward::Tunnel);
  EXPECT_EQ(dns.servers[0].tunnel, (Tunnel{TunnelType::Gue, 6080, TunnelChecksum::None}));
  EXPECT_EQ(dns.servers[1].forward, Forward::Masq);
  EXPECT_EQ(dns.servers[1].key.text(), "10.0.0.5:5353");
}

TEST(Reader, HasTheDefaultsOfTheTable) {
  Config expected{.node = "lb1"};
  expected.vrrp.globals.script_security = true;  // unlike keepalived
  EXPECT_EQ(good("version: 1\n"), expected);
  EXPECT_EQ(good("version: 1\nvips:\nl4:\n"), expected);
}

TEST(Reader, TellsEveryProblemAtOnceWithItsPlace) {
  EXPECT_THAT(
      problems(R"(version: 2
vips:
  web: { addresses: [192.0.2.10/33, 224.0.0.1] }
l4:
  smtp:
    listen: { vip: wep, port: 99999 }
    schedular: rr
    scheduler: wrrr
    drain: 10
    servers:
      mx1: { address: 192.0.2.21:25, weight: 70000 }
      mx2: { weight: -1 }
  bad name: {}
)"),
      ElementsAre("1:10: version must be 1, not \"2\"",
                  "3:22: vip web: addresses must be an IP address with prefix length, like 192.0.2.10/24, not "
                  "\"192.0.2.10/33\"",
                  "3:37: vip web: 224.0.0.1 is a multicast address",
                  "6:20: service smtp: there is no vip \"wep\" | did you mean \"web\"?",
                  "6:31: service smtp: listen: port must be 1..65535, or any, not \"99999\"",
                  "7:5: service smtp: unknown key \"schedular\" | did you mean \"scheduler\"?",
                  "8:16: service smtp: scheduler must be rr, wrr, lc, wlc, lblc, lblcr, dh, sh, mh, sed, nq, fo, ovf "
                  "or twos, not \"wrrr\" | did you mean \"wrr\"?",
                  "9:12: service smtp: drain must be a duration from 0 to 7d, like 90s, 10m or 1h, not \"10\" | a "
                  "unit is missing: 10s?",
                  "11:23: service smtp: server mx1: address must be an IP address, not \"192.0.2.21:25\" | the "
                  "port goes to its own key: port: 25",
                  "11:46: service smtp: server mx1: weight must be 0..65535, not \"70000\"",
                  "12:12: service smtp: server mx2: key \"address\" is missing | The server's own address.",
                  "12:22: service smtp: server mx2: weight must be 0..65535, not \"-1\"",
                  "13:3: the service's name must be a name (letters, digits, '.', '_' and '-', at most 63), "
                  "not \"bad name\"",
                  "13:13: service bad name: key \"listen\" is missing | What traffic the service takes."));
}

TEST(Reader, ReadsChecksumsOfTunnels) {
  const auto tunnel_of = [](const std::string& tunnel) {
    const auto config = good(
        "version: 1\nl4:\n  a:\n    listen: { address: 192.0.2.10, port: 80 }\n    forward: tun\n"
        "    tunnel: " +
        tunnel + "\n    servers: { a: { address: 10.0.0.5 } }\n");
    return config.services.at(0).servers.at(0).tunnel;
  };
  EXPECT_EQ(tunnel_of("{ type: gre }"), (Tunnel{TunnelType::Gre, 0, TunnelChecksum::None}));
  EXPECT_EQ(tunnel_of("{ type: gre, checksum: full }"), (Tunnel{TunnelType::Gre, 0, TunnelChecksum::Full}));
  EXPECT_EQ(tunnel_of("{ type: gue, port: 6080, checksum: full }"),
            (Tunnel{TunnelType::Gue, 6080, TunnelChecksum::Full}));
  EXPECT_EQ(tunnel_of("{ type: gue, port: 6080, checksum: remote }"),
            (Tunnel{TunnelType::Gue, 6080, TunnelChecksum::Remote}));
}

TEST(Reader, RefusesChecksumsThatATunnelHasNot) {
  EXPECT_THAT(problems(R"(version: 1
l4:
  one:
    listen: { address: 192.0.2.10, port: 80 }
    forward: tun
    tunnel: { checksum: full }
    servers: { a: { address: 10.0.0.5 } }
  two:
    listen: { address: 192.0.2.10, port: 81 }
    forward: tun
    tunnel: { type: gre, checksum: remote }
    servers: { a: { address: 10.0.0.5 } }
)"),
              ElementsAre("6:25: service one: tunnel: type ipip has no checksum",
                          "11:36: service two: tunnel: type gre has no remote checksum"));
}

TEST(Reader, FindsWhatMakesNoSenseTogether) {
  EXPECT_THAT(problems(R"(version: 1
vips:
  a: { addresses: [192.0.2.10] }
  b: { addresses: [192.0.2.10/24] }
l4:
  one:
    listen: { vip: a, port: 80 }
    tunnel: { type: gue }
    servers:
      x: { address: 10.0.0.1, port: 8080 }
      y: { address: "2001:db8::1" }
      z: { address: 10.0.0.1, lower: 5 }
      t: { address: 10.0.0.1 }
  two:
    listen: { address: 192.0.2.10, port: 80 }
  three: { listen: { port: 80 } }
  four: { listen: { vip: a, address: 10.0.0.1, port: 1 } }
  five: { listen: { address: 127.0.0.1, port: 1 } }
)"),
              ElementsAre("4:20: vip b: 192.0.2.10 stands twice, first at p.yaml:3:20",
                          "8:13: service one: tunnel is of no use: no server has forward: tun",
                          "8:21: service one: tunnel: type gue needs a port",
                          "10:37: service one: server x: port must be that of listen, 80, with forward: dr | only "
                          "forward: nat can change the port",
                          "11:21: service one: server y: 2001:db8::1 is IPv6, and the service listens on no such "
                          "address | only forward: tun crosses address families",
                          "12:38: service one: server z: lower must not be above upper, 0",
                          "13:21: service one: server t: 10.0.0.1:80 is server z already",
                          "15:42: service two: TCP 192.0.2.10:80 is taken by service one at p.yaml:7:29",
                          "16:20: service three: listen needs vip, address or fwmark",
                          "17:38: service four: listen takes vip or address, not both",
                          "18:30: service five: 127.0.0.1 is a loopback address"));
}

TEST(Reader, SchedulerFlagsAreForTheSchedulersThatHaveThem) {
  const auto with = [](const std::string& scheduler, const std::string& flags) {
    return "version: 1\nl4:\n  web:\n    listen: { address: 192.0.2.10, port: 80 }\n    scheduler: " + scheduler +
           "\n    scheduler_flags: " + flags + "\n";
  };
  EXPECT_EQ(good(with("sh", "[port]")).services.at(0).scheduler_flags, kSchedulerFlag2);
  EXPECT_EQ(good(with("mh", "[fallback, port]")).services.at(0).scheduler_flags, kSchedulerFlag1 | kSchedulerFlag2);
  EXPECT_EQ(good(with("rr", "[]")).services.at(0).scheduler_flags, 0u);
  EXPECT_THAT(problems(with("rr", "[port]")),
              ElementsAre("6:22: service web: scheduler rr has no flags | sh and mh have"));
  EXPECT_THAT(problems(with("sh", "[ports]")), ElementsAre(HasSubstr("did you mean \"port\"?")));
}

TEST(Reader, RefusesKeysOfLaterVersionsSoThatNothingIsSilentlyIgnored) {
  EXPECT_THAT(
      problems("version: 1\nl7: {}\nha: {}\ngslb: {}\nl4:\n  a:\n    listen: { port: 1, address: 10.0.0.1 }\n"
               "    forward: fullnat\n"),
      ElementsAre(
          HasSubstr("2:1: l7 is not supported by this version"), HasSubstr("3:1: ha is not supported"),
          HasSubstr("4:1: gslb is not supported"),
          HasSubstr("8:14: service a: forward \"fullnat\" is not supported by this version | it has dr, nat or tun")));
}

TEST(Reader, WrongShapesAreToldNotGuessed) {
  EXPECT_THAT(problems("[1, 2]"), ElementsAre("1:1: must be a mapping of keys, not a list"));
  EXPECT_THAT(problems("version: 1\nvips: { web: { addresses: 192.0.2.1 } }\nl4: [a]\ndirector: 7\n"),
              ElementsAre("2:27: vip web: addresses must be a list, not \"192.0.2.1\" | write [192.0.2.1]",
                          "3:5: l4 must be a mapping of names, not a list",
                          "4:11: director: must be a mapping of keys, not \"7\""));
  EXPECT_THAT(problems("version: {a: b}\n"), ElementsAre("1:10: version must be a single value, not a mapping"));
  EXPECT_THAT(problems("version:\n"), ElementsAre("1:1: version has no value"));
  EXPECT_THAT(problems(""), ElementsAre(HasSubstr("1:1: key \"version\" is missing")));
}

TEST(Reader, RendersTheLineWithACaret) {
  const auto reading =
      parse("version: 1\nvips:\n  web:\t{ addresses: [\"ä\", 10.0.0.300] }\n", "plenum.yaml", nothing_set);
  ASSERT_FALSE(reading);
  ASSERT_EQ(reading.error().list().size(), 2u);
  EXPECT_EQ(reading.error().list()[1].render(),
            "plenum.yaml:3:27: vip web: addresses must be an IP address with prefix length, like 192.0.2.10/24, not "
            "\"10.0.0.300\"\n"
            "      web:\t{ addresses: [\"ä\", 10.0.0.300] }\n"
            "          \t                   ^\n");
}

TEST(Reader, ExpandsVariablesInValuesOnly) {
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "WEIGHT") return "7";
    if (name == "EMPTY") return "";
    return std::nullopt;
  };
  const auto text = [](const std::string& weight) {
    return "version: 1\nl4: { a: { listen: { address: 192.0.2.1, port: 80 }, servers: { r: { address: "
           "\"10.0.0.${X:-5}\", "
           "weight: \"" +
           weight + "\" } } } }\n";
  };
  auto reading = parse(text("${WEIGHT}"), "p", environment);
  ASSERT_TRUE(reading) << reading.error().render();
  EXPECT_EQ(reading->services[0].servers[0].weight, 7);
  EXPECT_EQ(reading->services[0].servers[0].key.address, ip("10.0.0.5"));
  EXPECT_TRUE(parse(text("${EMPTY:-3}${EMPTY}"), "p", environment));
  const auto message = [&](const std::string& weight) {
    const auto bad = parse(text(weight), "p", environment);
    return bad ? "fine" : bad.error().list()[0].message;
  };
  EXPECT_EQ(message("${UNSET}"), "variable UNSET is not set");
  EXPECT_EQ(message("${WEIGHT"), "${ without a }");
  EXPECT_THAT(message("$${WEIGHT}"), HasSubstr("not \"${WEIGHT}\""));
  EXPECT_THAT(message("${EMPTY}"), HasSubstr("must be 0..65535, not \"\""));
}

class MemoryFiles {
 public:
  std::map<std::string, std::string> texts;
  Files files() {
    return {[this](const std::string& path) -> Result<std::string> {
              const auto at = texts.find(path);
              if (at == texts.end()) return fail(std::errc::no_such_file_or_directory, "cannot be opened");
              return at->second;
            },
            [this](const std::string& pattern) {
              if (pattern.find('*') == std::string::npos) return std::vector<std::string>{pattern};
              std::vector<std::string> out;
              for (const auto& [path, text] : texts) {
                if (path.compare(0, pattern.find('*'), pattern, 0, pattern.find('*')) == 0) out.push_back(path);
              }
              return out;
            }};
  }
};

TEST(Include, JoinsSectionsOfSeveralFiles) {
  MemoryFiles disk;
  disk.texts = {{"/etc/p/main.yaml", "version: 1\ninclude: [conf.d/*.yaml]\nvips: { a: { addresses: [192.0.2.1] } }\n"},
                {"/etc/p/conf.d/1.yaml", "version: 1\nvips: { b: { addresses: [192.0.2.2] } }\n"},
                {"/etc/p/conf.d/2.yaml", "l4: { web: { listen: { vip: b, port: 80 } } }\n"}};
  const auto reading = read("/etc/p/main.yaml", nothing_set, disk.files());
  ASSERT_TRUE(reading) << reading.error().render();
  EXPECT_EQ(reading->vips.size(), 2u);
  EXPECT_EQ(reading->services.size(), 1u);
}

TEST(Include, AKeyInTwoFilesNamesBoth) {
  MemoryFiles disk;
  disk.texts = {{"main.yaml", "version: 1\ninclude: [a.yaml, gone.yaml]\ndirector: { xdp: auto }\n"},
                {"a.yaml", "version: 2\ndirector: { xdp: generic }\ninclude: [b.yaml]\nl4: [\n"}};
  auto reading = read("main.yaml", nothing_set, disk.files());
  ASSERT_FALSE(reading);
  EXPECT_THAT(reading.error().render(), HasSubstr("a.yaml:"));
  disk.texts["a.yaml"] = "version: 2\ndirector: { xdp: generic }\ninclude: [b.yaml]\n";
  reading = read("main.yaml", nothing_set, disk.files());
  ASSERT_FALSE(reading);
  std::vector<std::string> lines;
  for (const auto& d : reading.error().list())
    lines.push_back(d.file + ":" + std::to_string(d.line) + ": " + d.message);
  EXPECT_THAT(lines, ElementsAre("a.yaml:1: version is another one in the main file",
                                 "a.yaml:2: key \"xdp\" stands in two files, first at main.yaml:3:13",
                                 "a.yaml:3: include: only the main file includes others",
                                 "main.yaml:2: include: gone.yaml cannot be opened"));
}

TEST(Include, IsRefusedWhereThereAreNoFiles) {
  EXPECT_THAT(problems("version: 1\ninclude: [/etc/shadow]\n"),
              ElementsAre("2:11: include: there are no other files here"));
}

TEST(Load, ReadsRealFilesAndGlobs) {
  const auto directory = std::filesystem::temp_directory_path() / ("plenum-reader-test-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory / "conf.d");
  std::ofstream(directory / "main.yaml") << "version: 1\ninclude: [conf.d/*.yaml]\n";
  std::ofstream(directory / "conf.d/x.yaml") << "vips: { a: { addresses: [192.0.2.1] } }\n";
  const auto loaded = load(directory / "main.yaml");
  const auto missing = load(directory / "nothing.yaml");
  const auto not_a_file = load(directory);
  std::ofstream(directory / "conf.d/x.yaml") << "vip: {}\n";
  const auto bad = load(directory / "main.yaml");
  std::filesystem::remove_all(directory);
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_EQ(loaded->vips.size(), 1u);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code.value(), ENOENT);
  EXPECT_THAT(missing.error().what, HasSubstr("nothing.yaml: cannot be opened: No such file or directory"));
  ASSERT_FALSE(not_a_file);
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().what, HasSubstr("conf.d/x.yaml:1:1: unknown key \"vip\""));
  EXPECT_THAT(bad.error().what, HasSubstr("did you mean \"vips\"?"));
}

}  // namespace
}  // namespace plenum::conf
