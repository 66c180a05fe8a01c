#pragma once
// Synchronisation daemons as JSON and back; for the saved state only.

#include "conf/sync.h"
#include "lb/state_json.h"

namespace plenum::lb {

Json to_json(const conf::Sync& sync);
// The member `name` of `json`; no daemons where it is missing.
conf::Sync sync_from(StateReader& in, const Json& json, const char* name);

}  // namespace plenum::lb
