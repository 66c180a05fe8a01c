// The tables of RFC 9568 sections 6.4.1 to 6.4.3, row by row, and what goes beyond them.

#include "vrrp/router.h"

#include <gtest/gtest.h>

namespace plenum::vrrp {
namespace {

using proto::VrrpAdvert;
using std::chrono::milliseconds;
using std::chrono::seconds;

net::Address address(const char* text) { return net::Address::parse(text).value(); }

class RouterTest : public testing::Test {
 protected:
  static RouterSettings settings(std::uint8_t priority = 100) {
    return {.version = 3, .vrid = 7, .priority = priority, .interval = seconds(1), .source = address("192.0.2.2")};
  }
  void begin(const RouterSettings& s) {
    router_ = Router(s);
    started_ = router_.set_able(true, now_);
  }
  void be_master(const RouterSettings& s) {
    begin(s);
    now_ = router_.due().value();
    ASSERT_EQ(router_.advance(now_).transition->to, State::Master);
  }
  static VrrpAdvert advert(std::uint8_t priority, Duration interval = seconds(1)) {
    return {.version = 3, .vrid = 7, .priority = priority, .interval = interval, .addresses = {address("192.0.2.10")}};
  }
  Actions hear(std::uint8_t priority, const char* from = "192.0.2.1", Duration interval = seconds(1)) {
    return router_.receive(advert(priority, interval), address(from), now_);
  }
  // Of two alone.
  Actions resigns(const char* from = "192.0.2.1") { return router_.receive(advert(0), address(from), now_, true); }
  [[nodiscard]] Duration left() const { return router_.due().value() - now_; }
  // Nothing is to be done before then, and at that time something is.
  Actions at_due() {
    const auto due = router_.due().value();
    EXPECT_TRUE(router_.advance(due - Duration(1)).empty());
    now_ = due;
    return router_.advance(now_);
  }

  TimePoint now_{seconds(1000)};
  Router router_{settings()};
  Actions started_;
};

Transition to(State from, State state, Reason reason) { return {from, state, reason}; }

TEST_F(RouterTest, Timers) {
  // Section 6.1: of a hundred's priority 156/256 of the master's interval; version 2's is of a second.
  EXPECT_EQ(skew_time(3, 100, seconds(1)), Duration(609375000));
  EXPECT_EQ(skew_time(3, 100, milliseconds(100)), Duration(60937500));
  EXPECT_EQ(skew_time(2, 100, seconds(4)), Duration(609375000));
  EXPECT_EQ(skew_time(3, 255, seconds(1)), Duration(3906250));
  EXPECT_EQ(master_down_interval(3, 100, milliseconds(100)), milliseconds(300) + Duration(60937500));
  EXPECT_EQ(master_down_interval(2, 254, seconds(4)), seconds(12) + Duration(7812500));
}

TEST_F(RouterTest, AnOwnerIsMasterAtOnce) {
  begin(settings(255));
  EXPECT_EQ(started_.transition, to(State::Fault, State::Master, Reason::Owner));
  EXPECT_EQ(started_.adverts, std::vector<std::uint8_t>{255});
  EXPECT_TRUE(started_.announce);
  EXPECT_EQ(left(), seconds(1));
}

TEST_F(RouterTest, OthersBeginAsBackups) {
  begin(settings());
  EXPECT_EQ(started_.transition, to(State::Fault, State::Backup, Reason::Started));
  EXPECT_TRUE(started_.adverts.empty());
  EXPECT_FALSE(started_.announce);
  EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1)));
}

TEST_F(RouterTest, InFaultNothingHappens) {
  EXPECT_EQ(router_.state(), State::Fault);
  EXPECT_FALSE(router_.due());
  EXPECT_TRUE(hear(200).empty());
  EXPECT_TRUE(router_.advance(now_).empty());
  EXPECT_TRUE(router_.resign(now_).empty());
  EXPECT_TRUE(router_.follow(State::Master, now_).empty());
  EXPECT_TRUE(router_.set_able(false, now_).empty());
}

