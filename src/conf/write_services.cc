// l4 of write_yaml(): services, their servers and checks.

#include <algorithm>
#include <cmath>
#include <set>

#include "base/pattern.h"
#include "conf/hex.h"
#include "conf/write_parts.h"

namespace plenum::conf {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// "dr", "nat", "tun".
std::string forward_word(Forward forward) {
  return forward == Forward::Masq ? "nat" : forward == Forward::Tunnel ? "tun" : "dr";
}

void page_out(const HttpPage& page, KeysOut& out) {
  out.text("path", page.path, "/");
  auto statuses = YamlOut::list();
  for (const auto& range : page.statuses) {
    const auto from = std::to_string(range.from);
    statuses.add(YamlOut::text(range.from == range.to ? from : from + "-" + std::to_string(range.to)));
  }
  out.part("expect", std::move(statuses));
  out.text("text", page.text);
  out.text("regex", page.regex);
  out.flag("regex_negated", page.regex_negated && !page.regex.empty(), false);
  out.flag("regex_ignore_case", page.regex_ignore_case && !page.regex.empty(), false);
  out.text("digest", page.digest);
}

void tls_out(const std::optional<TlsOptions>& tls, bool always, KeysOut& out) {
  if (!tls) return;
  KeysOut one(out.where() + ": tls", out.lost());
  one.text("server_name", tls->server_name);
  one.flag("send_server_name", tls->send_server_name, true);
  one.flag("verify", tls->verify, false);
  one.text("ca", tls->ca_file);
  one.text("certificate", tls->certificate_file);
  one.text("key", tls->key_file);
  auto map = one.take();
  if (!always || !map.empty()) out.must("tls", std::move(map));
}

struct ProbeOut {
  KeysOut& out;

