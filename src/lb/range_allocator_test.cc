#include "lb/range_allocator.h"

#include <gtest/gtest.h>

namespace plenum::lb {
namespace {

using std::chrono::seconds;

TEST(RangeAllocator, HandsOutNoElementTwice) {
  RangeAllocator ranges(1, 10, seconds(1));
  const TimePoint now{};
  EXPECT_EQ(ranges.take(4, now), 1u);
  EXPECT_EQ(ranges.take(6, now), 5u);
  EXPECT_EQ(ranges.take(1, now), std::nullopt);
}

TEST(RangeAllocator, RestsWhatIsGivenBackThenMergesIt) {
  RangeAllocator ranges(0, 8, seconds(1));
  const TimePoint now{};
  ASSERT_EQ(ranges.take(4, now), 0u);
  ASSERT_EQ(ranges.take(4, now), 4u);
  ranges.give(4, 4, now);
  ranges.give(0, 4, now);
  EXPECT_EQ(ranges.take(1, now), std::nullopt);
  EXPECT_EQ(ranges.take(8, now + seconds(1)), 0u);
}

TEST(RangeAllocator, ClaimsWhatAnAdoptedMapUses) {
  RangeAllocator ranges(0, 10, seconds(1));
  EXPECT_TRUE(ranges.claim(3, 4));
  EXPECT_FALSE(ranges.claim(6, 2));
  EXPECT_TRUE(ranges.claim(0, 0));
  EXPECT_EQ(ranges.take(4, TimePoint{}), std::nullopt);
  EXPECT_EQ(ranges.take(3, TimePoint{}), 0u);
  EXPECT_EQ(ranges.take(3, TimePoint{}), 7u);
}

}  // namespace
}  // namespace plenum::lb
