#pragma once
// One check of one server as a ward knows it: whom to ask, and what was heard.

#include <string>

#include "base/clock.h"
#include "health/target.h"

namespace plenum::care {

struct Checked {
  health::Target target;
  bool down = false, damped = false, well = false;
  std::string why;
  health::WeightWord weight;
  TimePoint since;
  // For share(): since the last time it was not there, or was in another rhythm or asked otherwise.
  bool fresh = true, changed = false;
};

}  // namespace plenum::care
