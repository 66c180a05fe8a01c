#include "rt/realtime.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <thread>

namespace plenum::rt {
namespace {

TEST(Unpreempted, IsOfRealTimeAndAnOrdinaryThreadAgain) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may";
  std::thread([] {
    {
      const Unpreempted quick;
      EXPECT_EQ(::sched_getscheduler(0), SCHED_RR | SCHED_RESET_ON_FORK);
    }
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
  }).join();
}

TEST(Unpreempted, TakesNothingFromARealTimeThread) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may";
  std::thread([] {
    ASSERT_TRUE(run_in_real_time(20));
    { const Unpreempted quick; }
    sched_param now{};
    ASSERT_EQ(::sched_getparam(0, &now), 0);
    EXPECT_EQ(now.sched_priority, 20);
  }).join();
}

}  // namespace
}  // namespace plenum::rt
