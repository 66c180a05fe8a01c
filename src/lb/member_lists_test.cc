#include "lb/member_lists.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace plenum::lb {
namespace {

constexpr std::uint32_t kService = 1;

class MemberListsTest : public testing::Test {
 protected:
  explicit MemberListsTest(std::uint32_t servers = 1200) : servers_(servers), loads_(servers) {
    for (auto& s : servers_) s.service = kService;
  }

  void put(std::uint32_t server, std::uint32_t weight, std::uint32_t upper = 0, std::uint32_t lower = 0) {
    lists_.set_load(server, {weight, upper, lower});
  }
  void set(std::uint32_t scheduler, std::uint32_t count) {
    std::vector<Member> members;
    for (std::uint32_t i = count; i > 0; --i) members.push_back({i, loads_[i].weight});
    ASSERT_TRUE(lists_.set(kService, scheduler, 0, std::move(members), TimePoint{}));
  }
  void add(std::uint32_t server, int active, int inactive) {
    __sync_fetch_and_add(&loads_[server].active, static_cast<std::uint32_t>(active));
    __sync_fetch_and_add(&loads_[server].inactive, static_cast<std::uint32_t>(inactive));
    if ((loads_[server].flags & PL_LOAD_WATCHED) != 0) pl_load_changed(&view_, server, active + inactive);
  }
  std::uint32_t root() const {
    return static_cast<std::uint32_t>(rows_[PL_LIST_ROW(services_[kService].list)].word[0]);
  }
  bool overloaded(std::uint32_t server) const { return (loads_[server].flags & PL_LOAD_OVERLOADED) != 0; }

  // What a look at every server says the root should be.
  std::uint32_t scanned() {
    const auto list = services_[kService].list;
    const auto scheduler = PL_LIST_SCHEDULER(list);
    std::uint64_t sum = 0;
    std::uint32_t most = 0, best = 0, best_weight = 0;
    std::uint64_t least = 0;
    pl_measure m;
    pl_measure_of(scheduler, &m);
    for (std::uint32_t i = 0; i < PL_LIST_COUNT(list); ++i) {
      const auto server = static_cast<std::uint32_t>(rows_[PL_LIST_ROW(list) + 1 + i / PL_FANOUT].word[i % PL_FANOUT]);
      const auto& l = loads_[server];
      if (l.weight == 0 || overloaded(server)) continue;
      sum += l.weight;
      most = std::max(most, l.weight);
      if (m.within_weight && l.active > l.weight) continue;
      const std::uint64_t burden =
          m.idle_first && l.active == 0
              ? 0
              : std::uint64_t{l.active} * m.per_active + std::uint64_t{l.inactive} * m.per_inactive + m.extra;
      const auto weight = m.weighted ? l.weight : 1;
      if (best != 0 && least * weight <= burden * best_weight) continue;
      best = server;
      best_weight = weight;
      least = burden;
    }
    switch (pl_tree_of(scheduler)) {
      case PL_TREE_MOST:
        return most;
      case PL_TREE_SUM:
        return static_cast<std::uint32_t>(sum);
      default:
        return best;
    }
  }

  std::vector<pl_service> services_{4};
  std::vector<pl_row> rows_{1024};
  std::vector<pl_hash_slots> slots_{1024};
  std::vector<pl_server> servers_;
  std::vector<pl_load> loads_;
  SchedulerMaps maps_{services_, rows_, slots_, servers_, loads_};
  pl_maps view_ = maps_.view();
  MemberLists lists_{maps_, Duration::zero()};
  std::mt19937 random_{7};

  std::uint32_t pick(std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random_); }
};

constexpr std::uint32_t kTrees[] = {PL_SCHED_RR, PL_SCHED_LC,  PL_SCHED_WLC, PL_SCHED_SED,
                                    PL_SCHED_NQ, PL_SCHED_OVF, PL_SCHED_FO,  PL_SCHED_TWOS};

TEST_F(MemberListsTest, TheRootIsWhatAScanOfTheListSaysAfterEveryChange) {
  for (const auto scheduler : kTrees) {
    for (const std::uint32_t count : {1u, 7u, 8u, 9u, 64u, 65u, 600u}) {
      for (std::uint32_t i = 1; i <= count; ++i) {
        loads_[i] = {};
        put(i, pick(9), pick(3) == 0 ? 1 + pick(6) : 0);
      }
      set(scheduler, count);
      ASSERT_EQ(root(), scanned()) << scheduler << " " << count;
      for (int n = 0; n < 300; ++n) {
        const auto server = 1 + pick(count);
        if (loads_[server].active != 0 && pick(2) == 0)
          add(server, -1, static_cast<int>(pick(2)));
        else if (loads_[server].inactive != 0 && pick(3) == 0)
          add(server, 0, -1);
        else
          add(server, 1, 0);
        ASSERT_EQ(root(), scanned()) << scheduler << " " << count << " after " << n;
        if (n % 50 == 0) {
          put(server, pick(9), pick(4));
          set(scheduler, count);
          ASSERT_EQ(root(), scanned());
        }
      }
    }
  }
}

TEST_F(MemberListsTest, AServerIsOverloadedAtItsUpperThresholdAndNoLongerBelowItsLower) {
  put(1, 1, 4, 2);
  set(PL_SCHED_RR, 1);
  for (int i = 0; i < 3; ++i) add(1, 1, 0);
  EXPECT_FALSE(overloaded(1));
  add(1, 0, 1);
  EXPECT_TRUE(overloaded(1)) << "inactive connections count";
  EXPECT_EQ(root(), 0u);
  add(1, -1, 0);
  add(1, -1, 0);
  EXPECT_TRUE(overloaded(1)) << "two are not below two";
  add(1, -1, 0);
  EXPECT_FALSE(overloaded(1));
  EXPECT_EQ(root(), 1u);
}

