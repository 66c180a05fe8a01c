#include "lb/slot_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace plenum::lb {
namespace {

std::map<std::uint32_t, int> shares(const std::vector<std::uint32_t>& slots) {
  std::map<std::uint32_t, int> out;
  for (const auto server : slots) ++out[server];
  return out;
}

TEST(SlotTable, DestinationHashingTakesServersInTurnWhateverTheirWeight) {
  const HashedServer list[] = {{3, 7, 7, 0}, {2, 0, 1, 0}, {1, 1, 1, 0}};
  const auto slots = dh_slots(list);
  ASSERT_EQ(slots.size(), 256u);
  EXPECT_THAT(std::vector(slots.begin(), slots.begin() + 7), testing::ElementsAre(3, 2, 1, 3, 2, 1, 3));
}

TEST(SlotTable, SourceHashingGivesEachServerAsManySlotsInARowAsItsWeightAndZeroOne) {
  const HashedServer list[] = {{3, 3, 3, 0}, {2, 0, 1, 0}, {1, 2, 2, 0}};
  const auto slots = sh_slots(list);
  ASSERT_EQ(slots.size(), 256u);
  EXPECT_THAT(std::vector(slots.begin(), slots.begin() + 8), testing::ElementsAre(3, 3, 3, 2, 1, 1, 3, 3));
}

TEST(SlotTable, MaglevSharesSlotsByTheLastWeight) {
  // Server 1 is drained and keeps what it had; server 4 never had a weight.
  const HashedServer list[] = {{4, 0, 0, 77}, {3, 3, 3, 0x0a00020d}, {2, 2, 2, 0x0a00020c}, {1, 0, 1, 0x0a00020b}};
  const auto share = shares(mh_slots(list));
  EXPECT_EQ(share.size(), 3u);
  EXPECT_NEAR(share.at(3), PL_MAGLEV_SLOTS / 2, 3);
  EXPECT_NEAR(share.at(2), PL_MAGLEV_SLOTS / 3, 3);
  EXPECT_NEAR(share.at(1), PL_MAGLEV_SLOTS / 6, 3);
}

TEST(SlotTable, MaglevMovesFewClientsWhenAServerGoes) {
  std::vector<HashedServer> list;
  for (std::uint32_t i = 1; i <= 10; ++i) list.push_back({i, 1, 1, 0x0a000000 + i});
  const auto before = mh_slots(list);
  list.erase(list.begin() + 4);
  const auto after = mh_slots(list);
  int moved = 0;
  for (std::size_t i = 0; i < before.size(); ++i) moved += before[i] != 5 && before[i] != after[i] ? 1 : 0;
  EXPECT_LT(moved, PL_MAGLEV_SLOTS / 10);
}

TEST(SlotTable, MaglevOfMoreServersThanSlotsKeepsToTheOldest) {
  std::vector<HashedServer> list;
  for (std::uint32_t i = 5000; i > 0; --i) list.push_back({i, 1, 1, 0x0a000000 + i});
  const auto share = shares(mh_slots(list));
  EXPECT_EQ(share.size(), std::size_t{PL_MAGLEV_SLOTS});
  EXPECT_EQ(share.rbegin()->first, std::uint32_t{PL_MAGLEV_SLOTS});
}

TEST(SlotTable, NobodyMeansNobody) {
  EXPECT_EQ(shares(sh_slots({})), (std::map<std::uint32_t, int>{{0, 256}}));
  const HashedServer none[] = {{1, 0, 0, 1}};
  EXPECT_EQ(shares(mh_slots(none)), (std::map<std::uint32_t, int>{{0, PL_MAGLEV_SLOTS}}));
  EXPECT_TRUE(slots_of(PL_SCHED_RR, none).empty());
}

}  // namespace
}  // namespace plenum::lb
