#include "lb/table.h"

#include <algorithm>
#include <cstring>

#include "conf/fitness.h"
#include "conf/scheduler_names.h"

namespace plenum::lb {
namespace {

// Splitmix64's finisher: cheap, and good enough for keys that only administrators choose.
std::size_t mix(std::uint64_t state, std::uint64_t more) {
  state += more + 0x9e3779b97f4a7c15ull;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ull;
  state = (state ^ (state >> 27)) * 0x94d049bb133111ebull;
  return state ^ (state >> 31);
}

std::size_t mix(std::uint64_t state, const net::Address& address) {
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), address.mapped().data(), sizeof halves);
  return mix(mix(state, halves[0]), halves[1]);
}

conf::Service without_servers(conf::Service service) {
  service.servers.clear();
  service.key = Table::normal(service.key);
  return service;
}

std::string what_changed(const conf::Server& from, const conf::Server& to) {
  auto same_but_weight = from;
  same_but_weight.weight = to.weight;
  return same_but_weight == to ? "weight " + std::to_string(to.weight) : "edited";
}

Result<> check(const conf::Service& service) {
  const auto& key = service.key;
  if (key.fwmark == 0 && key.family != key.address.family()) {
    return fail(std::errc::invalid_argument, "the service's family is not its address's");
  }
  if (!conf::is_scheduler(service.scheduler)) {
    return fail(std::errc::no_such_file_or_directory, "scheduler " + service.scheduler + " not found");
  }
  if (const auto& p = service.persistence) {
    if (!p->engine.empty() && p->engine != "sip") {
      return fail(std::errc::no_such_file_or_directory, "persistence engine " + p->engine + " not found");
    }
    if (key.family == net::Family::V6 && (p->netmask < 1 || p->netmask > 128)) {
      return fail(std::errc::invalid_argument, "the persistence mask of an IPv6 service is 1..128");
    }
  }
  return {};
}

// In the kernel's order (ip_vs_genl_set_cmd, ip_vs_add_dest), so that a server wrong in two
// ways gives the same errno.
Result<> check(const conf::Service& service, const conf::Server& server) {
  if (server.key.address.family() != service.key.family && server.forward != conf::Forward::Tunnel) {
    return fail(std::errc::invalid_argument, "a server of the other address family needs forwarding by tunnel");
  }
  if (server.weight < 0) return fail(std::errc::result_out_of_range, "weight must not be negative");
  if (server.lower > server.upper) {
    return fail(std::errc::result_out_of_range, "the lower threshold is above the upper");
  }
  const bool tunnel = server.forward == conf::Forward::Tunnel;
  if (tunnel && server.tunnel.type == conf::TunnelType::Gue && server.tunnel.port == 0) {
    return fail(std::errc::invalid_argument, "a GUE tunnel needs a port");
  }
  if (conf::unfit_for_server(server.key.address) != nullptr) {
    return fail(std::errc::invalid_argument, server.key.address.text() + " is not a unicast address");
  }
  return {};
}

}  // namespace

std::size_t KeyHash::operator()(const conf::ServiceKey& key) const {
  const auto small = std::uint64_t{key.fwmark} << 32 | std::uint64_t{key.port} << 16 |
                     static_cast<std::uint64_t>(key.protocol) << 8 | static_cast<std::uint64_t>(key.family);
  return mix(small, key.address);
}

std::size_t KeyHash::operator()(const conf::ServerKey& key) const { return mix(key.port, key.address); }

conf::Server ServerEntry::effective() const {
  auto out = spec;
  out.weight = weight();
  return out;
}

conf::Service ServiceEntry::effective() const {
  auto out = spec;
  for (const auto& server : servers) out.servers.push_back(server.effective());
  return out;
}

conf::ServiceKey Table::normal(conf::ServiceKey key) {
  if (key.fwmark == 0) return key;
  conf::ServiceKey mark;
  mark.fwmark = key.fwmark;
  mark.family = key.family;
  return mark;
}

Result<ServiceEntry*> Table::find_service(const conf::ServiceKey& key) {
  if (auto* found = services_.find(normal(key))) return found;
  return fail(std::errc::no_such_process, "no service " + key.text());
}

Result<ServerEntry*> Table::find_server(const conf::ServiceKey& service, const conf::ServerKey& server) {
  auto found = find_service(service);
  if (!found) return tl::unexpected(std::move(found).error());
  if (auto* entry = (*found)->servers.find(server)) return entry;
  return fail(std::errc::no_such_file_or_directory, "no server " + server.text());
}

const ServerEntry* Table::find(const conf::ServiceKey& service, const conf::ServerKey& server) const {
  const auto* found = find(service);
  return found ? found->servers.find(server) : nullptr;
}

Result<> Table::apply(const Step& step, const Origin& origin) {
  return std::visit([&](const auto& one) { return carry_out(one, origin); }, step);
}

Result<> Table::carry_out(const AddService& step, const Origin& origin) {
  auto service = without_servers(step.service);
  if (services_.find(service.key)) return fail(std::errc::file_exists, "service " + service.key.text() + " exists");
  PLENUM_CHECK(check(service), "service " + service.key.text());
  if (services_.size() >= room_.services) {
    return fail(std::errc::not_enough_memory,
                "no room for more than " + std::to_string(services_.size()) + " services");
  }
  ServiceEntry entry;
  if (!origin.is_file()) entry.added = Added{origin.author, origin.reason};
  entry.spec = std::move(service);
  services_.add(entry.spec.key, entry);
  return {};
}

