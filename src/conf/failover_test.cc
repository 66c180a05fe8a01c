// What the file says about failover, as values; and what is wrong with it.

#include <gmock/gmock.h>

#include "conf/node_value.h"
#include "conf/reading_for_test.h"
#include "conf/vmac_names.h"

namespace plenum::conf {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kPair = R"(version: 1
vips:
  web:
    addresses: [192.0.2.10/24, "2001:db8::10/64"]
    vrrp:
      id: 51
      interface: { lb1: eth0, lb2: ens3 }
      advert: 100ms
      priority: { lb1: 150, lb2: 100 }
      preempt_delay: 5s
      peers: [192.0.2.2, 192.0.2.3]
      source: { lb1: 192.0.2.2, lb2: 192.0.2.3 }
      track:
        - { interface: eth1 }
        - { script: chk, weight: -20 }
      bfd: lb2
      announce: { repeat: 3, delay: 1s }
      notify: { master: { run: "/usr/local/bin/up 'a b'", user: root } }
failover:
  scripts: { chk: { run: /bin/true, interval: 2s, fall: 2 } }
  groups: { all: { members: [web] } }
bfd:
  lb1: { address: 192.0.2.2, transmit: 30ms, receive: 30ms }
  lb2: { address: 192.0.2.3, transmit: 30ms, receive: 30ms }
director:
  sync: { state: both, interface: eth0, follow: web }
)";

// Warnings of a file with one IPv6 router and what is added to it.
std::vector<std::string> warnings(const std::string& bfd, const std::string& vrrp = "", const std::string& more = "") {
  Diagnostics found;
  const auto reading = parse(
      "version: 1\nvips:\n  six:\n    addresses: [\"fe80::10/64\", \"2001:db8::10/64\"]\n"
      "    vrrp:\n      id: 6\n      interface: eth0\n      priority: 100\n" +
          vrrp + more + "bfd:\n" + bfd,
      "p.yaml", nothing_set, &found);
  EXPECT_TRUE(reading) << reading.error().render();
  std::vector<std::string> out;
  for (const auto& d : found.list())
    out.push_back(std::to_string(d.line) + ":" + std::to_string(d.column) + ": " + d.message + " | " + d.hint);
  return out;
}

constexpr const char* kGlobal = "  lb2: { address: \"2001:db8::3\" }\n";

TEST(Failover, ASessionByGlobalAddressesThatNoIpv6RouterNamesIsWarnedOf) {
  EXPECT_THAT(
      warnings(kGlobal),
      ElementsAre("6:11: vip six: vrrp: no BFD session makes it take over: masters of IPv6 speak from link-local "
                  "addresses, and session lb2 is with 2001:db8::3 | write bfd: lb2 here if that is the same "
                  "neighbour, or its link-local address there"));
  EXPECT_THAT(warnings(std::string(kGlobal) + "  lb3: { address: \"2001:db8::4\" }\n").size(), 1U);
  EXPECT_THAT(warnings(std::string(kGlobal) + "  four: { address: 192.0.2.3 }\n").size(), 1U)
      << "nor does one by IPv4 mean it";
}

TEST(Failover, ASessionThatMeansSomethingIsNotWarnedOf) {
  EXPECT_THAT(warnings("  lb2: { address: \"fe80::3\", interface: eth0 }\n"), IsEmpty());
  EXPECT_THAT(warnings(std::string(kGlobal) + "  near: { address: \"fe80::3\", interface: eth0 }\n"), IsEmpty());
  EXPECT_THAT(warnings("  lb1: { address: \"2001:db8::2\" }\n"), IsEmpty()) << "the node's own end";
  EXPECT_THAT(warnings("  lb2: { address: 192.0.2.3 }\n"), IsEmpty());
  EXPECT_THAT(warnings("  far: { address: \"2001:db8::3\", max_hops: 9 }\n"), IsEmpty());
  EXPECT_THAT(warnings(kGlobal, "      bfd: lb2\n"), IsEmpty());
  EXPECT_THAT(warnings(kGlobal, "      track: [ { bfd: lb2, weight: -20 } ]\n"), IsEmpty());
  EXPECT_THAT(warnings(kGlobal, "      peers: [\"2001:db8::3\"]\n"), IsEmpty());
  const std::string service =
      "l4: { web: { listen: { address: \"2001:db8::10\", port: 80 }, check: { type: bfd, session: lb2 }, "
      "servers: { a: { address: \"2001:db8::3\" } } } }\n";
  EXPECT_THAT(warnings(kGlobal, "", service), IsEmpty());
  const std::string four = "  four: { addresses: [192.0.2.10/24], vrrp: { id: 4, interface: eth0, priority: 100 } }\n";
  const std::string group = "failover: { groups: { all: { members: [six, four] } } }\n";
  const auto both = std::string(kGlobal) + "  lb2-4: { address: 192.0.2.3 }\n";
  EXPECT_THAT(warnings(both, "", four + group), IsEmpty()) << "it goes with the other one";
  EXPECT_EQ(warnings(both, "", four).size(), 1U);
  EXPECT_THAT(warnings(kGlobal, "",
                       "  other: { addresses: [192.0.2.10/24], vrrp: { id: 4, interface: eth0, priority: "
                       "100, bfd: lb2 } }\n"),
              IsEmpty());
}

