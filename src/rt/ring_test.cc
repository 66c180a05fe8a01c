#include "rt/ring.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace plenum::rt {
namespace {

TEST(Ring, GivesWhatItWasGivenInOrder) {
  Ring<int> ring(4);
  EXPECT_FALSE(ring.pop());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
  EXPECT_FALSE(ring.push(4)) << "it is full";
  EXPECT_EQ(ring.pop(), 0);
  EXPECT_TRUE(ring.push(5));
  for (const int want : {1, 2, 3, 5}) EXPECT_EQ(ring.pop(), want);
  EXPECT_FALSE(ring.pop());
}

TEST(Ring, BetweenThreadsNothingIsLostOrTorn) {
  struct Wide {
    std::uint64_t a = 0, b = 0;
  };
  Ring<Wide> ring(64);
  constexpr std::uint64_t kCount = 200000;
  std::thread sender([&] {
    for (std::uint64_t i = 1; i <= kCount;) {
      if (ring.push({i, ~i}))
        ++i;
      else
        std::this_thread::yield();
    }
  });
  std::uint64_t next = 1;
  while (next <= kCount) {
    const auto got = ring.pop();
    if (!got) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(got->a, next);
    ASSERT_EQ(got->b, ~next);
    ++next;
  }
  sender.join();
}

TEST(Bell, IsHeardUntilHushed) {
  auto bell = Bell::make().value();
  const auto heard = [&] {
    pollfd fd{bell.fd(), POLLIN, 0};
    return ::poll(&fd, 1, 0) == 1;
  };
  EXPECT_FALSE(heard());
  bell.ring();
  bell.ring();
  EXPECT_TRUE(heard());
  bell.hush();
  EXPECT_FALSE(heard());
}

}  // namespace
}  // namespace plenum::rt
