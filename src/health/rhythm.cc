#include "health/rhythm.h"

#include <algorithm>

namespace plenum::health {

namespace {

Duration part(Duration of, double factor) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(of) * factor);
}

}  // namespace

TimePoint first_probe(const conf::Check& check, TimePoint now, double random) {
  return now + (check.start_delay ? *check.start_delay : part(check.interval, random));
}

TimePoint next_probe(const conf::Check& check, bool down, TimePoint began, TimePoint now, double random) {
  const Duration interval = down ? check.interval_down.value_or(check.interval) : check.interval;
  return std::max(now, began + interval - part(interval, std::clamp(check.jitter, 0.0, 1.0) * random));
}

}  // namespace plenum::health