TEST(Failover, IsReadForThisNode) {
  const auto config = good(kPair);
  ASSERT_EQ(config.vrrp.routers.size(), 1U);
  const auto& router = config.vrrp.routers[0];
  EXPECT_EQ(router.name, "web");
  EXPECT_EQ(router.interface, "eth0");
  EXPECT_EQ(router.version, 3);
  EXPECT_EQ(router.vrid, 51);
  EXPECT_EQ(router.priority, 150);
  EXPECT_EQ(router.advert, 100ms);
  EXPECT_EQ(router.preempt_delay, 5s);
  EXPECT_TRUE(router.preempt);
  ASSERT_EQ(router.addresses.size(), 1U);
  EXPECT_EQ(router.addresses[0].prefix.text(), "192.0.2.10/24");
  ASSERT_EQ(router.excluded.size(), 1U);  // the other family rides along
  EXPECT_EQ(router.excluded[0].prefix.text(), "2001:db8::10/64");
  ASSERT_EQ(router.peers.size(), 1U);  // without the own end
  EXPECT_EQ(router.peers[0].address.text(), "192.0.2.3");
  ASSERT_EQ(router.tracks.size(), 2U);
  EXPECT_EQ(router.tracks[0].kind, TrackKind::Interface);
  EXPECT_FALSE(router.tracks[0].weight);
  EXPECT_EQ(router.tracks[1].weight, -20);
  EXPECT_EQ(router.takeover_bfd, "lb2");
  EXPECT_EQ(router.announce.repeat, 3U);
  EXPECT_EQ(router.announce.delay, 1s);
  EXPECT_EQ(router.announce.delay_repeat, 5U);
  EXPECT_THAT(router.notify.master.words, ElementsAre("/usr/local/bin/up", "a b"));
  EXPECT_EQ(router.notify.master.user, "root");
  ASSERT_EQ(config.vrrp.bfd.size(), 1U);  // the own one is left out
  EXPECT_EQ(config.vrrp.bfd[0].transmit, 30ms);
  ASSERT_EQ(config.vrrp.groups.size(), 1U);
  EXPECT_THAT(config.vrrp.groups[0].members, ElementsAre("web"));
  ASSERT_EQ(config.vips.size(), 1U);
  EXPECT_TRUE(config.vips[0].by_vrrp);
  EXPECT_EQ(config.vips[0].interface, "eth0");
  EXPECT_EQ(config.director.sync.follow, "web");
}

TEST(Failover, ANodeWithoutAPriorityTakesNoPart) {
  const auto elsewhere = [](std::string_view name) -> std::optional<std::string> {
    if (name == "PLENUM_NODE") return "dns1";
    return std::nullopt;
  };
  const auto reading = parse(kPair, "p.yaml", elsewhere);
  ASSERT_TRUE(reading) << reading.error().render();
  EXPECT_THAT(reading->vrrp.routers, IsEmpty());
  EXPECT_THAT(reading->vrrp.groups[0].members, IsEmpty());
  EXPECT_EQ(reading->vrrp.bfd.size(), 2U);
  EXPECT_TRUE(reading->vips[0].by_vrrp);  // plenum-lbd adds nothing here either
}

