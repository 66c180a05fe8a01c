#pragma once
// Connection timeouts: IPVS's by state, and the three that `ipvsadm --set` changes.

#include <cstdint>

#include "bpf/abi.h"

namespace plenum::lb {

// Seconds. `ipvsadm --set tcp tcpfin udp`: ESTABLISHED, FIN_WAIT and UDP.
struct Timeouts {
  std::uint32_t tcp = 900, tcp_fin = 120, udp = 300;
};

inline Timeouts default_timeouts() { return {}; }

// Errors one CPU may send in a tick of 16.8 ms: about the kernel's 1,000 a second.
inline constexpr std::uint32_t kIcmpPerTick = 16;

// Ticks of 2^24 ns, rounded up: a connection never ends early.
std::uint32_t ticks_of(std::uint64_t seconds);
// Whole seconds left of that many ticks.
std::uint32_t seconds_of(std::uint32_t ticks);

// Ticks a connection of that protocol (IPPROTO_*) and state lasts without packets.
std::uint32_t timeout_of(const pl_settings& settings, std::uint8_t protocol, std::uint32_t state);

void set_timeouts(pl_settings& settings, const Timeouts& timeouts);
Timeouts timeouts_of(const pl_settings& settings);

}  // namespace plenum::lb
