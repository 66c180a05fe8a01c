#include "conf/lvs_cf/read.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "conf/fitness.h"
#include "conf/keepalived/finish.h"
#include "conf/keepalived/words.h"
#include "conf/lvs_cf/syntax.h"
#include "conf/scheduler_names.h"

namespace plenum::conf::lvs_cf {
namespace {

using keepalived::fit_name;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint8_t kPrimary = 150, kBackup = 100;

// Keys that mean nothing here, or nothing any more.
struct Passed {
  std::string_view key;
  bool lost;  // what it asks for is not done
  std::string_view why;
};
constexpr Passed kPassed[] = {
    {"serial_no", false, "a count of edits"},
    {"service", false, "lvs"},
    {"backup_active", false, "whoever is there takes part"},
    {"heartbeat", false, "VRRP's advertisements"},
    {"heartbeat_port", false, "VRRP has none"},
    {"keepalive", false, "advertisements come three times in deadtime"},
    {"debug_level", false, "see the log's level"},
    {"monitor_links", false, "links are always watched"},
    {"primary_private", true, "advertisements go by the interfaces of the addresses alone"},
    {"backup_private", true, "advertisements go by the interfaces of the addresses alone"},
    {"rsh_command", true, "no configuration is copied"},
    {"reservation_conflict_action", true, "there are no reservations"},
    {"hard_shutdown", false, "a drained server keeps its connections as long as the service's drain says"},
};

class Reader {
 public:
  Reader(const Section& file, const Host& host, Result& out)
      : file_(file), host_(host), findings_(out.findings), config_(out.config) {}

  void run() {
    config_.node = host_.node;
    globals();
    for (const auto& section : file_.sections) {
      if (section.kind == "virtual")
        virtual_server(section);
      else if (section.kind == "failover")
        findings_.lost(section.place, "failover " + section.name + " (service = fos) is not carried out",
                       "a highly available service is another program's");
      else
        findings_.warn(section.place, "unknown block " + section.kind);
    }
    routers();
    sync();
  }

 private:
  static bool on(const Setting* setting, bool otherwise) { return setting ? setting->value == "1" : otherwise; }

  std::optional<std::int64_t> number(const Setting* setting, std::int64_t least, std::int64_t most) {
    if (!setting) return std::nullopt;
    const auto read = keepalived::parse_integer(setting->value, least, most);
    if (read.fault == keepalived::Number::Fault::None) return read.value;
    findings_.warn(setting->place, setting->key + " must be " + std::to_string(least) + " to " + std::to_string(most) +
                                       ", not " + setting->value);
    return std::nullopt;
  }

  std::optional<net::Address> address(const Setting* setting) {
    if (!setting) return std::nullopt;
    const auto words = keepalived::split_words(setting->value);
    const auto out = words.empty() ? std::nullopt : net::Address::parse(words[0]);
    if (!out) findings_.warn(setting->place, setting->key + " is no address: " + setting->value);
    return out;
  }

  // The second word of "10.0.0.1 eth0:1" without its alias.
  static std::string interface_of(const Setting* setting) {
    if (!setting) return {};
    const auto words = keepalived::split_words(setting->value);
    return words.size() < 2 ? std::string() : words[1].substr(0, words[1].find(':'));
  }

  // 255.255.255.0 as 24.
  std::optional<std::uint8_t> mask_length(const Setting* setting) {
    const auto mask = address(setting);
    if (!mask || !mask->is_v4()) return std::nullopt;
    unsigned bits = 0;
    while (bits < 32 && (mask->data()[bits / 8] & (0x80u >> (bits % 8))) != 0) ++bits;
    return static_cast<std::uint8_t>(bits);
  }

  void globals() {
    static constexpr std::string_view known[] = {"primary",    "backup",      "deadtime",       "network",
                                                 "nat_router", "nat_nmask",   "syncdaemon",     "syncd_iface",
                                                 "syncd_id",   "tcp_timeout", "tcpfin_timeout", "udp_timeout"};
    for (const auto& setting : file_.settings) {
      const auto passed =
          std::find_if(std::begin(kPassed), std::end(kPassed), [&](const auto& row) { return row.key == setting.key; });
      if (passed != std::end(kPassed)) {
        if (passed->lost)
          findings_.lost(setting.place, setting.key + " is not carried out: " + std::string(passed->why));
        if (setting.key == "service" && setting.value != "lvs")
          findings_.lost(setting.place, "service = " + setting.value + " is not carried out");
      } else if (std::find(std::begin(known), std::end(known), setting.key) == std::end(known)) {
        findings_.warn(setting.place, "unknown key " + setting.key);
      }
    }
    auto& timeouts = config_.director.timeouts;
    timeouts.tcp = number(file_.find("tcp_timeout"), 1, 7776000).value_or(timeouts.tcp);
    timeouts.tcp_fin = number(file_.find("tcpfin_timeout"), 1, 7776000).value_or(timeouts.tcp_fin);
    timeouts.udp = number(file_.find("udp_timeout"), 1, 7776000).value_or(timeouts.udp);
    const auto* network = file_.find("network");
    const auto word = network ? network->value : "nat";
    forward_ = word == "direct" ? Forward::Route : word == "tunnel" ? Forward::Tunnel : Forward::Masq;
    if (word != "direct" && word != "tunnel" && word != "nat")
      findings_.warn(network->place, "network must be nat, direct or tunnel, not " + word);
  }