TEST(Failover, TheFilesOwnNodeCountsWhereTheEnvironmentSaysNothing) {
  const auto reading =
      parse(std::string(kPair) + "node: lb2\n", "p.yaml", [](std::string_view) { return std::nullopt; });
  ASSERT_TRUE(reading) << reading.error().render();
  EXPECT_EQ(reading->node, "lb2");
  EXPECT_EQ(reading->vrrp.routers.at(0).priority, 100);
  EXPECT_EQ(reading->vrrp.routers.at(0).interface, "ens3");
}

std::vector<std::string> with_vrrp(const std::string& keys, const std::string& address = "192.0.2.10/24") {
  return problems("version: 1\nvips:\n  web:\n    addresses: [\"" + address +
                  "\"]\n    vrrp: {id: 5, interface: eth0, " + keys + "}\n");
}

TEST(Failover, SaysWhatIsWrong) {
  EXPECT_THAT(with_vrrp("advert: 1500ms, version: 2"),
              ElementsAre("5:44: vip web: vrrp: version 2 has advertisements in whole seconds | version: 3"));
  EXPECT_THAT(with_vrrp("advert: 105ms"),
              ElementsAre("5:44: vip web: vrrp: version 3 has advertisements in steps of 10ms"));
  EXPECT_THAT(with_vrrp("advert: 60s"),
              ElementsAre("5:44: vip web: vrrp: version 3 has advertisements 40950ms apart at most"));
  EXPECT_THAT(with_vrrp("advert: 0.5s"),
              ElementsAre("5:44: vip web: vrrp: advert must be a time from 10ms to 255s, like 30ms, 1s or 5m, not "
                          "\"0.5s\" | a part of a second is written in ms: 500ms"));
  EXPECT_THAT(with_vrrp("version: 2", "2001:db8::1/64"),
              ElementsAre("5:45: vip web: vrrp: version 2 is IPv4's alone | version: 3"));
  EXPECT_THAT(with_vrrp("password: abc"),
              ElementsAre("5:46: vip web: vrrp: version 3 has no passwords | leave it out, or version: 2"));
  EXPECT_THAT(with_vrrp("version: 2, password: abcdefghi"),
              ElementsAre("5:58: vip web: vrrp: password has 8 bytes at most"));
  EXPECT_THAT(with_vrrp("source: \"2001:db8::2\""),
              ElementsAre("5:44: vip web: vrrp: source is of the family of the vip's first address"));
  EXPECT_THAT(with_vrrp("peers: [\"2001:db8::2\"]"),
              ElementsAre("5:44: vip web: vrrp: peers are of the family of the vip's first address"));
  EXPECT_THAT(with_vrrp("track: [{script: chk}]"),
              ElementsAre("5:44: vip web: vrrp: track: failover: scripts has no chk"));
  EXPECT_THAT(
      with_vrrp("track: [{script: a, file: b}]"),
      ElementsAre("5:44: vip web: vrrp: track: one of interface, script, process, file or bfd in each | several "
                  "things are several items of the list"));
  EXPECT_THAT(with_vrrp("bfd: lb2"), ElementsAre("5:41: vrrp: bfd has no session lb2"));
  EXPECT_THAT(with_vrrp("vmac_interface: v5"), ElementsAre("5:52: vip web: vrrp: is of no use without vmac: true"));
  EXPECT_THAT(with_vrrp("priority: {lb1: 256}"),
              ElementsAre("5:52: vip web: vrrp: node lb1: priority must be 1..255, not \"256\""));
  EXPECT_THAT(with_vrrp("rules: [{from: 192.0.2.0/24}]"),
              ElementsAre("5:44: vip web: vrrp: rules: a table to look in is missing | table: 100"));
  EXPECT_THAT(with_vrrp("notify: {master: \"/bin/x 'a\"}"),
              ElementsAre("5:53: vip web: vrrp: notify: master has a quote without an end"));
}