TEST_F(RouterTest, SilenceMakesABackupMaster) {
  begin(settings());
  const auto actions = at_due();
  EXPECT_EQ(actions.transition, to(State::Backup, State::Master, Reason::Silence));
  EXPECT_EQ(actions.adverts, std::vector<std::uint8_t>{100});
  EXPECT_TRUE(actions.announce);
  EXPECT_EQ(left(), seconds(1));
}

TEST_F(RouterTest, ABackupWaitsAnewBehindEachAdvertisement) {
  begin(settings());
  now_ += seconds(2);
  EXPECT_TRUE(hear(100).empty());
  EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1)));
  EXPECT_EQ(router_.master()->source, address("192.0.2.1"));
  // The master's own interval counts (version 3).
  EXPECT_TRUE(hear(150, "192.0.2.1", milliseconds(100)).empty());
  EXPECT_EQ(left(), master_down_interval(3, 100, milliseconds(100)));
}

TEST_F(RouterTest, InVersion2TheOwnIntervalCounts) {
  auto s = settings();
  s.version = 2;
  begin(s);
  EXPECT_TRUE(hear(150, "192.0.2.1", seconds(200)).empty());
  EXPECT_EQ(left(), master_down_interval(2, 100, seconds(1)));
}

TEST_F(RouterTest, AMasterThatResignsIsFollowedInSkewTime) {
  begin(settings());
  EXPECT_TRUE(hear(150, "192.0.2.1", milliseconds(500)).empty());
  EXPECT_TRUE(hear(0).empty());
  EXPECT_EQ(left(), skew_time(3, 100, milliseconds(500)));
  EXPECT_EQ(at_due().transition, to(State::Backup, State::Master, Reason::Resigned));
}

TEST_F(RouterTest, WhereItMayItFollowsAtOnce) {
  begin(settings());
  EXPECT_TRUE(resigns().empty());
  EXPECT_EQ(left(), skew_time(3, 100, seconds(1))) << "nobody was master that it knew";
  begin(settings());
  EXPECT_TRUE(hear(150).empty());
  EXPECT_TRUE(resigns().empty());
  EXPECT_EQ(left(), brief_skew(100));
  EXPECT_EQ(at_due().transition, to(State::Backup, State::Master, Reason::Resigned));
  EXPECT_LT(brief_skew(100), milliseconds(2));
  EXPECT_LT(brief_skew(110), brief_skew(100));
}

TEST_F(RouterTest, ABetterBackupThatWasMasterOnceComesFirst) {
  begin(settings());
  EXPECT_TRUE(hear(150, "192.0.2.1").empty());
  EXPECT_TRUE(hear(160, "192.0.2.3").empty());
  EXPECT_TRUE(resigns("192.0.2.3").empty());
  EXPECT_EQ(left(), skew_time(3, 100, seconds(1)));
  // Until that one resigned as well, or is master again.
  begin(settings());
  EXPECT_TRUE(hear(150, "192.0.2.1").empty());
  EXPECT_TRUE(hear(160, "192.0.2.3").empty());
  EXPECT_TRUE(resigns("192.0.2.1").empty());
  EXPECT_TRUE(resigns("192.0.2.3").empty());
  EXPECT_EQ(left(), brief_skew(100));
  begin(settings());
  EXPECT_TRUE(hear(90, "192.0.2.1").empty()) << "a lesser one that may not be preempted is no rival";
}