  void operator()(const TcpProbe& probe) { out.flag("to_vip", probe.to_vip, false); }
  void operator()(const HttpProbe& probe) {
    out.text("host", probe.host);
    out.text("method", probe.method, "GET");
    out.text("version", probe.version == HttpVersion::Http10 ? "1.0" : "1.1", "1.1");
    auto headers = YamlOut::list();
    for (const auto& [name, value] : probe.headers) headers.add(YamlOut::text(name + ": " + value));
    out.part("headers", std::move(headers));
    tls_out(probe.tls, true, out);
    if (probe.pages.size() == 1 && probe.pages[0].host.empty()) {
      page_out(probe.pages[0], out);
      return;
    }
    auto pages = YamlOut::list();
    for (const auto& page : probe.pages) {
      KeysOut one(out.where() + ": pages", out.lost());
      page_out(page, one);
      one.text("host", page.host);
      auto map = one.take();
      if (map.empty()) map.add("path", YamlOut::text("/"));
      pages.add(std::move(map));
    }
    out.part("pages", std::move(pages));
  }
  void operator()(const ExpectProbe& probe) {
    tls_out(probe.tls, false, out);
    out.bytes("send", probe.send);
    if (probe.regex)
      out.text("regex", probe.expect);
    else
      out.bytes("expect", probe.expect);
  }
  void operator()(const SmtpProbe& probe) {
    out.text("helo", probe.helo, SmtpProbe{}.helo);
    tls_out(probe.tls, false, out);
  }
  void operator()(const DnsProbe& probe) {
    out.text("query", probe.name, ".");
    out.text("record", probe.type, "SOA");
    if (probe.tcp) out.text("over", "tcp");
  }
  void operator()(const UdpProbe& probe) {
    out.bytes("send", probe.payload);
    out.bytes("expect", probe.expect);
    out.text("begins_hex", masked_hex_out({probe.prefix, probe.prefix_mask}));
    const bool required = !probe.expect.empty() || !probe.prefix.empty();
    const bool implied = required || probe.min_answer != 0 || probe.max_answer != 65535;
    out.flag("require_answer", probe.require_answer || required, implied);
    out.number<int>("min_answer", probe.min_answer, 0);
    out.number<int>("max_answer", probe.max_answer, 65535);
  }
  void operator()(const PingProbe& probe) { out.number<int>("size", probe.payload, 32, 0, 65000); }
  void operator()(const ScriptProbe& probe) {
    out.command("run", probe.command);
    out.flag("weighted", probe.weighted, false);
  }
  void operator()(const FileProbe& probe) {
    out.text("path", probe.path);
    out.number("factor", probe.factor, 1, -65535, 65535);
    out.flag("reverse", probe.reverse, false);
  }
  void operator()(const BfdProbe& probe) { out.text("session", probe.session); }
};

YamlOut check_out(const Check& check, const std::string& where, std::vector<std::string>& lost) {
  static const Check defaults;
  KeysOut out(where + ": check", lost);
  out.text("type", name_of(check.probe));
  out.text("name", check.name);
  ProbeOut probe{out};
  std::visit(probe, check.probe);
  out.address("address", check.address);
  out.number<int>("port", check.port, 0);
  if (check.source) {
    if (check.source->address.is_unspecified())
      out.lose("asking from port " + std::to_string(check.source->port));
    else
      out.address("source", check.source->address);
    if (check.source->port != 0 && !check.source->address.is_unspecified())
      out.lose("asking from port " + std::to_string(check.source->port));
  }
  out.number("mark", check.mark, 0u);
  out.text("interface", check.interface);
  out.interval("interval", check.interval, defaults.interval, milliseconds(10), hours(24));
  out.interval("timeout", check.timeout, defaults.timeout, milliseconds(10), hours(1));
  if (check.interval_down)
    out.interval("interval_down", *check.interval_down, Duration(-1), milliseconds(10), hours(24));
  out.number("fall", check.fall, defaults.fall, 1, 1000);
  out.number("rise", check.rise, defaults.rise, 1, 1000);
  out.number("retry", check.retry, defaults.retry, 0, 1000);
  if (check.retry != 0) out.interval("retry_delay", check.retry_delay, defaults.retry_delay, {}, hours(1));
  out.interval("start_delay", check.start_delay, hours(24));
  const auto percent = static_cast<int>(std::lround(check.jitter * 100));
  out.number("jitter", percent, 10, 0, 90);
  if (check.initially_down) out.text("initial", "down");
  out.flag("log_all_failures", check.log_all_failures, false);
  return out.take();
}

bool cannot_be_asked_for(const std::string& path) {
  return !path.starts_with('/') || path.find_first_of(" \t\r\n") != std::string::npos;
}

bool is_pattern(const std::string& regex) { return regex.empty() || Pattern::compile(regex).has_value(); }

// Why the file takes no such check of these servers; nothing where it does.
std::string unfit(const Check& check, const std::vector<const Server*>& servers) {
  for (const auto* server : servers) {
    if (needs_port(check.probe) && check.port == 0 && server->key.port == 0) return "there is no port to ask at";
    const auto& address = check.address.value_or(server->key.address);
    if (check.source && !check.source->address.is_unspecified() && check.source->address.family() != address.family())
      return "it asks from an address of another family";
  }
  if (const auto* file = std::get_if<FileProbe>(&check.probe); file && !file->path.starts_with('/'))
    return "its file's path does not begin with /";
  if (const auto* expect = std::get_if<ExpectProbe>(&check.probe))
    return expect->regex && !is_pattern(expect->expect) ? "its regex cannot be read" : "";
  const auto* http = std::get_if<HttpProbe>(&check.probe);
  if (!http) return {};
  if (http->tls && http->tls->certificate_file.empty() && !http->tls->key_file.empty())
    return "a key without its certificate is of no use";
  for (const auto& page : http->pages) {
    if (cannot_be_asked_for(page.path)) return "page " + page.path + " cannot be asked for";
    if (!is_pattern(page.regex)) return "its regex cannot be read";
  }
  return {};
}

void checks_out(const std::vector<Check>& checks, const std::vector<const Server*>& servers, KeysOut& out) {
  std::vector<YamlOut> written;
  for (const auto& check : checks) {
    if (const auto why = unfit(check, servers); !why.empty())
      out.lose("check " + called(check) + ": " + why);
    else
      written.push_back(check_out(check, out.where(), out.lost()));
  }
  if (written.size() == 1) return out.must("check", std::move(written[0]));
  auto list = YamlOut::list();
  for (auto& one : written) list.add(std::move(one));
  out.part("check", std::move(list));
}

const char* word_of(OnFailure on_failure) {
  return on_failure == OnFailure::Drain ? "drain" : on_failure == OnFailure::Inhibit ? "inhibit" : "remove";
}

// Services of one name: what one entry of the file became, one for each address.
struct Entry {
  std::vector<const Service*> services;
  std::vector<const ServiceHealth*> health;  // nullptr: none

  [[nodiscard]] const Service& first() const { return *services.front(); }

  [[nodiscard]] std::vector<const Server*> servers() const {
    std::vector<const Server*> out;
    for (const auto* service : services) {
      for (const auto& server : service->servers) {
        const bool there =
            std::any_of(out.begin(), out.end(), [&](const auto* other) { return other->key == server.key; });
        if (!there) out.push_back(&server);
      }
    }
    return out;
  }

