#pragma once
// What a restarted daemon must know beyond its configuration file: which file it had carried
// out, what ran, and what operators had said. A value and its JSON text; whoever calls reads
// and writes the file. Any bytes may be read: what is damaged is an error, never a crash.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "conf/config.h"
#include "conf/l4.h"
#include "lb/in_force.h"
#include "lb/table.h"

namespace plenum::lb {

struct RuntimeState {
  std::vector<conf::Service> last_file;  // what reload() compares the next file with
  conf::Director director;               // of that file, as are the virtual addresses
  std::vector<conf::Vip> vips;
  conf::Sync sync;                    // the daemons that ran, whoever started them
  std::vector<ServiceEntry> running;  // order of addition
  HealthWords words;                  // so that who was down is not tried on clients before it was asked again
  // Opaque here: the counters that "zero" made the new beginning, by whoever keeps them.
  std::map<std::string, std::vector<std::uint64_t>> baselines;
};

// `wall` is the time of day in seconds since 1970, `now` the monotonic time; deadlines are
// written as seconds left, and time that passes until the text is read counts.
std::string write_state(const RuntimeState& state, TimePoint now, std::int64_t wall);

// EINVAL with what is wrong and where. Deadlines that passed meanwhile are `now`. A wall
// clock that went backwards counts as no time passed.
Result<RuntimeState> read_state(std::string_view text, TimePoint now, std::int64_t wall);

// The entries as a table. EINVAL and the other errors of Table::apply where the data plane
// of this version does not take what the last one ran.
Result<Table> table_of(const RuntimeState& state, Room room);

}  // namespace plenum::lb
