#pragma once
// What the file's tuning and timeouts mean for the data plane's settings, and what a reload
// changes of them. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "conf/config.h"
#include "lb/timeouts.h"

namespace plenum::lb {

// What decides about tuning besides the file.
struct TuningState {
  bool secure_tcp = false;      // the defence is on at the moment
  std::uint32_t drop_rate = 0;  // of drop_packet at the moment; 0: it is off
  bool backup = false;          // a backup sync daemon runs
};

// enum pl_tuning of `tuning`.
std::uint32_t tuning_bits(const conf::Tuning& tuning, const TuningState& state);
// Writes all that tuning governs; packets see each value change as a whole.
void set_tuning(pl_settings& settings, const conf::Tuning& tuning, const TuningState& state);

// `now` with those of the file's timeouts that changed from `before` to `after`: the one that
// changed last wins, and an operator's --set goes on where the file says what it said.
Timeouts changed_timeouts(const Timeouts& now, const conf::Timeouts& before, const conf::Timeouts& after);

// "director: tuning: drop_entry 0 -> 3", one line for each change.
std::vector<std::string> tuning_changes(const conf::Director& from, const conf::Director& to);

}  // namespace plenum::lb
