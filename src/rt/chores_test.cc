#include "rt/chores.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace plenum::rt {
namespace {

std::vector<int> allowed() {
  cpu_set_t cpus;
  EXPECT_EQ(::sched_getaffinity(0, sizeof cpus, &cpus), 0);
  std::vector<int> out;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &cpus)) out.push_back(cpu);
  return out;
}

TEST(Chores, AreDoneWhereNoRealTimeThreadIs) {
  const auto before = allowed();
  if (before.size() < 2) GTEST_SKIP() << "one CPU";
  {
    const OnChoresCpu here;
    EXPECT_EQ(allowed(), std::vector{before.back()});
  }
  EXPECT_EQ(allowed(), before);
  std::thread([&] {
    keep_off_chores_cpu();
    EXPECT_EQ(allowed(), std::vector(before.begin(), before.end() - 1));
  }).join();
}

TEST(Chores, WithOneCpuItIsThat) {
  std::thread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(allowed().front(), &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    const auto before = allowed();
    keep_off_chores_cpu();
    EXPECT_EQ(allowed(), before);
    const OnChoresCpu here;
    EXPECT_EQ(allowed(), before);
  }).join();
}

}  // namespace
}  // namespace plenum::rt
