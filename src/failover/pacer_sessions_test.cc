// What the pacer makes of BFD sessions' ends.
#include "failover/pacer_rig_for_test.h"

namespace plenum::failover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(PacerTest, AResignedMasterIsFollowedAtOnceByTheOnlyOther) {
  able();
  session(kOther);
  bring_up(kOther);
  hear(150);
  hear(0);
  pass(3ms);
  EXPECT_EQ(state(), State::Master);
  // By unicast the one peer.
  auto& second = able(2);
  second.shape.peers = {{kOther, 255, 255}};
  second.shape.destinations = {kOther};
  proto::VrrpAdvert advert{.vrid = 2, .priority = 150, .interval = 1s, .addresses = {address("192.0.2.10")}};
  hear(advert, kOther, kSelf);
  advert.priority = 0;
  hear(advert, kOther, kSelf);
  pass(3ms);
  EXPECT_EQ(state(2), State::Master);
  second.shape.peers.push_back({kThird, 255, 255});
  second.shape.destinations.push_back(kThird);
  second.written.clear();
  advert.priority = 150;
  hear(advert, kOther, kSelf);
  advert.priority = 0;
  hear(advert, kOther, kSelf);
  pass(3ms);
  EXPECT_EQ(state(2), State::Backup);
}

TEST_F(PacerTest, TheEndOfTheMastersSessionIsTheMastersEnd) {
  able();
  session(kOther);
  bring_up(kOther);
  hear(150);
  pass(80ms);
  EXPECT_EQ(state(), State::Backup);
  pass(20ms);
  EXPECT_EQ(state(), State::Master);
  EXPECT_EQ(wire_.events.back().kind, Event::Kind::Session);
  const auto& taken = wire_.events[wire_.events.size() - 2];
  EXPECT_EQ(taken.transition, (vrrp::Transition{State::Backup, State::Master, Reason::NeighborDown}));
}

TEST_F(PacerTest, ASessionsEndSaysHowLongNothingWasHeard) {
  session(kOther);
  bring_up(kOther);
  wire_.events.clear();
  pass(200ms);
  ASSERT_FALSE(wire_.events.empty());
  EXPECT_EQ(wire_.events.front().kind, Event::Kind::Session);
  EXPECT_GE(wire_.events.front().interval, 90ms);
  EXPECT_LT(wire_.events.front().interval, 100ms);
}

TEST_F(PacerTest, OnlyWhereTheSessionWasUpWhileTheMasterWasHeard) {
  able();
  hear(150);
  pass(10ms);
  session(kOther);
  bring_up(kOther);
  pass(200ms);
  EXPECT_EQ(state(), State::Backup);
  EXPECT_THAT(wire_.refusals(), ElementsAre("no advertisement came while the session was up"));
}

// Of three, one whose session ends a moment sooner. Also where lesser masters are let be the best one wins.
TEST_F(PacerTest, ALesserOneThatNoticedFirstGivesWay) {
  auto& router = able();
  auto settings = router.machine.settings();
  settings.preempt = false;
  router.machine.change(settings, now_);
  session(kOther);
  bring_up(kOther);
  hear(150);
  pass(75ms);
  hear(50, kThird);
  ASSERT_EQ(router.machine.master()->source, kThird);
  pass(14ms);
  EXPECT_EQ(state(), State::Backup);
  pass(2ms);
  EXPECT_EQ(state(), State::Master);
  // But not from one that came while the former one was alive.
  hear(150);
  ASSERT_EQ(state(), State::Backup);
  bring_up(kOther);
  hear(150);
  pass(5ms);
  hear(50, kThird);
  pass(5ms);
  hear_bfd(kOther, proto::BfdState::Up);
  pass(500ms);
  EXPECT_EQ(state(), State::Backup);
}

