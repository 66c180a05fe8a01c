// virtual_server, its servers and their checks, from Draft to Config; and the connections kept in step.

#include <algorithm>
#include <set>
#include <utility>

#include "conf/fitness.h"
#include "conf/keepalived/finish.h"

namespace plenum::conf::keepalived {
namespace {

constexpr std::size_t kMostOfGroup = 4096;  // services that one group stands for

std::string dashed(const net::Address& address) {
  auto text = address.text();
  std::replace(text.begin(), text.end(), ':', '-');
  return text;
}

net::Address next_of(const net::Address& address) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(address.data(), address.size(), bytes.begin());
  for (unsigned i = address.size(); i-- > 0;)
    if (++bytes[i] != 0) break;
  return address.is_v4() ? net::Address::v4_bytes(bytes.data()) : net::Address::v6_bytes(bytes.data());
}

template <class T>
T first_of(std::initializer_list<const Maybe<T>*> list, T otherwise) {
  for (const auto* one : list)
    if (*one) return **one;
  return otherwise;
}

class Finisher {
 public:
  Finisher(Draft& draft, const Host& host, Findings& findings, Config& config)
      : draft_(draft), findings_(findings), config_(config), scripts_(draft.globals, host, findings) {}

  void run() {
    for (auto& s : draft_.services) service(s);
    sync();
    config_.director.timeouts = draft_.globals.timeouts;
    if (scripts_.unguarded())
      findings_.add(Severity::Security, {},
                    "SECURITY VIOLATION - check scripts are being executed but script_security not enabled.",
                    "write enable_script_security and script_user into global_defs");
  }

 private:
  // keepalived's way to name one.
  static std::string title(const ServiceDraft& s) {
    const auto protocol = s.protocol ? name_of(*s.protocol) : "none";
    if (s.title.starts_with("FWM") || !s.group.empty()) return s.title;
    const auto colon = s.title.rfind(':');
    return s.title.substr(0, colon) + ":" + protocol + s.title.substr(colon);
  }

  void service(ServiceDraft& s) {
    if (!s.group.empty()) {
      const auto group = std::find_if(draft_.server_groups.begin(), draft_.server_groups.end(),
                                      [&](const auto& g) { return g.name == s.group; });
      if (group == draft_.server_groups.end()) {
        findings_.lost(s.place,
                       "Virtual server group " + s.group + " specified but not configured - ignoring virtual server",
                       "add virtual_server_group " + s.group);
        return;
      }
      s.listens = group->members;
    }
    if (s.servers.empty()) {
      findings_.warn(Near{s.place}, "Virtual server " + title(s) + " has no real servers - ignoring",
                     "add real_server");
      return;
    }
    left_out(s);
    servers(s);
    checks(s);
    scripts_.settle(s.quorum_up, s.place, "quorum_up script is not run", false);
    scripts_.settle(s.quorum_down, s.place, "quorum_down script is not run", false);
    listen(s);
  }

  // What was not said, or makes no sense together.
  void left_out(ServiceDraft& s) {
    const bool only_marks = !s.listens.empty() && std::all_of(s.listens.begin(), s.listens.end(),
                                                              [](const auto& member) { return member.mark != 0; });
    if (!s.protocol && !only_marks) {
      findings_.warn(Near{s.place}, "Virtual server " + title(s) + ": no protocol set - defaulting to UDP",
                     "add protocol TCP");
      s.protocol = Protocol::Udp;
    }
    const auto name = "Virtual server " + title(s) + ": ";
    if (s.protocol && only_marks)
      findings_.warn(Near{s.place}, "Warning: " + name + "protocol specified for fwmark - protocol will be ignored");
    if (s.one_packet && s.protocol != Protocol::Udp && s.listens[0].mark == 0) {
      findings_.warn(Near{s.place}, name + "one packet scheduling requires UDP - resetting", "leave ops out");
      s.one_packet = false;
    }
    if (!s.scheduler) {
      findings_.warn(Near{s.place}, name + "no scheduler set, setting default 'wlc'", "add lvs_sched wlc");
      s.scheduler = "wlc";
    }
    const bool each_has =
        std::all_of(s.servers.begin(), s.servers.end(), [](const auto& r) { return r.forward.has_value(); });
    if (!s.forward) {
      if (!each_has)
        findings_.warn(Near{s.place}, name + "no forwarding method set, setting default NAT", "add lvs_method NAT");
      s.forward = Forward::Masq;
    }
    if (s.group.empty() && s.listens[0].mark == 0 && s.listens[0].port == 0 && !s.persistence) {
      findings_.warn(Near{s.place}, name + "zero port only valid for persistent services - setting",
                     "add persistence_timeout");
      s.persistence = 360;
    }
    if (!s.engine.empty() && s.protocol != Protocol::Udp && s.listens[0].mark == 0) {
      findings_.lost(s.place, name + "persistence_engine sip needs UDP; it is left out");
      s.engine.clear();
    }
    if (s.scheduler_flags != 0 && s.scheduler != "sh" && s.scheduler != "mh") {
      findings_.lost(s.place, name + "scheduler " + *s.scheduler + " has no flags");
      s.scheduler_flags = 0;
    }
    if ((s.scheduler_flags & kSchedulerFlag3) != 0) {
      findings_.lost(s.place, name + "flag-3 means nothing to scheduler " + *s.scheduler);
      s.scheduler_flags &= ~kSchedulerFlag3;
    }
  }

