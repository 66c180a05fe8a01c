#include "rt/own_time.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <thread>

namespace plenum::rt {
namespace {

using namespace std::chrono_literals;

TimePoint now() { return std::chrono::steady_clock::now(); }

TEST(OwnTime, WhatAThreadComputesIsItsOwn) {
  const auto from = now();
  const OwnTime own;
  Duration its{};
  do its = own.of(now() - from);
  while (its < 20ms);
  EXPECT_LE(its, now() - from);
}

TEST(OwnTime, AndWhatItSleeps) {
  const OwnTime own;
  std::this_thread::sleep_for(1ms);
  EXPECT_EQ(own.of(1h), 1h);
}

TEST(OwnTime, NotWhatIsNoneOfItsWork) {
  OwnTime own;
  own.aside([] { std::this_thread::sleep_for(1ms); });
  EXPECT_LT(own.of(1h), 1min);
  own.aside([] {});
  std::this_thread::sleep_for(1ms);
  EXPECT_EQ(own.of(1h), 1h) << "a wait that did not come about hides no other";
}

// Two on one CPU, which neither gives away.
TEST(OwnTime, NorWhatSomebodyElseComputes) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
  std::atomic<bool> ends{false};
  std::thread other([&] {
    ::sched_setaffinity(0, sizeof one, &one);
    while (!ends) {
    }
  });
  std::thread measured([&] {
    ::sched_setaffinity(0, sizeof one, &one);
    // Until it was kept waiting for a while; a sleep of its own, by a page that had to come, say, begins anew.
    Duration kept{};
    while (kept < 20ms) {
      const OwnTime own;
      const auto from = now();
      while (now() - from < 100ms) {
      }
      const auto wall = now() - from;
      kept = wall - own.of(wall);
    }
    ends = true;
  });
  measured.join();
  other.join();
}

}  // namespace
}  // namespace plenum::rt
