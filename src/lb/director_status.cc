// What the director tells of itself: listings, connections, explanations, warnings.

#include "lb/director.h"
#include "lb/explain/live_view.h"
#include "rt/sysctl.h"

namespace plenum::lb {

ServerStatus Director::status_with_numbers(const conf::ServiceKey& service, const ServerEntry& entry,
                                           const DataPlane::Snapshot* snapshot) const {
  auto status = status_of(entry, clock_.now());
  const auto numbers = data_plane_->numbers(service, entry.spec.key, snapshot);
  status.counters = numbers.counters;
  status.rates = numbers.rates;
  status.active = numbers.active;
  status.inactive = numbers.inactive;
  status.persistent = numbers.persistent;
  if (const auto* hop = next_hops_->find(entry.spec.key.address)) status.next_hop = hop->text();
  return status;
}

ServiceStatus Director::status_with_numbers(const ServiceEntry& entry, const DataPlane::Snapshot* snapshot) const {
  auto status = status_of(entry, clock_.now());
  const auto numbers = data_plane_->numbers(entry.spec.key, snapshot);
  status.counters = numbers.counters;
  status.rates = numbers.rates;
  status.servers.clear();
  for (const auto& server : entry.servers)
    status.servers.push_back(status_with_numbers(entry.spec.key, server, snapshot));
  return status;
}

Result<std::vector<ServiceStatus>> Director::list(const std::optional<conf::ServiceKey>& key) const {
  std::vector<ServiceStatus> out;
  if (!key) {
    out.reserve(table_.services().size());
    const auto snapshot = data_plane_->snapshot();
    for (const auto& entry : table_.services()) out.push_back(status_with_numbers(entry, &snapshot));
    return out;
  }
  const auto* entry = table_.find(*key);
  if (entry == nullptr) return fail(std::errc::no_such_process, "no such service");
  out.push_back(status_with_numbers(*entry));
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
  return lb::explain(live_view(*program_), probe, current_tick(),
                     {[&](std::uint32_t index) {
                        const auto* link = network.link(index);
                        return link != nullptr ? link->name : "#" + std::to_string(index);
                      },
                      [this](const net::Address& address) {
                        const auto* hop = next_hops_->find(address);
                        return hop != nullptr ? hop->text() : std::string("not looked for");
                      },
                      marked_port_ != 0});
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
  s.vips = Vips::status(config_.vips, next_hops_->network());
  s.tuning = tuning();
  s.sync = sync_->status();
  s.warnings = warnings();
  return s;
}

}  // namespace plenum::lb
