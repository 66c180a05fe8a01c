#include "lb/tuning.h"

#include "lb/mapped_array.h"

namespace plenum::lb {
namespace {

struct Bit {
  std::int64_t conf::Tuning::*value;
  std::uint32_t bit;
};

// The switches that are a bit of their own.
constexpr Bit kSwitches[] = {
    {&conf::Tuning::conn_reuse_mode, PL_TUNE_REUSE},
    {&conf::Tuning::expire_nodest_conn, PL_TUNE_EXPIRE_NODEST},
    {&conf::Tuning::expire_quiescent_template, PL_TUNE_EXPIRE_QUIESCENT},
    {&conf::Tuning::sloppy_tcp, PL_TUNE_SLOPPY_TCP},
    {&conf::Tuning::sloppy_sctp, PL_TUNE_SLOPPY_SCTP},
    {&conf::Tuning::schedule_icmp, PL_TUNE_SCHEDULE_ICMP},
    {&conf::Tuning::nat_icmp_send, PL_TUNE_NAT_ICMP_SEND},
    {&conf::Tuning::cache_bypass, PL_TUNE_CACHE_BYPASS},
};

}  // namespace

std::uint32_t tuning_bits(const conf::Tuning& tuning, const TuningState& state) {
  std::uint32_t bits = 0;
  for (const auto& one : kSwitches)
    if (tuning.*one.value != 0) bits |= one.bit;
  if ((tuning.conn_reuse_mode & 2) != 0) bits |= PL_TUNE_REUSE_FIN;
  if (tuning.backup_only != 0 && state.backup) bits |= PL_TUNE_PASS;
  if (state.secure_tcp) bits |= PL_TUNE_SECURE_TCP;
  return bits;
}

void set_tuning(pl_settings& settings, const conf::Tuning& tuning, const TuningState& state) {
  shared(settings.tuning).store(tuning_bits(tuning, state));
  shared(settings.drop_rate).store(state.drop_rate);
  shared(settings.lblc_expiration).store(ticks_of(static_cast<std::uint64_t>(tuning.lblc_expiration)));
  shared(settings.lblcr_expiration).store(ticks_of(static_cast<std::uint64_t>(tuning.lblcr_expiration)));
}

Timeouts changed_timeouts(const Timeouts& now, const conf::Timeouts& before, const conf::Timeouts& after) {
  Timeouts out = now;
  if (before.tcp != after.tcp) out.tcp = static_cast<std::uint32_t>(after.tcp);
  if (before.tcp_fin != after.tcp_fin) out.tcp_fin = static_cast<std::uint32_t>(after.tcp_fin);
  if (before.udp != after.udp) out.udp = static_cast<std::uint32_t>(after.udp);
  return out;
}

std::vector<std::string> tuning_changes(const conf::Director& from, const conf::Director& to) {
  std::vector<std::string> out;
  const auto line = [&out](const std::string& what, std::int64_t a, std::int64_t b) {
    if (a != b) out.push_back("director: " + what + " " + std::to_string(a) + " -> " + std::to_string(b));
  };
  line("timeouts: tcp", from.timeouts.tcp, to.timeouts.tcp);
  line("timeouts: tcp_fin", from.timeouts.tcp_fin, to.timeouts.tcp_fin);
  line("timeouts: udp", from.timeouts.udp, to.timeouts.udp);
  for (const auto& row : conf::tunables())
    line("tuning: " + std::string(row.name), from.tuning.*row.value, to.tuning.*row.value);
  line("tuning: sync_threshold", from.tuning.sync_threshold, to.tuning.sync_threshold);
  line("tuning: sync_threshold's period", from.tuning.sync_period, to.tuning.sync_period);
  return out;
}

}  // namespace plenum::lb