  void servers(ServiceDraft& s) {
    std::set<ServerKey> seen;
    for (auto it = s.servers.begin(); it != s.servers.end();) {
      auto& r = *it;
      r.out.forward = r.forward.value_or(*s.forward);
      r.out.tunnel = r.out.forward != Forward::Tunnel ? Tunnel{} : r.forward ? r.tunnel.value_or(Tunnel{}) : s.tunnel;
      if (s.group.empty() && s.listens[0].mark == 0) {
        const auto port = s.listens[0].port;
        if (r.out.forward != Forward::Masq && r.out.key.port != port && r.out.key.port != 0)
          findings_.warn(Near{r.place},
                         "WARNING - virtual server " + title(s) + " and real server " + text_of(r.out.key, s) +
                             " ports don't match - resetting",
                         "only NAT can change the port");
        if (r.out.forward != Forward::Masq || r.out.key.port == 0) r.out.key.port = port;
      }
      if (seen.insert(r.out.key).second) {
        ++it;
        continue;
      }
      findings_.warn(
          {}, "VS " + title(s) + ": real server " + text_of(r.out.key, s) + " is duplicated - removing second rs");
      it = s.servers.erase(it);
    }
    std::set<std::string> names;
    for (auto& r : s.servers) {
      auto name = dashed(r.out.key.address);
      if (!names.insert(name).second) {
        name += "-" + std::to_string(r.out.key.port);
        names.insert(name);
      }
      r.out.name = name[0] == '-' ? "x" + name : name;
      if (r.out.weight > 65535) {
        findings_.lost(r.place, "weights go to 65535; " + std::to_string(r.out.weight) + " is taken as that");
        r.out.weight = 65535;
      }
      if (r.out.lower > r.out.upper) {
        findings_.lost(r.place, "lthreshold above uthreshold is left out");
        r.out.lower = 0;
      }
      scripts_.settle(r.notify_up, r.place, "notify_up script is not run", false);
      scripts_.settle(r.notify_down, r.place, "notify_down script is not run", false);
    }
  }

  static std::string text_of(const ServerKey& key, const ServiceDraft& s) {
    return "[" + key.address.text() + "]:" + (s.protocol ? name_of(*s.protocol) : "none") + ":" +
           std::to_string(key.port);
  }

  void checks(ServiceDraft& s) {
    for (auto& r : s.servers) {
      for (auto& k : r.checks) check(s, r, k);
      std::erase_if(r.checks, [](const CheckDraft& k) { return k.failed; });
    }
  }

