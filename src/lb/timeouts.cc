#include "lb/timeouts.h"

#include <array>

namespace plenum::lb {

namespace {

// ip_vs_proto_tcp.c, tcp_timeouts[]; by enum pl_tcp_state.
constexpr std::array<std::uint32_t, PL_TCP_STATES> kTcp{2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120};
// ip_vs_proto_sctp.c, sctp_timeouts[]; by enum pl_sctp_state.
constexpr std::array<std::uint32_t, PL_SCTP_STATES> kSctp{2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61};

}  // namespace

std::uint32_t ticks_of(std::uint64_t seconds) {
  constexpr std::uint64_t kTick = 1ULL << PL_TICK_SHIFT;
  return static_cast<std::uint32_t>((seconds * 1'000'000'000 + kTick - 1) / kTick);
}

std::uint32_t seconds_of(std::uint32_t ticks) {
  return static_cast<std::uint32_t>((std::uint64_t{ticks} << PL_TICK_SHIFT) / 1'000'000'000);
}

std::uint32_t timeout_of(const pl_settings& settings, std::uint8_t protocol, std::uint32_t state) {
  constexpr std::uint8_t tcp = 6, sctp = 132;
  if (protocol == tcp) return settings.tcp_timeout[state & 15];
  if (protocol == sctp) return settings.sctp_timeout[state & 15];
  return settings.udp_timeout;
}

void set_timeouts(pl_settings& settings, const Timeouts& timeouts) {
  for (std::size_t i = 0; i < kTcp.size(); ++i) settings.tcp_timeout[i] = ticks_of(kTcp[i]);
  for (std::size_t i = 0; i < kSctp.size(); ++i) settings.sctp_timeout[i] = ticks_of(kSctp[i]);
  settings.tcp_timeout[PL_TCP_ESTABLISHED] = ticks_of(timeouts.tcp);
  settings.tcp_timeout[PL_TCP_FIN_WAIT] = ticks_of(timeouts.tcp_fin);
  settings.udp_timeout = ticks_of(timeouts.udp);
}

Timeouts timeouts_of(const pl_settings& settings) {
  return {seconds_of(settings.tcp_timeout[PL_TCP_ESTABLISHED]), seconds_of(settings.tcp_timeout[PL_TCP_FIN_WAIT]),
          seconds_of(settings.udp_timeout)};
}

}  // namespace plenum::lb
