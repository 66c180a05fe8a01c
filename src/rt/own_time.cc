#include "rt/own_time.h"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>

namespace plenum::rt {

namespace {

Duration cpu_time() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

// How often it went to sleep.
long OwnTime::sleeps() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

OwnTime::OwnTime() : cpu_(cpu_time()), sleeps_(sleeps()) {}

Duration OwnTime::of(Duration wall) const {
  if (sleeps() > sleeps_) return wall;
  return std::min(wall, cpu_time() - cpu_);
}

}  // namespace plenum::rt