  void check(const ServiceDraft& s, const ServerDraft& r, CheckDraft& k) {
    auto& out = k.out;
    const auto* dns = std::get_if<DnsProbe>(&out.probe);
    const auto* http = std::get_if<HttpProbe>(&out.probe);
    auto* script = std::get_if<ScriptProbe>(&out.probe);
    const auto seconds = [](int n) { return Duration(std::chrono::seconds(n)); };
    out.interval = first_of({&k.said.delay_loop, &r.said.delay_loop, &s.said.delay_loop}, seconds(60));
    out.timeout = first_of({&k.said.connect_timeout, &r.said.connect_timeout, &s.said.connect_timeout}, seconds(5));
    out.retry = first_of({&k.said.retry, &r.said.retry, &s.said.retry}, dns ? 3u : script ? 0u : 1u);
    out.retry_delay = first_of({&k.said.delay_before_retry, &r.said.delay_before_retry, &s.said.delay_before_retry},
                               dns ? out.interval : seconds(http ? 3 : 1));
    if (out.retry == 0) out.retry_delay = Check{}.retry_delay;
    const auto warmup = first_of({&k.said.warmup, &r.said.warmup, &s.said.warmup}, out.interval);
    if (warmup == Duration{}) out.start_delay = Duration{};
    out.fall = out.rise = 1;
    out.initially_down = first_of({&k.said.alpha, &r.said.alpha, &s.said.alpha}, false);
    out.log_all_failures = k.log_all_failures.value_or(draft_.globals.log_all_failures);
    const auto family = out.address.value_or(r.out.key.address).family();
    if (k.bind_address && k.bind_address->family() != family) {
      findings_.lost(k.place,
                     "bindto " + k.bind_address->text() + " is of another family than whom it asks; it is left out");
      k.bind_address.reset();
    }
    if (k.bind_address || k.bind_port != 0) {
      out.source = net::Endpoint{
          k.bind_address.value_or(family == net::Family::V4 ? net::Address() : *net::Address::parse("::")),
          k.bind_port};
    }
    if (script) {
      out.timeout = k.script_timeout.value_or(out.interval);
      if (out.timeout == Duration{}) out.timeout = out.interval;
      if (scripts_.settle(script->command, k.place, "MISC_CHECK is left out", false) != ScriptState::Fine)
        k.failed = true;
    }
    pages(s, r, k);
    file(k);
  }

  void pages(const ServiceDraft& s, const ServerDraft& r, CheckDraft& k) {
    auto* http = std::get_if<HttpProbe>(&k.out.probe);
    if (!http) return;
    if (http->host.empty()) http->host = first_of({&r.said.virtualhost, &s.said.virtualhost}, std::string());
    if (http->tls) {
      http->tls->ca_file = draft_.tls.ca;
      http->tls->certificate_file = draft_.tls.certificate;
      http->tls->key_file = draft_.tls.key;
    }
  }

  void file(CheckDraft& k) {
    auto* probe = std::get_if<FileProbe>(&k.out.probe);
    if (!probe) return;
    const auto found =
        std::find_if(draft_.files.begin(), draft_.files.end(), [&](const auto& f) { return f.out.name == k.file; });
    if (found == draft_.files.end()) {
      k.failed = true;
      return;
    }
    // keepalived hears of a change at once, and looks before it begins.
    k.out.interval = std::chrono::seconds(1);
    k.out.start_delay = Duration{};
    probe->path = found->out.path;
    probe->factor = k.file_weight.value_or(found->out.weight);
    probe->reverse = k.file_weight ? probe->reverse : found->out.reverse;
  }

  void listen(const ServiceDraft& s) {
    group_ = group_for(s);
    std::size_t made = 0;
    for (const auto& member : s.listens) {
      if (member.mark != 0) {
        add(s, {.fwmark = member.mark, .family = mark_family(s, member)});
        continue;
      }
      for (auto address = member.first;; address = next_of(address)) {
        if (++made > kMostOfGroup) {
          findings_.lost(s.place, "virtual_server group " + s.group + " stands for more than " +
                                      std::to_string(kMostOfGroup) + " services; the others are left out");
          return;
        }
        add(s, {.fwmark = 0,
                .family = address.family(),
                .protocol = s.protocol.value_or(Protocol::Tcp),
                .address = address,
                .port = member.port});
        if (address == member.last) break;
      }
    }
  }

  static net::Family mark_family(const ServiceDraft& s, const GroupMember& member) {
    if (member.family) return *member.family;
    if (s.family) return *s.family;
    for (const auto& r : s.servers)
      if (r.out.forward != Forward::Tunnel) return r.out.key.address.family();
    if (s.granularity && s.granularity_v6) return net::Family::V6;
    const bool all_v6 =
        std::all_of(s.servers.begin(), s.servers.end(), [](const auto& r) { return !r.out.key.address.is_v4(); });
    return all_v6 ? net::Family::V6 : net::Family::V4;
  }

  [[nodiscard]] std::string name_for(const ServiceDraft& s, const ServiceKey& key) {
    auto name = key.fwmark != 0 ? "mark-" + std::to_string(key.fwmark) + (key.family == net::Family::V6 ? "-ipv6" : "")
                                : dashed(key.address) + "-" + std::to_string(key.port) + "-" + name_of(key.protocol);
    if (!s.group.empty()) name = s.group + "-" + name;
    name = fit_name(name);
    for (int i = 2; !names_.insert(name).second; ++i) name = name.substr(0, 58) + "-" + std::to_string(i);
    return name;
  }

