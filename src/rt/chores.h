#pragma once
// The CPU for chores. Some work the kernel does in one stretch: making a large BPF map clears its memory, 50 ms and
// more for each 64 MB, and where the kernel is not built to be preempted (measured on 6.18) even a real-time thread
// that sleeps on that CPU is not woken before the end. So such work has a CPU, the last one the process may use, and
// real-time threads keep off it. With one CPU there is no choice, and nothing is changed.

#include <sched.h>

#include <optional>

namespace plenum::rt {

// Has the calling thread run on the CPU for chores as long as this lives.
class OnChoresCpu {
 public:
  OnChoresCpu();
  ~OnChoresCpu();
  OnChoresCpu(const OnChoresCpu&) = delete;
  OnChoresCpu& operator=(const OnChoresCpu&) = delete;

 private:
  std::optional<cpu_set_t> before_;
};

// For the calling thread, from now on.
void keep_off_chores_cpu();

}  // namespace plenum::rt
