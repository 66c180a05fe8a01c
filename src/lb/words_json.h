#pragma once
// Health's words as JSON and back; for the saved state only.

#include "base/json_writer.h"
#include "lb/in_force.h"
#include "lb/state_json.h"

namespace plenum::lb {

// The value: a list of services.
void write_words(JsonWriter& out, const HealthWords& words, const SavedClock& clock);
// The member "health" of `json`; nothing where there is none.
HealthWords words_from(StateReader& in, const Json& json);

}  // namespace plenum::lb
