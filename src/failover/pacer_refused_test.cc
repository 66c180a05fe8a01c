// Advertisements that the pacer refuses.
#include "failover/pacer_rig_for_test.h"

namespace plenum::failover {
namespace {

using testing::IsEmpty;

TEST_F(PacerTest, PacketsThatAreNotForItAreCountedAndDoNothing) {
  auto& router = able();
  const auto refused = [&](Count which, auto act) {
    const auto before = count(which);
    act();
    EXPECT_EQ(count(which), before + 1) << kCountNames[static_cast<std::size_t>(which)];
  };
  refused(Count::TtlErrors, [&] { hear(150, kOther, 1, 254); });
  refused(Count::VersionErrors, [&] { hear(150, kOther, 1, 255, 2); });
  refused(Count::SourceErrors,
          [&] { hear({.vrid = 1, .priority = 150, .addresses = {address("192.0.2.10")}}, kOther, kSelf); });
  router.shape.check_addresses = true;
  refused(Count::AddressListErrors,
          [&] { hear({.vrid = 1, .priority = 150, .addresses = {address("192.0.2.11")}}, kOther, kGroup); });
  hear(150, kOther, 9);
  EXPECT_EQ(counts_.get(HostCount::VridErrors), 1u);
  const std::vector<std::uint8_t> nonsense(20, 0xff);
  pacer_.heard_advert(port_, nonsense, kOther, kGroup, 255, now_);
  EXPECT_EQ(counts_.get(HostCount::VersionErrors), 1u);
  refused(Count::SourceErrors, [&] { hear(150, kSelf); });
  EXPECT_EQ(count(Count::AdvertsReceived), 0u);
  EXPECT_FALSE(router.machine.master());
  hear(150);
  EXPECT_EQ(count(Count::AdvertsReceived), 1u);
}

TEST_F(PacerTest, WhatIsRefusedIsToldOnceAWhileAndNobodyCanForgeMoreThanThereIsRoomFor) {
  able();
  const auto told = [&] {
    std::vector<UnfitAdverts> out;
    for (const auto& event : wire_.events)
      if (event.kind == Event::Kind::Unfit) out.push_back(event.unfit);
    wire_.events.clear();
    return out;
  };
  hear(150, kOther, 1, 63);
  auto first = told();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first.front().source, kOther);
  EXPECT_EQ(first.front().why, Unfit::Ttl);
  EXPECT_EQ(first.front().theirs, 63);
  for (int i = 0; i < 9; ++i) {
    pass(100ms);
    hear(150, kOther, 1, 63);
  }
  EXPECT_THAT(told(), IsEmpty());
  pass(100ms);
  hear(150, kOther, 1, 63);
  first = told();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first.front().count, 10u) << "all of them since";
  // Another kind of the same is news, and so is another source.
  hear(150, kOther, 1, 255, 2);
  hear(150, kThird, 1, 63);
  EXPECT_EQ(told().size(), 2u);
  const auto errors = count(Count::TtlErrors);
  for (std::uint32_t i = 0; i < 10000; ++i)
    hear(150, address(("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)).c_str()), 1, 63);
  EXPECT_EQ(told().size(), kUnfitKinds - 3) << "the rest of the room";
  EXPECT_EQ(count(Count::TtlErrors), errors + 10000) << "all are counted";
  // Those that are quiet make room.
  pass(kUnfitQuiet);
  hear(150, address("10.9.9.9"), 1, 63);
  EXPECT_EQ(told().size(), 1u);
  // And what main has no room for is told with the next one.
  pass(1s);
  wire_.room = 0;
  hear(150, address("10.9.9.9"), 1, 63);
  wire_.room = 10;
  hear(150, address("10.9.9.9"), 1, 63);
  first = told();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first.front().count, 2u);
}

TEST_F(PacerTest, WhoIsAmongItsOwnPeersIsNotAStrangerToItself) {
  auto& router = able();
  router.shape.destinations = {kSelf, kOther};
  router.shape.peers = {{kSelf}, {kOther}};
  hear({.vrid = 1, .priority = 150, .addresses = {address("192.0.2.10")}}, kSelf, kSelf);
  EXPECT_EQ(count(Count::SourceErrors), 0u);
  EXPECT_FALSE(router.machine.master());
  hear(150, kOther);
  EXPECT_EQ(wire_.events.back().unfit.why, Unfit::ToGroup);
  hear({.vrid = 1, .priority = 150, .addresses = {address("192.0.2.10")}}, kThird, kSelf);
  EXPECT_EQ(wire_.events.back().unfit.why, Unfit::Stranger);
}

TEST_F(PacerTest, WhatIsWrongWithAPasswordIsTold) {
  auto& router = able();
  router.shape.version = 2;
  proto::VrrpAdvert advert{
      .version = 2, .vrid = 1, .priority = 150, .interval = 1s, .addresses = {address("192.0.2.10")}};
  const auto why = [&] {
    hear(advert, kOther, kGroup);
    return wire_.events.back().unfit.why;
  };
  advert.password.emplace(std::array<char, 8>{'a'});
  EXPECT_EQ(why(), Unfit::APassword);
  router.shape.password.emplace(std::array<char, 8>{'b'});
  EXPECT_EQ(why(), Unfit::OtherPassword);
  advert.password.reset();
  EXPECT_EQ(why(), Unfit::NoPassword);
  router.shape.password.reset();
  advert.interval = 2s;
  EXPECT_EQ(why(), Unfit::Interval);
  EXPECT_EQ(wire_.events.back().unfit.interval, 2s);
}

}  // namespace
}  // namespace plenum::failover