  // Each virtual_server has checks and notifications of its own, of the same virtual_server_group, too.
  [[nodiscard]] std::string group_for(const ServiceDraft& s) {
    if (s.group.empty()) return {};
    auto name = fit_name(s.group);
    for (int i = 2; !groups_.insert(name).second; ++i) name = fit_name(s.group).substr(0, 58) + "-" + std::to_string(i);
    return name;
  }

  void add(const ServiceDraft& s, const ServiceKey& key) {
    if (!keys_.insert(key).second) {
      findings_.lost(s.place, "virtual_server " + key.text() + " stands twice; the first counts");
      return;
    }
    if (key.fwmark == 0 && unfit_for_service(key.address) != nullptr) {
      findings_.lost(s.place, "virtual_server " + key.text() + " is no address that can be balanced; it is left out");
      return;
    }
    Service out;
    out.name = name_for(s, key);
    out.key = key;
    out.scheduler = *s.scheduler;
    out.scheduler_flags = s.scheduler_flags;
    out.one_packet = s.one_packet;
    const bool v4 = key.family == net::Family::V4;
    if (s.persistence || (key.fwmark == 0 && key.port == 0)) {
      Persistence p;
      p.timeout = s.persistence.value_or(360);
      p.netmask = s.granularity && s.granularity_v6 != v4 ? *s.granularity : v4 ? 0xffffffffu : 128u;
      p.engine = s.engine;
      out.persistence = p;
    }
    ServiceHealth health;
    health.service = key;
    for (const auto& r : s.servers) server(s, r, key, out, health);
    if (out.servers.empty()) {
      findings_.warn(Near{s.place}, "Virtual server " + title(s) + " has no real servers - ignoring",
                     "add real_server");
      return;
    }
    quorum(s, out, health);
    sorry(s, key, health);
    shared_checks(out, health);
    config_.services.push_back(std::move(out));
    health.group = group_;
    if (is_checked(health)) config_.health.push_back(std::move(health));
  }

  void server(const ServiceDraft& s, const ServerDraft& r, const ServiceKey& key, Service& out, ServiceHealth& health) {
    auto server = r.out;
    if (server.forward != Forward::Tunnel && server.key.address.family() != key.family) {
      findings_.warn(r.place,
                     "Address family of virtual server and real server " + server.key.address.text() +
                         " don't match - skipping real server.",
                     "only TUN crosses families");
      return;
    }
    const auto& address = server.key.address;
    if (unfit_for_server(address) != nullptr) {
      findings_.lost(r.place, "real_server " + address.text() + " is no address of a server; it is left out");
      return;
    }
    if (server.key.port == 0) server.key.port = key.port;
    if (server.forward != Forward::Masq && key.fwmark == 0) server.key.port = key.port;
    const auto twin =
        std::any_of(out.servers.begin(), out.servers.end(), [&](const auto& other) { return other.key == server.key; });
    if (twin) {
      findings_.lost(r.place, "real_server " + server.key.text() + " stands twice; the first counts");
      return;
    }
    ServerHealth mine;
    for (const auto& k : r.checks) {
      mine.checks.push_back(k.out);
      auto& port = mine.checks.back().port;
      // At whichever port of the group packets come in, a real server is asked at its own.
      if (!s.group.empty() && port == 0 && r.out.key.port != server.key.port && needs_port(k.out.probe))
        port = r.out.key.port;
    }
    if (r.inhibit && *r.inhibit != s.inhibit) mine.on_failure = *r.inhibit ? OnFailure::Inhibit : OnFailure::Remove;
    mine.notify_up = r.notify_up;
    mine.notify_down = r.notify_down;
    if (mine != ServerHealth{}) health.servers.emplace_back(server.key, std::move(mine));
    out.servers.push_back(std::move(server));
  }

