// keepalived.conf to a Config, on a host on which everything is there unless a test says otherwise.

#include "conf/keepalived/read.h"

#include <gmock/gmock.h>

namespace plenum::conf::keepalived {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

Result read_text(const std::string& text, const Host& host = {}) { return read(text, "k.conf", host, nullptr); }

// "line message" of what is worse than a note.
std::vector<std::string> findings(const Result& result) {
  std::vector<std::string> out;
  for (const auto& f : result.findings.list())
    if (f.severity != Severity::Note) out.push_back(std::to_string(f.place.line) + " " + f.message);
  return out;
}

// An instance with these lines in it.
std::string instance(const std::string& lines, const std::string& name = "V", int id = 5,
                     const std::string& address = "10.0.0.50/24") {
  return "vrrp_instance " + name + " {\ninterface eth0\nvirtual_router_id " + std::to_string(id) + "\n" + lines +
         "\nvirtual_ipaddress {\n" + address + "\n}\n}\n";
}

VirtualRouter router(const std::string& lines) {
  const auto result = read_text(instance(lines));
  EXPECT_EQ(result.config.vrrp.routers.size(), 1u);
  return result.config.vrrp.routers.empty() ? VirtualRouter{} : result.config.vrrp.routers[0];
}

// A service with these lines in its only server.
std::string service(const std::string& lines, const std::string& more = "") {
  return "virtual_server 10.0.0.1 80 {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n" + more +
         "\nreal_server 10.0.0.2 80 {\n" + lines + "\n}\n}\n";
}

Check check(const std::string& lines, const std::string& more = "") {
  const auto result = read_text(service(lines, more));
  EXPECT_EQ(result.config.health.size(), 1u) << keepalived_text(result.findings);
  if (result.config.health.empty() || result.config.health[0].checks.size() != 1) return {};
  return result.config.health[0].checks[0];
}

TEST(KeepalivedConf, AnInstanceIsAVirtualRouterAndAVip) {
  const auto result = read_text(instance("priority 77\nadvert_int 2"));
  EXPECT_THAT(findings(result), IsEmpty());
  const auto& r = result.config.vrrp.routers.at(0);
  EXPECT_EQ(r.name, "V");
  EXPECT_EQ(r.interface, "eth0");
  EXPECT_EQ(r.vrid, 5);
  EXPECT_EQ(r.priority, 77);
  EXPECT_EQ(r.version, 2);
  EXPECT_EQ(r.advert, seconds(2));
  EXPECT_EQ(result.config.vips.at(0), (Vip{"V", {*net::Prefix::parse("10.0.0.50/24")}, "eth0", true}));
}

TEST(KeepalivedConf, IPv6SpeaksVersion3) {
  EXPECT_EQ(read_text(instance("", "V", 5, "2001:db8::5/64")).config.vrrp.routers.at(0).version, 3);
}

TEST(KeepalivedConf, AnUnknownKeywordIsAWarningAndTheRestCounts) {
  const auto result = read_text(instance("priorty 7"));
  EXPECT_THAT(findings(result), ElementsAre("4 Unknown keyword 'priorty'"));
  EXPECT_EQ(result.findings.list()[0].hint, "did you mean \"priority\"?");
  EXPECT_EQ(exit_class(result.findings.worst()), 5);
  EXPECT_EQ(result.config.vrrp.routers.size(), 1u);
}

// keepalived names a line only for what it finds while it reads.
TEST(KeepalivedConf, WhatConcernsADefinitionIsToldWithItsLineAndToKeepalivedsUsersWithout) {
  const auto result = read_text(instance("auth_type PASS") + "vrrp_instance W {\ninterface eth0\n}\n}\nextra {\n");
  const auto told = diagnostics(result.findings, Severity::Warning).render();
  EXPECT_THAT(told, HasSubstr("k.conf:9:1: (W) the virtual router id must be set")) << told;
  EXPECT_THAT(told, Not(HasSubstr("\n: "))) << told;
  EXPECT_THAT(keepalived_text(result.findings), HasSubstr("\n(W) the virtual router id must be set\n"));
}

TEST(KeepalivedConf, WhatConcernsTheWholeFileIsToldWithItsName) {
  const auto result =
      read_text("vrrp_script s {\nscript /bin/true\ninterval 1\n}\n" + instance("track_script {\ns\n}"));
  const auto told = diagnostics(result.findings, Severity::Warning).render();
  EXPECT_THAT(told, HasSubstr("k.conf: SECURITY VIOLATION - ")) << told;
  EXPECT_THAT(keepalived_text(result.findings), StartsWith("SECURITY VIOLATION - "));
}

TEST(KeepalivedConf, AKeywordWithoutItsParameterIsFatal) {
  const auto result = read_text(instance("priority"));
  EXPECT_EQ(result.findings.worst(), Severity::Fatal);
  EXPECT_EQ(exit_class(result.findings.worst()), 2);
  EXPECT_THAT(findings(result), ElementsAre("4 *** Configuration line starting `priority` is missing a parameter after "
                                            "keyword `priority` at word position 2"));
}

TEST(KeepalivedConf, APasswordIsCutAtEightCharacters) {
  const auto r = router("authentication {\nauth_type PASS\nauth_pass 123456789\n}");
  EXPECT_EQ(r.password, "12345678");
  EXPECT_EQ(router("authentication {\nauth_pass 1234\n}").password, "");
}

TEST(KeepalivedConf, AStateThatIsNoneIsBackup) {
  EXPECT_THAT(findings(read_text(instance("state MAIN"))),
              ElementsAre("4 (V) unknown state 'MAIN', defaulting to BACKUP"));
}

TEST(KeepalivedConf, NopreemptNeedsABackup) {
  EXPECT_FALSE(router("nopreempt").preempt);
  EXPECT_TRUE(router("nopreempt\nstate MASTER").preempt);
  EXPECT_TRUE(router("nopreempt\npreempt").preempt);
}

TEST(KeepalivedConf, AdvertisementsAreWholeSecondsOrHundredths) {
  EXPECT_EQ(router("advert_int 1.5").advert, seconds(2));
  EXPECT_EQ(router("advert_int 0.4").advert, seconds(1));
  EXPECT_EQ(router("version 3\nadvert_int 0.123").advert, milliseconds(120));
  EXPECT_EQ(router("version 3\nadvert_int 50").advert, milliseconds(40950));
}

TEST(KeepalivedConf, UnicastPeersAreHeardFromAnyTtlUnlessTold) {
  const auto r = router("unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2\n10.0.0.3 min_ttl 254 max_ttl 255\n}");
  EXPECT_THAT(r.peers, ElementsAre(VirtualRouter::Peer{*net::Address::parse("10.0.0.2"), 1, 255},
                                   VirtualRouter::Peer{*net::Address::parse("10.0.0.3"), 254, 255}));
  EXPECT_TRUE(r.check_source);
  EXPECT_FALSE(router("unicast_peer {\n10.0.0.2\n}").check_source);
}

TEST(KeepalivedConf, AMissingScriptDisablesItsTracker) {
  Host host;
  host.script = [](const std::string& program) {
    return program == "/there" ? ScriptState::Fine : ScriptState::Missing;
  };
  host.has_user = [](const std::string& user) { return user == "root"; };
  const auto result = read_text(
      "global_defs {\nenable_script_security\nscript_user root\n}\n"
      "vrrp_script gone {\nscript /gone\n}\nvrrp_script there {\nscript \"/there x 'y z'\"\nweight -2\n}\n" +
          instance("track_script {\ngone\nthere\nnever\n}\nnotify_master /gone\nnotify_backup \"/there b\""),
      host);
  EXPECT_THAT(result.config.vrrp.scripts, testing::SizeIs(1));
  EXPECT_THAT(result.config.vrrp.scripts.at(0).command.words, ElementsAre("/there", "x", "y z"));
  EXPECT_EQ(result.config.vrrp.scripts.at(0).command.user, "root");
  const auto& r = result.config.vrrp.routers.at(0);
  EXPECT_THAT(r.tracks, ElementsAre(Track{TrackKind::Script, "there", std::nullopt, false}));
  EXPECT_TRUE(r.notify.master.empty());
  EXPECT_THAT(r.notify.backup.words, ElementsAre("/there", "b"));
  EXPECT_EQ(exit_class(result.findings.worst()), 5);
}

TEST(KeepalivedConf, ScriptsWithoutScriptSecurityAreAMatterOfSecurity) {
  Host host;
  host.script = [](const std::string&) { return ScriptState::Fine; };
  host.has_user = [](const std::string& user) { return user == "root"; };
  const auto result = read_text(instance("notify /bin/x"), host);
  EXPECT_EQ(exit_class(result.findings.worst()), 6);
  EXPECT_EQ(result.config.vrrp.routers.at(0).notify.any.user, "root");
}

TEST(KeepalivedConf, TrackedWeightsDoNotCountInAGroup) {
  const auto text = "track_file f {\nfile /f\nweight 2\n}\ntrack_file g {\nfile /g\nweight 0\n}\n" +
                    instance("track_file {\nf\ng\n}") + instance("", "W", 6, "10.0.0.51") +
                    "vrrp_sync_group G {\ngroup {\nV\nW\n}\n";
  const auto grouped = read_text(text + "}\n");
  EXPECT_THAT(grouped.config.vrrp.routers.at(0).tracks, testing::SizeIs(1));
  EXPECT_THAT(grouped.config.vrrp.groups.at(0).members, ElementsAre("V", "W"));
  const auto kept = read_text(text + "sync_group_tracking_weight\n}\n");
  EXPECT_THAT(kept.config.vrrp.routers.at(0).tracks, testing::SizeIs(2));
}

TEST(KeepalivedConf, StrictModeHasNoPasswordsAndNoAnswers) {
  const auto r = router("strict_mode\nauthentication {\nauth_type PASS\nauth_pass x\n}\npreempt_delay 5");
  EXPECT_EQ(r.password, "");
  EXPECT_FALSE(r.accept);
  EXPECT_EQ(r.preempt_delay, Duration{});
  EXPECT_EQ(r.announce.lower_repeat, 0u);
}

TEST(KeepalivedConf, AVirtualMacMayBeSaidInAnyOrder) {
  EXPECT_EQ(router("use_vmac m0\nvmac_xmit_base").vmac, (VirtualRouter::Vmac{"m0", true}));
  EXPECT_EQ(router("vmac_xmit_base\nuse_vmac").vmac, (VirtualRouter::Vmac{"", true}));
  EXPECT_FALSE(router("vmac_xmit_base").vmac);
}

TEST(KeepalivedConf, TwoOfOneIdOnOneLinkAreOne) {
  const auto result = read_text(instance("") + instance("", "W", 5, "10.0.0.51"));
  EXPECT_EQ(result.config.vrrp.routers.size(), 1u);
  EXPECT_THAT(findings(result), ElementsAre("9 W and V both use VRID 5 with IPv4 on interface eth0"));
}

TEST(KeepalivedConf, NamesAreMadeFitForOurOwnFile) {
  const auto result = read_text(instance("", "\"VI 1\"") + "vrrp_sync_group G {\ngroup {\n\"VI 1\"\n}\n}\n");
  EXPECT_EQ(result.config.vrrp.routers.at(0).name, "VI-1");
  EXPECT_THAT(result.config.vrrp.groups.at(0).members, ElementsAre("VI-1"));
}

TEST(KeepalivedConf, BfdSessionsHaveMilliseconds) {
  const auto result = read_text("bfd_instance b {\nneighbor_ip 10.0.0.3\nmin_tx 30\nmin_rx 3.312\nmultiplier 4\n}\n");
  const auto& b = result.config.vrrp.bfd.at(0);
  EXPECT_EQ(b.transmit, milliseconds(30));
  EXPECT_EQ(b.receive, std::chrono::microseconds(3312));
  EXPECT_EQ(b.multiplier, 4);
  EXPECT_EQ(b.idle_transmit, seconds(1));
}

TEST(KeepalivedConf, ALinkLocalBfdNeighbourIsWhereTheInstancesAre) {
  const std::string bfd = "bfd_instance b {\nneighbor_ip fe80::3\n}\n";
  const auto on = [&](const std::string& more) { return read_text(bfd + more).config.vrrp.bfd.at(0).interface; };
  EXPECT_EQ(on(instance("")), "eth0");
  const std::string six =
      "vrrp_instance VI_6 {\ninterface eth6\nvirtual_router_id 6\nvirtual_ipaddress {\nfe80::10\n}\n}\n";
  EXPECT_EQ(on(instance("") + six), "eth6");
  EXPECT_THAT(
      findings(read_text(bfd + instance("") + six)),
      testing::Contains("1 BFD instance b: nothing says which interface fe80::3 is on; it is taken to be eth6"));
  EXPECT_EQ(read_text("bfd_instance b {\nneighbor_ip fe80::3\nsource_ip fe80::2\n}\n" + instance(""))
                .config.vrrp.bfd.at(0)
                .interface,
            "");
}

TEST(KeepalivedConf, MacvlansOfOneIdOnTwoInterfacesHaveTwoNames) {
  const auto on = [](const std::string& name, const std::string& interface, const std::string& vmac) {
    return "vrrp_instance " + name + " {\ninterface " + interface + "\nvirtual_router_id 51\n" + vmac +
           "\nvirtual_ipaddress {\n10.0." + (interface == "eth0" ? "0" : "1") + ".10/24\n}\n}\n";
  };
  const auto usual = read_text(on("A", "eth0", "use_vmac") + on("B", "eth1", "use_vmac"));
  EXPECT_EQ(usual.config.vrrp.routers.at(0).vmac->name, "");
  EXPECT_EQ(usual.config.vrrp.routers.at(1).vmac->name, "vrrp1.51");
  const auto same = read_text(on("A", "eth0", "use_vmac v") + on("B", "eth1", "use_vmac v"));
  EXPECT_EQ(same.config.vrrp.routers.at(1).vmac->name, "");
  EXPECT_THAT(findings(same),
              testing::Contains("9 (B) VMAC interface name 'v' is another instance's already - ignoring name"));
}

TEST(KeepalivedConf, ChecksTakeTheirTimesFromTheBlocksAround) {
  const auto c =
      check("delay_loop 7\nTCP_CHECK {\nconnect_timeout 2.5\n}", "delay_loop 9\nretry 4\ndelay_before_retry 2");
  EXPECT_EQ(c.interval, seconds(7));
  EXPECT_EQ(c.timeout, milliseconds(2500));
  EXPECT_EQ(c.retry, 4u);
  EXPECT_EQ(c.retry_delay, seconds(2));
  EXPECT_EQ(c.fall, 1u);
}

TEST(KeepalivedConf, ChecksHaveKeepalivedsOwnDefaults) {
  EXPECT_EQ(check("TCP_CHECK {\n}").interval, seconds(60));
  EXPECT_EQ(check("TCP_CHECK {\n}").timeout, seconds(5));
  EXPECT_EQ(check("TCP_CHECK {\n}").retry, 1u);
  EXPECT_EQ(check("TCP_CHECK {\n}").retry_delay, seconds(1));
  EXPECT_EQ(check("HTTP_GET {\nurl {\npath /\n}\n}").retry_delay, seconds(3));
  EXPECT_EQ(check("DNS_CHECK {\n}").retry, 3u);
  EXPECT_EQ(check("DNS_CHECK {\n}").retry_delay, seconds(60));
  EXPECT_EQ(check("MISC_CHECK {\nmisc_path /x\n}").retry, 0u);
  EXPECT_EQ(check("MISC_CHECK {\nmisc_path /x\n}").timeout, seconds(60));
  const auto http = std::get<HttpProbe>(check("HTTP_GET {\nurl {\npath /\n}\n}").probe);
  EXPECT_EQ(http.version, HttpVersion::Http10);
  EXPECT_THAT(http.pages.at(0).statuses, ElementsAre(StatusRange{200, 299}));
}

TEST(KeepalivedConf, EveryCheckIsAProbe) {
  EXPECT_EQ(std::get<HttpProbe>(check("SSL_GET {\nenable_sni\nurl {\npath a\n}\n}").probe).pages.at(0).path, "/a");
  EXPECT_EQ(std::get<SmtpProbe>(check("SMTP_CHECK {\nhelo_name h\n}").probe).helo, "h");
  EXPECT_EQ(std::get<DnsProbe>(check("DNS_CHECK {\ntype MX\nname n\n}").probe).type, "MX");
  EXPECT_TRUE(std::get<ScriptProbe>(check("MISC_CHECK {\nmisc_path \"/x 1\"\nmisc_dynamic\n}").probe).weighted);
  EXPECT_EQ(std::get<UdpProbe>(check("UDP_CHECK {\npayload Ab1 2\n}").probe).payload, "\xab\x01\x02");
  const auto reply = std::get<UdpProbe>(check("UDP_CHECK {\nrequire_reply 24xX fX Xf 1\n}").probe);
  EXPECT_TRUE(reply.require_answer);
  EXPECT_EQ(reply.prefix, std::string("\x24\0\xf0\x0f\1", 5));
  EXPECT_EQ(reply.prefix_mask, std::string("\xff\0\xf0\x0f\xff", 5));
  EXPECT_EQ(reply.expect, "");
  EXPECT_EQ(std::get<UdpProbe>(check("UDP_CHECK {\nrequire_reply 24\n}").probe).prefix_mask, "");
  EXPECT_TRUE(std::holds_alternative<PingProbe>(check("PING_CHECK {\n}").probe));
  const auto file =
      read_text("track_file f {\nfile /f\n}\n" + service("FILE_CHECK {\ntrack_file f\nweight 3 reverse\n}"));
  EXPECT_EQ(std::get<FileProbe>(file.config.health.at(0).checks.at(0).probe), (FileProbe{"/f", 3, true}));
  const auto bfd = read_text("bfd_instance b {\nneighbor_ip 10.0.0.3\n}\n" + service("BFD_CHECK {\nname b\n}"));
  EXPECT_EQ(std::get<BfdProbe>(bfd.config.health.at(0).checks.at(0).probe).session, "b");
}

TEST(KeepalivedConf, ScriptsKeepWhatIsQuotedWithinThem) {
  const auto misc = check(R"(MISC_CHECK {
misc_path "/bin/sh -c \"test 1 != 2 # x\"" nobody
})");
  EXPECT_THAT(std::get<ScriptProbe>(misc.probe).command.words, ElementsAre("/bin/sh", "-c", "test 1 != 2 # x"));
  EXPECT_EQ(std::get<ScriptProbe>(misc.probe).command.user, "root");
  const auto result = read_text(service(R"(notify_up "/bin/echo \"a#b\" x")"));
  EXPECT_THAT(result.config.health.at(0).servers.at(0).second.notify_up.words, ElementsAre("/bin/echo", "a#b", "x"));
}

TEST(KeepalivedConf, ProtocolsAndTypesOfRecordsAreInAnyCase) {
  const auto text = [](const std::string& protocol) {
    auto out = service("");
    return out.replace(out.find("TCP"), 3, protocol);
  };
  EXPECT_EQ(read_text(text("tcp")).config.services.at(0).key.protocol, Protocol::Tcp);
  EXPECT_EQ(read_text(text("Udp")).config.services.at(0).key.protocol, Protocol::Udp);
  EXPECT_EQ(read_text(text("sctp")).config.services.at(0).key.protocol, Protocol::Sctp);
  EXPECT_EQ(read_text(text("tcpx")).config.services.at(0).key.protocol, Protocol::Udp);
  EXPECT_EQ(std::get<DnsProbe>(check("DNS_CHECK {\ntype aaaa\n}").probe).type, "AAAA");
  const auto version = [](const std::string& word) {
    return findings(read_text(service("HTTP_GET {\nhttp_protocol " + word + "\nurl {\npath /\n}\n}")));
  };
  EXPECT_THAT(version("1.0c"), IsEmpty());
  EXPECT_THAT(version("1.0K"), ElementsAre("8 Invalid http_protocol version 1.0K"));
}

TEST(KeepalivedConf, StatusesBehindABadOneCount) {
  const auto page =
      std::get<HttpProbe>(check("HTTP_GET {\nurl {\npath /\nstatus_code 200 99 302\n}\n}").probe).pages.at(0);
  EXPECT_THAT(page.statuses, ElementsAre(StatusRange{200, 200}, StatusRange{302, 302}));
}

TEST(KeepalivedConf, WhatAServiceLeavesOutIsKeepalivedsDefault) {
  const auto result = read_text("virtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {\n}\n}\n");
  const auto& s = result.config.services.at(0);
  EXPECT_EQ(s.key.protocol, Protocol::Udp);
  EXPECT_EQ(s.scheduler, "wlc");
  EXPECT_EQ(s.servers.at(0).forward, Forward::Masq);
  EXPECT_EQ(findings(result).size(), 3u);
}

TEST(KeepalivedConf, AServiceWithoutServersIsLeftOut) {
  EXPECT_THAT(read_text("virtual_server 10.0.0.1 80 {\nprotocol TCP\n}\n").config.services, IsEmpty());
}

TEST(KeepalivedConf, OnlyNatChangesThePort) {
  const auto text = service("", "").replace(service("").find("NAT"), 3, "DR");
  auto other = text;
  other.replace(other.find("10.0.0.2 80"), 11, "10.0.0.2 81");
  const auto result = read_text(other);
  EXPECT_EQ(result.config.services.at(0).servers.at(0).key.port, 80);
  EXPECT_EQ(findings(result).size(), 1u);
}

TEST(KeepalivedConf, AGroupIsAServiceForEachAddress) {
  const auto result = read_text(
      "virtual_server_group G {\n10.0.0.1-3 80\n10.0.1.0/31 81\nfwmark 9\n}\n"
      "virtual_server group G {\nprotocol TCP\nlvs_sched rr\nlvs_method NAT\n"
      "real_server 10.0.2.1 80 {\n}\n}\n");
  std::vector<std::string> keys;
  for (const auto& s : result.config.services) keys.push_back(s.key.text());
  EXPECT_THAT(keys, ElementsAre("TCP 10.0.0.1:80", "TCP 10.0.0.2:80", "TCP 10.0.0.3:80", "TCP 10.0.1.0:81",
                                "TCP 10.0.1.1:81", "FWM 9"));
}

TEST(KeepalivedConf, EachVirtualServerOfAGroupHasOneSetOfChecksAndNotices) {
  const auto result = read_text(
      "virtual_server_group G {\n10.0.3.1-2 80\n10.0.3.1 81\n}\n"
      "virtual_server group G {\nprotocol TCP\nlvs_method DR\nreal_server 10.0.2.1 80 {\nTCP_CHECK {\n}\n}\n}\n"
      "virtual_server group G {\nprotocol UDP\nlvs_method DR\nreal_server 10.0.2.1 80 {\nPING_CHECK {\n}\n}\n}\n" +
      service("TCP_CHECK {\n}"));
  std::vector<std::string> groups;
  for (const auto& health : result.config.health) groups.push_back(health.group);
  EXPECT_THAT(groups, ElementsAre("G", "G", "G", "G-2", "G-2", "G-2", ""));
  for (const std::size_t i : {0u, 1u, 2u}) {
    const auto& health = result.config.health[i];
    const auto& server = result.config.services[i].servers.at(0);
    ASSERT_EQ(health.checks.size(), 1u);
    const auto port = health.checks[0].port != 0 ? health.checks[0].port : server.key.port;
    EXPECT_EQ(port, 80) << "at whichever port packets come in, the server is asked at its own";
  }
}

TEST(KeepalivedConf, QuorumsSorryServersAndFailures) {
  const auto result = read_text(service("weight 5\nTCP_CHECK {\n}",
                                        "quorum 3\nhysteresis 1\nsorry_server 10.0.0.9 81\nsorry_server_inhibit\n"
                                        "inhibit_on_failure\nomega\nquorum_up /u\nquorum_down /d\nalpha"));
  const auto& h = result.config.health.at(0);
  EXPECT_EQ(h.quorum, 3u);
  EXPECT_EQ(h.hysteresis, 1u);
  EXPECT_EQ(h.sorry->key.text(), "10.0.0.9:81");
  EXPECT_TRUE(h.sorry_inhibit);
  EXPECT_EQ(h.on_failure, OnFailure::Inhibit);
  EXPECT_TRUE(h.omega);
  EXPECT_THAT(h.quorum_up.words, ElementsAre("/u"));
  EXPECT_TRUE(h.checks.at(0).initially_down);
}

TEST(KeepalivedConf, AQuorumIsLimitedToTheServersThatAreLeft) {
  const auto result = read_text(service("weight 2\n}\nreal_server 10.0.0.2 80 {\nweight 4", "quorum 6\nhysteresis 2"));
  EXPECT_EQ(result.config.health.at(0).quorum, 2u);
  EXPECT_EQ(result.config.health.at(0).hysteresis, 0u);
  const auto other = read_text(service("weight 2\n}\nreal_server 2001:db8::2 80 {\nweight 4", "quorum 6"));
  EXPECT_EQ(other.config.health.at(0).quorum, 2u);
  EXPECT_THAT(read_text(service("}\nreal_server 10.0.0.3 80 {\nweight 4", "quorum 5")).config.health.at(0).quorum, 5u);
}

TEST(KeepalivedConf, ASorryServerMayBeOneOfTheServers) {
  const auto result = read_text(service("", "sorry_server 10.0.0.2 80"));
  ASSERT_TRUE(result.config.health.at(0).sorry);
  EXPECT_EQ(result.config.health.at(0).sorry->key.text(), "10.0.0.2:80");
  EXPECT_THAT(findings(result), IsEmpty());
}

TEST(KeepalivedConf, WhomAMarkIsForCanBeSaid) {
  const auto text = [](const std::string& family, const std::string& server) {
    return read_text("virtual_server fwmark 3 {\nlvs_sched rr\nlvs_method NAT\nip_family " + family + "\nreal_server " +
                     server + " 80 {\n}\n}\n");
  };
  EXPECT_EQ(text("inet", "10.0.0.2").config.services.at(0).key.family, net::Family::V4);
  EXPECT_THAT(text("inet6", "10.0.0.2").config.services, IsEmpty());
}

TEST(KeepalivedConf, ChecksAskFromAnAddressOfTheirFamily) {
  EXPECT_FALSE(check("TCP_CHECK {\nbindto 2001:db8::1\n}").source);
  EXPECT_FALSE(check("SMTP_CHECK {\nbindto 2001:db8::1\n}").source);
  EXPECT_TRUE(check("TCP_CHECK {\nconnect_ip 2001:db8::2\nbindto 2001:db8::1\n}").source);
  EXPECT_FALSE(check("TCP_CHECK {\nbindto 10.0.0.9\nconnect_ip 2001:db8::2\n}").address);
}

TEST(KeepalivedConf, WhatNobodyCanAskForIsNotAsked) {
  const auto page = [](const std::string& lines) {
    return std::get<HttpProbe>(check("HTTP_GET {\nurl {\n" + lines + "\n}\n}").probe).pages.at(0);
  };
  EXPECT_EQ(page("path \"/a b\"").path, "/a%20b");
  EXPECT_EQ(page("path /\nregex \"(?i)ok\"").regex, "(?i)ok");
  EXPECT_EQ(page("path /\nregex \"(\"").regex, "");
  const auto name = [](const std::string& word) {
    return std::get<DnsProbe>(check("DNS_CHECK {\nname " + word + "\n}").probe).name;
  };
  EXPECT_EQ(name("example.net."), "example.net.");
  EXPECT_EQ(name("a..b"), ".");
  EXPECT_EQ(name("\"\""), ".");
  EXPECT_EQ(name(std::string(64, 'a') + ".example"), ".");
}

TEST(KeepalivedConf, ConnectionsAreKeptInStepWithAnInstance) {
  const auto result =
      read_text("global_defs {\nlvs_sync_daemon eth1 V ttl 3\nlvs_timeouts tcp 7 udp 8\n}\n" + instance(""));
  const auto& sync = result.config.director.sync;
  ASSERT_TRUE(sync.master && sync.backup);
  EXPECT_EQ(sync.follow, "V");
  EXPECT_EQ(sync.master->interface, "eth1");
  EXPECT_EQ(sync.master->syncid, 5);
  EXPECT_EQ(sync.master->ttl, 3);
  EXPECT_EQ(result.config.director.timeouts.tcp, 7);
  EXPECT_EQ(result.config.director.timeouts.udp, 8);
}

TEST(KeepalivedConf, IsToldFromYaml) {
  EXPECT_TRUE(looks_like("! x\n\nglobal_defs {\n}\n"));
  EXPECT_TRUE(looks_like("$X=1\n"));
  EXPECT_TRUE(looks_like("include conf.d/*\n"));
  EXPECT_TRUE(looks_like("vrrp_instance V\n{\n}\n"));
  EXPECT_FALSE(looks_like("version: 1\nvips: {}\n"));
  EXPECT_FALSE(looks_like("include: [a.yaml]\n"));
  EXPECT_FALSE(looks_like("{version: 1}\n"));
  EXPECT_FALSE(looks_like(""));
}

}  // namespace
}  // namespace plenum::conf::keepalived
