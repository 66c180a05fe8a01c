#include "vrrp/tracking.h"

#include <gtest/gtest.h>

namespace plenum::vrrp {
namespace {

TEST(Tracking, NothingTrackedIsTheBase) { EXPECT_EQ(standing(100, {}), (Standing{true, 100, ""})); }

TEST(Tracking, WeightsCountAsKeepalivesDo) {
  const Tracked plus{.name = "script a", .weight = 20}, minus{.name = "eth1", .weight = -30};
  auto ill_plus = plus, ill_minus = minus;
  ill_plus.well = ill_minus.well = false;
  EXPECT_EQ(standing(100, {plus}).priority, 120);
  EXPECT_EQ(standing(100, {ill_plus}).priority, 100);
  EXPECT_EQ(standing(100, {minus}).priority, 100);
  EXPECT_EQ(standing(100, {ill_minus}).priority, 70);
  EXPECT_EQ(standing(100, {plus, ill_minus}).priority, 90);
  EXPECT_TRUE(standing(100, {ill_plus, ill_minus}).able);
}

TEST(Tracking, WithoutAWeightItKeepsTheRouterOut) {
  const Tracked well{.name = "eth0"}, ill{.name = "eth1", .well = false}, worse{.name = "eth2", .well = false};
  EXPECT_TRUE(standing(100, {well}).able);
  EXPECT_EQ(standing(100, {well, ill, worse}), (Standing{false, 100, "eth1"}));
}

TEST(Tracking, ReverseTurnsItRound) {
  EXPECT_FALSE(standing(100, {{.name = "file standby", .reverse = true}}).able);
  EXPECT_TRUE(standing(100, {{.name = "file standby", .reverse = true, .well = false}}).able);
  EXPECT_EQ(standing(100, {{.name = "p", .weight = 5, .reverse = true, .well = false}}).priority, 105);
  EXPECT_EQ(standing(100, {{.name = "p", .weight = -5, .reverse = true}}).priority, 95);
}

TEST(Tracking, StaysInRange) {
  const Tracked much{.name = "a", .weight = 253}, little{.name = "b", .weight = -253, .well = false};
  EXPECT_EQ(standing(100, {much}).priority, 254);
  EXPECT_EQ(standing(100, {little, little}).priority, 1);
  EXPECT_EQ(standing(255, {little}).priority, 255) << "an owner's";
}

}  // namespace
}  // namespace plenum::vrrp
