#pragma once
// Work that many ask for: what is asked for together is done once, and doing it takes a part of the time at most,
// however often it is asked for. Loop thread only.

#include <functional>

#include "base/clock.h"
#include "rt/loop.h"

namespace plenum::rt {

struct Pace {
  Duration gather{};        // from the first who asks to the work
  Duration longest_rest{};  // after it
};

class Paced {
 public:
  // It takes one part in so many of the time.
  static constexpr int kShare = 10;

  // Loop and clock outlive it.
  Paced(Loop& loop, const Clock& clock, Pace pace, std::function<void()> work)
      : loop_(loop), clock_(clock), pace_(pace), work_(std::move(work)) {}
  Paced(const Paced&) = delete;
  Paced& operator=(const Paced&) = delete;

  // Done when `gather` and the rest are over; the first who asks decides.
  void soon() { soon(pace_.gather); }
  // Done when the rest is.
  void now() { soon({}); }

 private:
  void soon(Duration wait);
  void run();

  Loop& loop_;
  const Clock& clock_;
  const Pace pace_;
  const std::function<void()> work_;
  TimePoint rest_{};  // nothing is done before
  Timer timer_;
};

}  // namespace plenum::rt
