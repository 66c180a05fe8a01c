// The part of the table that operators and time move: drains, forced weights, their end,
// and how entries are found by the names people type.

#include <algorithm>

#include "base/text.h"
#include "lb/table.h"

namespace plenum::lb {

Result<> Table::override_weight(const conf::ServiceKey& service, const conf::ServerKey& server, std::int32_t weight,
                                std::string what, const Origin& by, std::optional<TimePoint> expires) {
  PLENUM_TRY(auto* entry, find_server(service, server), service.text());
  if (weight < 0) return fail(std::errc::invalid_argument, "weight must not be negative");
  if (entry->draining()) {
    return fail(std::errc::no_such_file_or_directory, "server " + server.text() + " is being removed");
  }
  auto next = entry->spec;
  next.weight = weight;
  operator_says(*entry, std::move(next), by, std::move(what), expires);
  return {};
}

Result<> Table::drain(const conf::ServiceKey& service, const conf::ServerKey& server, const Origin& by,
                      std::optional<TimePoint> expires) {
  return override_weight(service, server, 0, "drained", by, expires);
}

Result<> Table::set_weight(const conf::ServiceKey& service, const conf::ServerKey& server, std::int32_t weight,
                           const Origin& by, std::optional<TimePoint> expires) {
  return override_weight(service, server, weight, "weight " + std::to_string(weight), by, expires);
}

Result<> Table::enable(const conf::ServiceKey& service, const conf::ServerKey& server, const Origin& by) {
  PLENUM_TRY(auto* entry, find_server(service, server), service.text());
  end_override(*entry);
  if (entry->draining()) {
    entry->removed_at.reset();
    entry->added = Added{by.author, by.reason};
  }
  return {};
}

std::vector<Step> Table::expire(TimePoint now, const ConnectionsOf& connections_of) {
  std::vector<Step> steps;
  for (auto& service : services_) {
    const auto& key = service.spec.key;
    std::vector<conf::ServerKey> gone;
    for (auto& server : service.servers) {
      if (server.draining()) {
        if (now >= *server.removed_at || connections_of(key, server.spec.key) == 0) gone.push_back(server.spec.key);
      } else if (server.override_ && server.override_->expires && now >= *server.override_->expires) {
        end_override(server);
        steps.emplace_back(EditServer{key, server.spec});
      }
    }
    for (const auto& server : gone) {
      service.servers.remove(server);
      --server_count_;
      steps.emplace_back(RemoveServer{key, server, 0});
    }
  }
  return steps;
}

std::vector<conf::ServiceKey> Table::services_called(std::string_view name) const {
  std::vector<conf::ServiceKey> keys;
  if (name.empty()) return keys;
  for (const auto& service : services_) {
    const auto text = service.spec.key.text();
    const auto bare = std::string_view(text).substr(text.find(' ') + 1);
    if (service.spec.name == name || text == name || (service.spec.key.fwmark == 0 && bare == name)) {
      keys.push_back(service.spec.key);
    }
  }
  return keys;
}

std::optional<conf::ServerKey> Table::server_called(const ServiceEntry& service, std::string_view name) const {
  std::optional<conf::ServerKey> by_address;
  unsigned matches = 0;
  const auto address = net::Address::parse(name);
  for (const auto& server : service.servers) {
    const auto& key = server.spec.key;
    if (server.spec.name == name || key.text() == name) return key;
    if (address && *address == key.address) {
      by_address = key;
      ++matches;
    }
  }
  return matches == 1 ? by_address : std::nullopt;
}

ServerStatus status_of(const ServerEntry& entry, TimePoint now) {
  ServerStatus out;
  out.server = entry.effective();
  out.draining = entry.draining();
  if (entry.removed_at) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(*entry.removed_at - now).count();
    out.removed_in = left > 0 ? static_cast<std::uint64_t>(left) : 0;
  }
  out.override_ = override_status(entry, now);
  return out;
}

ServiceStatus status_of(const ServiceEntry& entry, TimePoint now) {
  ServiceStatus out;
  out.service = entry.spec;
  out.override_ = override_status(entry, now);
  for (const auto& server : entry.servers) out.servers.push_back(status_of(server, now));
  return out;
}

}  // namespace plenum::lb
