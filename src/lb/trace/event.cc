#include "lb/trace/event.h"

#include <arpa/inet.h>

#include <algorithm>

#include "lb/abi_values.h"
#include "lb/trace/filter.h"
#include "lb/trace/reasons.h"

namespace plenum::lb {

namespace {

std::string hex(const std::uint8_t* bytes, std::size_t count) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

bool counted(const pl_trace_record& record, std::size_t reason) {
  return (record.counted[reason / 64] >> (reason % 64) & 1) != 0;
}

}  // namespace

TraceEvent trace_event(const pl_trace_record& record, const TraceNames& names, bool bytes) {
  TraceEvent out;
  out.time = names.epoch + record.time;
  out.interface = names.interface(record.ifindex);
  out.length = record.length;
  if (record.family == 4 || record.family == 6) {
    out.protocol = ip_protocol_name(record.proto);
    out.source = address_of(record.src, record.family);
    out.destination = address_of(record.dst, record.family);
    out.source_port = ntohs(record.sport);
    out.destination_port = ntohs(record.dport);
  }
  const auto reasons = reason_names();
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (!counted(record, i)) continue;
    if (reasons[i].kind == "event") {
      out.events.emplace_back(reasons[i].name);
    } else {
      out.reason = reasons[i].name;
      out.kind = reasons[i].kind;
    }
  }
  // A slot that was given to another server meanwhile is not the one the packet met.
  const auto* server = record.server != 0 ? names.server(record.server) : nullptr;
  if (server != nullptr && server->generation == record.generation && server->service != 0) {
    const bool answer = out.reason == "nat_reply";
    const auto port = answer ? record.sport : pl_server_port(server, record.dport);
    out.server = net::Endpoint{address_of(server->addr, server->family), ntohs(port)};
  }
  if (bytes) out.bytes = hex(record.bytes, std::min<std::size_t>(record.captured, sizeof record.bytes));
  return out;
}

}  // namespace plenum::lb