TEST_F(RouterTest, WhoHasTheAddressesFromBeforeWaitsForOneAdvertisement) {
  begin(settings());
  router_.adopt(now_);
  EXPECT_EQ(left(), seconds(1) + skew_time(3, 100, seconds(1)));
  EXPECT_EQ(at_due().transition, to(State::Backup, State::Master, Reason::Adopted));
  begin(settings());
  router_.adopt(now_);
  EXPECT_TRUE(hear(150).empty());
  EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1))) << "somebody is master";
  EXPECT_EQ(at_due().transition, to(State::Backup, State::Master, Reason::Silence));
  begin(settings());
  router_.adopt(now_);
  EXPECT_TRUE(hear(50).empty());
  EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1))) << "somebody is, if to be preempted";
}

TEST_F(RouterTest, ThatSomebodyElseResignsSaysNothing) {
  begin(settings());
  EXPECT_TRUE(hear(150).empty());
  const auto due = router_.due();
  now_ += milliseconds(100);
  EXPECT_TRUE(hear(0, "192.0.2.3").empty());
  EXPECT_EQ(router_.due(), due);
}

TEST_F(RouterTest, ALowerMasterIsPreempted) {
  begin(settings());
  EXPECT_TRUE(hear(150).empty());
  const auto due = router_.due();
  for (int i = 0; i < 3; ++i) {
    now_ += seconds(1);
    EXPECT_TRUE(hear(50).empty());
    EXPECT_EQ(router_.due(), due) << "the timer runs on";
  }
  EXPECT_EQ(at_due().transition, to(State::Backup, State::Master, Reason::Preempted));
}

TEST_F(RouterTest, WithoutPreemptionItIsNot) {
  auto s = settings();
  s.preempt = false;
  begin(s);
  for (int i = 0; i < 20; ++i) {
    now_ += seconds(1);
    EXPECT_TRUE(hear(50).empty());
    EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1)));
  }
  EXPECT_EQ(at_due().transition, to(State::Backup, State::Master, Reason::Silence));
}

TEST_F(RouterTest, ADelayLetsALowerMasterBeForAWhile) {
  auto s = settings();
  s.preempt_delay = seconds(10);
  begin(s);
  const auto start = now_;
  std::optional<Transition> seen;
  while (!seen && now_ < start + seconds(60)) {
    const auto next = now_ + seconds(1);
    if (router_.due().value() <= next) {
      now_ = router_.due().value();
      seen = router_.advance(now_).transition;
      continue;
    }
    now_ = next;
    EXPECT_TRUE(hear(50).empty());
  }
  EXPECT_EQ(seen, to(State::Backup, State::Master, Reason::Preempted));
  EXPECT_GE(now_ - start, seconds(10));
  EXPECT_LE(now_ - start, seconds(10) + master_down_interval(3, 100, seconds(1)));
}

// Without a master there is nobody to be let be.
TEST_F(RouterTest, TheDelayIsNotForSilence) {
  auto s = settings();
  s.preempt_delay = seconds(100);
  begin(s);
  EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1)));
  EXPECT_EQ(at_due().transition->to, State::Master);
}

TEST_F(RouterTest, AMasterAdvertisesAtItsInterval) {
  be_master(settings());
  const auto first = now_;
  for (int i = 1; i <= 5; ++i) {
    const auto actions = at_due();
    EXPECT_EQ(actions.adverts, std::vector<std::uint8_t>{100});
    EXPECT_FALSE(actions.transition);
    EXPECT_FALSE(actions.announce);
    EXPECT_EQ(now_ - first, seconds(i));
  }
  // Lateness does not add up, and a long sleep makes no burst.
  (void)router_.advance(first + seconds(6) + milliseconds(300));
  EXPECT_EQ(router_.due(), first + seconds(7));
  (void)router_.advance(first + seconds(20));
  EXPECT_EQ(router_.due(), first + seconds(21));
}

TEST_F(RouterTest, AMasterYieldsToABetterOne) {
  be_master(settings());
  const auto actions = hear(101, "192.0.2.1", milliseconds(200));
  EXPECT_EQ(actions.transition, to(State::Master, State::Backup, Reason::Outranked));
  EXPECT_TRUE(actions.adverts.empty());
  EXPECT_EQ(left(), master_down_interval(3, 100, milliseconds(200)));
}

