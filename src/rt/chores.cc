#include "rt/chores.h"

namespace plenum::rt {

namespace {

// Those the calling thread may use; none where it may use one only, or the kernel does not say.
std::optional<cpu_set_t> allowed() {
  cpu_set_t out;
  if (::sched_getaffinity(0, sizeof out, &out) != 0 || CPU_COUNT(&out) < 2) return {};
  return out;
}

int last_of(const cpu_set_t& cpus) {
  for (int cpu = CPU_SETSIZE - 1; cpu > 0; --cpu)
    if (CPU_ISSET(cpu, &cpus)) return cpu;
  return 0;
}

}  // namespace

OnChoresCpu::OnChoresCpu() : before_(allowed()) {
  if (!before_) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(last_of(*before_), &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0) before_.reset();
}

OnChoresCpu::~OnChoresCpu() {
  if (before_) ::sched_setaffinity(0, sizeof *before_, &*before_);
}

void keep_off_chores_cpu() {
  auto cpus = allowed();
  if (!cpus) return;
  CPU_CLR(last_of(*cpus), &*cpus);
  ::sched_setaffinity(0, sizeof *cpus, &*cpus);
}

}  // namespace plenum::rt
