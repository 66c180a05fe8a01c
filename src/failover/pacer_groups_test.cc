// What the pacer does about groups, which go as one.
#include "failover/pacer_rig_for_test.h"

namespace plenum::failover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PacedGroupTest : public PacerTest {
 protected:
  PacedGroupTest() {
    std::vector<PacedGroup> groups{{{&able(1), &able(2)}}};
    pacer_.set_groups(groups, now_);
  }
};

TEST_F(PacedGroupTest, GoesAsOne) {
  pass(5s);
  EXPECT_EQ(state(1), State::Master);
  EXPECT_EQ(state(2), State::Master);
  wire_.sent.clear();
  hear(150, kOther, 2);
  EXPECT_EQ(state(1), State::Backup);
  EXPECT_EQ(state(2), State::Backup);
  EXPECT_THAT(wire_.priorities(1), ElementsAre(0)) << "nobody has taken that one over yet";
}

TEST_F(PacedGroupTest, OneThatHearsItsMasterKeepsTheOthersBack) {
  for (int i = 0; i < 10; ++i) {
    hear(150, kOther, 2);
    pass(1s);
  }
  EXPECT_EQ(state(1), State::Backup);
  EXPECT_THAT(wire_.sent, IsEmpty());
  // Until it does not, either; and nothing is due before.
  const auto due = pacer_.due(now_);
  ASSERT_TRUE(due);
  EXPECT_GT(*due, now_);
  pass(5s);
  EXPECT_EQ(state(1), State::Master);
  EXPECT_EQ(state(2), State::Master);
}

// A reload may make a group of what runs already.
TEST_F(PacerTest, MastersOfAGroupGiveUpForOneThatFollowsAnother) {
  auto& first = able(1);
  pass(5s);
  auto& second = able(2);
  ASSERT_EQ(state(1), State::Master);
  std::vector<PacedGroup> groups{{{&first, &second}}};
  pacer_.set_groups(groups, now_);
  EXPECT_EQ(state(1), State::Master) << "one that comes to it goes as it does";
  pass(5s);
  EXPECT_EQ(state(2), State::Master);
  auto& third = able(3);
  groups = {{{&first, &second, &third}}};
  pacer_.set_groups(groups, now_);
  hear(50, kOther, 3);
  EXPECT_EQ(state(1), State::Master) << "that one is preempted";
  wire_.sent.clear();
  hear(150, kOther, 3);
  EXPECT_EQ(state(1), State::Backup);
  EXPECT_EQ(state(2), State::Backup);
  EXPECT_THAT(wire_.priorities(1), ElementsAre(0));
  // Each runs by itself, and then they are a group.
  groups = {};
  pacer_.set_groups(groups, now_);
  for (int i = 0; i < 5; ++i) {
    hear(150, kOther, 2);
    pass(1s);
  }
  ASSERT_EQ(state(1), State::Master);
  groups = {{{&first, &second}}};
  wire_.sent.clear();
  pacer_.set_groups(groups, now_);
  EXPECT_EQ(state(1), State::Backup);
  EXPECT_THAT(wire_.priorities(1), ElementsAre(0));
  pass(10s);
  EXPECT_EQ(state(1), State::Master);
  EXPECT_EQ(state(2), State::Master);
}

// Each link needs a session of its own: what the group waits for is told, but not what is only a moment behind.
TEST_F(PacedGroupTest, SaysForWhomItWaits) {
  const auto told = [&] {
    std::vector<std::uint32_t> out;
    for (const auto& event : wire_.events)
      if (event.kind == Event::Kind::NotTakenOver) out.push_back(event.other);
    return out;
  };
  session(kOther);
  bring_up(kOther);
  hear(150, kOther, 1);
  hear(150, kThird, 2);
  pass(179ms);
  EXPECT_THAT(told(), IsEmpty());
  pass(2ms);
  EXPECT_EQ(state(1), State::Backup);
  EXPECT_THAT(told(), ElementsAre(2));
  EXPECT_THAT(wire_.refusals(), ElementsAre("whose master is still believed"));
  pass(2s);
  EXPECT_THAT(told(), ElementsAre(2)) << "once";
  // The other link.
  session(kThird, 8).ifindex = 4;
  const auto speak = [&](proto::BfdState state) {
    proto::BfdPacket packet;
    packet.state = state;
    packet.my_discriminator = 98;
    packet.your_discriminator = state == proto::BfdState::Down ? 0 : 8;
    packet.desired_min_tx_us = packet.required_min_rx_us = 30000;
    pacer_.heard_bfd(4, proto::write_bfd(packet), kThird, 255, now_);
  };
  bring_up(kOther);
  speak(proto::BfdState::Down);
  speak(proto::BfdState::Init);
  hear(150, kOther, 1);
  hear(150, kThird, 2);
  wire_.events.clear();
  pass(30ms);
  speak(proto::BfdState::Up);
  pass(70ms);
  EXPECT_EQ(state(1), State::Backup);
  pass(30ms);
  EXPECT_EQ(state(1), State::Master);
  EXPECT_EQ(state(2), State::Master);
  pass(1s);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(PacedGroupTest, IsTakenOverWhenAllItsMastersSessionsEnd) {
  session(kOther);
  bring_up(kOther);
  hear(150, kOther, 1);
  hear(150, kOther, 2);
  pass(100ms);
  EXPECT_EQ(state(1), State::Master);
  EXPECT_EQ(state(2), State::Master);
}

}  // namespace
}  // namespace plenum::failover
