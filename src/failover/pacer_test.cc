// What the pacing thread decides.
#include "failover/pacer_rig_for_test.h"

namespace plenum::failover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(PacerTest, SilenceMakesItMasterAndItsAddressesWanted) {
  able();
  EXPECT_EQ(want(), Want::Undecided) << "until somebody is known to be master";
  pass(4s);
  EXPECT_EQ(state(), State::Master);
  EXPECT_EQ(want(), Want::Present);
  EXPECT_THAT(wire_.priorities(), ElementsAre(100));
  EXPECT_EQ(wire_.sent.front().ttl, 255);
  EXPECT_EQ(wire_.sent.front().destination, kGroup);
  pass(3s);
  EXPECT_THAT(wire_.priorities(), ElementsAre(100, 100, 100, 100));
  EXPECT_EQ(count(Count::AdvertsSent), 4u);
  EXPECT_EQ(count(Count::MasterTransitions), 1u);
}

TEST_F(PacerTest, WhatIsLeftOverGoesWhenSomebodyElseIsMaster) {
  auto& router = able();
  pacer_.adopt(router, now_);
  hear(150);
  EXPECT_EQ(want(), Want::Absent);
  able(2);
  hear(50, kOther, 2);
  EXPECT_EQ(want(2), Want::Absent) << "one that will be preempted has them until then";
  auto& third = able(3);
  pacer_.adopt(third, now_);
  pass(2s);
  EXPECT_EQ(want(3), Want::Present) << "adopted";
  auto& fourth = add(4);
  pacer_.set_standing(fourth, false, 100, now_);
  EXPECT_EQ(want(4), Want::Absent) << "who may not take part keeps nothing";
}

TEST_F(PacerTest, Version2) {
  auto& router = add();
  router.shape.version = 2;
  router.shape.password.emplace(std::array<char, 8>{'a', 'b'});
  auto settings = router.machine.settings();
  settings.version = 2;
  router.machine.change(settings, now_);
  pacer_.set_standing(router, true, 100, now_);
  proto::VrrpAdvert advert{
      .version = 2, .vrid = 1, .priority = 150, .interval = 1s, .addresses = {address("192.0.2.10")}};
  hear(advert, kOther, kGroup);
  EXPECT_EQ(count(Count::AuthenticationErrors), 1u) << "without a password";
  advert.password = std::array<char, 8>{'a', 'c'};
  hear(advert, kOther, kGroup);
  EXPECT_EQ(count(Count::AuthenticationErrors), 2u);
  advert.password = router.shape.password;
  advert.interval = 2s;
  hear(advert, kOther, kGroup);
  EXPECT_EQ(count(Count::IntervalErrors), 1u);
  advert.interval = 1s;
  hear(advert, kOther, kGroup);
  EXPECT_EQ(count(Count::AdvertsReceived), 1u);
}

TEST_F(PacerTest, UnicastHearsItsPeers) {
  auto& router = able();
  router.shape.peers = {{kOther, 255, 255}, {kThird, 250, 255}};
  router.shape.destinations = {kOther, kThird};
  const proto::VrrpAdvert advert{.vrid = 1, .priority = 150, .addresses = {address("192.0.2.10")}};
  hear(advert, address("192.0.2.9"), kSelf);
  hear(advert, kOther, kGroup);
  EXPECT_EQ(count(Count::SourceErrors), 2u);
  hear(advert, kOther, kSelf, 254);
  EXPECT_EQ(count(Count::TtlErrors), 1u);
  hear(advert, kThird, kSelf, 250);
  EXPECT_EQ(count(Count::AdvertsReceived), 1u);
  router.shape.check_source = false;
  hear(advert, address("192.0.2.9"), kSelf);
  EXPECT_EQ(count(Count::AdvertsReceived), 2u);
  pass(20s);
  EXPECT_EQ(wire_.sent[0].destination, kOther);
  EXPECT_EQ(wire_.sent[1].destination, kThird);
}

// As keepalived's users have it: one id twice on an interface.
TEST_F(PacerTest, OneNumberTwiceIsToldApartByWhomItComesFromAndGoesTo) {
  able(1);
  const auto unicast = [&](int key, const net::Address& peer) -> PacedRouter& {
    auto& both = routers_[key];
    both.router =
        std::make_unique<PacedRouter>(key, vrrp::RouterSettings{.version = 3, .vrid = 1, .source = kSelf}, both.board);
    both.router->shape = routers_[1].router->shape;
    both.router->shape.peers = {{peer, 255, 255}};
    both.router->shape.destinations = {peer};
    pacer_.add(*both.router);
    pacer_.set_standing(*both.router, true, 100, now_);
    return *both.router;
  };
  auto& second = unicast(11, kOther);
  auto& third = unicast(12, kThird);
  const proto::VrrpAdvert advert{.vrid = 1, .priority = 150, .interval = 1s, .addresses = {address("192.0.2.10")}};
  hear(advert, kOther, kSelf);
  EXPECT_TRUE(second.machine.master());
  EXPECT_FALSE(routers_[1].router->machine.master());
  EXPECT_FALSE(third.machine.master());
  hear(advert, kOther, kGroup);
  EXPECT_TRUE(routers_[1].router->machine.master());
  hear(advert, kThird, kSelf);
  EXPECT_TRUE(third.machine.master());
  pacer_.remove(second, now_);
  hear(advert, kOther, kGroup);
  EXPECT_EQ(count(Count::AdvertsReceived, 1), 2u) << "the others stay";
}

