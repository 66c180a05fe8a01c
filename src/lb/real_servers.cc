#include "lb/real_servers.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include "lb/abi_values.h"

namespace plenum::lb {

RealServers::Key RealServers::key_of(const conf::ServiceKey& service, const conf::ServerKey& server) {
  return {server, service.fwmark != 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(service.protocol)};
}

// The map says what the set says; a full map leaves a server out, which then is told nothing.
void RealServers::show(const Key& key, const std::set<std::uint32_t>& indexes) const {
  pl_service_key wire{};
  wire.addr = abi_address(key.server.address);
  wire.port = htons(key.server.port);
  wire.proto = key.protocol;
  wire.family = abi_family(key.server.address.family());
  if (indexes.empty() || !on_)
    bpf_map_delete_elem(map_fd_, &wire);
  else
    bpf_map_update_elem(map_fd_, &wire, &*indexes.begin(), BPF_ANY);
}

void RealServers::add(const conf::ServiceKey& service, const conf::ServerKey& server, std::uint32_t index) {
  if (server.port == 0) return;
  const auto key = key_of(service, server);
  auto& indexes = servers_[key];
  indexes.insert(index);
  if (on_) show(key, indexes);
}

void RealServers::remove(const conf::ServiceKey& service, const conf::ServerKey& server, std::uint32_t index) {
  const auto at = servers_.find(key_of(service, server));
  if (at == servers_.end() || at->second.erase(index) == 0) return;
  if (on_) show(at->first, at->second);
  if (at->second.empty()) servers_.erase(at);
}

void RealServers::enable(bool on) {
  if (on_ == on) return;
  on_ = on;
  for (const auto& [key, indexes] : servers_) show(key, indexes);
}

}  // namespace plenum::lb