  [[nodiscard]] const ServerHealth* health_of(const ServerKey& key) const {
    for (const auto* one : health) {
      if (!one) continue;
      for (const auto& [server, of_server] : one->servers)
        if (server == key) return &of_server;
    }
    return nullptr;
  }

  // The one that knows a sorry server, if any does.
  [[nodiscard]] const ServiceHealth* of_service() const {
    const ServiceHealth* out = nullptr;
    for (const auto* one : health)
      if (one && (!out || (one->sorry && !out->sorry))) out = one;
    return out;
  }
};

YamlOut listen_out(const Entry& entry, const Config& config, std::vector<std::string>& lost) {
  const auto& key = entry.first().key;
  KeysOut out("service " + entry.first().name + ": listen", lost);
  if (key.fwmark != 0) {
    out.number("fwmark", key.fwmark, 0u);
    if (entry.services.size() == 1) out.text("family", key.family == net::Family::V6 ? "ipv6" : "ipv4");
    return out.take();
  }
  const Vip* whole = nullptr;
  for (const auto& vip : config.vips) {
    const bool all = std::all_of(entry.services.begin(), entry.services.end(), [&](const auto* service) {
      return std::any_of(vip.addresses.begin(), vip.addresses.end(),
                         [&](const auto& prefix) { return prefix.address == service->key.address; });
    });
    if (all && (entry.services.size() > 1 || vip.addresses.size() == 1)) whole = &vip;
  }
  if (whole)
    out.text("vip", whole->name);
  else
    out.must("address", YamlOut::text(key.address.text()));
  if (key.port == 0)
    out.text("port", "any");
  else
    out.number<int>("port", key.port, 0);
  out.text("protocol", name_of(key.protocol), "tcp");
  return out.take();
}

void persistence_out(const Entry& entry, KeysOut& out) {
  const auto& first = entry.first().persistence;
  if (!first) return;
  KeysOut one(out.where() + ": persistence", out.lost());
  one.seconds("timeout", first->timeout, 360);
  for (const auto family : {net::Family::V4, net::Family::V6}) {
    const auto service = std::find_if(entry.services.begin(), entry.services.end(),
                                      [&](const auto* each) { return each->key.family == family; });
    if (service == entry.services.end()) continue;
    const auto mask = (*service)->persistence->netmask;
    if (family == net::Family::V6)
      one.number("prefix", mask, 128u, 1, 128);
    else if (mask != 0xffffffffu)
      one.text("netmask", net::Address::v4(mask).text());
  }
  one.text("engine", first->engine);
  out.must("persistence", one.take());
}

void tunnel_out(const Entry& entry, const ServiceHealth* health, KeysOut& out) {
  const Tunnel* tunnel = nullptr;
  const auto see = [&](const Server& server) {
    if (server.forward != Forward::Tunnel) return;
    if (!tunnel) tunnel = &server.tunnel;
    if (server.tunnel != *tunnel) out.lose("server " + server.key.text() + " has a tunnel of its own");
  };
  for (const auto* server : entry.servers()) see(*server);
  if (health && health->sorry) see(*health->sorry);
  if (!tunnel || *tunnel == Tunnel{}) return;
  KeysOut one(out.where() + ": tunnel", out.lost());
  one.text("type", name_of(tunnel->type), "ipip");
  one.number<int>("port", tunnel->port, 0);
  one.text("checksum", name_of(tunnel->checksum), "none");
  auto map = one.take();
  if (!map.empty()) out.must("tunnel", std::move(map));
}

// Weight and place of a server, or of the sorry server.
void server_keys(const Server& server, Forward usual, const ServiceKey& key, KeysOut& out) {
  out.must("address", YamlOut::text(server.key.address.text()));
  if (server.key.port != key.port) out.number<int>("port", server.key.port, 0);
  if (server.forward != usual) out.text("forward", forward_word(server.forward));
}

YamlOut server_out(const Server& server, const ServerHealth* health, Forward usual, const ServiceKey& key,
                   const std::string& where, std::vector<std::string>& lost) {
  KeysOut out(where + ": server " + server.name, lost);
  server_keys(server, usual, key, out);
  out.number("weight", server.weight, 1, 0, 65535);
  out.number("upper", server.upper, 0u);
  out.number("lower", server.lower, 0u);
  if (!health) return out.take();
  checks_out(health->checks, {&server}, out);
  if (health->on_failure) out.text("on_failure", word_of(*health->on_failure));
  KeysOut notify(out.where() + ": notify", lost);
  notify.command("up", health->notify_up);
  notify.command("down", health->notify_down);
  out.part("notify", notify.take());
  return out.take();
}

void service_health_out(const ServiceHealth& health, const std::vector<const Server*>& servers, Forward usual,
                        const ServiceKey& key, KeysOut& out) {
  static const ServiceHealth defaults;
  out.text("group", health.group);
  checks_out(health.checks, servers, out);
  if (health.on_failure != OnFailure::Remove) out.text("on_failure", word_of(health.on_failure));
  out.interval("slow_start", health.slow_start, {}, {}, hours(24));
  out.number("quorum", health.quorum, 1u);
  out.number("hysteresis", health.hysteresis, 0u);
  if (health.sorry) {
    KeysOut sorry(out.where() + ": sorry", out.lost());
    server_keys(*health.sorry, usual, key, sorry);
    sorry.flag("inhibit", health.sorry_inhibit, false);
    out.must("sorry", sorry.take());
  }
  KeysOut notify(out.where() + ": notify", out.lost());
  notify.command("up", health.notify_up);
  notify.command("down", health.notify_down);
  notify.command("quorum_up", health.quorum_up);
  notify.command("quorum_down", health.quorum_down);
  notify.flag("at_end", health.omega, false);
  out.part("notify", notify.take());
  KeysOut damping(out.where() + ": damping", out.lost());
  damping.flag("enabled", health.damping.enabled, true);
  damping.number<std::int64_t>("suppress", std::lround(health.damping.suppress), 4);
  damping.number<std::int64_t>("reuse", std::lround(health.damping.reuse), 1);
  damping.interval("half_life", health.damping.half_life, defaults.damping.half_life, milliseconds(100), hours(24));
  damping.interval("longest", health.damping.longest, defaults.damping.longest, milliseconds(100), hours(24));
  out.part("damping", damping.take());
}

// How most servers are forwarded to.
Forward usual_of(const std::vector<const Server*>& servers) {
  std::array<int, 4> counts{};
  for (const auto* server : servers) ++counts[static_cast<std::size_t>(server->forward)];
  const auto most = std::max_element(counts.begin(), counts.end());
  return *most == 0 ? Forward::Route : static_cast<Forward>(most - counts.begin());
}

YamlOut service_out(const Entry& entry, const Config& config, std::vector<std::string>& lost) {
  const auto& service = entry.first();
  const auto where = "service " + service.name;
  const auto servers = entry.servers();
  const auto usual = usual_of(servers);
  const auto* health = entry.of_service();
  KeysOut out(where, lost);
  out.must("listen", listen_out(entry, config, lost));
  out.text("forward", forward_word(usual), "dr");
  tunnel_out(entry, health, out);
  out.text("scheduler", service.scheduler, "wlc");
  auto flags = YamlOut::list();
  if ((service.scheduler_flags & kSchedulerFlag1) != 0) flags.add(YamlOut::text("fallback"));
  if ((service.scheduler_flags & kSchedulerFlag2) != 0) flags.add(YamlOut::text("port"));
  if ((service.scheduler_flags & kSchedulerFlag3) != 0) out.lose("the scheduler's third flag");
  out.part("scheduler_flags", std::move(flags));
  out.seconds("drain", service.drain, 600);
  persistence_out(entry, out);
  out.flag("one_packet", service.one_packet, false);
  if (health) service_health_out(*health, servers, usual, service.key, out);
  auto map = YamlOut::map();
  for (const auto* server : servers)
    map.add(server->name, server_out(*server, entry.health_of(server->key), usual, service.key, where, lost));
  out.part("servers", std::move(map));
  return out.take();
}

}  // namespace

YamlOut services_out(const Config& config, std::vector<std::string>& lost) {
  std::vector<Entry> entries;
  for (const auto& service : config.services) {
    const auto health = std::find_if(config.health.begin(), config.health.end(),
                                     [&](const auto& one) { return one.service == service.key; });
    const auto* of_service = health == config.health.end() ? nullptr : &*health;
    const bool more = !entries.empty() && entries.back().first().name == service.name && !service.name.empty();
    if (!more) entries.emplace_back();
    entries.back().services.push_back(&service);
    entries.back().health.push_back(of_service);
  }
  auto out = YamlOut::map();
  for (const auto& entry : entries) out.add(entry.first().name, service_out(entry, config, lost));
  return out;
}

}  // namespace plenum::conf
