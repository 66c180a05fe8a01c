#pragma once
// One traced packet as a value: as it came in, and what became of it. Pure; the record it is
// made from is bpf/trace_abi.h's.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bpf/trace_abi.h"
#include "net/address.h"

namespace plenum::lb {

struct TraceEvent {
  std::uint64_t time = 0;  // ns since 1970, UTC
  std::string interface;   // it came in by
  std::string protocol;    // "tcp", "icmp", "47"; empty: not IP, or not to be read
  std::optional<net::Address> source, destination;
  std::uint16_t source_port = 0, destination_port = 0;  // 0: none, or a fragment
  std::uint32_t length = 0;                             // of the frame
  std::string reason, kind;                             // the verdict: PL_REASONS of bpf/abi.h
  std::vector<std::string> events;                      // what happened on the way: "connection_new"
  std::optional<net::Endpoint> server;                  // it belongs to; none: it got none
  std::string bytes;                                    // the frame's first, two hexadecimal digits each
  bool operator==(const TraceEvent&) const = default;
};

// How a trace fares: packets it wanted; of these, not told since the rate was passed; and
// not told since somebody was too slow to read.
struct TraceCounts {
  std::uint64_t matched = 0, suppressed = 0, lost = 0;
  bool operator==(const TraceCounts&) const = default;
};

// What a record's numbers mean.
struct TraceNames {
  std::function<std::string(std::uint32_t ifindex)> interface;
  // nullptr: no such slot.
  std::function<const pl_server*(std::uint32_t index)> server;
  std::uint64_t epoch = 0;  // ns since 1970 at which CLOCK_MONOTONIC was 0
};

TraceEvent trace_event(const pl_trace_record& record, const TraceNames& names, bool bytes);

}  // namespace plenum::lb