TEST_F(RouterTest, OfEqualsTheGreaterAddressWins) {
  be_master(settings());
  const auto lower = hear(100, "192.0.2.1");
  EXPECT_FALSE(lower.transition);
  EXPECT_EQ(lower.adverts, std::vector<std::uint8_t>{100});
  EXPECT_EQ(hear(100, "192.0.2.3").transition->to, State::Backup);
}

// Two masters that meet: one advertisement settles it, and the winner says again where the addresses are.
TEST_F(RouterTest, AWorseMasterIsToldAtOnce) {
  be_master(settings());
  now_ += milliseconds(700);
  const auto actions = hear(50);
  EXPECT_FALSE(actions.transition);
  EXPECT_EQ(actions.adverts, std::vector<std::uint8_t>{100});
  EXPECT_TRUE(actions.announce);
  EXPECT_EQ(left(), seconds(1));
}

TEST_F(RouterTest, WhoResignsIsAnsweredByTheMaster) {
  be_master(settings());
  now_ += milliseconds(700);
  const auto actions = hear(0);
  EXPECT_EQ(actions.adverts, std::vector<std::uint8_t>{100});
  EXPECT_FALSE(actions.announce);
  EXPECT_EQ(left(), seconds(1));
}

TEST_F(RouterTest, WithdrawingAMasterSaysThatItGoes) {
  be_master(settings());
  auto actions = router_.set_able(false, now_);
  EXPECT_EQ(actions.transition, to(State::Master, State::Fault, Reason::Withdrawn));
  EXPECT_EQ(actions.adverts, std::vector<std::uint8_t>{0});
  EXPECT_FALSE(router_.due());
  begin(settings());
  actions = router_.set_able(false, now_);
  EXPECT_EQ(actions.transition, to(State::Backup, State::Fault, Reason::Withdrawn));
  EXPECT_TRUE(actions.adverts.empty());
}

TEST_F(RouterTest, ToldToGiveUpAMasterIsBackup) {
  be_master(settings());
  const auto actions = router_.resign(now_);
  EXPECT_EQ(actions.transition, to(State::Master, State::Backup, Reason::Stopped));
  EXPECT_EQ(actions.adverts, std::vector<std::uint8_t>{0});
  EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1)));
  EXPECT_TRUE(router_.resign(now_).empty());
}

TEST_F(RouterTest, TheMastersBfdSessionGoesDown) {
  begin(settings());
  EXPECT_TRUE(router_.neighbor_down(address("192.0.2.1"), now_).empty()) << "there is no master";
  EXPECT_TRUE(hear(150).empty());
  EXPECT_TRUE(router_.neighbor_down(address("192.0.2.3"), now_).empty()) << "of somebody else";
  const auto actions = router_.neighbor_down(address("192.0.2.1"), now_);
  EXPECT_EQ(actions.transition, to(State::Backup, State::Master, Reason::NeighborDown));
  EXPECT_EQ(actions.adverts, std::vector<std::uint8_t>{100});
  EXPECT_TRUE(router_.neighbor_down(address("192.0.2.1"), now_).empty()) << "is master itself";
}