TEST_F(MemberListsTest, WithoutALowerThresholdThreeQuartersOfTheUpperCount) {
  put(1, 1, 5);
  set(PL_SCHED_RR, 1);
  for (int i = 0; i < 5; ++i) add(1, 1, 0);
  EXPECT_TRUE(overloaded(1));
  add(1, -1, 0);
  EXPECT_TRUE(overloaded(1)) << "4 * 4 is not below 5 * 3";
  add(1, -1, 0);
  EXPECT_FALSE(overloaded(1));
}

TEST_F(MemberListsTest, RaisingTheUpperThresholdEndsOverloadAndLoweringItWaitsForAConnection) {
  put(1, 1, 2);
  set(PL_SCHED_WLC, 1);
  add(1, 1, 0);
  add(1, 1, 0);
  EXPECT_TRUE(overloaded(1));
  put(1, 1, 9);
  EXPECT_FALSE(overloaded(1));
  EXPECT_EQ(root(), 1u);
  put(1, 1, 1);
  EXPECT_FALSE(overloaded(1));
  add(1, 1, 0);
  EXPECT_TRUE(overloaded(1));
  put(1, 1, 0);
  EXPECT_FALSE(overloaded(1));
}

TEST_F(MemberListsTest, CountsServersWithLessThanHalfTheirWeightToDo) {
  for (std::uint32_t i = 1; i <= 3; ++i) put(i, 2);
  set(PL_SCHED_LBLC, 3);
  EXPECT_EQ(services_[kService].roomy, 3u);
  add(1, 1, 0);
  EXPECT_EQ(services_[kService].roomy, 2u);
  put(2, 0);
  EXPECT_EQ(services_[kService].roomy, 1u);
  set(PL_SCHED_LBLC, 2);
  EXPECT_EQ(services_[kService].roomy, 0u) << "server 3 went";
  add(1, -1, 0);
  EXPECT_EQ(services_[kService].roomy, 1u);
  set(PL_SCHED_WLC, 2);
  EXPECT_EQ(services_[kService].roomy, 0u);
}

TEST_F(MemberListsTest, AnotherDaemonTakesListsOverAndPutsThemRight) {
  for (std::uint32_t i = 1; i <= 40; ++i) put(i, 1 + i % 3);
  set(PL_SCHED_WLC, 40);
  // A daemon killed between ending a connection and saying so.
  for (std::uint32_t i = 1; i <= 40; ++i) loads_[i].active = pick(5);
  MemberLists next(maps_, Duration::zero());
  next.adopt(kService);
  EXPECT_EQ(root(), scanned());
  std::vector<Member> members;
  for (std::uint32_t i = 41; i > 0; --i) {
    if (i == 41) next.set_load(41, {9, 0, 0});
    members.push_back({i, loads_[i].weight});
  }
  ASSERT_TRUE(next.set(kService, PL_SCHED_WLC, 0, members, TimePoint{}));
  EXPECT_EQ(root(), scanned());
  next.remove(kService, TimePoint{});
  EXPECT_EQ(services_[kService].list, 0u);
}

TEST_F(MemberListsTest, AListWithoutRoomLeavesTheOneThatWasThere) {
  for (std::uint32_t i = 1; i < 1200; ++i) put(i, 1);
  set(PL_SCHED_RR, 5);
  const auto before = services_[kService].list;
  std::vector<pl_row> few(8);
  MemberLists small({services_, few, slots_, servers_, loads_}, Duration::zero());
  std::vector<Member> members(100, Member{1, 1});
  EXPECT_FALSE(small.set(kService, PL_SCHED_SH, 0, members, TimePoint{}));
  EXPECT_EQ(services_[kService].list, before);
}

TEST_F(MemberListsTest, LoadsThatChangeOnTwoThreadsAtOnceLeaveAnExactTree) {
  for (const auto scheduler : {PL_SCHED_WLC, PL_SCHED_NQ, PL_SCHED_LBLC, PL_SCHED_RR}) {
    constexpr std::uint32_t kCount = 70;
    for (std::uint32_t i = 1; i <= kCount; ++i) {
      loads_[i] = {};
      put(i, 1 + i % 5, i % 4 == 0 ? 1 + i % 3 : 0);
    }
    set(scheduler, kCount);
    const auto work = [&](unsigned seed) {
      std::mt19937 random(seed);
      for (int n = 0; n < 30000; ++n) {
        // Few servers, so that threads meet; every connection that begins ends.
        const auto server = 1 + static_cast<std::uint32_t>(random() % (n % 2 ? kCount : 6));
        add(server, 1, 0);
        if (n % 3 == 0) add(server, -1, 1);
        if (n % 3 == 0)
          add(server, 0, -1);
        else if (n % 3 == 1)
          add(server, -1, 0);
      }
    };
    std::thread one(work, 1), two(work, 2);
    one.join();
    two.join();
    EXPECT_EQ(root(), scanned()) << scheduler;
    std::uint32_t roomy = 0;
    for (std::uint32_t i = 1; i <= kCount; ++i) {
      const auto total = loads_[i].active + loads_[i].inactive;
      if (loads_[i].upper != 0 && total >= loads_[i].upper) {
        EXPECT_TRUE(overloaded(i)) << i;
      }
      if (loads_[i].upper != 0 && total < loads_[i].clear_below) {
        EXPECT_FALSE(overloaded(i)) << i;
      }
      if (std::uint64_t{loads_[i].active} * 2 < loads_[i].weight) ++roomy;
    }
    if (scheduler == PL_SCHED_LBLC) {
      EXPECT_EQ(services_[kService].roomy, roomy);
    }
  }
}

}  // namespace
}  // namespace plenum::lb
