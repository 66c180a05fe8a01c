// What write_yaml() writes, the reader reads: for files that say everything, and for a thousand random ones.

#include "conf/write_yaml.h"

#include <gmock/gmock.h>

#include <random>

#include "conf/keepalived/read.h"
#include "conf/reading_for_test.h"
#include "conf/scheduler_names.h"
#include "conf/vmac_names.h"

namespace plenum::conf {
namespace {

using std::chrono::milliseconds;

// The configuration that comes back.
void comes_back(const Config& config) {
  const auto written = write_yaml(config);
  const auto back = parse(written.text, "written.yaml", nothing_set);
  ASSERT_TRUE(back) << written.text << back.error().render();
  auto same = *back;
  same.node = config.node;
  EXPECT_THAT(written.lost, testing::IsEmpty());
  EXPECT_TRUE(same == config) << written.text << "\nread again and written:\n" << write_yaml(same).text;
}

// Draws values: within what the file's language can say.
class Draw {
 public:
  explicit Draw(unsigned seed) : engine_(seed) {}

  std::int64_t number(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  bool flip() { return number(0, 1) == 1; }
  bool rarely() { return number(0, 3) == 0; }
  Duration interval(std::int64_t least, std::int64_t most) { return milliseconds(number(least, most)); }
  std::string name(const std::string& prefix, int i) { return prefix + std::to_string(i) + (flip() ? "" : "-x.y_z"); }
  std::string text() {
    static const std::vector<std::string> all = {
        "plain",    "two words", "it's",    "say \"x\"", "a: b",   "# no",
        "null",     "~",         "${HOME}", "$${x}",     "back\\", "tab\tnew\nline",
        "1.0",      "true",      "[a, b]",  "{a: b}",    "- x",    "ü",
        "\x01\x7f", "*",         "&a",      "%h",        "!tag",   "@x"};
    return all[static_cast<std::size_t>(number(0, static_cast<std::int64_t>(all.size()) - 1))];
  }
  std::string bytes() { return flip() ? text() : text() + std::string("\0\xff\x24", 3); }
  Command command() {
    Command out;
    out.words.push_back("/bin/" + std::to_string(number(0, 9)));
    for (auto n = number(0, 2); n > 0; --n) out.words.push_back(text());
    if (flip()) out.user = "nobody";
    if (flip()) out.group = "nogroup";
    return out;
  }
  Command maybe_command() { return rarely() ? command() : Command{}; }
  net::Address v4(int i) { return net::Address::v4(0x0a000000u + static_cast<std::uint32_t>(i)); }
  net::Address v6(int i) { return *net::Address::parse("2001:db8::" + std::to_string(i)); }

 private:
  std::mt19937 engine_;
};

Check random_check(Draw& draw) {
  Check out;
  switch (draw.number(0, 9)) {
    case 0:
      out.probe = TcpProbe{};
      break;
    case 1: {
      HttpProbe http;
      if (draw.flip()) http.tls = TlsOptions{.send_server_name = draw.flip(), .verify = draw.flip()};
      for (auto n = draw.number(1, 3); n > 0; --n) {
        HttpPage page;
        page.path = draw.flip() ? "/" : "/x/" + std::to_string(n);
        if (draw.flip()) page.host = "h.example.net";
        if (draw.flip()) page.statuses = {{200, 299}, {404, 404}};
        if (draw.flip()) page.text = draw.text();
        if (draw.flip()) {
          page.regex = "a+[bc]";
          page.regex_negated = draw.flip();
          page.regex_ignore_case = draw.flip();
        }
        if (draw.flip()) page.digest = "9b3a0c85a887a256d6939da88aabd8cd";
        http.pages.push_back(page);
      }
      if (draw.flip()) http.host = "www.example.net";
      if (draw.flip()) http.version = HttpVersion::Http10;
      if (draw.flip()) http.headers = {{"X-Check", "plenum"}};
      out.probe = http;
      break;
    }
    case 2:
      out.probe = ExpectProbe{.tls = std::nullopt, .send = draw.text(), .expect = "x+", .regex = draw.flip()};
      break;
    case 3:
      out.probe = SmtpProbe{.helo = "mx.example.net", .tls = std::nullopt};
      break;
    case 4:
      out.probe = DnsProbe{"example.net", "MX", draw.flip()};
      break;
    case 5:
      out.probe = UdpProbe{
          .payload = draw.bytes(), .require_answer = true, .expect = draw.bytes(), .min_answer = 2, .max_answer = 99};
      if (draw.flip()) out.probe = UdpProbe{.payload = draw.bytes(), .require_answer = draw.flip(), .min_answer = 2};
      if (draw.flip())
        out.probe = UdpProbe{.require_answer = true,
                             .prefix = std::string("\x24\0\xf0", 3),
                             .prefix_mask = std::string("\xff\0\xf0", 3)};
      break;
    case 6:
      out.probe = PingProbe{static_cast<std::uint16_t>(draw.number(0, 999))};
      break;
    case 7:
      out.probe = ScriptProbe{draw.command(), draw.flip()};
      break;
    case 8:
      out.probe = FileProbe{"/tmp/file", static_cast<std::int32_t>(draw.number(-9, 9)), draw.flip()};
      break;
    default:
      out.probe = BfdProbe{"b0"};
      break;
  }
  const bool connects = out.probe.index() < 6;
  if (connects && draw.flip()) out.port = static_cast<std::uint16_t>(draw.number(1, 65535));
  if (connects && draw.flip()) out.source = net::Endpoint{draw.v4(250), 0};
  if (connects && draw.flip()) out.mark = static_cast<std::uint32_t>(draw.number(0, 99));
  if (connects && draw.flip()) out.interface = "eth7";
  out.interval = draw.interval(10, 99999);
  out.timeout = draw.interval(10, 9999);
  if (draw.flip()) out.interval_down = draw.interval(10, 99999);
  out.fall = static_cast<std::uint32_t>(draw.number(1, 9));
  out.rise = static_cast<std::uint32_t>(draw.number(1, 9));
  if (draw.flip()) {
    out.retry = static_cast<std::uint32_t>(draw.number(1, 5));
    out.retry_delay = draw.interval(0, 5000);
  }
  if (draw.flip()) out.start_delay = draw.interval(0, 5000);
  out.jitter = static_cast<double>(draw.number(0, 90)) / 100;
  out.initially_down = draw.flip();
  out.log_all_failures = draw.flip();
  return out;
}

void random_service(Draw& draw, int i, Config& config) {
  Service s;
  s.name = draw.name("s", i);
  s.key.address = draw.v4(1000 + i);
  s.key.port = static_cast<std::uint16_t>(80 + i);
  if (draw.rarely()) s.key = {.fwmark = static_cast<std::uint32_t>(i + 1)};
  s.scheduler = schedulers()[static_cast<std::size_t>(draw.number(0, 12))].name;
  if (s.scheduler == "sh" || s.scheduler == "mh") s.scheduler_flags = static_cast<std::uint32_t>(draw.number(0, 3));
  if (draw.flip()) s.persistence = Persistence{static_cast<std::uint32_t>(draw.number(1, 9999)), 0xffffff00u, ""};
  s.drain = static_cast<std::uint32_t>(draw.number(1, 9999));
  const auto tunnel = Tunnel{TunnelType::Gue, 6080, TunnelChecksum::Full};
  ServiceHealth health;
  health.service = s.key;
  for (auto n = draw.number(0, 4); n > 0; --n) {
    Server server;
    server.name = draw.name("r", static_cast<int>(n));
    server.forward = draw.flip() ? Forward::Masq : draw.flip() ? Forward::Route : Forward::Tunnel;
    server.key = {draw.v4(2000 + static_cast<int>(n)), s.key.port};
    if (server.forward == Forward::Masq) server.key.port = static_cast<std::uint16_t>(draw.number(1, 65535));
    if (server.forward == Forward::Tunnel) server.tunnel = tunnel;
    // Of a mark a server without NAT has the mark's port: none.
    server.weight = static_cast<std::int32_t>(draw.number(0, 99));
    server.upper = static_cast<std::uint32_t>(draw.number(5, 9));
    server.lower = static_cast<std::uint32_t>(draw.number(0, 5));
    ServerHealth own;
    // A server of every port can only be asked at one that is named.
    if (server.key.port != 0)
      for (auto k = draw.number(0, 2); k > 0; --k) own.checks.push_back(random_check(draw));
    if (draw.rarely()) own.on_failure = OnFailure::Drain;
    own.notify_up = draw.maybe_command();
    own.notify_down = draw.maybe_command();
    if (own != ServerHealth{}) health.servers.emplace_back(server.key, own);
    s.servers.push_back(server);
  }
  health.on_failure = draw.flip() ? OnFailure::Inhibit : OnFailure::Remove;
  health.slow_start = draw.interval(0, 5000);
  health.quorum = static_cast<std::uint32_t>(draw.number(1, 5));
  health.hysteresis = static_cast<std::uint32_t>(draw.number(0, health.quorum - 1));
  health.quorum_up = draw.maybe_command();
  health.notify_down = draw.maybe_command();
  health.omega = draw.flip();
  health.damping.enabled = draw.flip();
  health.damping.suppress = static_cast<double>(draw.number(3, 9));
  if (draw.flip() && s.key.fwmark == 0) {
    Server sorry;
    sorry.key = {draw.v4(3000), 8080};
    sorry.forward = Forward::Masq;
    health.sorry = sorry;
    health.sorry_inhibit = draw.flip();
  }
  config.services.push_back(std::move(s));
  ServiceHealth nothing;
  nothing.service = health.service;
  if (health == nothing) return;
  if (draw.flip()) health.group = draw.flip() ? "one" : draw.name("g", i);
  config.health.push_back(std::move(health));
}

void random_router(Draw& draw, int i, Config& config) {
  VirtualRouter r;
  r.name = draw.name("v", i);
  r.interface = "eth" + std::to_string(i);
  r.vrid = static_cast<std::uint8_t>(draw.number(1, 255));
  r.priority = static_cast<std::uint8_t>(draw.number(1, 255));
  r.advert = milliseconds(10 * draw.number(1, 4095));
  if (draw.rarely()) {
    r.version = 2;
    r.advert = std::chrono::seconds(draw.number(1, 255));
    r.password = "pass word";
    r.password.resize(8);
    r.check_addresses = draw.flip();
  }
  r.preempt = draw.flip();
  r.preempt_delay = draw.interval(0, 9999);
  r.accept = draw.flip();
  r.track_own_interface = draw.flip();
  r.check_source = draw.flip();
  if (draw.flip()) r.promote_secondaries = draw.flip();
  if (draw.flip()) r.source = draw.v4(50);
  if (draw.flip()) r.peers = {{draw.v4(51), 3, 255}, {draw.v4(52), 3, 255}};
  if (draw.flip()) r.vmac = VirtualRouter::Vmac{draw.flip() ? "" : "mac" + std::to_string(i), draw.flip()};
  Vip vip{r.name, {}, draw.flip() ? "eth9" : r.vmac ? "" : r.interface, true};
  const auto where = vip.interface == "eth9" ? vip.interface : std::string();
  for (int k = 0; k < draw.number(1, 3); ++k) {
    const net::Prefix prefix{draw.v4(4000 + 10 * i + k), 24};
    vip.addresses.push_back(prefix);
    VirtualAddress address{.prefix = prefix, .interface = where};
    if (draw.rarely()) address.label = "eth0:" + std::to_string(k);
    if (draw.rarely()) address.scope = "link";
    if (draw.rarely()) address.broadcast = draw.v4(4095);
    if (draw.rarely()) address.interface = "eth8";
    r.addresses.push_back(address);
  }
  if (draw.flip()) r.excluded.push_back({.prefix = {draw.v6(i + 1), 64}, .interface = where, .preferred = draw.flip()});
  if (draw.flip())
    r.routes = {{.destination = net::Prefix{draw.v4(0x10000), 24},
                 .via = draw.v4(7),
                 .interface = "eth0",
                 .table = 7,
                 .metric = 8,
                 .scope = 253,
                 .protocol = 4}};
  if (draw.flip()) r.rules = {{.from = net::Prefix{draw.v4(0x20000), 24}, .priority = 9, .table = 10}};
  if (draw.flip()) r.tracks.push_back({TrackKind::Script, "c0", std::nullopt, false});
  if (draw.flip())
    r.tracks.push_back({TrackKind::Interface, "eth3", static_cast<std::int16_t>(draw.number(-9, 9)), true});
  r.announce.repeat = static_cast<std::uint32_t>(draw.number(0, 9));
  r.announce.lower_delay = draw.interval(0, 9999);
  r.announce.refresh = draw.interval(0, 9999);
  r.notify.master = draw.maybe_command();
  r.notify.any = draw.maybe_command();
  r.notify.lower_priority = draw.maybe_command();
  r.notify.deleted = draw.flip();
  if (draw.flip()) r.takeover_bfd = "b0";
  config.vips.push_back(std::move(vip));
  config.vrrp.routers.push_back(std::move(r));
}

Config random_config(unsigned seed) {
  Draw draw(seed);
  Config config;
  for (int i = 0; i < draw.number(0, 3); ++i) random_service(draw, i, config);
  for (int i = 0; i < draw.number(0, 3); ++i) random_router(draw, i, config);
  auto& v = config.vrrp;
  v.globals.script_security = draw.flip();
  v.globals.router_id = draw.flip() ? "" : draw.text();
  v.globals.notify_fifo = draw.flip() ? "" : "/run/fifo";
  v.globals.startup_delay = draw.interval(0, 9999);
  v.globals.lower_priority_announce = draw.flip();
  v.globals.realtime_priority = static_cast<int>(draw.number(0, 99));
  v.scripts.push_back({.name = "c0",
                       .command = draw.command(),
                       .interval = draw.interval(10, 9999),
                       .timeout = draw.flip() ? Duration{} : draw.interval(10, 999),
                       .fall = 2,
                       .weight = 3,
                       .reverse = draw.flip(),
                       .starts_failed = draw.flip()});
  v.processes.push_back({.name = "p0",
                         .words = {"haproxy", "-f", draw.text()},
                         .full_command = true,
                         .match_initial = draw.flip(),
                         .weight = -7,
                         .most = 65535,
                         .fork_delay = draw.interval(0, 999)});
  v.files.push_back({.name = "f0", .path = "/tmp/x y", .weight = 0, .reverse = draw.flip(), .initial = -3});
  v.bfd.push_back({.name = "b0",
                   .address = draw.v4(60),
                   .interface = draw.flip() ? "" : "eth7",
                   .transmit = draw.interval(3, 999),
                   .multiplier = 7,
                   .passive = draw.flip(),
                   .max_hops = 3,
                   .weight = 9});
  if (!v.routers.empty() && draw.flip())
    v.groups.push_back({.name = "g0", .members = {v.routers[0].name}, .keep_priorities = draw.flip()});
  name_vmacs(v);
  auto& d = config.director;
  if (draw.flip()) d.interfaces = {"eth0", "eth1"};
  d.connections = 1u << draw.number(10, 20);
  d.timeouts.tcp = draw.number(1, 9999);
  d.tuning.sync_threshold = draw.number(0, 9);
  if (draw.flip()) {
    d.sync.master = SyncDaemon{.interface = "eth5", .syncid = 9, .ttl = 3};
    if (draw.flip()) d.sync.backup = d.sync.master;
    if (d.sync.backup && !v.routers.empty()) d.sync.follow = v.routers[0].name;
  }
  if (draw.flip()) {
    d.marks.push_back({.mark = 7, .source = net::Prefix{draw.v4(0), 24}, .first_port = 80, .last_port = 90});
    d.marks.push_back({.mark = 7, .source = net::Prefix{draw.v4(0), 24}, .first_port = 443, .last_port = 443});
    d.marks.push_back({.mark = 8, .protocol = Protocol::Udp, .interface = "eth2"});
  }
  d.nftables_marks = draw.flip();
  return config;
}

TEST(WriteYaml, WhatIsWrittenIsReadAsTheSame) {
  for (unsigned seed = 0; seed < 1000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    comes_back(random_config(seed));
  }
}

TEST(WriteYaml, OneEntryForAllAddressesOfAVip) {
  const auto config = good(R"(
version: 1
vips: { web: { addresses: [192.0.2.10/24, "2001:db8::10/64", 192.0.2.11/24] } }
l4:
  smtp:
    listen: { vip: web, port: 25 }
    forward: nat
    persistence: { timeout: 1m, netmask: 255.255.255.0, prefix: 64 }
    check: { type: tcp }
    servers:
      a: { address: 192.0.2.21, port: 2525 }
      b: { address: "2001:db8::21", check: { type: smtp } }
      c: { address: 192.0.2.22, weight: 0 }
  marked: { listen: { fwmark: 7 }, forward: tun, servers: { a: { address: 192.0.2.21 } } }
failover: { script_security: true }
)");
  ASSERT_EQ(config.services.size(), 4u);
  comes_back(config);
  EXPECT_THAT(write_yaml(config).text, testing::HasSubstr("listen: { vip: web, port: 25 }"));
}

TEST(WriteYaml, TellsWhatItCannotSay) {
  Config config;
  config.vrrp.globals.script_security = true;
  config.vips.push_back({"v", {*net::Prefix::parse("10.0.0.1/24")}, "eth0", true});
  VirtualRouter r;
  r.name = "v";
  r.interface = "eth0";
  r.vrid = 1;
  r.addresses.push_back({.prefix = *net::Prefix::parse("10.0.0.1/24")});
  r.peers = {{*net::Address::parse("10.0.0.2"), 3, 255}, {*net::Address::parse("10.0.0.3"), 4, 255}};
  config.vrrp.routers.push_back(r);
  EXPECT_THAT(write_yaml(config).lost, testing::ElementsAre(testing::HasSubstr("TTLs of single peers")));
}

TEST(WriteYaml, ChecksThatTheFileCannotHaveAreLeftOut) {
  const auto config = keepalived::read(
                          "virtual_server fwmark 3 {\nreal_server 10.0.0.2 {\nTCP_CHECK {\n}\nPING_CHECK {\n}\n}\n}\n"
                          "SSL {\nkey /k.pem\n}\nvirtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {\n"
                          "SSL_GET {\nurl {\npath /\n}\n}\n}\n}\n",
                          "k.conf", {}, nullptr)
                          .config;
  const auto written = write_yaml(config);
  EXPECT_THAT(written.lost,
              testing::ElementsAre("service mark-3: check tcp: there is no port to ask at",
                                   "service 10.0.0.1-80-udp: check https: a key without its certificate is of no use"));
  const auto back = parse(written.text, "back.yaml");
  ASSERT_TRUE(back) << written.text << back.error().render();
  ASSERT_EQ(back->health.size(), 1u);
  EXPECT_STREQ(name_of(back->health[0].checks.at(0).probe), "ping");
}

TEST(WriteYaml, AKeepalivedConfComesBackAsItWasRead) {
  const auto read = keepalived::read(R"(
global_defs {
  router_id lb
  lvs_sync_daemon eth1 V
}
vrrp_script s {
  script "/x 'a b'"
}
vrrp_instance V {
  interface eth0
  virtual_router_id 5
  virtual_ipaddress {
    10.0.0.1/24 label eth0:1
  }
  virtual_ipaddress_excluded {
    2001:db8::1/64
  }
  track_script {
    s
  }
  unicast_peer {
    10.0.0.3
  }
}
virtual_server 10.0.0.1 80 {
  protocol TCP
  lb_algo rr
  lb_kind DR
  sorry_server 10.0.0.9 80
  real_server 10.0.0.2 80 {
    HTTP_GET {
      url {
        path /
      }
    }
  }
  real_server 10.0.0.4 80 {
    weight 0
    MISC_CHECK {
      misc_path "/y z"
    }
  }
}
)",
                                     "k.conf", {}, nullptr);
  comes_back(read.config);
}

}  // namespace
}  // namespace plenum::conf
