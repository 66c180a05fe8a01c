#pragma once
// Arithmetic of counters. A difference never wraps: what was zeroed is at least zero.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "lb/status.h"

namespace plenum::lb {

inline Counters& operator+=(Counters& a, const Counters& b) {
  a.connections += b.connections;
  a.in_packets += b.in_packets;
  a.out_packets += b.out_packets;
  a.in_bytes += b.in_bytes;
  a.out_bytes += b.out_bytes;
  return a;
}

inline Counters operator-(const Counters& a, const Counters& b) {
  const auto less = [](std::uint64_t x, std::uint64_t y) { return x - std::min(x, y); };
  return {less(a.connections, b.connections), less(a.in_packets, b.in_packets), less(a.out_packets, b.out_packets),
          less(a.in_bytes, b.in_bytes), less(a.out_bytes, b.out_bytes)};
}

// Saved counters by name; zero where there are none or they are not five numbers.
inline Counters counters_from(const std::map<std::string, std::vector<std::uint64_t>>& saved, const std::string& name) {
  const auto it = saved.find(name);
  if (it == saved.end() || it->second.size() != 5) return {};
  const auto& v = it->second;
  return {v[0], v[1], v[2], v[3], v[4]};
}

}  // namespace plenum::lb
