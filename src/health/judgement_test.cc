#include "health/judgement.h"

#include <gtest/gtest.h>

namespace plenum::health {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class JudgementTest : public testing::Test {
 protected:
  bool pass(Judgement& j) { return j.report(true, "", now_ += seconds(3)); }
  bool fail(Judgement& j) { return j.report(false, "connection refused", now_ += seconds(3)); }

  TimePoint now_{seconds(1000)};
};

TEST_F(JudgementTest, FallsAndRisesByResultsInARow) {
  Judgement j({.fall = 3, .rise = 2}, now_);
  EXPECT_EQ(j.verdict(), Verdict::Up);
  EXPECT_FALSE(pass(j));
  EXPECT_FALSE(fail(j));
  EXPECT_FALSE(fail(j));
  EXPECT_EQ(j.against(), 2u);
  EXPECT_FALSE(pass(j)) << "begins anew";
  EXPECT_FALSE(fail(j));
  EXPECT_FALSE(fail(j));
  EXPECT_TRUE(fail(j));
  EXPECT_EQ(j.verdict(), Verdict::Down);
  EXPECT_EQ(j.why(), "connection refused");
  EXPECT_EQ(j.since(), now_);
  EXPECT_FALSE(pass(j));
  EXPECT_FALSE(fail(j));
  EXPECT_FALSE(pass(j));
  EXPECT_TRUE(pass(j));
  EXPECT_EQ(j.verdict(), Verdict::Up);
  EXPECT_EQ(j.why(), "");
}

TEST_F(JudgementTest, TheFirstResultDecidesAtOnce) {
  Judgement up({.initial = Verdict::Up}, now_), down({.initial = Verdict::Down}, now_);
  EXPECT_TRUE(fail(up));
  EXPECT_TRUE(pass(down));
  Judgement unknown({.initial = Verdict::Unknown}, now_);
  EXPECT_TRUE(pass(unknown));
  EXPECT_EQ(unknown.verdict(), Verdict::Up);
}

TEST_F(JudgementTest, WhoIsKnownToBeWellFallsAsAnybodyDoes) {
  Judgement j({.fall = 3, .initial = Verdict::Up, .known = true}, now_);
  EXPECT_FALSE(fail(j));
  EXPECT_FALSE(fail(j));
  EXPECT_TRUE(fail(j));
}

TEST_F(JudgementTest, WhoFallsTooOftenIsDamped) {
  Judgement j({.fall = 1, .rise = 1, .damping = conf::Damping{.half_life = minutes(1), .suppress = 3, .reuse = 1}},
              now_);
  EXPECT_FALSE(pass(j));
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(fail(j));
    EXPECT_FALSE(j.damped());
    EXPECT_TRUE(pass(j));
  }
  EXPECT_TRUE(fail(j)) << "four times in 24 seconds";
  ASSERT_TRUE(j.damped());
  const auto until = j.damped_until().value();
  EXPECT_GT(until - now_, seconds(90));
  EXPECT_LE(until - now_, seconds(120));
  while (now_ + seconds(3) < until) {
    EXPECT_FALSE(pass(j));
    EXPECT_EQ(j.verdict(), Verdict::Down);
  }
  EXPECT_EQ(j.due(), until);
  EXPECT_FALSE(j.advance(until - Duration(1)));
  EXPECT_TRUE(j.advance(until));
  EXPECT_EQ(j.verdict(), Verdict::Up);
  EXPECT_FALSE(j.damped());
}

TEST_F(JudgementTest, WhoStillFailsWhenRestedStaysDown) {
  Judgement j({.fall = 1, .rise = 2, .damping = conf::Damping{.half_life = minutes(1), .suppress = 1, .reuse = 0.5}},
              now_);
  EXPECT_FALSE(pass(j));
  EXPECT_TRUE(fail(j));
  ASSERT_TRUE(j.damped());
  EXPECT_FALSE(j.due()) << "nothing will come of waiting";
  now_ = j.damped_until().value();
  EXPECT_FALSE(j.advance(now_));
  EXPECT_FALSE(j.damped());
  EXPECT_FALSE(pass(j));
  EXPECT_TRUE(pass(j));
}

TEST_F(JudgementTest, NobodyIsDampedForLongerThanTheLongest) {
  Judgement j(
      {.fall = 1,
       .rise = 1,
       .damping = conf::Damping{.half_life = minutes(10), .longest = minutes(5), .suppress = 1.5, .reuse = 0.001}},
      now_);
  EXPECT_FALSE(pass(j));
  EXPECT_TRUE(fail(j));
  EXPECT_TRUE(pass(j));
  EXPECT_TRUE(fail(j));
  EXPECT_EQ(j.damped_until().value() - now_, minutes(5));
}

TEST_F(JudgementTest, OneThatIsDampedIsWellByTheSameRules) {
  Judgement j({.fall = 2, .rise = 2, .damping = conf::Damping{.half_life = minutes(1), .suppress = 1, .reuse = 0.5}},
              now_);
  EXPECT_FALSE(pass(j));
  EXPECT_FALSE(fail(j));
  EXPECT_TRUE(fail(j));
  ASSERT_TRUE(j.damped());
  EXPECT_FALSE(j.well());
  EXPECT_FALSE(pass(j));
  EXPECT_FALSE(j.well());
  EXPECT_FALSE(pass(j));
  EXPECT_TRUE(j.well());
  EXPECT_EQ(j.verdict(), Verdict::Down);
  EXPECT_FALSE(fail(j));
  EXPECT_TRUE(j.well()) << "one failure is none";
  EXPECT_FALSE(fail(j));
  EXPECT_FALSE(j.well());
  EXPECT_FALSE(pass(j));
  EXPECT_FALSE(pass(j));
  EXPECT_TRUE(j.well());
  now_ += minutes(5);
  EXPECT_TRUE(j.advance(now_));
  EXPECT_EQ(j.verdict(), Verdict::Up);
  EXPECT_FALSE(j.well());
}

TEST_F(JudgementTest, RareFallsAreForgotten) {
  Judgement j({.fall = 1, .rise = 1, .damping = conf::Damping{.half_life = minutes(1), .suppress = 3, .reuse = 1}},
              now_);
  EXPECT_FALSE(pass(j));
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(fail(j));
    EXPECT_FALSE(j.damped());
    EXPECT_TRUE(pass(j));
    now_ += minutes(2);
  }
}

TEST_F(JudgementTest, AServerThatWasNeverThereHasNotFallen) {
  Judgement j({.damping = conf::Damping{.suppress = 1, .reuse = 0.5}}, now_);
  EXPECT_TRUE(fail(j));
  EXPECT_FALSE(j.damped());
}

TEST_F(JudgementTest, WithoutDampingItIsAsOftenUpAsItLikes) {
  Judgement j({.fall = 1, .rise = 1, .damping = {.enabled = false}}, now_);
  EXPECT_FALSE(pass(j));
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(fail(j));
    EXPECT_TRUE(pass(j));
  }
}

TEST_F(JudgementTest, NewSettingsKeepWhatWasSeen) {
  Judgement j({.fall = 5, .rise = 1}, now_);
  EXPECT_FALSE(pass(j));
  EXPECT_FALSE(fail(j));
  EXPECT_FALSE(fail(j));
  j.change({.fall = 3, .rise = 1}, now_);
  EXPECT_TRUE(fail(j));
}

}  // namespace
}  // namespace plenum::health
