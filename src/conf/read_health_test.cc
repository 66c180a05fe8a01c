#include "conf/read_health.h"

#include <gmock/gmock.h>

#include "conf/read_command.h"
#include "conf/reading_for_test.h"

namespace plenum::conf {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Line 5 is `more`, of a service with one server; line 6 the server, with `of_server` behind its address.
std::string with(const std::string& more, const std::string& of_server = "", const std::string& port = "80") {
  return "version: 1\nl4:\n  web:\n    listen: { address: 192.0.2.10, port: " + port + " }\n    " + more +
         "\n    servers: { a: { address: 192.0.2.11" + of_server + " } }\n";
}

ServiceHealth health_of(const std::string& text) {
  const auto config = good(text);
  EXPECT_EQ(config.health.size(), 1u);
  return config.health.empty() ? ServiceHealth{} : config.health.front();
}

Check check_of(const std::string& yaml) {
  const auto health = health_of(with("check: " + yaml));
  EXPECT_EQ(health.checks.size(), 1u);
  return health.checks.empty() ? Check{} : health.checks.front();
}

template <class P>
P probe_of(const std::string& yaml) {
  const auto check = check_of(yaml);
  const auto* probe = std::get_if<P>(&check.probe);
  EXPECT_NE(probe, nullptr) << name_of(check.probe);
  return probe != nullptr ? *probe : P{};
}

TEST(ReadHealth, AServiceWithoutAnyOfItIsNotChecked) { EXPECT_THAT(good(with("scheduler: rr")).health, IsEmpty()); }

TEST(ReadHealth, ReadsWhatEveryCheckHas) {
  const auto check = check_of(
      "{ type: tcp, name: alive, interval: 500ms, timeout: 250ms, interval_down: 10s, fall: 5, rise: 4, retry: 2, "
      "retry_delay: 100ms, start_delay: 1m, jitter: 25, initial: down, log_all_failures: true, "
      "address: 192.0.2.99, port: 8080, source: 192.0.2.1, mark: 7, interface: eth1 }");
  Check wanted;
  wanted.probe = TcpProbe{};
  wanted.name = "alive";
  wanted.interval = milliseconds(500);
  wanted.timeout = milliseconds(250);
  wanted.interval_down = seconds(10);
  wanted.fall = 5;
  wanted.rise = 4;
  wanted.retry = 2;
  wanted.retry_delay = milliseconds(100);
  wanted.start_delay = minutes(1);
  wanted.jitter = 0.25;
  wanted.initially_down = true;
  wanted.log_all_failures = true;
  wanted.address = net::Address::parse("192.0.2.99");
  wanted.port = 8080;
  wanted.source = net::Endpoint{*net::Address::parse("192.0.2.1"), 0};
  wanted.mark = 7;
  wanted.interface = "eth1";
  EXPECT_EQ(check, wanted);
  EXPECT_EQ(describe(check), "alive (tcp) to 192.0.2.99 port 8080 every 500ms, timeout 250ms, fall 5, rise 4, retry 2");
}

TEST(ReadHealth, LeftOutMeansTheDefaultsOfTheValues) {
  Check plain;
  plain.probe = TcpProbe{};
  EXPECT_EQ(check_of("{ type: tcp }"), plain);
  EXPECT_EQ(describe(plain), "tcp every 3s, timeout 1s, fall 3, rise 2");
}

TEST(ReadHealth, ReadsEachTypeOfProbe) {
  EXPECT_TRUE(probe_of<TcpProbe>("{ type: tcp, to_vip: true }").to_vip);
  const auto http = probe_of<HttpProbe>(
      "{ type: http, path: /up, expect: [200, 300-399], text: fine, host: shop.example.com, version: '1.0', "
      "headers: ['X-Check: plenum'] }");
  EXPECT_FALSE(http.tls);
  ASSERT_EQ(http.pages.size(), 1u);
  EXPECT_EQ(http.pages[0].path, "/up");
  EXPECT_THAT(http.pages[0].statuses, ElementsAre(StatusRange{200, 200}, StatusRange{300, 399}));
  EXPECT_EQ(http.pages[0].text, "fine");
  EXPECT_EQ(http.host, "shop.example.com");
  EXPECT_EQ(http.pages[0].host, "");
  EXPECT_EQ(http.version, HttpVersion::Http10);
  EXPECT_THAT(http.headers, ElementsAre(std::pair<std::string, std::string>("X-Check", "plenum")));
  EXPECT_EQ(probe_of<HttpProbe>("{ type: http, expect: 204 }").pages[0].statuses[0], (StatusRange{204, 204}));

  const auto https = probe_of<HttpProbe>(
      "{ type: https, tls: { verify: true, server_name: s, ca: /ca.pem, certificate: /c, key: /k }, "
      "pages: [{ path: /a, regex: 'o+k', regex_ignore_case: true }, { host: b, digest: " +
      std::string(32, 'A') + " }] }");
  ASSERT_TRUE(https.tls);
  EXPECT_EQ(*https.tls, (TlsOptions{"s", true, true, "/ca.pem", "/c", "/k"}));
  ASSERT_EQ(https.pages.size(), 2u);
  EXPECT_TRUE(https.pages[0].regex_ignore_case);
  EXPECT_EQ(https.pages[1].host, "b");
  EXPECT_EQ(https.pages[1].digest, std::string(32, 'a'));
  EXPECT_TRUE(probe_of<HttpProbe>("{ type: https }").tls);

  EXPECT_EQ(probe_of<ExpectProbe>("{ type: expect, send: \"PING\\r\\n\", expect: PONG }"),
            (ExpectProbe{{}, "PING\r\n", "PONG", false}));
  EXPECT_EQ(probe_of<ExpectProbe>("{ type: expect, regex: '^220 ', tls: {} }"),
            (ExpectProbe{TlsOptions{}, "", "^220 ", true}));
  EXPECT_EQ(probe_of<SmtpProbe>("{ type: smtp, helo: lb.example.com }"), (SmtpProbe{"lb.example.com", {}}));
  EXPECT_EQ(probe_of<DnsProbe>("{ type: dns, query: example.com, record: MX, over: tcp }"),
            (DnsProbe{"example.com", "MX", true}));
  EXPECT_EQ(probe_of<UdpProbe>("{ type: udp, send: hello, min_answer: 4 }"),
            (UdpProbe{.payload = "hello", .require_answer = true, .min_answer = 4}));
  EXPECT_EQ(probe_of<PingProbe>("{ type: ping, size: 100 }"), PingProbe{100});
  EXPECT_EQ(probe_of<ScriptProbe>("{ type: script, run: { run: '/bin/check \"a b\"', user: daemon }, weighted: true }"),
            (ScriptProbe{{{"/bin/check", "a b"}, "daemon", ""}, true}));
  EXPECT_EQ(probe_of<FileProbe>("{ type: file, path: /run/weight, factor: -2, reverse: true }"),
            (FileProbe{"/run/weight", -2, true}));
  EXPECT_EQ(probe_of<BfdProbe>("{ type: bfd, session: peer }"), BfdProbe{"peer"});
}

TEST(ReadHealth, BytesThatAreNoTextAreHexDigits) {
  EXPECT_EQ(probe_of<UdpProbe>("{ type: udp, send_hex: '24 01 ff80', expect_hex: 'FF00' }"),
            (UdpProbe{.payload = "\x24\x01\xff\x80", .require_answer = true, .expect = std::string("\xff\0", 2)}));
  EXPECT_EQ(probe_of<UdpProbe>("{ type: udp, send: a, min_answer: 3, require_answer: false }"),
            (UdpProbe{.payload = "a", .min_answer = 3}));
  EXPECT_EQ(probe_of<UdpProbe>("{ type: udp, begins_hex: '24 01' }"),
            (UdpProbe{.require_answer = true, .prefix = "\x24\x01"}));
  EXPECT_EQ(
      probe_of<UdpProbe>("{ type: udp, begins_hex: '24 xX 0X' }"),
      (UdpProbe{
          .require_answer = true, .prefix = std::string("\x24\0\0", 3), .prefix_mask = std::string("\xff\0\xf0", 3)}));
  EXPECT_THAT(problems(with("check: { type: udp, begins_hex: '24 0' }")),
              ElementsAre(HasSubstr("begins_hex must be bytes of two hex digits each, X for any digit")));
  EXPECT_THAT(problems(with("check: { type: udp, send_hex: '24 0' }")),
              ElementsAre(HasSubstr("send_hex must be bytes of two hex digits each")));
  EXPECT_THAT(problems(with("check: { type: udp, send_hex: '24 0g' }")), testing::SizeIs(1));
  EXPECT_THAT(problems(with("check: { type: udp, send_hex: '24', send: a }")),
              ElementsAre(HasSubstr("send_hex and send are two ways to say it")));
  EXPECT_THAT(problems(with("check: { type: tcp, send_hex: '24' }")),
              ElementsAre(HasSubstr("means nothing to type tcp")));
}

TEST(ReadHealth, ExpressionsArePerls) {
  EXPECT_EQ(probe_of<HttpProbe>("{ type: http, regex: '(?i)ok' }").pages.at(0).regex, "(?i)ok");
}

TEST(ReadHealth, ACertificateMayHaveItsKeyInItsFile) {
  EXPECT_EQ(probe_of<HttpProbe>("{ type: https, tls: { certificate: /etc/c.pem } }").tls->certificate_file,
            "/etc/c.pem");
  EXPECT_THAT(problems(with("check: { type: https, tls: { key: /etc/k.pem } }")),
              ElementsAre(HasSubstr("tls: key needs a certificate")));
}

TEST(ReadHealth, OneOfTheServersMayBeTheSorryServer) {
  const auto health = health_of(with("sorry: { address: 192.0.2.11 }"));
  ASSERT_TRUE(health.sorry);
  EXPECT_EQ(health.sorry->key.text(), "192.0.2.11:80");
}

TEST(ReadHealth, ReadsWhatFollowsFromChecks) {
  const auto health = health_of(
      with("check: [{ type: tcp }, { type: ping }]\n    on_failure: drain\n    slow_start: 30s\n    quorum: 3\n"
           "    hysteresis: 1\n    sorry: { address: 192.0.2.99, inhibit: true }\n"
           "    notify: { up: /bin/up, down: [/bin/down, now], quorum_up: /q, quorum_down: '/q down', at_end: true }\n"
           "    damping: { suppress: 6, reuse: 2, half_life: 30s, longest: 5m }",
           ", check: { type: http }, on_failure: inhibit, notify: { up: /bin/mine }"));
  EXPECT_EQ(health.service.text(), "TCP 192.0.2.10:80");
  EXPECT_EQ(health.checks.size(), 2u);
  EXPECT_EQ(health.on_failure, OnFailure::Drain);
  EXPECT_EQ(health.slow_start, seconds(30));
  EXPECT_EQ(health.quorum, 3u);
  EXPECT_EQ(health.hysteresis, 1u);
  ASSERT_TRUE(health.sorry);
  EXPECT_EQ(health.sorry->key.text(), "192.0.2.99:80");
  EXPECT_TRUE(health.sorry_inhibit);
  EXPECT_THAT(health.notify_up.words, ElementsAre("/bin/up"));
  EXPECT_THAT(health.notify_down.words, ElementsAre("/bin/down", "now"));
  EXPECT_THAT(health.quorum_down.words, ElementsAre("/q", "down"));
  EXPECT_TRUE(health.omega);
  EXPECT_EQ(health.damping, (Damping{true, seconds(30), minutes(5), 6, 2}));
  ASSERT_EQ(health.servers.size(), 1u);
  EXPECT_EQ(health.servers[0].first.text(), "192.0.2.11:80");
  EXPECT_EQ(health.servers[0].second.checks.size(), 1u);
  EXPECT_EQ(health.servers[0].second.on_failure, OnFailure::Inhibit);
  EXPECT_THAT(health.servers[0].second.notify_up.words, ElementsAre("/bin/mine"));
  EXPECT_FALSE(health_of(with("damping: { enabled: false }")).damping.enabled);
}

TEST(ReadHealth, AGroupAloneIsNoCheck) {
  EXPECT_EQ(health_of(with("group: shop\n    check: { type: tcp }")).group, "shop");
  EXPECT_THAT(good("version: 1\nl4: { a: { listen: { address: 192.0.2.1, port: 80 }, group: g } }\n").health,
              testing::IsEmpty());
}

TEST(ReadHealth, EachAddressFamilyHasItsOwnServersAndSorryServer) {
  const auto config = good(R"(version: 1
vips: { web: { addresses: [192.0.2.10/24, "2001:db8::10/64"] } }
l4:
  web:
    listen: { vip: web, port: 80 }
    check: { type: tcp }
    sorry: { address: "2001:db8::99" }
    servers:
      a: { address: 192.0.2.11, on_failure: inhibit }
      b: { address: "2001:db8::11", check: { type: ping } }
)");
  ASSERT_EQ(config.health.size(), 2u);
  EXPECT_FALSE(config.health[0].sorry);
  EXPECT_TRUE(config.health[1].sorry);
  ASSERT_EQ(config.health[0].servers.size(), 1u);
  EXPECT_EQ(config.health[0].servers[0].first.address.text(), "192.0.2.11");
  EXPECT_EQ(config.health[1].servers[0].first.address.text(), "2001:db8::11");
}

TEST(ReadHealth, EveryMistakeIsToldWhereItStands) {
  EXPECT_THAT(problems(with("check: { type: tpc }")),
              ElementsAre(HasSubstr("5:20: service web: check: type must be tcp, http")));
  EXPECT_THAT(problems(with("check: { type: tcp, path: /x }")),
              ElementsAre("5:31: service web: check: path means nothing to type tcp | it is for http, https and file"));
  EXPECT_THAT(problems(with("check: { type: tcp, intervall: 3s }")),
              ElementsAre("5:25: service web: check: unknown key \"intervall\" | did you mean \"interval\"?"));
  EXPECT_THAT(problems(with("check: { type: tcp, interval: 3 }")),
              ElementsAre("5:35: service web: check: interval must be a time from 10ms to 1d, like 30ms, 1s or 5m, "
                          "not \"3\" | a unit is missing: 3s?"));
  EXPECT_THAT(problems(with("check: { type: http, expect: ok }")),
              ElementsAre("5:34: service web: check: expect must be a status from 100 to 599 or a range like 200-399, "
                          "not \"ok\""));
  EXPECT_THAT(problems(with("check: { type: http, regex: '(' }")),
              ElementsAre(HasSubstr("5:33: service web: check: regex cannot be read")));
  EXPECT_THAT(problems(with("check: { type: http, digest: abc }")),
              ElementsAre(HasSubstr("digest must be 32 hex digits (MD5) or 64 (SHA-256)")));
  EXPECT_THAT(problems(with("check: { type: script, run: 'a \"b' }")),
              ElementsAre("5:33: service web: check: run has a quote without an end"));
  EXPECT_THAT(problems(with("check: { type: script }")),
              ElementsAre(HasSubstr("5:20: service web: check: type script needs run")));
  EXPECT_THAT(problems(with("check: { type: bfd }")), ElementsAre(HasSubstr("type bfd needs session")));
  EXPECT_THAT(problems(with("check:")), ElementsAre(HasSubstr("service web: check has no value")));
  EXPECT_THAT(problems(with("check: []")), ElementsAre("5:12: service web: check must not be empty"));
  EXPECT_THAT(problems(with("check: { type: tcp, retry_delay: 1s }")),
              ElementsAre("5:38: service web: check: retry_delay is of no use without retry"));
  EXPECT_THAT(problems(with("quorum: 2\n    hysteresis: 2")),
              ElementsAre(HasSubstr("6:17: service web: hysteresis must be below quorum, 2")));
  EXPECT_THAT(problems(with("sorry: { address: '2001:db8::1' }")),
              ElementsAre(HasSubstr("service web: sorry: 2001:db8::1 is IPv6, and the service listens on no such")));
  EXPECT_THAT(problems(with("damping: { reuse: 9 }")),
              ElementsAre("5:23: service web: damping: reuse must be below suppress, 4"));
  EXPECT_THAT(problems(with("check: { type: tcp, to_vip: true }\n    forward: nat")),
              ElementsAre(HasSubstr("server a: check: to_vip is for forward: dr and tun")));
}

TEST(ReadHealth, AServerForEveryPortNeedsAPortToAsk) {
  EXPECT_THAT(problems(with("persistence: {}\n    check: { type: tcp }", "", "any")),
              ElementsAre(HasSubstr("server a: check: the server has no port of its own: the check needs one")));
  EXPECT_THAT(problems(with("persistence: {}\n    check: { type: tcp, port: 80 }", "", "any")), IsEmpty());
  EXPECT_THAT(problems(with("persistence: {}\n    check: { type: ping }", "", "any")), IsEmpty());
}

TEST(Command, IsSplitAsAShellWould) {
  const auto words = [](const char* text) { return split_command(text).value_or(std::vector<std::string>{"?"}); };
  EXPECT_THAT(words("/bin/a  b\tc"), ElementsAre("/bin/a", "b", "c"));
  EXPECT_THAT(words(R"(a "b c" 'd "e' f\ g)"), ElementsAre("a", "b c", "d \"e", "f g"));
  EXPECT_THAT(words(R"(a "" b'c'"d")"), ElementsAre("a", "", "bcd"));
  EXPECT_THAT(words(R"(a "\"\\\$\n" '\n')"), ElementsAre("a", "\"\\$\\n", "\\n"));
  EXPECT_EQ(split_command("a 'b").error(), "has a quote without an end");
  EXPECT_EQ(split_command("a \\").error(), "ends in a backslash");
  EXPECT_EQ(split_command("  ").error(), "names no program");
  EXPECT_EQ(split_command("'' b").error(), "names no program");
}

}  // namespace
}  // namespace plenum::conf
