#include "lb/fragment_store.h"

#include <gtest/gtest.h>

namespace plenum::lb {
namespace {

using std::chrono::seconds;

FragmentKey key(std::uint8_t n) {
  FragmentKey out{};
  out[7] = n;
  return out;
}

HeldFragment fragment(std::uint8_t byte, std::size_t size = 10, int until = 30) {
  return {Frame(size, byte), 2, TimePoint{} + seconds(until)};
}

TEST(FragmentStore, GivesADatagramsFragmentsInTheOrderTheyCame) {
  FragmentStore store;
  EXPECT_TRUE(store.keep(key(1), fragment(3)));
  EXPECT_TRUE(store.keep(key(2), fragment(9)));
  EXPECT_TRUE(store.keep(key(1), fragment(1)));
  const auto taken = store.take(key(1));
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].frame[0], 3);
  EXPECT_EQ(taken[1].frame[0], 1);
  EXPECT_TRUE(store.take(key(1)).empty());
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(store.keys(), std::vector<FragmentKey>{key(2)});
}

TEST(FragmentStore, RefusesWhatFindsNoRoom) {
  FragmentStore store({.fragments = 4, .bytes = 100, .of_one_datagram = 2});
  EXPECT_TRUE(store.keep(key(1), fragment(1)));
  EXPECT_TRUE(store.keep(key(1), fragment(2)));
  EXPECT_FALSE(store.keep(key(1), fragment(3))) << "too many of one datagram";
  EXPECT_FALSE(store.keep(key(2), fragment(1, 81))) << "too many bytes";
  EXPECT_TRUE(store.keep(key(2), fragment(1, 80)));
  EXPECT_FALSE(store.keep(key(3), fragment(1, 1))) << "bytes again";
  EXPECT_EQ(store.take(key(2)).size(), 1u);
  EXPECT_TRUE(store.keep(key(3), fragment(1)));
  EXPECT_TRUE(store.keep(key(4), fragment(1)));
  EXPECT_FALSE(store.keep(key(5), fragment(1))) << "too many fragments";
  EXPECT_EQ(store.size(), 4u);
  EXPECT_EQ(store.bytes(), 40u);
}

TEST(FragmentStore, ForgetsEachWhenItsTimeIsOver) {
  FragmentStore store;
  store.keep(key(1), fragment(1, 10, 30));
  store.keep(key(1), fragment(2, 10, 60));
  store.keep(key(2), fragment(3, 10, 30));
  EXPECT_EQ(store.expire(TimePoint{} + seconds(29)), 0u);
  EXPECT_EQ(store.expire(TimePoint{} + seconds(30)), 2u);
  EXPECT_EQ(store.keys(), std::vector<FragmentKey>{key(1)});
  EXPECT_EQ(store.bytes(), 10u);
  EXPECT_EQ(store.expire(TimePoint{} + seconds(60)), 1u);
  EXPECT_EQ(store.size(), 0u);
  EXPECT_EQ(store.bytes(), 0u);
}

}  // namespace
}  // namespace plenum::lb