Result<> Table::carry_out(const EditService& step, const Origin& origin) {
  auto service = without_servers(step.service);
  PLENUM_TRY(auto* entry, find_service(service.key), "edit service");
  PLENUM_CHECK(check(service), "service " + service.key.text());
  if (origin.is_file()) {
    file_says(*entry, std::move(service));
    return {};
  }
  if (service.name.empty()) {
    service.name = entry->spec.name;
    service.drain = entry->spec.drain;
  }
  operator_says(*entry, std::move(service), origin, "edited", std::nullopt);
  return {};
}

Result<> Table::carry_out(const RemoveService& step, const Origin&) {
  PLENUM_TRY(auto* entry, find_service(step.key), "remove service");
  server_count_ -= entry->servers.size();
  services_.remove(normal(step.key));
  return {};
}

Result<> Table::carry_out(const AddServer& step, const Origin& origin) {
  PLENUM_TRY(auto* service, find_service(step.service), "add server");
  PLENUM_CHECK(check(service->spec, step.server), "server " + step.server.key.text());
  auto* there = service->servers.find(step.server.key);
  if (there && !there->draining()) {
    return fail(std::errc::file_exists, "server " + step.server.key.text() + " exists");
  }
  if (!there && server_count_ >= room_.servers) {
    return fail(std::errc::not_enough_memory, "no room for more than " + std::to_string(server_count_) + " servers");
  }
  ServerEntry entry;
  entry.spec = step.server;
  if (!origin.is_file()) entry.added = Added{origin.author, origin.reason};
  if (there) {
    if (entry.spec.name.empty()) entry.spec.name = there->spec.name;
    *there = std::move(entry);
    return {};
  }
  service->servers.add(step.server.key, std::move(entry));
  ++server_count_;
  return {};
}

Result<> Table::carry_out(const EditServer& step, const Origin& origin) {
  PLENUM_TRY(auto* service, find_service(step.service), "edit server");
  PLENUM_CHECK(check(service->spec, step.server), "server " + step.server.key.text());
  PLENUM_TRY(auto* entry, find_server(step.service, step.server.key), "edit server");
  if (entry->draining()) return carry_out(AddServer{step.service, step.server}, origin);
  auto server = step.server;
  if (origin.is_file()) {
    file_says(*entry, std::move(server));
    return {};
  }
  if (server.name.empty()) server.name = entry->spec.name;
  auto what = what_changed(entry->override_ ? entry->override_->before : entry->spec, server);
  operator_says(*entry, std::move(server), origin, std::move(what), std::nullopt);
  return {};
}

Result<> Table::carry_out(const RemoveServer& step, const Origin& origin) {
  PLENUM_TRY(auto* entry, find_server(step.service, step.server), "remove server");
  if (step.drain != 0) {
    entry->removed_at = origin.now + std::chrono::seconds(step.drain);
    return {};
  }
  services_.find(normal(step.service))->servers.remove(step.server);
  --server_count_;
  return {};
}

Result<> Table::carry_out(const Clear&, const Origin&) {
  services_.clear();
  server_count_ = 0;
  return {};
}

// Counters are the data plane's; the table only knows whether there is something to zero.
Result<> Table::carry_out(const Zero& step, const Origin&) {
  if (!step.service) return {};
  PLENUM_TRY([[maybe_unused]] auto* entry, find_service(*step.service), "zero");
  return {};
}

Result<> Table::restore(ServiceEntry entry) {
  entry.spec = without_servers(std::move(entry.spec));
  if (services_.find(entry.spec.key))
    return fail(std::errc::file_exists, "service " + entry.spec.key.text() + " twice");
  PLENUM_CHECK(check(entry.spec), "service " + entry.spec.key.text());
  for (const auto& server : entry.servers) {
    PLENUM_CHECK(check(entry.spec, server.spec), "server " + server.spec.key.text());
  }
  server_count_ += entry.servers.size();
  const auto key = entry.spec.key;
  services_.add(key, std::move(entry));
  return {};
}

std::optional<conf::ServiceKey> service_of(const Step& step) {
  struct {
    std::optional<conf::ServiceKey> operator()(const AddService& s) const { return s.service.key; }
    std::optional<conf::ServiceKey> operator()(const EditService& s) const { return s.service.key; }
    std::optional<conf::ServiceKey> operator()(const RemoveService& s) const { return s.key; }
    std::optional<conf::ServiceKey> operator()(const AddServer& s) const { return s.service; }
    std::optional<conf::ServiceKey> operator()(const EditServer& s) const { return s.service; }
    std::optional<conf::ServiceKey> operator()(const RemoveServer& s) const { return s.service; }
    std::optional<conf::ServiceKey> operator()(const Clear&) const { return std::nullopt; }
    std::optional<conf::ServiceKey> operator()(const Zero& s) const { return s.service; }
  } pick;
  auto key = std::visit(pick, step);
  if (key) key = Table::normal(*key);
  return key;
}

}  // namespace plenum::lb