TEST_F(PacerTest, NotWithoutCarrier) {
  able();
  session(kOther);
  bring_up(kOther);
  hear(150);
  session_boards_[7].carrier = false;
  pass(200ms);
  EXPECT_EQ(state(), State::Backup);
  EXPECT_EQ(wire_.refusals().size(), 1u);
}

TEST_F(PacerTest, NotWhereNobodyIsHeardAnyMore) {
  able();
  session(kOther);
  session(kThird, 8);
  bring_up(kOther);
  bring_up(kThird, 8);
  hear(150);
  pass(200ms);
  EXPECT_EQ(state(), State::Backup);
  EXPECT_THAT(wire_.refusals(), ElementsAre("no other neighbour on the interface is heard, either"));
}

// With fewer than three packets, too: the other one's last may have come up to an interval after this one's.
TEST_F(PacerTest, NotWhereNobodyIsHeardAnyMoreThoughTwoPacketsAreAllOrOne) {
  for (const std::uint8_t packets : {2, 1}) {
    const auto vrid = packets;
    able(vrid);
    const auto speak = [&](const net::Address& from, std::uint32_t id, proto::BfdState state) {
      proto::BfdPacket packet;
      packet.state = state;
      packet.detect_multiplier = packets;
      packet.my_discriminator = 99;
      packet.your_discriminator = state == proto::BfdState::Down ? 0 : id;
      packet.desired_min_tx_us = packet.required_min_rx_us = 30000;
      pacer_.heard_bfd(3, proto::write_bfd(packet), from, 255, now_);
    };
    const std::uint32_t first = 10u * packets, second = first + 1;
    const auto& watched = session(kOther, first);
    const auto& other = session(kThird, second);
    for (const auto state : {proto::BfdState::Down, proto::BfdState::Init}) {
      speak(kOther, first, state);
      speak(kThird, second, state);
    }
    hear(150, kOther, vrid);
    pass(29ms);
    speak(kThird, second, proto::BfdState::Up);
    pass(200ms);
    ASSERT_EQ(watched.machine.state(), proto::BfdState::Down);
    ASSERT_EQ(other.machine.state(), proto::BfdState::Down);
    EXPECT_EQ(state(vrid), State::Backup);
    ASSERT_THAT(wire_.refusals(), ElementsAre("no other neighbour on the interface is heard, either"));
    wire_.events.clear();
    for (const auto& one : sessions_) pacer_.remove(*one, now_);
    sessions_.clear();
    pacer_.remove(*routers_[vrid].router, now_);
  }
}

TEST_F(PacerTest, ButWhereAnotherNeighbourIs) {
  able();
  session(kOther);
  session(kThird, 8);
  bring_up(kOther);
  bring_up(kThird, 8);
  hear(150);
  for (int i = 0; i < 10; ++i) {
    pass(20ms);
    hear_bfd(kThird, proto::BfdState::Up, 8);
  }
  EXPECT_EQ(state(), State::Master);
}

// A slower neighbour was not to be heard in so short a time: its next packet says whether the path is sound.
TEST_F(PacerTest, WhereAnotherNeighbourIsSlowerItsNextPacketDecides) {
  able();
  session(kOther);
  session(kThird, 8);
  bring_up(kOther);
  const auto hear_third = [&](proto::BfdState state) {
    proto::BfdPacket packet;
    packet.state = state;
    packet.my_discriminator = 98;
    packet.your_discriminator = state == proto::BfdState::Down ? 0 : 8;
    packet.desired_min_tx_us = packet.required_min_rx_us = 300000;
    pacer_.heard_bfd(3, proto::write_bfd(packet), kThird, 255, now_);
  };
  hear_third(proto::BfdState::Down);
  hear_third(proto::BfdState::Init);
  hear(150);
  pass(200ms);
  EXPECT_EQ(state(), State::Backup);
  EXPECT_THAT(wire_.refusals(), IsEmpty()) << "nothing is known yet";
  pass(90ms);
  hear_third(proto::BfdState::Up);
  EXPECT_EQ(state(), State::Master);
}

