// The data plane's part in the synchronisation of directors: connections of its maps as the
// protocol's, and servers for those that others tell of.

#include <arpa/inet.h>

#include "lb/abi_values.h"
#include "lb/data_plane.h"
#include "lb/timeouts.h"

namespace plenum::lb {

namespace {

constexpr std::uint16_t kFtp = 21, kFtpData = 20, kFirstUserPort = 1024;

conf::ServiceKey key_of(const proto::SyncConnection& c, std::uint16_t port) {
  return {.fwmark = 0,
          .family = c.virtual_.family(),
          .protocol = static_cast<conf::Protocol>(c.protocol),
          .address = c.virtual_,
          .port = port};
}

conf::ServiceKey mark_key_of(const proto::SyncConnection& c) {
  return {.fwmark = c.fwmark, .family = c.virtual_.family(), .protocol = {}, .address = {}, .port = 0};
}

// The services that may have the connection, the first that is there has it
// (ip_vs_service_find()).
std::vector<conf::ServiceKey> keys_of(const proto::SyncConnection& c) {
  std::vector<conf::ServiceKey> out;
  if (c.fwmark != 0) out.push_back(mark_key_of(c));
  out.push_back(key_of(c, c.virtual_port));
  const bool may_be_ftp = c.virtual_port == kFtpData || c.virtual_port >= kFirstUserPort;
  if (static_cast<conf::Protocol>(c.protocol) == conf::Protocol::Tcp && may_be_ftp) out.push_back(key_of(c, kFtp));
  out.push_back(key_of(c, 0));
  return out;
}

}  // namespace

std::optional<proto::SyncConnection> DataPlane::told(const ConnTable::Entry& entry) const {
  const auto& c = entry.conn;
  if (c.server == 0 || c.server >= program_.servers.size()) return std::nullopt;
  const auto& server = program_.servers[c.server];
  const bool is_template = (entry.word & PL_WORD_TEMPLATE) != 0;
  if (server.generation != c.generation || (server.flags & PL_SERVER_AVAILABLE) == 0) return std::nullopt;
  proto::SyncConnection out;
  out.protocol = c.proto;
  out.flags = c.forward & proto::kSyncForward;
  if (c.forward != PL_FWD_MASQ) out.flags |= proto::kSyncNoOutput;
  if ((entry.word & PL_WORD_ACTIVE) == 0) out.flags |= proto::kSyncInactive;
  const auto state = static_cast<std::uint32_t>((entry.word & PL_WORD_STATE) >> PL_WORD_STATE_SHIFT);
  if (is_template) out.flags |= proto::kSyncTemplate;
  if (is_template && (state & PL_TEMPLATE_INVALID) != 0) return std::nullopt;
  // Whether a UDP flow is new is this director's own business: IPVS has one state and takes no other.
  const bool is_udp = static_cast<conf::Protocol>(c.proto) == conf::Protocol::Udp;
  out.state = is_udp && !is_template ? PL_UDP_NORMAL : static_cast<std::uint16_t>(state);
  out.client = address_of(c.client, entry.upper.client, c.family);
  out.virtual_ = address_of(c.vip, entry.upper.vip, c.family);
  // IPVS does not tell of pools with servers of the other family.
  if (server.family != c.family) return std::nullopt;
  out.server = address_of(server.addr, server.family);
  out.client_port = ntohs(c.client_port);
  out.virtual_port = ntohs(c.vport);
  out.server_port = ntohs(pl_server_port(&server, c.vport));
  // One for every port names no port of its server.
  if (is_template && c.vport == 0) out.server_port = 0;
  if (is_template && (c.flags & PL_CONN_CALL_ID) != 0) {
    auto id = call_id_of(entry);
    if (!id) return std::nullopt;  // means nothing without it
    out.engine = kSipEngine;
    out.engine_data = *std::move(id);
  }
  if (server.service < services_.size()) out.fwmark = services_[server.service].key.fwmark;
  out.timeout = seconds_of(is_template ? c.control : timeout_of(program_.settings[0], c.proto, state));
  return out;
}

// The service in force under a key.
const DataPlane::ServiceSlot* DataPlane::serving(const conf::ServiceKey& key) const {
  const auto it = by_key_.find(key);
  return it == by_key_.end() || services_[it->second].removed ? nullptr : &services_[it->second];
}

Result<std::uint32_t> DataPlane::bind(const proto::SyncConnection& c, TimePoint now) {
  conf::ServiceKey key = c.fwmark != 0 ? mark_key_of(c) : key_of(c, c.virtual_port);
  for (const auto& candidate : keys_of(c)) {
    const auto* service = serving(candidate);
    if (service == nullptr) continue;
    key = candidate;
    for (const std::uint16_t port : {c.server_port, std::uint16_t{0}})
      if (const auto at = service->servers.find({c.server, port});
          at != service->servers.end() && !servers_[at->second].removed)
        return at->second;
    // A template for every port means the server at that address, whatever its own port (FTP's).
    if (c.server_port == 0)
      for (auto at = service->servers.lower_bound({c.server, 0});
           at != service->servers.end() && at->first.address == c.server; ++at)
        if (!servers_[at->second].removed) return at->second;
    break;
  }
  return hold(key, {c.server, c.server_port}, static_cast<std::uint8_t>(c.flags & proto::kSyncForward), now);
}

std::set<net::Address> DataPlane::held_addresses() const {
  std::set<net::Address> out;
  for (const auto index : removed_)
    if ((program_.servers[index].flags & PL_SERVER_HELD) != 0)
      if (const auto& key = services_[servers_[index].service].key; key.fwmark == 0) out.insert(key.address);
  return out;
}

Result<std::uint32_t> DataPlane::hold(const conf::ServiceKey& service, const conf::ServerKey& server,
                                      std::uint8_t forward, TimePoint now) {
  PLENUM_TRY(const auto owner, service_slot(service, now), "hold a server");
  const auto at = server_slot(owner, server, now);
  if (!at) {
    if (services_[owner].removed && services_[owner].servers.empty()) release_service(owner, now);
    return at;
  }
  auto& s = program_.servers[*at];
  auto& slot = servers_[*at];
  // One that health keeps out has its connections when it is back.
  if ((s.flags & PL_SERVER_AVAILABLE) != 0 || slot.kept) return at;
  set_nat(*at, server.address, forward == PL_FWD_MASQ);
  s.forward = forward;
  s.tunnel = PL_TUN_IPIP;
  s.service = owner;
  s.weight = 0;
  s.proto = static_cast<std::uint32_t>(service.protocol);
  // As one that was removed, it goes with its last connection.
  slot.removed = true;
  slot.removed_at = now;
  removed_.insert(*at);
  if (const auto hop = next_hops_.find(server.address); hop != next_hops_.end()) point(*at, hop->second, now);
  shared(s.flags).fetch_or(PL_SERVER_AVAILABLE | PL_SERVER_HELD);
  held_ = true;
  return at;
}

}  // namespace plenum::lb