  void virtual_server(const Section& section) {
    if (!on(section.find("active"), false)) {
      findings_.note(section.place, "virtual " + section.name + " is not active, and left out");
      return;
    }
    const auto vip = address(section.find("address"));
    const auto interface = interface_of(section.find("address"));
    const auto mark = number(section.find("fwmark"), 0, 4294967295);
    if (!vip && mark.value_or(0) == 0) {
      findings_.warn(section.place, "virtual " + section.name + " has no address, and is left out");
      return;
    }
    if (const auto* unfit = vip ? unfit_for_service(*vip) : nullptr) {
      findings_.lost(section.place, "virtual " + section.name + ": " + vip->text() + " " + unfit + "; it is left out");
      return;
    }
    if (vip) carry(interface, {*vip, mask_length(section.find("vip_nmask")).value_or(32)}, section.place);
    Service out;
    out.name = unique(fit_name(section.name));
    const auto protocol = section.find("protocol") ? section.find("protocol")->value : "tcp";
    out.key.protocol = protocol == "udp" ? Protocol::Udp : Protocol::Tcp;
    if (mark.value_or(0) != 0) {
      out.key = {.fwmark = static_cast<std::uint32_t>(*mark)};
    } else {
      out.key.family = vip->family();
      out.key.address = *vip;
      out.key.port = static_cast<std::uint16_t>(number(section.find("port"), 0, 65535).value_or(80));
    }
    if (const auto* scheduler = section.find("scheduler")) {
      if (is_scheduler(scheduler->value))
        out.scheduler = scheduler->value;
      else
        findings_.warn(scheduler->place, "there is no scheduler " + scheduler->value + "; wlc it is");
    }
    persistence(section, out);
    if (!keys_.insert(out.key).second) {
      findings_.lost(section.place, "virtual " + section.name + ": " + out.key.text() + " is another one's already");
      return;
    }
    known_keys(section, {"active", "address", "vip_nmask", "sorry_server", "port", "persistent", "pmask", "send",
                         "expect", "send_program", "expect_program", "use_regex", "load_monitor", "scheduler",
                         "protocol", "timeout", "reentry", "quiesce_server", "fwmark"});
    ServiceHealth health;
    health.service = out.key;
    if (on(section.find("quiesce_server"), false)) health.on_failure = OnFailure::Inhibit;
    if (const auto* monitor = section.find("load_monitor");
        monitor && monitor->value != "none" && !monitor->value.empty())
      findings_.lost(monitor->place,
                     "load_monitor " + monitor->value + " is not carried out: weights stay as they are");
    servers(section, out, health);
    sorry(section, out, health);
    ServiceHealth nothing;
    nothing.service = out.key;
    config_.services.push_back(std::move(out));
    if (health != nothing) config_.health.push_back(std::move(health));
  }

  void known_keys(const Section& section, const std::set<std::string_view>& known) {
    for (const auto& setting : section.settings)
      if (!known.contains(setting.key)) findings_.warn(setting.place, "unknown key " + setting.key);
  }

  void persistence(const Section& section, Service& out) {
    const auto time = number(section.find("persistent"), 0, 2678400);
    const bool needed = out.key.fwmark == 0 && out.key.port == 0;
    if (time.value_or(0) == 0 && !needed) return;
    Persistence p;
    if (time.value_or(0) != 0) p.timeout = static_cast<std::uint32_t>(*time);
    if (const auto mask = address(section.find("pmask")); mask && mask->is_v4() && !mask->is_unspecified()) {
      p.netmask = 0;
      for (unsigned i = 0; i < 4; ++i) p.netmask = p.netmask << 8 | mask->data()[i];
    }
    out.persistence = p;
  }

