#pragma once
// What makes a thread keep its times on a busy machine: real-time scheduling, and memory that is there
// before it is needed.

#include "base/result.h"

namespace plenum::rt {

// SCHED_RR of that priority for the calling thread, 1 to 99. Where the host refuses (EPERM), as well as it
// can: the least nice. The error says so then; the thread goes on.
Result<> run_in_real_time(int priority);

// As long as it lives, an ordinary thread is one of the lowest real-time priority: no ordinary one takes its CPU while
// it holds what a real-time thread of its process may come to wait for. Where the host refuses, nothing changes.
class Unpreempted {
 public:
  Unpreempted();
  ~Unpreempted();
  Unpreempted(const Unpreempted&) = delete;
  Unpreempted& operator=(const Unpreempted&) = delete;

 private:
  bool raised_ = false;
};

// The process's memory, now and to come, stays in RAM. For the whole process.
Result<> lock_memory();

// Touches that much of the calling thread's stack and heap, so that the first use is no page fault, and has
// the heap keep it.
void touch_memory();

}  // namespace plenum::rt