// Of three, the least noticed it first. Whoever lets a lesser master be does not let it win the election.
TEST_F(RouterTest, ALesserOneThatNoticedFirstIsNotLetBe) {
  auto s = settings();
  s.preempt = false;
  const auto succeeded = [&] {
    begin(s);
    EXPECT_TRUE(hear(150).empty());
    now_ += milliseconds(90);
    EXPECT_TRUE(hear(50, "192.0.2.3").empty());
  };
  succeeded();
  ASSERT_TRUE(router_.succession());
  EXPECT_EQ(router_.succession()->before.source, address("192.0.2.1"));
  EXPECT_EQ(router_.succession()->at, now_);
  now_ += milliseconds(20);
  EXPECT_EQ(router_.neighbor_down(address("192.0.2.1"), now_).transition,
            to(State::Backup, State::Master, Reason::NeighborDown));
  EXPECT_FALSE(router_.succession());
  succeeded();
  router_.set_priority(40, now_);
  EXPECT_TRUE(router_.neighbor_down(address("192.0.2.1"), now_).empty()) << "it is not the lesser one any more";
  succeeded();
  EXPECT_TRUE(hear(0).empty());
  EXPECT_FALSE(router_.succession()) << "the former one gave up by itself, if late";
  succeeded();
  EXPECT_TRUE(hear(150).empty());
  EXPECT_FALSE(router_.succession()) << "the former one lives";
  EXPECT_TRUE(hear(0).empty());
  EXPECT_TRUE(hear(50, "192.0.2.3").empty());
  EXPECT_FALSE(router_.succession()) << "it had given up";
  EXPECT_TRUE(hear(120, "192.0.2.4").empty());
  EXPECT_FALSE(router_.succession()) << "a better one follows";
}

TEST_F(RouterTest, AnotherPriority) {
  begin(settings());
  EXPECT_TRUE(hear(150).empty());
  now_ += seconds(1);
  EXPECT_TRUE(router_.set_priority(200, now_).empty());
  EXPECT_EQ(left(), master_down_interval(3, 200, seconds(1)) - seconds(1)) << "from when the master was heard";
  EXPECT_EQ(at_due().adverts, std::vector<std::uint8_t>{200});
  EXPECT_TRUE(router_.set_priority(40, now_).empty());
  EXPECT_EQ(at_due().adverts, std::vector<std::uint8_t>{40});
  EXPECT_TRUE(router_.set_priority(0, now_).empty());
  EXPECT_EQ(router_.priority(), 1) << "0 says that a master resigns";
  EXPECT_TRUE(router_.set_priority(255, now_).empty());
  EXPECT_EQ(router_.priority(), 254) << "255 is an owner's";
  begin(settings(255));
  EXPECT_TRUE(router_.set_priority(10, now_).empty());
  EXPECT_EQ(router_.priority(), 255);
}

TEST_F(RouterTest, TimeAwayIsNoSilence) {
  begin(settings());
  hear(200);
  now_ += seconds(1);
  router_.was_away(seconds(1), now_);
  EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1)));
  router_.set_priority(150, now_);
  EXPECT_EQ(left(), master_down_interval(3, 150, seconds(1))) << "as reckoned anew";
  hear(50, "192.0.2.3");
  router_.was_away(seconds(1), now_);
  EXPECT_EQ(left(), master_down_interval(3, 150, seconds(1)) + seconds(1)) << "nor where a lower one is there";
  EXPECT_EQ(at_due().transition->reason, Reason::Preempted);
  begin(settings());
  router_.adopt(now_);
  const auto before = left();
  router_.was_away(seconds(2), now_);
  EXPECT_EQ(left(), before + seconds(2));
  EXPECT_EQ(at_due().transition->reason, Reason::Adopted);
}

// How long it was away is known as far as it was late, and may have been more.
TEST_F(RouterTest, BehindATimeAwayTheMasterHasOneIntervalToBeHeard) {
  begin(settings());
  hear(200);
  now_ = router_.due().value() + milliseconds(20);
  router_.was_away(milliseconds(20), now_);
  EXPECT_EQ(left(), seconds(1));
  now_ = router_.due().value() + milliseconds(20);
  router_.was_away(milliseconds(20), now_);
  EXPECT_EQ(left(), Duration::zero()) << "once: who is away again and again takes over all the same";
  hear(200);
  now_ = router_.due().value() + milliseconds(20);
  router_.was_away(milliseconds(20), now_);
  EXPECT_EQ(left(), seconds(1));
  hear(0);
  const auto skew = left();
  router_.was_away(milliseconds(20), now_);
  EXPECT_EQ(left(), skew) << "who resigned is not waited for";
}

