#pragma once
// When a target is asked. Pure: times and random numbers come in.

#include "base/clock.h"
#include "conf/check.h"

namespace plenum::health {

// The first probe of a target that is there from `now` on. `random`: from 0 to below 1.
TimePoint first_probe(const conf::Check& check, TimePoint now, double random);

// The probe after the one that began at `began` and ends `now`.
TimePoint next_probe(const conf::Check& check, bool down, TimePoint began, TimePoint now, double random);

}  // namespace plenum::health
