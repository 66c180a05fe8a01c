// What the director tells of itself: listings, connections, explanations, warnings.

#include <algorithm>

#include "lb/director.h"
#include "lb/explain/live_view.h"
#include "rt/sysctl.h"

namespace plenum::lb {

void Director::add_numbers(const conf::ServiceKey& service, const DataPlane::Snapshot* snapshot,
                           ServerStatus& out) const {
  const auto& key = out.server.key;
  const auto numbers = data_plane_->numbers(service, key, snapshot);
  out.counters = numbers.counters;
  out.rates = numbers.rates;
  out.active = numbers.active;
  out.inactive = numbers.inactive;
  out.persistent = numbers.persistent;
  if (const auto* hop = next_hops_->find(key.address)) out.next_hop = hop->text();
}

ServerStatus Director::status_with_numbers(const conf::ServiceKey& service, const ServerEntry& entry) const {
  auto all = status_with_numbers(*table_.find(service), health());
  const auto at = std::ranges::find_if(
      all.servers, [&](const ServerStatus& one) { return one.server.key == entry.spec.key && !one.sorry; });
  return at != all.servers.end() ? std::move(*at) : status_of(entry, clock_.now());
}

ServiceStatus Director::status_with_numbers(const ServiceEntry& entry, const HealthPicture& health,
                                            const DataPlane::Snapshot* snapshot) const {
  const auto now = clock_.now();
  const auto& key = entry.spec.key;
  ServiceStatus status;
  status.service = entry.spec;
  status.override_ = override_status(entry, now);
  const auto numbers = data_plane_->numbers(key, snapshot);
  status.counters = numbers.counters;
  status.rates = numbers.rates;
  const auto of_service = health.find(key);
  if (of_service != health.end()) status.health = of_service->second.service;
  const auto all = in_force(entry, word_about(key));
  status.servers.reserve(all.servers.size());
  for (const auto& server : all.servers) {
    ServerStatus out;
    if (const auto* wanted = server.sorry ? nullptr : entry.servers.find(server.wanted->key)) {
      out = status_of(*wanted, now);
      out.draining = server.standing == Standing::Draining;
      out.out = server.standing == Standing::Out;
    }
    out.sorry = server.sorry;
    // Of one that is out, the weight it will have.
    out.server = out.out ? *server.wanted : server.server();
    if (!out.removed_in && out.server.weight != server.wanted->weight) out.wanted_weight = server.wanted->weight;
    add_numbers(key, snapshot, out);
    if (of_service != health.end())
      if (const auto at = of_service->second.servers.find(out.server.key); at != of_service->second.servers.end()) {
        out.health = at->second;
        out.health->checks.clear();
      }
    status.servers.push_back(std::move(out));
  }
  return status;
}

Result<std::vector<ServiceStatus>> Director::list(const std::optional<conf::ServiceKey>& key) const {
  std::vector<ServiceStatus> out;
  if (!key) {
    out.reserve(table_.services().size());
    const auto snapshot = data_plane_->snapshot();
    const auto picture = health();
    for (const auto& entry : table_.services()) out.push_back(status_with_numbers(entry, picture, &snapshot));
    return out;
  }
  const auto* entry = table_.find(*key);
  if (entry == nullptr) return fail(std::errc::no_such_process, "no such service");
  out.push_back(status_with_numbers(*entry, health()));
  return out;
}

std::vector<HealthReport> Director::health_report() const {
  std::vector<HealthReport> out;
  auto picture = health();
  const auto called = [](const std::string& name, const auto& key) { return name.empty() ? key.text() : name; };
  for (const auto& entry : table_.services()) {
    const auto at = picture.find(entry.spec.key);
    if (at == picture.end()) continue;
    HealthReport report{called(entry.spec.name, entry.spec.key), entry.spec.key.text(), at->second.service, {}};
    for (const auto& server : entry.servers) {
      const auto& key = server.spec.key;
      if (const auto row = at->second.servers.find(key); row != at->second.servers.end())
        report.servers.push_back({called(server.spec.name, key), key.text(), std::move(row->second)});
    }
    out.push_back(std::move(report));
  }
  return out;
}

Director::Connections Director::connections(std::uint64_t cursor, std::uint32_t limit) const {
  Connections out;
  const auto buckets = data_plane_->table().bucket_count();
  while (cursor < buckets && out.connections.size() < limit)
    data_plane_->list(static_cast<std::uint32_t>(cursor++), out.connections);
  if (cursor < buckets) out.next = cursor;
  return out;
}

std::vector<std::string> Director::warnings() const {
  std::vector<std::string> out = vip_problems_;
  out.insert(out.end(), port_problems_.begin(), port_problems_.end());
  for (auto& warning : sync_->warnings()) out.push_back(std::move(warning));
  if (health_unknown_ && plan_)
    out.push_back("no health checks run until the file is mended and carried out; servers that were down stay so");
  for (const auto& [key, why] : unsynced_) out.push_back(key.text() + ": not in force as listed: " + why);
  if (config_.director.connections != program_->conns.size() * PL_SLOTS ||
      config_.director.servers != program_->servers.size())
    out.push_back("director: connections and servers keep the sizes the data plane was made with (" +
                  std::to_string(program_->conns.size() * PL_SLOTS) + ", " + std::to_string(program_->servers.size()) +
                  ") until `plenum-lbd --unload`");
  bool nat4 = false, nat6 = false;
  for (const auto& entry : table_.services()) {
    for (const auto& server : entry.servers) {
      const auto* hop = next_hops_->find(server.spec.key.address);
      if (hop != nullptr && hop->state != NextHop::State::Resolved && hop->state != NextHop::State::Local)
        out.push_back(entry.spec.key.text() + ": server " + server.spec.key.text() + ": " + hop->text());
      if (server.spec.forward == conf::Forward::Masq) (server.spec.key.address.is_v4() ? nat4 : nat6) = true;
    }
  }
  // The kernel takes the stricter of this and the interface's own.
  if (marked_port_ != 0 && rt::sysctl_is("net/ipv4/conf/all/rp_filter", '1'))
    out.push_back(std::string("net.ipv4.conf.all.rp_filter is 1: what nftables marked and the stack is to finish (a ") +
                  "server without a neighbour yet, or this host itself) is dropped; 2, or 0 with the interfaces' own");
  if (nat4 && !rt::sysctl_is("net/ipv4/ip_forward", '1'))
    out.push_back("NAT needs net.ipv4.ip_forward=1: `plenum director setup` sets it");
  if (nat6 && !rt::sysctl_is("net/ipv6/conf/all/forwarding", '1'))
    out.push_back("NAT needs net.ipv6.conf.all.forwarding=1: `plenum director setup` sets it");
  return out;
}

Result<Explanation> Director::explain(Probe probe, const std::string& interface) const {
  const auto& network = next_hops_->network();
  if (probe.source.address.family() != probe.destination.address.family())
    return fail(std::errc::invalid_argument, "both addresses must be of one family");
  if (!interface.empty()) {
    const auto* link = network.link(interface);
    if (link == nullptr) return fail(std::errc::no_such_device, "no interface " + interface);
    probe.ifindex = link->ifindex;
  }
  auto out = lb::explain(live_view(*program_), probe, current_tick(),
                         {[&](std::uint32_t index) {
                            const auto* link = network.link(index);
                            return link != nullptr ? link->name : "#" + std::to_string(index);
                          },
                          [this](const net::Address& address) {
                            const auto* hop = next_hops_->find(address);
                            return hop != nullptr ? hop->text() : std::string("not looked for");
                          },
                          marked_port_ != 0});
  if (!out.service.empty())
    for (const auto& entry : table_.services())
      if (entry.spec.key.text() == out.service) explain_health(entry.spec.key, out);
  return out;
}

namespace {

// How many checks of a service this host cannot ask, and why the first of them: nothing follows from such a check, so
// that its server counts as it was before. Empty: it can ask all.
std::string hindered_line(const ServiceEntry& entry, const decltype(HealthOfService::servers)& servers) {
  std::size_t count = 0;
  std::string first;
  for (const auto& server : entry.servers) {
    const auto at = servers.find(server.spec.key);
    if (at == servers.end()) continue;
    for (const auto& check : at->second.checks) {
      if (check.hindrance.empty() || count++ != 0) continue;
      first = (server.spec.name.empty() ? server.spec.key.text() : server.spec.name) + ": " + check.name + ": " +
              check.hindrance;
    }
  }
  if (count == 0) return "";
  if (count == 1) return "a check CANNOT BE ASKED, " + first;
  return std::to_string(count) + " checks CANNOT BE ASKED, first " + first;
}

}  // namespace

void Director::add_health(Status& s) const {
  const auto picture = health();
  for (const auto& entry : table_.services()) {
    const auto at = picture.find(entry.spec.key);
    if (at == picture.end()) continue;
    const auto& [service, servers] = at->second;
    std::uint64_t down = 0, damped = 0;
    const auto name = entry.spec.name.empty() ? entry.spec.key.text() : entry.spec.name;
    for (const auto& [key, server] : servers) {
      if (server.state == "damped") ++damped;
      if (server.state != "up") ++down;
    }
    if (auto line = hindered_line(entry, servers); !line.empty()) s.health.push_back(name + ": " + line);
    s.checked += servers.size();
    s.down += down;
    s.damped += damped;
    const bool below = service.state == "down";
    if (below) ++s.services_down;
    if (service.sorry) ++s.sorry;
    if (down == 0 && !below) continue;
    auto line = name + ": " + std::to_string(down) + " of " + std::to_string(servers.size()) + " servers down";
    if (damped != 0) line += ", " + std::to_string(damped) + " of them for not staying up";
    if (below)
      line += "; BELOW ITS QUORUM: weight " + std::to_string(service.weight) + " of " + std::to_string(service.quorum);
    if (service.sorry) line += ", the sorry server takes all";
    s.health.push_back(std::move(line));
  }
}

Status Director::status() const {
  Status s;
  const auto now = clock_.now();
  const auto whole = [](Duration d) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(d).count());
  };
  s.version = PLENUM_VERSION;
  s.uptime = whole(now - started_);
  s.data_plane_uptime = whole(now.time_since_epoch() - Duration(program_->settings[0].born));
  s.config_path = options_.config_path;
  s.config_error = config_error_;
  s.services = table_.services().size();
  s.servers = table_.server_count();
  s.connections = data_plane_->connections();
  s.connection_room = data_plane_->table().slot_count();
  for (const auto& [ifindex, attachment] : program_->attachments()) {
    const auto* link = next_hops_->network().link(ifindex);
    s.interfaces.push_back(
        {link != nullptr ? link->name : attachment.name, attachment.native ? "native" : "generic", attachment.note});
  }
  add_health(s);
  s.vips = Vips::status(config_.vips, next_hops_->network());
  s.tuning = tuning();
  s.sync = sync_->status();
  s.warnings = warnings();
  return s;
}

}  // namespace plenum::lb