TEST_F(PacerTest, ANeighbourThatSpeaksAgainIsNotTakenOverFrom) {
  able();
  session(kOther);
  session(kThird, 8);
  bring_up(kOther);
  bring_up(kThird, 8);
  hear(150);
  pass(20ms);
  hear_bfd(kThird, proto::BfdState::Up, 8);
  pass(75ms);
  EXPECT_EQ(sessions_[0]->machine.state(), proto::BfdState::Down);
  ASSERT_EQ(state(), State::Backup);
  hear_bfd(kOther, proto::BfdState::Up);
  hear_bfd(kThird, proto::BfdState::Up, 8);
  EXPECT_EQ(state(), State::Backup);
  EXPECT_THAT(wire_.refusals(), IsEmpty());
}

TEST_F(PacerTest, NotWhileTheMastersAdvertisementsCome) {
  able();
  session(kOther);
  bring_up(kOther);
  proto::VrrpAdvert advert{.vrid = 1, .priority = 150, .interval = 20ms, .addresses = {address("192.0.2.10")}};
  for (int i = 0; i < 10; ++i) {
    hear(advert, kOther, kGroup);
    pass(20ms);
  }
  EXPECT_EQ(state(), State::Backup);
  EXPECT_THAT(wire_.refusals(), ElementsAre("its advertisements still come"));
}

TEST_F(PacerTest, ANamedSessionMayBeByGlobalAddressesWhereAdvertisementsAreByLinkLocalOnes) {
  auto& router = able();
  const auto link_local = address("fe80::1");
  port_.group = router.shape.destinations[0] = address("ff02::12");
  router.shape.source = address("fe80::2");
  router.shape.addresses = {address("2001:db8::10")};
  proto::VrrpAdvert advert{.vrid = 1, .priority = 150, .interval = 1s, .addresses = {address("2001:db8::10")}};
  session(address("2001:db8::1"));
  const auto end_of_session = [&] {
    bring_up(address("2001:db8::1"));
    hear(advert, link_local, port_.group);
    ASSERT_TRUE(router.machine.master());
    pass(200ms);
  };
  end_of_session();
  EXPECT_EQ(state(), State::Backup) << "not named";
  router.shape.takeover = {7};
  end_of_session();
  EXPECT_EQ(state(), State::Master);
}

TEST_F(PacerTest, ANeighbourThatSaysItIsDownLives) {
  able();
  session(kOther);
  bring_up(kOther);
  hear(150);
  hear_bfd(kOther, proto::BfdState::Down);
  pass(50ms);
  EXPECT_EQ(state(), State::Backup);
  EXPECT_THAT(wire_.refusals(), IsEmpty());
}

TEST_F(PacerTest, SomebodyElsesSessionSaysNothingOfTheMaster) {
  able();
  session(kThird);
  bring_up(kThird);
  hear(150);
  pass(500ms);
  EXPECT_EQ(state(), State::Backup);
}

TEST_F(PacerTest, ANamedSessionIsTheOnlyOne) {
  auto& router = able();
  router.shape.takeover = {8};
  session(kOther);
  bring_up(kOther);
  hear(150);
  pass(500ms);
  EXPECT_EQ(state(), State::Backup);
}

TEST_F(PacerTest, ASessionsLastStateIsToldWhenThereIsRoomAgain) {
  session(kOther);
  wire_.room = 0;
  bring_up(kOther);
  pass(1s);
  hear_bfd(kOther, proto::BfdState::Down);
  wire_.room = 10;
  pass(10ms);
  ASSERT_EQ(wire_.events.size(), 1u);
  EXPECT_EQ(wire_.events.back().kind, Event::Kind::Session);
  EXPECT_EQ(wire_.events.back().state, sessions_.front()->machine.state());
}

}  // namespace
}  // namespace plenum::failover