// Two masters that meet: one packet, and the winner announces again.
TEST_F(PacerTest, AMasterThatHearsALesserOneSaysWhereTheAddressesAre) {
  able();
  pass(6s);
  const auto before = routers_[1].board.lower_heard.load();
  wire_.sent.clear();
  hear(50);
  EXPECT_THAT(wire_.priorities(), ElementsAre(100));
  EXPECT_EQ(routers_[1].board.lower_heard.load(), before + 1);
  EXPECT_EQ(wire_.events.back().kind, Event::Kind::LowerHeard);
}

TEST_F(PacerTest, AMasterThatGivesWaySaysSoToWhoMayNotHaveHeardIt) {
  able();
  pass(6s);
  wire_.sent.clear();
  hear(150);
  EXPECT_EQ(state(), State::Backup);
  EXPECT_EQ(want(), Want::Absent);
  EXPECT_THAT(wire_.priorities(), ElementsAre(100));
}

TEST_F(PacerTest, RightBehindATakeoverALesserOneIsNoSecondMaster) {
  able();
  hear(150);
  while (state() != State::Master) pass(10ms);
  const auto before = routers_[1].board.lower_heard.load();
  const auto events = wire_.events.size();
  hear(50);
  EXPECT_EQ(routers_[1].board.lower_heard.load(), before + 1) << "announced again all the same";
  EXPECT_EQ(wire_.events.size(), events);
}

TEST_F(PacerTest, AStopResignsAndGivesTheAddressesUp) {
  able();
  pass(4s);
  able(2);
  hear(150, kOther, 2);
  session(kOther);
  bring_up(kOther);
  wire_.sent.clear();
  wire_.bfd.clear();
  pacer_.stop(now_);
  EXPECT_THAT(wire_.priorities(1), ElementsAre(0));
  EXPECT_THAT(wire_.priorities(2), IsEmpty());
  EXPECT_EQ(want(1), Want::Absent);
  EXPECT_EQ(want(2), Want::Absent);
  ASSERT_EQ(wire_.bfd.size(), 1u);
  EXPECT_EQ(wire_.bfd[0].state, proto::BfdState::AdminDown);
}

TEST_F(PacerTest, AResignedMasterIsFollowedByTheSkewWhereAThirdOneMayBe) {
  const auto resigned = [&](int vrid, const net::Address& from) {
    hear(150, from, static_cast<std::uint8_t>(vrid));
    hear(0, from, static_cast<std::uint8_t>(vrid));
    pass(3ms);
    return state(static_cast<std::uint8_t>(vrid)) == State::Backup;
  };
  able(1);
  EXPECT_TRUE(resigned(1, kOther)) << "nobody is watched";
  able(2);
  session(kOther);
  EXPECT_TRUE(resigned(2, kOther)) << "the session is not up";
  bring_up(kOther);
  able(3);
  EXPECT_TRUE(resigned(3, kThird)) << "it is somebody else's: a gateway's, say";
  able(4);
  hear(50, kThird, 4);
  hear(150, kOther, 4);
  const auto pass_while_it_speaks = [&](Duration time) {
    for (const auto end = now_ + time; now_ < end; pass(50ms)) hear_bfd(kOther, proto::BfdState::Up);
  };
  pass_while_it_speaks(2900ms);
  EXPECT_TRUE(resigned(4, kOther)) << "a third one was heard";
  able(5);
  hear(50, kThird, 5);
  hear(150, kOther, 5);
  pass_while_it_speaks(3s);
  EXPECT_FALSE(resigned(5, kOther)) << "long ago";
  hear_bfd(kOther, proto::BfdState::Up);
  able(6).shape.ifindex = 4;
  EXPECT_TRUE(resigned(6, kOther)) << "on another interface";
  able(7);
  session(kThird, 8);
  EXPECT_TRUE(resigned(7, kOther)) << "another one is watched as well";
}

TEST_F(PacerTest, ARemovedRouterResigns) {
  auto& router = able();
  pass(4s);
  wire_.sent.clear();
  pacer_.remove(router, now_);
  EXPECT_THAT(wire_.priorities(), ElementsAre(0));
  EXPECT_EQ(want(), Want::Absent);
  pass(5s);
  hear(50);
  EXPECT_THAT(wire_.priorities(), ElementsAre(0));
  EXPECT_EQ(counts_.get(HostCount::VridErrors), 1u);
}

