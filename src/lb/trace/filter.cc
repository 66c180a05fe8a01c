#include "lb/trace/filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "base/text.h"
#include "lb/abi_values.h"
#include "lb/trace/reasons.h"

namespace plenum::lb {

namespace {

struct ProtocolName {
  std::uint8_t number;
  std::string_view name;
};
constexpr ProtocolName kProtocols[] = {
    {IPPROTO_ICMP, "icmp"},     {IPPROTO_TCP, "tcp"},   {IPPROTO_UDP, "udp"},
    {IPPROTO_ICMPV6, "icmpv6"}, {IPPROTO_SCTP, "sctp"},
};

// The first `bits` of 128 set.
pl_addr mask_of(unsigned bits) {
  pl_addr out{};
  auto* bytes = reinterpret_cast<std::uint8_t*>(out.w);
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned left = bits > i * 8 ? bits - i * 8 : 0;
    bytes[i] = left >= 8 ? 0xff : static_cast<std::uint8_t>(0xff00u >> left);
  }
  return out;
}

pl_trace_range range_of(const std::optional<net::Prefix>& prefix) {
  if (!prefix) return {};
  const auto& address = prefix->address;
  const unsigned before = address.is_v4() ? 96 : 0;  // of a v4-mapped address
  return {abi_address(address.masked(prefix->length)), mask_of(before + prefix->length)};
}

}  // namespace

std::optional<std::uint8_t> ip_protocol(std::string_view name) {
  for (const auto& row : kProtocols)
    if (row.name == name) return row.number;
  const auto number = parse_number<std::uint8_t>(name);
  return number && *number != 0 ? number : std::nullopt;
}

std::string ip_protocol_name(std::uint8_t number) {
  for (const auto& row : kProtocols)
    if (row.number == number) return std::string(row.name);
  return std::to_string(number);
}

bool is_verdict(std::string_view name) {
  for (const auto& reason : reason_names())
    if (reason.name == name || reason.kind == name) return true;
  return false;
}

Result<pl_trace_slot> trace_slot(const TraceFilter& filter, std::uint32_t interface_index) {
  pl_trace_slot out{};
  if (filter.rate < 1 || filter.rate > 100000)
    return fail(std::errc::invalid_argument, "a rate is 1 to 100000 packets a second");
  out.rate = filter.rate;
  out.either = range_of(filter.address);
  out.source = range_of(filter.source);
  out.destination = range_of(filter.destination);
  out.port = htons(filter.port);
  if (!filter.protocol.empty()) {
    const auto number = ip_protocol(filter.protocol);
    if (!number) return fail(std::errc::invalid_argument, "no protocol: " + filter.protocol);
    out.proto = *number;
  }
  if (!filter.interface.empty()) {
    if (interface_index == 0) return fail(std::errc::no_such_device, "no interface " + filter.interface);
    out.ifindex = interface_index;
  }
  const auto reasons = reason_names();
  for (const auto& wanted : filter.verdicts)
    if (!is_verdict(wanted)) return fail(std::errc::invalid_argument, "no verdict or kind of verdicts: " + wanted);
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    bool wanted = filter.verdicts.empty() && reasons[i].kind != "event";
    for (const auto& name : filter.verdicts) wanted = wanted || name == reasons[i].name || name == reasons[i].kind;
    if (wanted) out.reasons[i / 64] |= 1ULL << (i % 64);
  }
  return out;
}

}  // namespace plenum::lb
