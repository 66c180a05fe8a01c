#pragma once
// Tuning and timeouts of the saved state.

#include "conf/tuning.h"
#include "lb/state_json.h"

namespace plenum::lb {

Json to_json(const conf::Tuning& tuning);
Json to_json(const conf::Timeouts& timeouts);
// Of the members "tuning" and "timeouts"; defaults for what is missing.
conf::Tuning tuning_from(StateReader& in, const Json& json);
conf::Timeouts timeouts_from(StateReader& in, const Json& json);

}  // namespace plenum::lb
