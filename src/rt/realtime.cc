#include "rt/realtime.h"

#include <malloc.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

namespace plenum::rt {

namespace {

constexpr std::size_t kStack = std::size_t{64} << 10, kHeap = std::size_t{1} << 20;

[[gnu::noinline]] void touch_stack() {
  volatile char bytes[kStack];
  for (std::size_t i = 0; i < sizeof bytes; i += 1024) bytes[i] = 0;
}

}  // namespace

Result<> run_in_real_time(int priority) {
  // Time without a blocking call may be limited, and beyond the limit the process is killed: as much as may be.
  rlimit limit{};
  if (::getrlimit(RLIMIT_RTTIME, &limit) == 0 && limit.rlim_cur != limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_RTTIME, &limit);
  }
  sched_param wanted{};
  wanted.sched_priority = priority;
  // Children that this thread should ever make are ordinary ones.
  if (::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &wanted) == 0) return {};
  auto failure = fail_errno("real-time scheduling");
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), -20);
  return failure;
}

Unpreempted::Unpreempted() {
  if (::sched_getscheduler(0) != SCHED_OTHER) return;
  sched_param least{};
  least.sched_priority = 1;
  raised_ = ::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &least) == 0;
}

Unpreempted::~Unpreempted() {
  const sched_param ordinary{};
  if (raised_) ::sched_setscheduler(0, SCHED_OTHER, &ordinary);
}

Result<> lock_memory() {
  if (::mlockall(MCL_CURRENT | MCL_FUTURE) != 0) return fail_errno("lock memory");
  // What is freed stays: taking it back from the kernel would wait for whoever changes the process's mappings.
  ::mallopt(M_TRIM_THRESHOLD, -1);
  ::mallopt(M_MMAP_MAX, 0);
  return {};
}

void touch_memory() {
  touch_stack();
  // In one piece, so that the heap of this thread grows now.
  auto* heap = static_cast<volatile char*>(std::malloc(kHeap));
  if (heap == nullptr) return;
  for (std::size_t i = 0; i < kHeap; i += 1024) heap[i] = 0;
  std::free(const_cast<char*>(heap));
}

}  // namespace plenum::rt
