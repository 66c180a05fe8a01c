#include "lb/cursor.h"

#include <gtest/gtest.h>

namespace plenum::lb {
namespace {

using Members = std::vector<Member>;

TEST(CarryRr, GoesOnBehindTheServerChosenLast) {
  const Members three{{3, 1}, {2, 1}, {1, 1}};
  const Members four{{4, 1}, {3, 1}, {2, 1}, {1, 1}};
  EXPECT_EQ(carry_rr(0, three, four), 0u);
  EXPECT_EQ(carry_rr(1, three, four), 2u);
  EXPECT_EQ(carry_rr(3, three, four), 4u);
}

TEST(CarryRr, StepsBackWhenThatServerWent) {
  const Members three{{3, 1}, {2, 1}, {1, 1}};
  EXPECT_EQ(carry_rr(2, three, Members{{3, 1}, {1, 1}}), 1u);
  EXPECT_EQ(carry_rr(1, three, Members{{2, 1}, {1, 1}}), 0u);
  EXPECT_EQ(carry_rr(9, Members{}, three), 0u);
}

// The walk of bpf/scheduler/wrr.h.
std::vector<std::uint32_t> choices(WrrState state, const Members& members, int count) {
  std::vector<std::uint32_t> out;
  auto index = static_cast<std::uint32_t>(state.cursor);
  auto threshold = static_cast<std::uint32_t>(state.cursor >> 32);
  if (threshold == 0 || threshold > state.max) threshold = state.max;
  while (static_cast<int>(out.size()) < count) {
    if (index >= members.size()) {
      index = 0;
      threshold = threshold > state.gcd ? threshold - state.gcd : state.max;
    }
    const auto& m = members[index++];
    if (m.weight >= threshold) out.push_back(m.server);
  }
  return out;
}

using Sequence = std::vector<std::uint32_t>;

// Sequences recorded from IPVS, servers 1, 2, 3 added in this order.
TEST(CarryWrr, FollowsIpvsForServersAddedOneByOne) {
  const Members weights123{{3, 3}, {2, 2}, {1, 1}};
  EXPECT_EQ(choices(carry_wrr({}, {}, weights123), weights123, 12), (Sequence{3, 2, 1, 3, 3, 2, 3, 2, 1, 3, 3, 2}));
  const Members weights532{{3, 2}, {2, 3}, {1, 5}};
  EXPECT_EQ(choices(carry_wrr({}, {}, weights532), weights532, 10), (Sequence{3, 2, 1, 1, 1, 2, 1, 3, 2, 1}));
}

TEST(CarryWrr, LeavesAnUnchangedListAlone) {
  const Members members{{2, 4}, {1, 2}};
  const WrrState state{(std::uint64_t{3} << 32) | 1, 3, 2};
  EXPECT_EQ(carry_wrr(state, members, members).cursor, state.cursor);
}

TEST(CarryWrr, FitsTheThresholdToNewWeights) {
  const Members before{{2, 8}, {1, 4}};
  const Members after{{2, 2}, {1, 2}};
  const auto next = carry_wrr({std::uint64_t{5} << 32, 5, 4}, before, after);
  EXPECT_EQ(next.gcd, 2u);
  EXPECT_EQ(next.max, 1u);
  EXPECT_EQ(next.cursor, std::uint64_t{1} << 32);
}

TEST(StartWrr, BeginsAtTheGreatestWeight) {
  const auto state = start_wrr(Members{{2, 6}, {1, 3}});
  EXPECT_EQ(state.max, 4u);
  EXPECT_EQ(state.gcd, 3u);
  EXPECT_EQ(state.cursor >> 32, 4u);
}

}  // namespace
}  // namespace plenum::lb
