#include "lb/estimator.h"

#include <gtest/gtest.h>

namespace plenum::lb {
namespace {

TEST(Estimator, ApproachesASteadyRateByQuarters) {
  Estimator e;
  Counters c;
  for (int i = 0; i < 40; ++i) {
    c.connections += 20;
    c.in_bytes += 2000;
    e.sample(c);
    if (i == 0) {
      EXPECT_EQ(e.rates().in_bytes, 250u);
    }
  }
  EXPECT_EQ(e.rates().connections, 10u);
  EXPECT_EQ(e.rates().in_bytes, 1000u);
}

TEST(Estimator, FallsBackToNothing) {
  Estimator e;
  Counters c{100, 100, 100, 100000, 100000};
  e.sample(c);
  for (int i = 0; i < 60; ++i) e.sample(c);
  EXPECT_EQ(e.rates(), Rates{});
}

TEST(Estimator, RestartsWithoutALeap) {
  Estimator e;
  e.sample(Counters{50, 0, 0, 0, 0});
  e.restart(Counters{});
  e.sample(Counters{});
  EXPECT_LT(e.rates().connections, 10u);
}

}  // namespace
}  // namespace plenum::lb