TEST_F(RouterTest, AsItsSyncGroup) {
  begin(settings());
  EXPECT_EQ(router_.follow(State::Master, now_).transition, to(State::Backup, State::Master, Reason::Group));
  const auto actions = router_.follow(State::Backup, now_);
  EXPECT_EQ(actions.transition, to(State::Master, State::Backup, Reason::Group));
  EXPECT_EQ(actions.adverts, std::vector<std::uint8_t>{0});
  EXPECT_TRUE(router_.follow(State::Backup, now_).empty());
}

TEST_F(RouterTest, NewSettings) {
  be_master(settings());
  router_.set_priority(90, now_);
  auto s = settings(150);
  s.interval = milliseconds(100);
  router_.change(s, now_);
  EXPECT_EQ(router_.priority(), 140) << "what is tracked stays";
  EXPECT_EQ(left(), milliseconds(100));
  s.interval = seconds(5);
  router_.change(s, now_);
  EXPECT_EQ(left(), milliseconds(100)) << "the one that is due comes";
  EXPECT_EQ(at_due().adverts, std::vector<std::uint8_t>{140});
  EXPECT_EQ(left(), seconds(5));
}

TEST_F(RouterTest, NewSettingsDoNotBeginABackupsWaitAnew) {
  begin(settings());
  now_ += seconds(2);
  router_.change(settings(), now_);
  EXPECT_EQ(left(), master_down_interval(3, 100, seconds(1)) - seconds(2));
  auto s = settings(200);
  s.interval = seconds(2);
  router_.change(s, now_);
  EXPECT_EQ(left(), master_down_interval(3, 200, seconds(2)) - seconds(2));
  s.interval = milliseconds(100);
  router_.change(s, now_);
  EXPECT_EQ(left(), Duration::zero()) << "was over already, then";
  begin(settings());
  router_.adopt(now_);
  now_ += milliseconds(500);
  router_.change(settings(), now_);
  EXPECT_EQ(left(), milliseconds(500) + skew_time(3, 100, seconds(1)));
  EXPECT_EQ(at_due().transition->reason, Reason::Adopted);
  begin(settings());
  EXPECT_TRUE(hear(150).empty());
  EXPECT_TRUE(hear(0).empty());
  router_.change(settings(), now_);
  EXPECT_EQ(left(), skew_time(3, 100, seconds(1)));
  EXPECT_EQ(at_due().transition->reason, Reason::Resigned);
}

// One advertisement more, or it would be master for that long.
TEST_F(RouterTest, WhoMayNotPreemptAnyMoreLetsTheLesserOneBe) {
  const auto about_to_preempt = [&] {
    begin(settings());
    EXPECT_TRUE(hear(50).empty());
    now_ = router_.due().value() - milliseconds(1);
    EXPECT_TRUE(hear(50, "192.0.2.1", seconds(2)).empty());
  };
  about_to_preempt();
  EXPECT_TRUE(router_.set_priority(60, now_).empty());
  EXPECT_EQ(left(), milliseconds(1) + skew_time(3, 60, seconds(1)) - skew_time(3, 100, seconds(1)))
      << "still the better one";
  EXPECT_TRUE(router_.set_priority(50, now_).empty());
  EXPECT_GT(left(), seconds(2));
  EXPECT_LT(left(), seconds(4));
  now_ += seconds(2);
  EXPECT_TRUE(router_.advance(now_).empty());
  EXPECT_TRUE(hear(50, "192.0.2.1", seconds(2)).empty());
  EXPECT_EQ(left(), master_down_interval(3, 50, seconds(2)));
  about_to_preempt();
  auto s = settings();
  s.preempt = false;
  router_.change(s, now_);
  EXPECT_GT(left(), seconds(2)) << "told not to";
}

}  // namespace
}  // namespace plenum::vrrp
