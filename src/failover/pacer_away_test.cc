// What the pacer does about a host that stands still.
#include "failover/pacer_rig_for_test.h"

namespace plenum::failover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(PacerTest, TimeAwayIsNobodysSilence) {
  able();
  hear(150);
  auto& watched = session(kOther);
  bring_up(kOther);
  hear(150);
  pass(50ms);
  // The machine stood still from here on. What is due is due later by as much, and no more.
  now_ += 5s;
  pacer_.was_away(5s, 0s, now_);
  pacer_.advance(now_);
  EXPECT_EQ(watched.machine.state(), proto::BfdState::Up);
  EXPECT_EQ(state(), State::Backup);
  pass(39ms);
  EXPECT_EQ(watched.machine.state(), proto::BfdState::Up);
  pass(2ms);
  EXPECT_EQ(watched.machine.state(), proto::BfdState::Down);
  EXPECT_EQ(state(), State::Master);
}

TEST_F(PacerTest, TimeAwayDoesNotCountForAMaster) {
  auto& router = able();
  hear(150);
  pass(1s);
  const auto due = router.machine.due();
  now_ += 3s;
  pacer_.was_away(3s, 0s, now_);
  EXPECT_EQ(router.machine.due(), *due + 3s);
  pacer_.advance(now_);
  EXPECT_EQ(state(), State::Backup);
  pass(3s);
  EXPECT_EQ(state(), State::Master);
  // What it has to say itself is due as before.
  const auto next = router.machine.due();
  pacer_.was_away(3s, 0s, now_);
  EXPECT_EQ(router.machine.due(), next);
}

// Or that it comes late would be known no sooner than it is to be master.
TEST_F(PacerTest, ABackupIsWokenOnceAnInterval) {
  EXPECT_EQ(pacer_.least_interval(), Duration::max());
  able();
  EXPECT_EQ(pacer_.due(now_), now_ + 1s);
  proto::VrrpAdvert advert{.vrid = 1, .priority = 150, .interval = 10ms, .addresses = {address("192.0.2.10")}};
  hear(advert, kOther, kGroup);
  EXPECT_EQ(pacer_.due(now_), now_ + 10ms);
  EXPECT_EQ(pacer_.least_interval(), 10ms);
  session(kOther);
  EXPECT_EQ(pacer_.least_interval(), 10ms) << "one that is down is waited for by nobody";
  bring_up(kOther);
  advert.interval = 100ms;
  hear(advert, kOther, kGroup);
  EXPECT_EQ(pacer_.least_interval(), 30ms);
  pass(5s);
  ASSERT_EQ(state(), State::Master);
  EXPECT_EQ(pacer_.least_interval(), Duration::max()) << "nobody is waited for";
}

// Of a pause only the part behind what was due is known: who was silent all of it by what is known has one more
// interval of its own to be heard. Once: of a host that stands still again and again nobody would ever be down.
TEST_F(PacerTest, BehindATimeAwayEverybodyHasOneIntervalToBeHeard) {
  able();
  auto& watched = session(kOther);
  bring_up(kOther);
  hear(150);
  now_ += 100ms;
  pacer_.was_away(11ms, 0s, now_);
  pacer_.advance(now_);
  EXPECT_EQ(watched.machine.state(), proto::BfdState::Up);
  pass(29ms);
  EXPECT_EQ(watched.machine.state(), proto::BfdState::Up);
  hear_bfd(kOther, proto::BfdState::Up);
  now_ += 100ms;
  pacer_.was_away(11ms, 0s, now_);
  pacer_.advance(now_);
  EXPECT_EQ(watched.machine.state(), proto::BfdState::Up);
  now_ += 20ms;
  pacer_.was_away(11ms, 0s, now_);
  pass(20ms);
  EXPECT_EQ(watched.machine.state(), proto::BfdState::Up);
  pass(2ms);
  EXPECT_EQ(watched.machine.state(), proto::BfdState::Down) << "the second time away adds itself and no more";
  EXPECT_EQ(state(), State::Master);
}

// Only such as others may have noticed, and not in a stream.
TEST_F(PacerTest, ATimeAwayInWhichPacketsWereMissedIsTold) {
  const auto told = [&] {
    std::vector<Duration> out;
    for (const auto& event : wire_.events)
      if (event.kind == Event::Kind::Away) out.push_back(event.interval);
    return out;
  };
  able();
  hear(150);
  pacer_.was_away(5s, 0s, now_);
  EXPECT_THAT(told(), IsEmpty()) << "a backup by itself has nothing to say";
  session(kOther);
  bring_up(kOther);
  pacer_.was_away(29ms, 0s, now_);
  EXPECT_THAT(told(), IsEmpty()) << "packets are 30 ms apart";
  for (int i = 0; i < 12; ++i) pacer_.was_away(30ms + 1ms * i, 0s, now_ + 40ms * i);
  EXPECT_THAT(told(), ElementsAre(30ms, 31ms, 32ms, 33ms, 34ms, 35ms, 36ms, 37ms, 38ms, 39ms)) << "no flood of them";
  pacer_.was_away(50ms, 0s, now_ + 999ms);
  EXPECT_EQ(told().size(), 10U);
  pacer_.was_away(51ms, 0s, now_ + 1s);
  pacer_.was_away(52ms, 0s, now_ + 1s);
  EXPECT_EQ(told().size(), 11U);
  EXPECT_EQ(told().back(), 51ms);
}

TEST_F(PacerTest, ATimeAwayInWhichAdvertisementsWereMissedIsTold) {
  able();
  pass(4s);
  ASSERT_EQ(state(), State::Master);
  wire_.events.clear();
  pacer_.was_away(999ms, 0s, now_);
  EXPECT_THAT(wire_.events, IsEmpty());
  pacer_.was_away(1s, 20ms, now_);
  ASSERT_EQ(wire_.events.size(), 1U);
  EXPECT_EQ(wire_.events.front().kind, Event::Kind::Away);
  EXPECT_EQ(wire_.events.front().interval, 1s);
  EXPECT_EQ(wire_.events.front().at_work, 20ms);
}

}  // namespace
}  // namespace plenum::failover
