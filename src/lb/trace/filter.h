#pragma once
// Which packets a trace wants, as people say it, and as the data plane reads it
// (bpf/trace_abi.h). Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bpf/trace_abi.h"
#include "net/address.h"

namespace plenum::lb {

// Every condition given must hold; a list holds when one of it does.
struct TraceFilter {
  std::optional<net::Prefix> address;  // of either end
  std::optional<net::Prefix> source, destination;
  std::uint16_t port = 0;             // of either end; 0: any
  std::string protocol;               // "tcp", "icmp", "47"; empty: any
  std::string interface;              // the packet comes in by; empty: any
  std::vector<std::string> verdicts;  // names of PL_REASONS and kinds: "no_server", "drop", "event"; empty: all
  std::uint32_t rate = 1000;          // packets told a second, 1..100000; those above are counted
  bool bytes = false;                 // the packet's first bytes are wanted too
  bool operator==(const TraceFilter&) const = default;
};

// As the data plane has it, `active` still 0. EINVAL where a word says nothing that exists;
// ENODEV for an interface that `interface_index` (name to number, 0: none) does not know.
Result<pl_trace_slot> trace_slot(const TraceFilter& filter, std::uint32_t interface_index);

// "tcp" is 6, "47" is 47; nothing for what is no protocol.
std::optional<std::uint8_t> ip_protocol(std::string_view name);
// The other way round: "tcp", "icmpv6", "47".
std::string ip_protocol_name(std::uint8_t number);
// Whether it is the name of a reason or of a kind of reasons.
bool is_verdict(std::string_view name);

}  // namespace plenum::lb