  // Of the servers that are left: more than they weigh would never be reached.
  void quorum(const ServiceDraft& s, const Service& out, ServiceHealth& health) {
    const bool first = std::exchange(limited_, &s) != &s;  // of a group: all of it has the same servers
    std::uint64_t total = 0;
    for (const auto& server : out.servers) total += static_cast<std::uint32_t>(std::max(server.weight, 0));
    health.quorum = s.quorum;
    if (health.quorum > total) {
      if (first)
        findings_.warn(Near{s.place},
                       "Warning - quorum " + std::to_string(s.quorum) + " for " + title(s) +
                           " exceeds total weight of real servers " + std::to_string(total) + ", reducing quorum",
                       "quorum counts weights");
      health.quorum = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(total));
    }
    health.hysteresis = s.hysteresis;
    if (health.hysteresis >= health.quorum && health.hysteresis != 0) {
      if (first)
        findings_.warn(Near{s.place}, "Virtual server " + title(s) + ": hysteresis " + std::to_string(s.hysteresis) +
                                          " >= quorum " + std::to_string(health.quorum) + "; setting hysteresis to 0");
      health.hysteresis = 0;
    }
    if (s.inhibit) health.on_failure = OnFailure::Inhibit;
    health.quorum_up = s.quorum_up;
    health.quorum_down = s.quorum_down;
    health.omega = s.omega;
  }

  void sorry(const ServiceDraft& s, const ServiceKey& key, ServiceHealth& health) {
    if (!s.sorry) return;
    auto sorry = *s.sorry;
    sorry.forward = s.sorry_forward.value_or(*s.forward);
    sorry.tunnel = sorry.forward != Forward::Tunnel ? Tunnel{} : s.sorry_forward ? s.sorry_tunnel : s.tunnel;
    if (sorry.forward != Forward::Tunnel && sorry.key.address.family() != key.family) {
      findings_.warn(s.place,
                     "Address family of virtual server and sorry server " + sorry.key.address.text() +
                         " don't match - skipping sorry server.",
                     "only TUN crosses families");
      return;
    }
    if (sorry.key.port == 0 || (sorry.forward != Forward::Masq && key.fwmark == 0)) sorry.key.port = key.port;
    sorry.name.clear();
    health.sorry_inhibit = s.sorry_inhibit;
    for (const auto& r : s.servers) {
      if (r.out.key != sorry.key || r.inhibit.value_or(s.inhibit) == s.sorry_inhibit) continue;
      findings_.warn(Near{r.place}, "Virtual server " + title(s) + ": real server " + text_of(r.out.key, s) +
                                        " matches sorry server, but inhibit setting differs, clearing on sorry server");
      health.sorry_inhibit = false;
    }
    health.sorry = sorry;
  }

  // Checks that all servers have are the service's.
  static void shared_checks(const Service& service, ServiceHealth& health) {
    if (health.servers.size() != service.servers.size() || health.servers.empty()) return;
    const auto checks = health.servers[0].second.checks;
    const bool same = std::all_of(health.servers.begin(), health.servers.end(),
                                  [&](const auto& one) { return one.second.checks == checks; });
    if (!same || checks.empty()) return;
    health.checks = checks;
    for (auto& [key, one] : health.servers) one.checks.clear();
    std::erase_if(health.servers, [](const auto& one) { return one.second == ServerHealth{}; });
  }

  void sync() {
    Maybe<GlobalDraft::SyncDraft> said = draft_.globals.sync;
    if (!said) {
      for (const auto& r : draft_.routers) {
        if (r.sync_interface.empty()) continue;
        said.emplace();
        said->interface = r.sync_interface;
        said->instance = r.out.name;
        said->place = r.place;
        break;
      }
    }
    if (!said) return;
    SyncDaemon daemon;
    daemon.interface = said->interface;
    if (said->group) daemon.group = *said->group;
    if (said->port) daemon.port = *said->port;
    if (said->ttl) daemon.ttl = *said->ttl;
    if (said->maxlen) daemon.maxlen = *said->maxlen;
    auto& out = config_.director.sync;
    if (!said->instance.empty()) {
      const auto& all = config_.vrrp.routers;
      const auto router = std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.name == said->instance; });
      if (router == all.end()) {
        findings_.lost(said->place,
                       "Unable to find vrrp instance " + said->instance + " for lvs_syncd - clearing lvs_syncd config");
        return;
      }
      out.follow = router->name;
      daemon.syncid = router->vrid;
    }
    if (said->id) daemon.syncid = *said->id;
    out.master = out.backup = daemon;
  }

  Draft& draft_;
  Findings& findings_;
  Config& config_;
  Scripts scripts_;
  std::set<ServiceKey> keys_;
  std::set<std::string> names_, groups_;
  std::string group_;                      // of the virtual_server at hand; empty: none
  const ServiceDraft* limited_ = nullptr;  // whose quorum was spoken of last
};

}  // namespace

void finish_services(Draft& draft, const Host& host, Findings& findings, Config& config) {
  Finisher(draft, host, findings, config).run();
}

}  // namespace plenum::conf::keepalived
