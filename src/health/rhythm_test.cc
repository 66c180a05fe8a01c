#include "health/rhythm.h"

#include <gtest/gtest.h>

namespace plenum::health {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::hours(1)};

TEST(Rhythm, BeginsSomewhereInTheFirstInterval) {
  conf::Check check;
  check.interval = 10s;
  EXPECT_EQ(first_probe(check, kNow, 0), kNow);
  EXPECT_EQ(first_probe(check, kNow, 0.25), kNow + 2500ms);
  check.start_delay = 3s;
  EXPECT_EQ(first_probe(check, kNow, 0.25), kNow + 3s);
}

TEST(Rhythm, GoesFromBeginningToBeginningEarlierByItsJitter) {
  conf::Check check;
  check.interval = 10s;
  check.jitter = 0.1;
  EXPECT_EQ(next_probe(check, false, kNow, kNow + 1s, 0), kNow + 10s);
  EXPECT_EQ(next_probe(check, false, kNow, kNow + 1s, 0.5), kNow + 9500ms);
}

TEST(Rhythm, IsAnotherOneWhileDown) {
  conf::Check check;
  check.interval = 10s;
  check.jitter = 0;
  EXPECT_EQ(next_probe(check, true, kNow, kNow, 0.5), kNow + 10s);
  check.interval_down = 2s;
  EXPECT_EQ(next_probe(check, true, kNow, kNow, 0.5), kNow + 2s);
  EXPECT_EQ(next_probe(check, false, kNow, kNow, 0.5), kNow + 10s);
}

TEST(Rhythm, NeverAsksForTheNextBeforeTheLastOneEnded) {
  conf::Check check;
  check.interval = 1s;
  EXPECT_EQ(next_probe(check, false, kNow, kNow + 5s, 0.5), kNow + 5s);
}

}  // namespace
}  // namespace plenum::health
