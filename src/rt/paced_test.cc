#include "rt/paced.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace plenum::rt {
namespace {

using namespace std::chrono_literals;

class PacedTest : public testing::Test {
 protected:
  // Runs the loop until the work was done so many times, or 5 s have passed.
  bool until(std::size_t times) {
    const auto end = clock_.now() + 5s;
    while (done_.size() < times && clock_.now() < end) loop_.run_for(1ms);
    return done_.size() == times;
  }

  Loop loop_;
  SteadyClock clock_;
  std::vector<TimePoint> done_;
  Duration takes_{};
  Paced paced_{loop_, clock_, {.gather = 20ms, .longest_rest = 300ms}, [this] {
                 done_.push_back(clock_.now());
                 while (clock_.now() < done_.back() + takes_) std::this_thread::yield();
               }};
};

TEST_F(PacedTest, WhatIsAskedForTogetherIsDoneOnce) {
  const auto begin = clock_.now();
  for (int i = 0; i < 10; ++i) paced_.soon();
  ASSERT_TRUE(until(1));
  EXPECT_GE(done_[0] - begin, 20ms);
  loop_.run_for(50ms);
  EXPECT_EQ(done_.size(), 1U);
}

TEST_F(PacedTest, WithoutGatheringItIsAtOnceUnlessItRests) {
  takes_ = 10ms;
  paced_.now();
  ASSERT_TRUE(until(1));
  paced_.now();
  ASSERT_TRUE(until(2));
  EXPECT_GE(done_[1] - done_[0], 100ms) << "ten parts, of which one was work";
}

TEST_F(PacedTest, ARestHasAnEnd) {
  FakeClock fake;
  std::size_t done = 0;
  Paced paced(loop_, fake, {.longest_rest = 100ms}, [&] {
    ++done;
    fake.advance(1h);
    loop_.stop();
  });
  paced.now();
  ASSERT_TRUE(loop_.run_for(5s));
  const auto begin = clock_.now();
  paced.now();
  ASSERT_TRUE(loop_.run_for(5s)) << "ten hours are too long";
  EXPECT_GE(clock_.now() - begin, 100ms);
  EXPECT_EQ(done, 2U);
}

}  // namespace
}  // namespace plenum::rt
