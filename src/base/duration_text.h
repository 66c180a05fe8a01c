#pragma once
// Durations for people.

#include <chrono>
#include <string>

#include "base/clock.h"

namespace plenum {

// "250 ms": whole ones, the rest is cut off.
inline std::string milliseconds_text(Duration d) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(d).count()) + " ms";
}

}  // namespace plenum
