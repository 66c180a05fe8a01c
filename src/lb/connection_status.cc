// The connections of the table as listings show them: DataPlane's view of its entries.

#include <arpa/inet.h>
#include <bpf/bpf.h>

#include <algorithm>

#include "lb/abi_values.h"
#include "lb/data_plane.h"
#include "lb/timeouts.h"

namespace plenum::lb {

std::optional<std::string> DataPlane::call_id_of(const ConnTable::Entry& entry) const {
  pl_call_id id{};
  if (bpf_map_lookup_elem(program_.call_ids_fd(), &entry.place, &id) != 0) return std::nullopt;
  return std::string(id.text, std::min<std::size_t>(id.length, PL_CALL_ID_LENGTH));
}

ConnectionStatus DataPlane::status_of(const ConnTable::Entry& entry) const {
  const auto& c = entry.conn;
  const auto state = static_cast<std::uint32_t>((entry.word & PL_WORD_STATE) >> PL_WORD_STATE_SHIFT);
  ConnectionStatus status;
  status.protocol = static_cast<conf::Protocol>(c.proto);
  status.client = {address_of(c.client, entry.upper.client, c.family), ntohs(c.client_port)};
  status.virtual_ = {address_of(c.vip, entry.upper.vip, c.family), ntohs(c.vport)};
  if (c.server < program_.servers.size()) {
    const auto& server = program_.servers[c.server];
    status.server = {address_of(server.addr, server.family), ntohs(pl_server_port(&server, c.vport))};
  }
  if ((entry.word & PL_WORD_TEMPLATE) == 0) {
    status.state = state_name(c.proto, state);
    return status;
  }
  status.is_template = true;
  status.state = template_state_name(state);
  if (c.vport == 0) status.server.port = 0;
  // As IPVS renames a template whose server is gone (ip_vs_check_template).
  if ((state & PL_TEMPLATE_INVALID) != 0) status.virtual_.port = status.server.port = 0xffff;
  if ((c.flags & PL_CONN_CALL_ID) != 0) {
    if (auto id = call_id_of(entry)) {
      status.engine = kSipEngine;
      status.engine_data = *std::move(id);
    }
  }
  return status;
}

void DataPlane::list(std::uint32_t bucket, std::vector<ConnectionStatus>& out) const {
  const auto now = current_tick();
  conns_.read(bucket, [&](const ConnTable::Entry& entry) {
    const auto left = static_cast<std::uint32_t>(entry.word) - now;
    const bool over = static_cast<std::int32_t>(left) < 0;
    // A template past its time goes on while it has connections.
    if (over && ((entry.word & PL_WORD_TEMPLATE) == 0 || entry.conn.packets == 0)) return;
    out.push_back(status_of(entry));
    out.back().expires_in = over ? 0 : seconds_of(left);
  });
}

}  // namespace plenum::lb
