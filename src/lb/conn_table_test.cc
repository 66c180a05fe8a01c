#include "lb/conn_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace plenum::lb {
namespace {

constexpr std::uint32_t kNow = 1000;

class ConnTableTest : public testing::Test {
 protected:
  std::uint64_t word(std::uint32_t expires, std::uint64_t more = 0, std::uint32_t tag = 5) {
    return PL_WORD_LIVE | static_cast<std::uint64_t>(tag) << PL_WORD_TAG_SHIFT | expires | more;
  }
  void put(std::uint32_t bucket, std::uint32_t slot, std::uint64_t value, std::uint32_t server = 1) {
    buckets_[bucket].word[slot] |= value;
    buckets_[bucket].conn[slot].server = server;
    auto& load = loads_[server];
    ((value & PL_WORD_ACTIVE) != 0 ? load.active : load.inactive) += 1;
  }
  std::uint32_t live() {
    std::uint32_t n = 0;
    for (std::uint32_t b = 0; b < buckets_.size(); ++b) table_.read(b, [&](const ConnTable::Entry&) { ++n; });
    return n;
  }

  std::vector<pl_bucket> buckets_{4};
  std::vector<pl_load> loads_{8};
  ConnTable table_{buckets_, loads_};
};

TEST_F(ConnTableTest, EndsWhatIsPastItsTimeAndCountsItDown) {
  put(0, 0, word(kNow - 1));
  put(0, 1, word(kNow - 1, PL_WORD_ACTIVE));
  put(0, 2, word(kNow));
  EXPECT_EQ(table_.age(0, 4, kNow), 2u);
  EXPECT_EQ(loads_[1].active, 0u);
  EXPECT_EQ(loads_[1].inactive, 1u);
  EXPECT_EQ(live(), 1u);
}

TEST_F(ConnTableTest, LooksOnlyAtTheBucketsAsked) {
  put(0, 0, word(kNow - 1));
  put(2, 0, word(kNow - 1));
  EXPECT_EQ(table_.age(0, 2, kNow), 1u);
  EXPECT_EQ(table_.age(2, 99, kNow), 1u);
}

TEST_F(ConnTableTest, LeavesTheBucketsOwnBitsAlone) {
  buckets_[0].word[0] |= PL_WORD_LOCK;
  buckets_[0].word[1] |= 3ULL << PL_WORD_SPILL_SHIFT;
  put(0, 0, word(kNow - 1));
  put(0, 1, word(kNow - 1));
  EXPECT_EQ(table_.age(0, 1, kNow), 2u);
  EXPECT_EQ(buckets_[0].word[0], PL_WORD_LOCK);
  EXPECT_EQ(buckets_[0].word[1], 3ULL << PL_WORD_SPILL_SHIFT);
}

TEST_F(ConnTableTest, TellsThePrimaryBucketOfASpilledConnection) {
  constexpr std::uint32_t kTag = 5;
  const std::uint32_t primary = (2 ^ PL_ALTERNATE(kTag)) & 3;
  buckets_[primary].word[1] |= 2ULL << PL_WORD_SPILL_SHIFT;
  put(2, 0, word(kNow - 1, PL_WORD_ALTERNATE, kTag));
  EXPECT_EQ(table_.age(0, 4, kNow), 1u);
  EXPECT_EQ(buckets_[primary].word[1] >> PL_WORD_SPILL_SHIFT, 1u);
}

TEST_F(ConnTableTest, NeverCountsDownFromMany) {
  constexpr std::uint32_t kTag = 5;
  const std::uint32_t primary = (2 ^ PL_ALTERNATE(kTag)) & 3;
  buckets_[primary].word[1] |= static_cast<std::uint64_t>(PL_SPILL_MANY) << PL_WORD_SPILL_SHIFT;
  put(2, 0, word(kNow - 1, PL_WORD_ALTERNATE, kTag));
  table_.age(0, 4, kNow);
  EXPECT_EQ(buckets_[primary].word[1] >> PL_WORD_SPILL_SHIFT, std::uint64_t{PL_SPILL_MANY});
}

TEST_F(ConnTableTest, PassesOverWhatIsBeingWritten) {
  buckets_[1].word[3] = PL_WORD_BUSY;
  EXPECT_EQ(table_.age(0, 4, kNow), 0u);
  EXPECT_EQ(live(), 0u);
}

// A template in bucket 1, slot 2, that says it controls so many connections.
class TemplateTest : public ConnTableTest {
 protected:
  static constexpr std::uint32_t kBucket = 1, kSlot = 2, kPlace = PL_PLACE(kBucket, kSlot);
  void put_template(std::uint32_t expires, std::uint32_t controlled) {
    buckets_[kBucket].word[kSlot] = word(expires, PL_WORD_TEMPLATE);
    buckets_[kBucket].conn[kSlot].server = 1;
    buckets_[kBucket].conn[kSlot].packets = controlled;
    buckets_[kBucket].conn[kSlot].control = 77;
    ++loads_[1].persistent;
  }
  void put_controlled(std::uint32_t slot, std::uint32_t expires) {
    put(0, slot, word(expires));
    buckets_[0].conn[slot].control = kPlace;
  }
  [[nodiscard]] std::uint32_t controlled() const { return buckets_[kBucket].conn[kSlot].packets; }
};

TEST_F(TemplateTest, EndsWithItsTimeAndCountsAsPersistentOnly) {
  put_template(kNow - 1, 0);
  EXPECT_EQ(table_.age(0, 4, kNow), 1u);
  EXPECT_EQ(loads_[1].persistent, 0u);
  EXPECT_EQ(loads_[1].inactive, 0u);
  EXPECT_EQ(live(), 0u);
}

TEST_F(TemplateTest, LivesOnForAMinuteWhileItControlsConnections) {
  put_template(kNow - 1, 2);
  EXPECT_EQ(table_.age(0, 4, kNow), 0u);
  EXPECT_EQ(static_cast<std::uint32_t>(buckets_[kBucket].word[kSlot]), kNow + PL_TEMPLATE_GRACE);
  EXPECT_EQ(buckets_[kBucket].conn[kSlot].control, PL_TEMPLATE_GRACE) << "from then on it is renewed by that";
  EXPECT_EQ(loads_[1].persistent, 1u);
}

TEST_F(TemplateTest, EndsOnceTheLastOfItsConnectionsHas) {
  put_template(kNow + 1, 2);
  put_controlled(0, kNow - 1);
  put_controlled(1, kNow + 5);
  table_.age(0, 4, kNow);
  EXPECT_EQ(controlled(), 1u);
  table_.age(0, 1, kNow + 6);
  EXPECT_EQ(controlled(), 0u);
  EXPECT_EQ(table_.age(0, 4, kNow + 6), 1u);
  EXPECT_EQ(live(), 0u);
}

TEST_F(TemplateTest, AnEndedConnectionLeavesWhatTookItsTemplatesPlaceAlone) {
  put_controlled(0, kNow - 1);
  put(kBucket, kSlot, word(kNow + 1), 2);
  buckets_[kBucket].conn[kSlot].packets = 5;
  table_.age(0, 4, kNow);
  EXPECT_EQ(controlled(), 5u);
}

TEST_F(TemplateTest, ACallsEndIsToldWhileItsPlaceIsHeld) {
  std::vector<std::uint32_t> told;
  ConnTable table(buckets_, loads_, [&](std::uint32_t place) {
    told.push_back(place);
    EXPECT_TRUE(buckets_[kBucket].word[kSlot] & PL_WORD_BUSY);
  });
  put_template(kNow - 1, 0);
  buckets_[kBucket].conn[kSlot].flags = PL_CONN_CALL_ID;
  EXPECT_EQ(table.age(0, 4, kNow), 1u);
  EXPECT_EQ(told, std::vector<std::uint32_t>{kPlace});
  EXPECT_EQ(buckets_[kBucket].word[kSlot] & ~PL_WORD_EXPIRES, 0u);
}

TEST_F(TemplateTest, NeverCountsBelowNone) {
  put_template(kNow + 1, 0);
  put_controlled(0, kNow - 1);
  table_.age(0, 4, kNow);
  EXPECT_EQ(controlled(), 0u);
}

}  // namespace
}  // namespace plenum::lb