  void servers(const Section& section, Service& out, ServiceHealth& health) {
    const auto checks = check(section, out);
    std::set<std::string> names;
    for (const auto& block : section.sections) {
      if (block.kind != "server") {
        findings_.warn(block.place, "unknown block " + block.kind);
        continue;
      }
      known_keys(block, {"active", "address", "weight", "port"});
      if (!on(block.find("active"), false)) {
        findings_.note(block.place, "server " + block.name + " is not active, and left out");
        continue;
      }
      const auto at = address(block.find("address"));
      if (!at) continue;
      const auto* unfit = unfit_for_server(*at);
      if (unfit == nullptr && at->family() != out.key.family && forward_ != Forward::Tunnel)
        unfit = "is of another family than the virtual server";
      if (unfit != nullptr) {
        findings_.lost(block.place, "server " + block.name + ": " + at->text() + " " + unfit + "; it is left out");
        continue;
      }
      Server server;
      server.name = fit_name(block.name);
      for (int i = 2; !names.insert(server.name).second; ++i)
        server.name = fit_name(block.name).substr(0, 58) + std::to_string(i);
      server.forward = forward_;
      const auto port = number(block.find("port"), 1, 65535);
      server.key = {*at, out.key.port};
      if (port && forward_ == Forward::Masq)
        server.key.port = static_cast<std::uint16_t>(*port);
      else if (port && *port != out.key.port)
        findings_.lost(block.find("port")->place, "only network = nat can change the port");
      server.weight = static_cast<std::int32_t>(number(block.find("weight"), 0, 65535).value_or(1));
      const bool twin = std::any_of(out.servers.begin(), out.servers.end(),
                                    [&](const auto& other) { return other.key == server.key; });
      if (twin) {
        findings_.lost(block.place, "server " + block.name + " stands twice; the first counts");
        continue;
      }
      // A program is told whom to look at.
      if (const auto* script = checks.empty() ? nullptr : std::get_if<ScriptProbe>(&checks[0].probe)) {
        ServerHealth own;
        own.checks = checks;
        auto& words = std::get<ScriptProbe>(own.checks[0].probe).command.words;
        words = script->command.words;
        for (auto& word : words)
          for (auto found = word.find("%h"); found != std::string::npos; found = word.find("%h"))
            word.replace(found, 2, at->text());
        health.servers.emplace_back(server.key, std::move(own));
      }
      out.servers.push_back(std::move(server));
    }
    if (health.servers.empty()) health.checks = checks;
  }

  // Out after `timeout` seconds, and in again after `reentry`: three failures, and as many successes as that takes.
  std::vector<Check> check(const Section& section, const Service& service) {
    const auto timeout = number(section.find("timeout"), 1, 3600).value_or(6);
    const auto reentry = number(section.find("reentry"), 0, 3600).value_or(15);
    Check out;
    const auto step = milliseconds(std::max<std::int64_t>(timeout * 1000 / 3, 1000));
    out.interval = out.timeout = step;
    out.fall = 3;
    out.rise = static_cast<std::uint32_t>(std::clamp<std::int64_t>(reentry * 1000 / step.count(), 1, 1000));
    const auto text = [&](const char* key) { return section.find(key) ? section.find(key)->value : std::string(); };
    const auto program = text("send_program");
    const auto expect = text("expect");
    if (!program.empty() || !text("expect_program").empty()) {
      auto words = keepalived::split_command(program.empty() ? text("expect_program") : program);
      if (!words || words->empty()) return {};
      // What it prints counts, not how it ends.
      ScriptProbe probe;
      probe.command.words = {"/bin/sh", "-c", "want=$1; shift; case $(\"$@\") in *\"$want\"*) ;; *) exit 1 ;; esac",
                             "sh", expect};
      probe.command.words.insert(probe.command.words.end(), words->begin(), words->end());
      out.probe = std::move(probe);
    } else if (service.key.protocol == Protocol::Udp && service.key.fwmark == 0) {
      return {};
    } else if (!text("send").empty() || !expect.empty()) {
      ExpectProbe probe;
      probe.send = text("send");
      probe.expect = expect;
      probe.regex = on(section.find("use_regex"), false) && !expect.empty();
      out.probe = std::move(probe);
    }
    if (service.key.fwmark != 0 && !std::holds_alternative<ScriptProbe>(out.probe))
      out.port = static_cast<std::uint16_t>(number(section.find("port"), 1, 65535).value_or(80));
    return {out};
  }

  void sorry(const Section& section, const Service& service, ServiceHealth& health) {
    const auto* setting = section.find("sorry_server");
    const auto at = address(setting);
    if (!at) return;
    if (at->is_loopback()) {
      findings_.lost(setting->place, "sorry_server " + at->text() + " is not carried out: it must be another host");
      return;
    }
    if (const auto* unfit = unfit_for_server(*at)) {
      findings_.lost(setting->place, "sorry_server " + at->text() + " " + unfit + "; it is left out");
      return;
    }
    Server server;
    server.key = {*at, service.key.port};
    server.forward = forward_;
    health.sorry = server;
  }