TEST(Failover, ALinkLocalNeighbourIsOnAnInterface) {
  const auto with_bfd = [](const std::string& keys) { return problems("version: 1\nbfd:\n  lb2: { " + keys + " }\n"); };
  EXPECT_THAT(with_bfd("address: \"fe80::3\""),
              ElementsAre("3:19: bfd lb2: fe80::3 may be on every interface: a link-local address needs interface or "
                          "source beside it | interface: eth0"));
  EXPECT_THAT(with_bfd("address: \"fe80::3\", interface: eth0"), IsEmpty());
  EXPECT_THAT(with_bfd("address: \"fe80::3\", source: \"fe80::2\""), IsEmpty());
  EXPECT_THAT(with_bfd("address: \"2001:db8::3\""), IsEmpty());
  EXPECT_THAT(with_bfd("address: \"fe80::3\", interface: { dns1: eth0 }"),
              ElementsAre("3:41: bfd lb2: interface has no value for this node"));
  const auto config = good(
      "version: 1\nbfd:\n  lb1: { address: \"fe80::2\", interface: { lb2: ens3 } }\n"
      "  lb2: { address: \"fe80::3\", interface: { lb1: eth0 } }\n");
  ASSERT_EQ(config.vrrp.bfd.size(), 1U) << "the own end needs none";
  EXPECT_EQ(config.vrrp.bfd[0].interface, "eth0");
}

TEST(Failover, MacvlansOfOneIdOnTwoInterfacesHaveTwoNames) {
  const auto vip = [](const std::string& name, int number, const std::string& interface, const std::string& keys) {
    return "  " + name + ": { addresses: [192.0.2." + std::to_string(number) +
           "/24], vrrp: { id: 51, interface: " + interface + ", priority: 100, vmac: true" + keys + " } }\n";
  };
  const auto names = [](const std::string& vips) {
    std::vector<std::string> out;
    for (const auto& router : good("version: 1\nvips:\n" + vips).vrrp.routers) out.push_back(vmac_name(router));
    return out;
  };
  EXPECT_THAT(names(vip("a", 1, "eth0", "") + vip("b", 2, "eth1", "") + vip("c", 3, "eth2", "")),
              ElementsAre("vrrp.51", "vrrp1.51", "vrrp2.51"));
  EXPECT_THAT(names(vip("a", 1, "eth0", "") + vip("b", 2, "eth1", ", vmac_interface: vrrp.51")),
              ElementsAre("vrrp1.51", "vrrp.51"));
  EXPECT_THAT(problems("version: 1\nvips:\n" + vip("a", 1, "eth0", ", vmac_interface: v51") +
                       vip("b", 2, "eth1", ", vmac_interface: v51")),
              ElementsAre("4:111: vip b: vrrp: vmac_interface v51 is vip a's already | leave it out, or another name"));
}

TEST(Failover, TwoRoutersOfOneIdAndAGroupsMembers) {
  EXPECT_THAT(problems(R"(version: 1
vips:
  a: { addresses: [192.0.2.1/24], vrrp: {id: 5, interface: eth0} }
  b: { addresses: [192.0.2.2/24], vrrp: {id: 5, interface: eth0} }
  c: { addresses: [192.0.2.3/24] }
failover:
  groups: { g: {members: [a, c]}, h: {members: [a]} }
)"),
              ElementsAre("4:46: vip b: vrrp: id 5 is vip a's on eth0 already",
                          "7:30: failover: group g: there is no vip c with vrrp",
                          "7:49: failover: group h: vip a is in failover: group g already"));
  const auto with_peers = [](const std::string& first, const std::string& second) {
    return problems("version: 1\nvips:\n  a: { addresses: [192.0.2.1/24], vrrp: {id: 5, interface: eth0, peers: [" +
                    first + "]} }\n  b: { addresses: [192.0.2.2/24], vrrp: {id: 5, interface: eth0, peers: [" + second +
                    "]} }\n");
  };
  EXPECT_THAT(with_peers("192.0.2.8", "192.0.2.9"), IsEmpty()) << "they do not hear each other";
  EXPECT_THAT(with_peers("192.0.2.8, 192.0.2.9", "192.0.2.9, 192.0.2.8"),
              ElementsAre("4:46: vip b: vrrp: id 5 is vip a's on eth0 already"));
  EXPECT_THAT(problems("version: 1\ndirector: {sync: {state: both, interface: eth0, follow: web}}\n"),
              ElementsAre("2:57: director: sync: there is no vip web with vrrp, and no group"));
  EXPECT_THAT(problems("version: 1\nvips: {web: {addresses: [192.0.2.1/24], vrrp: {id: 1, interface: eth0}}}\n"
                       "director: {sync: {state: master, interface: eth0, follow: web}}\n"),
              ElementsAre("3:59: director: sync: follow is of use with state: both alone"));
}

}  // namespace
}  // namespace plenum::conf
