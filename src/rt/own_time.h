#pragma once
// How much of the time that a thread was at work was its own doing. What is left the kernel, or the machine under it,
// kept from it: others had its CPU, or the CPU stood still.

#include "base/clock.h"

namespace plenum::rt {

// Of the calling thread, from its making on.
class OwnTime {
 public:
  OwnTime();
  // What is called for is a wait that is none of its work.
  template <class Wait>
  void aside(Wait wait) {
    const auto before = sleeps();
    wait();
    sleeps_ += sleeps() - before;
  }
  // Of `wall`, the whole time since: all of it where the thread went to sleep in the midst of it, for it asked for
  // something that has to be waited for; else what it had of a CPU.
  [[nodiscard]] Duration of(Duration wall) const;

 private:
  static long sleeps();
  Duration cpu_;
  long sleeps_;
};

}  // namespace plenum::rt