  std::string unique(const std::string& name) {
    auto out = name;
    for (int i = 2; !names_.insert(out).second; ++i) out = name.substr(0, 58) + std::to_string(i);
    return out;
  }

  // The address moves along on its interface.
  void carry(const std::string& interface, const net::Prefix& prefix, const Place& place) {
    if (interface.empty()) {
      findings_.lost(place, prefix.address.text() + " has no interface, and stays where it is");
      return;
    }
    auto& list = carried_[interface];
    if (std::none_of(list.begin(), list.end(), [&](const auto& one) { return one.address == prefix.address; }))
      list.push_back(prefix);
  }

  // One virtual router for each interface, all of them together one group.
  void routers() {
    if (const auto* nat = file_.find("nat_router"); nat && forward_ == Forward::Masq) {
      if (const auto at = address(nat))
        carry(interface_of(nat), {*at, mask_length(file_.find("nat_nmask")).value_or(32)}, nat->place);
    }
    const auto primary = address(file_.find("primary")), backup = address(file_.find("backup"));
    if (carried_.empty()) return;
    auto priority = kPrimary;
    if (host_.has_address && primary && !host_.has_address(*primary)) {
      priority = kBackup;
      if (!backup || !host_.has_address(*backup))
        findings_.lost(file_.find("primary")->place,
                       "this host is neither primary nor backup; it takes the backup's priority");
    }
    const auto deadtime = number(file_.find("deadtime"), 1, 122).value_or(18);
    std::uint8_t id = 1;
    SyncGroup group;
    group.name = "lvs";
    for (const auto& [interface, addresses] : carried_) {
      VirtualRouter router;
      router.name = fit_name("lvs-" + interface);
      router.interface = interface;
      router.vrid = id++;
      router.priority = priority;
      // Whole steps of 10 ms.
      router.advert = milliseconds(std::clamp<std::int64_t>(deadtime * 100 / 3, 1, 4095) * 10);
      for (const auto& prefix : addresses) router.addresses.push_back({.prefix = prefix});
      config_.vips.push_back({router.name, addresses, interface, true});
      group.members.push_back(router.name);
      config_.vrrp.routers.push_back(std::move(router));
      if (id == 0) break;
    }
    if (group.members.size() > 1) config_.vrrp.groups.push_back(std::move(group));
    findings_.note(file_.place, "both directors must speak VRRP now: Piranha's pulse does not");
  }

  void sync() {
    if (!on(file_.find("syncdaemon"), false)) return;
    SyncDaemon daemon;
    daemon.interface = file_.find("syncd_iface") ? file_.find("syncd_iface")->value : "";
    if (daemon.interface.empty() && !carried_.empty()) daemon.interface = carried_.begin()->first;
    if (daemon.interface.empty()) return;
    daemon.syncid = static_cast<std::uint8_t>(number(file_.find("syncd_id"), 0, 255).value_or(0));
    auto& out = config_.director.sync;
    out.master = out.backup = daemon;
    if (!config_.vrrp.groups.empty())
      out.follow = config_.vrrp.groups[0].name;
    else if (!config_.vrrp.routers.empty())
      out.follow = config_.vrrp.routers[0].name;
  }

  const Section& file_;
  const Host& host_;
  keepalived::Findings& findings_;
  Config& config_;
  Forward forward_ = Forward::Masq;
  std::map<std::string, std::vector<net::Prefix>> carried_;
  std::set<ServiceKey> keys_;
  std::set<std::string> names_;
};

}  // namespace

Result read(std::string text, const std::string& name, const Host& host) {
  Result out;
  const auto file = parse(std::move(text), name, out.findings);
  if (out.findings.worst() == keepalived::Severity::Fatal) return out;
  Reader(file, host, out).run();
  return out;
}

bool looks_like(std::string_view text) {
  static constexpr std::string_view first[] = {"serial_no",
                                               "primary",
                                               "service",
                                               "backup_active",
                                               "backup",
                                               "heartbeat",
                                               "network",
                                               "deadtime",
                                               "keepalive",
                                               "rsh_command",
                                               "debug_level",
                                               "monitor_links",
                                               "primary_private",
                                               "heartbeat_port",
                                               "nat_router",
                                               "nat_nmask",
                                               "reservation_conflict_action"};
  while (!text.empty()) {
    const auto line = trim(text.substr(0, text.find('\n')));
    text = text.find('\n') == std::string_view::npos ? std::string_view{} : text.substr(text.find('\n') + 1);
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) return line.starts_with("virtual ") && line.ends_with('{');
    return std::find(std::begin(first), std::end(first), trim(line.substr(0, equals))) != std::end(first);
  }
  return false;
}

}  // namespace plenum::conf::lvs_cf
