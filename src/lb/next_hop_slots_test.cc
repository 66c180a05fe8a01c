#include "lb/next_hop_slots.h"

#include <gtest/gtest.h>

#include <vector>

namespace plenum::lb {
namespace {

pl_next_hop hop(std::uint32_t ifindex) {
  pl_next_hop h{};
  h.ifindex = ifindex;
  return h;
}

TEST(NextHopSlots, ShareOneElementForOneWayOut) {
  std::vector<pl_next_hop> map(4);
  NextHopSlots slots(map, std::chrono::seconds(1));
  const TimePoint now{};
  const auto a = slots.acquire(hop(7), now);
  EXPECT_EQ(slots.acquire(hop(7), now), a);
  EXPECT_NE(slots.acquire(hop(8), now), a);
  EXPECT_EQ(map[*a].ifindex, 7u);
  EXPECT_NE(*a, 0u);
}

TEST(NextHopSlots, KeepAnElementUntilNobodyRefersToIt) {
  std::vector<pl_next_hop> map(2);
  NextHopSlots slots(map, std::chrono::seconds(1));
  const TimePoint now{};
  const auto a = slots.acquire(hop(7), now);
  ASSERT_EQ(slots.acquire(hop(7), now), a);
  slots.release(*a, now);
  EXPECT_EQ(slots.acquire(hop(8), now), std::nullopt);
  slots.release(*a, now);
  EXPECT_EQ(slots.acquire(hop(8), now), std::nullopt) << "a packet may still read it";
  EXPECT_EQ(slots.acquire(hop(8), now + std::chrono::seconds(1)), a);
}

TEST(NextHopSlots, AdoptWhatServersReferTo) {
  std::vector<pl_next_hop> map(4);
  map[2] = hop(9);
  NextHopSlots slots(map, std::chrono::seconds(1));
  slots.adopt(2);
  EXPECT_EQ(slots.acquire(hop(9), TimePoint{}), 2u);
  EXPECT_EQ(slots.acquire(hop(1), TimePoint{}), 1u);
  EXPECT_EQ(slots.acquire(hop(3), TimePoint{}), 3u);
}

}  // namespace
}  // namespace plenum::lb
