#include "lb/defence.h"

#include <gtest/gtest.h>

#include <vector>

namespace plenum::lb {
namespace {

constexpr std::uint64_t kSlots = 1u << 20;

conf::Tuning modes(std::int64_t drop_entry, std::int64_t drop_packet, std::int64_t secure_tcp) {
  conf::Tuning tuning;
  tuning.drop_entry = drop_entry;
  tuning.drop_packet = drop_packet;
  tuning.secure_tcp = secure_tcp;
  return tuning;
}

TEST(Defence, IsOffByDefaultHoweverFullTheTable) {
  EXPECT_EQ(defence_level({}, kSlots, kSlots), DefenceLevel{});
  EXPECT_EQ(text(DefenceLevel{}), "");
}

TEST(Defence, ModeThreeIsAlwaysOn) {
  const auto level = defence_level(modes(3, 3, 3), 0, kSlots);
  EXPECT_EQ(level, (DefenceLevel{true, true, 10}));
  EXPECT_EQ(text(level), "drop_entry, drop_packet 1/10, secure_tcp");
}

TEST(Defence, ModesOneAndTwoAreOnWhileRoomIsShort) {
  const auto wanted = room_wanted({}, kSlots);
  EXPECT_EQ(wanted, 65536u);
  for (const std::int64_t mode : {1, 2}) {
    EXPECT_EQ(defence_level(modes(mode, mode, mode), kSlots - wanted, kSlots), DefenceLevel{});
    const auto level = defence_level(modes(mode, mode, mode), kSlots - wanted + 1, kSlots);
    EXPECT_TRUE(level.drop_entry);
    EXPECT_TRUE(level.secure_tcp);
    EXPECT_EQ(level.drop_rate, 65536u) << "one too few: next to none is dropped";
  }
}

TEST(Defence, DropsTheMoreTheLessRoomThereIs) {
  const auto rate = [](std::uint64_t room) { return defence_level(modes(0, 1, 0), kSlots - room, kSlots).drop_rate; };
  EXPECT_EQ(rate(65536 * 3 / 4), 4u);
  EXPECT_EQ(rate(65536 / 2), 2u);
  EXPECT_EQ(rate(0), 2u) << "never all of them";
  EXPECT_EQ(defence_level(modes(0, 1, 0), kSlots + 100, kSlots).drop_rate, 2u) << "counts may be ahead of the table";
}

TEST(Defence, ASmallTableIsNotAlwaysShortOfRoom) {
  EXPECT_EQ(room_wanted({}, 1024), 128u);
  EXPECT_EQ(defence_level(modes(1, 1, 1), 0, 1024), DefenceLevel{});
}

ConnTable::Entry entry(std::uint8_t proto, unsigned state, std::uint32_t expires) {
  ConnTable::Entry out;
  out.conn.proto = proto;
  out.word = PL_WORD_LIVE | std::uint64_t{state} << PL_WORD_STATE_SHIFT | expires;
  return out;
}

TEST(DropEntry, TakesWhatIsHalfOpen) {
  const auto taken = [](std::uint8_t proto, unsigned state) {
    return drop_entry_takes(entry(proto, state, 1000), ticks_of(300), 500);
  };
  for (unsigned state = 0; state < PL_TCP_STATES; ++state)
    EXPECT_EQ(taken(6, state), state == PL_TCP_SYN_RECV || state == PL_TCP_SYNACK) << state;
  for (unsigned state = 0; state < PL_SCTP_STATES; ++state)
    EXPECT_EQ(taken(132, state), state == PL_SCTP_INIT1 || state == PL_SCTP_INIT) << state;
}

TEST(DropEntry, TakesUdpFlowsOfOnePacketAfterAMinute) {
  const auto now = 5000u, life = ticks_of(300);
  const auto idle = [&](std::uint64_t seconds, unsigned state) {
    return drop_entry_takes(entry(17, state, now + life - ticks_of(seconds)), life, now);
  };
  EXPECT_TRUE(idle(60, PL_UDP_NEW));
  EXPECT_FALSE(idle(59, PL_UDP_NEW));
  EXPECT_FALSE(idle(200, PL_UDP_NORMAL));
}

TEST(DropEntry, TakesTemplatesThatNobodyAssured) {
  for (const auto proto : {0, 6, 17}) {
    auto one = entry(static_cast<std::uint8_t>(proto), 0, 1000);
    one.word |= PL_WORD_TEMPLATE;
    EXPECT_TRUE(drop_entry_takes(one, ticks_of(300), 500));
    one.conn.packets = 1;
    EXPECT_FALSE(drop_entry_takes(one, ticks_of(300), 500)) << "it controls a connection";
    one.conn.packets = 0;
    one.word |= std::uint64_t{PL_TEMPLATE_ASSURED} << PL_WORD_STATE_SHIFT;
    EXPECT_FALSE(drop_entry_takes(one, ticks_of(300), 500));
  }
}

TEST(DropEntry, WalksTheTableAndCountsLoadsDown) {
  std::vector<pl_bucket> buckets(64);
  std::vector<pl_load> loads(2);
  for (auto& bucket : buckets) {
    for (unsigned slot = 0; slot < 2; ++slot) {
      bucket.word[slot] = entry(6, slot == 0 ? PL_TCP_SYN_RECV : PL_TCP_ESTABLISHED, 1000).word | PL_WORD_ACTIVE;
      bucket.conn[slot] = {};
      bucket.conn[slot].proto = 6;
      bucket.conn[slot].server = 1;
    }
  }
  loads[1].active = 128;
  ConnTable table(buckets, loads);
  DropEntry drop(1);
  std::uint32_t removed = drop.run(table, ticks_of(300), 500);
  EXPECT_GE(removed, 1u);
  EXPECT_LE(removed, 2u) << "a 32nd of the table at a time";
  for (int i = 0; i < 10'000 && removed < 64; ++i) removed += drop.run(table, ticks_of(300), 500);
  EXPECT_EQ(removed, 64u);
  EXPECT_EQ(loads[1].active, 64u) << "what is established stays";
}

}  // namespace
}  // namespace plenum::lb