TEST_F(PacerTest, AnotherShapeIsInTheNextAdvertisement) {
  auto& router = able();
  pass(4s);
  auto shape = router.shape;
  shape.destinations = {kOther};
  auto settings = router.machine.settings();
  settings.priority = 120;
  settings.interval = 100ms;
  shape.interval = 100ms;
  pacer_.reshape(router, shape, settings, now_);
  EXPECT_EQ(shape.destinations, std::vector{kGroup}) << "what it had comes back, to be freed by who made it";
  pass(100ms);
  EXPECT_EQ(state(), State::Master);
  EXPECT_EQ(wire_.sent.back().priority, 120);
  EXPECT_EQ(wire_.sent.back().destination, kOther);
}

// ---- where main does not take what it is told

TEST_F(PacerTest, TheLastStateIsToldWhenThereIsRoomAgain) {
  able();
  pass(4s);
  ASSERT_EQ(state(), State::Master);
  const auto told = wire_.events.size();
  wire_.room = told;
  hear(150);
  pass(10s);
  hear(150);
  EXPECT_EQ(state(), State::Backup);
  ASSERT_EQ(wire_.events.size(), told);
  EXPECT_LE(*pacer_.due(now_), now_ + 10ms);
  wire_.room = told + 10;
  pass(10ms);
  ASSERT_EQ(wire_.events.size(), told + 1);
  const auto& transition = wire_.events.back().transition;
  EXPECT_EQ(transition.from, State::Master) << "what main knew";
  EXPECT_EQ(transition.to, State::Backup);
  EXPECT_EQ(transition.reason, Reason::Outranked);
  EXPECT_EQ(counts_.get(HostCount::EventsLost), 2u) << "two between";
  EXPECT_GT(*pacer_.due(now_), now_ + 10ms);
  // And whom it follows is told behind that.
  hear(150);
  ASSERT_EQ(wire_.events.size(), told + 2);
  EXPECT_EQ(wire_.events.back().kind, Event::Kind::Master);
  EXPECT_EQ(wire_.events.back().source, kOther);
  hear(150);
  EXPECT_EQ(wire_.events.size(), told + 2) << "once";
}

TEST_F(PacerTest, WhomItFollowsIsToldBehindEachStateAndWheneverThatSaysSomethingElse) {
  auto& router = able();
  const auto told = [&] {
    std::vector<int> out;
    for (const auto& event : wire_.events)
      if (event.kind == Event::Kind::Master) out.push_back(event.priority);
    wire_.events.clear();
    return out;
  };
  hear(150);
  hear(150);
  EXPECT_THAT(told(), ElementsAre(150));
  hear(140);
  EXPECT_THAT(told(), ElementsAre(140));
  pacer_.set_standing(router, false, 100, now_);
  pacer_.set_standing(router, true, 100, now_);
  EXPECT_EQ(state(), State::Backup);
  hear(140);
  hear(140);
  EXPECT_THAT(told(), ElementsAre(140)) << "main forgot it at the fault";
}

TEST_F(PacerTest, WhoIsMasterIsToldWhenThereIsRoomAgain) {
  able();
  wire_.room = wire_.events.size();
  hear(150);
  wire_.room += 10;
  const auto told = wire_.events.size();
  hear(150);
  ASSERT_EQ(wire_.events.size(), told + 1);
  EXPECT_EQ(wire_.events.back().kind, Event::Kind::Master);
}

TEST_F(PacerTest, AdvertisementsThatFailAgainAndAgainAreTold) {
  able();
  pass(4s);
  const auto told = [&] {
    std::vector<int> out;
    for (const auto& event : wire_.events)
      if (event.kind == Event::Kind::NotSent) out.push_back(event.error);
    return out;
  };
  wire_.error = EINVAL;
  pass(2s);
  wire_.error = 0;
  pass(1s);
  EXPECT_THAT(told(), IsEmpty()) << "not for two";
  wire_.error = EINVAL;
  wire_.room = wire_.events.size();
  pass(3s);
  wire_.room += 10;
  pass(5s);
  EXPECT_THAT(told(), ElementsAre(EINVAL)) << "once, though there was no room at first";
  wire_.error = 0;
  pass(5s);
  EXPECT_THAT(told(), ElementsAre(EINVAL, 0));
  EXPECT_EQ(count(Count::SendErrors), 10u);
  // Who is not master has nothing to send.
  wire_.error = EINVAL;
  pass(3s);
  hear(150);
  wire_.error = 0;
  pass(30s);
  ASSERT_EQ(state(), State::Master);
  EXPECT_THAT(told(), ElementsAre(EINVAL, 0, EINVAL)) << "that it is over its new state says";
}

TEST_F(PacerTest, AFloodOfLesserOnesIsToldOnceAnInterval) {
  able();
  pass(6s);
  wire_.events.clear();
  for (int i = 0; i < 4000; ++i) {
    hear(50);
    pass(1ms);
  }
  EXPECT_GE(wire_.events.size(), 4u);
  EXPECT_LE(wire_.events.size(), 5u);
  // Each of one that speaks as often as it should, a little sooner or later.
  pass(2s);
  wire_.events.clear();
  for (int i = 0; i < 20; ++i) {
    hear(50);
    pass(i % 2 == 0 ? 999ms : 1001ms);
  }
  EXPECT_GE(wire_.events.size(), 19u);
}

}  // namespace
}  // namespace plenum::failover
