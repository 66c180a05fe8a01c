#include "health/series.h"

#include <gtest/gtest.h>

#include "health/rig_for_test.h"

namespace plenum::health {
namespace {

struct Guest final : Gate::Waiting {
  Guest(Gate& the_gate, std::vector<int>& the_order, int the_number)
      : gate(the_gate), order(the_order), number(the_number) {}
  void on_room() override {
    order.push_back(number);
    if (goes_at_once) gate.leave();
  }
  Gate& gate;
  std::vector<int>& order;
  int number;
  bool goes_at_once = false;
};

TEST(Gate, LetsSoManyInAndTheOthersInTheirOrder) {
  Gate gate;
  gate.set_room(2);
  std::vector<int> order;
  std::vector<Guest> guests;
  for (int i = 0; i < 5; ++i) guests.emplace_back(gate, order, i);
  EXPECT_TRUE(gate.enter(guests[0]));
  EXPECT_TRUE(gate.enter(guests[1]));
  for (std::size_t i = 2; i < 5; ++i) EXPECT_FALSE(gate.enter(guests[i]));
  gate.leave();
  EXPECT_EQ(order, std::vector<int>{2});
  gate.forget(guests[3]);
  gate.leave();
  EXPECT_EQ(order, (std::vector<int>{2, 4}));
}

TEST(Gate, TakesAnyNumberOfThoseWhoLeaveAtOnce) {
  Gate gate;
  gate.set_room(1);
  std::vector<int> order;
  std::vector<Guest> guests;
  for (int i = 0; i < 100000; ++i) {
    guests.emplace_back(gate, order, i);
    guests.back().goes_at_once = true;
  }
  EXPECT_TRUE(gate.enter(guests[0]));
  for (std::size_t i = 1; i < guests.size(); ++i) EXPECT_FALSE(gate.enter(guests[i]));
  gate.leave();
  EXPECT_EQ(order.size(), 99999U);
}

TEST(Series, ATargetMayChangeAtEveryMomentOfAProbe) {
  TcpServer slow([](Client& client) {
    client.read_to("\r\n\r\n");
    client.write("HTTP/1.1 200 OK\r\nContent-Le");
    std::this_thread::sleep_for(2ms);
    client.write("ngth: 5\r\n\r\nhello");
  });
  Rig rig;
  conf::HttpProbe probe;
  for (int i = 0; i < 40; ++i) probe.pages.push_back({.path = "/" + std::string(40, 'x'), .text = "hello"});
  auto target = target_of(probe, slow.endpoint());
  target.check.interval = 1ms;
  target.check.start_delay = 0ns;
  for (int i = 0; i < 100; ++i) {
    // The paths are others each time, so nothing of the former ones may be used any more.
    for (auto& page : probe.pages) page.path = "/" + std::to_string(i) + std::string(40, 'y');
    target.check.probe = probe;
    rig.checker->set_targets({target});
    rig.loop.run_for(3ms);
  }
  probe.pages.resize(1);
  target.check.probe = probe;
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.probes("a") >= 1; }));
  EXPECT_EQ(rig.verdict("a"), Verdict::Up);
}

// Whoever asked before may have heard another.
TEST(Series, AFirstWordAboutAWeightIsToldAlsoWhenThereIsNothingToSay) {
  UdpServer nobody([](const std::string& bytes) { return bytes; });
  conf::ScriptProbe script;
  script.command.words = {"/bin/true"};
  auto plain = target_of(script, nobody.endpoint());
  script.weighted = true;
  auto weighted = target_of(script, nobody.endpoint());
  plain.id = "plain";
  weighted.id = "weighted";
  for (auto* one : {&plain, &weighted}) {
    one->check.interval = 10ms;
    one->check.start_delay = 0ns;
  }
  Rig rig;
  rig.checker->set_targets({plain, weighted});
  ASSERT_TRUE(rig.wait([&] { return rig.probes("plain") >= 3 && rig.probes("weighted") >= 3; }));
  ASSERT_EQ(rig.changes.size(), 1u);
  EXPECT_EQ(rig.changes[0].id, "weighted");
  EXPECT_EQ(rig.changes[0].verdict, Verdict::Up);
  EXPECT_EQ(rig.changes[0].weight, WeightWord{});
}

TEST(Series, TargetsMayGoAtEveryMomentOfTheirProbes) {
  TcpServer slow([](Client& client) {
    client.read_to("\n");
    client.write("x");
  });
  UdpServer echo([](const std::string& bytes) { return bytes; });
  Rig rig;
  for (int i = 0; i < 60; ++i) {
    std::vector<Target> targets;
    for (int j = 0; j < 20; ++j) {
      auto target = target_of(conf::ExpectProbe{.send = "a\n", .expect = "x"}, slow.endpoint());
      if (j % 3 == 1) target = target_of(conf::UdpProbe{.payload = "x", .require_answer = true}, echo.endpoint());
      if (j % 3 == 2) {
        conf::ScriptProbe script;
        script.command.words = {"/bin/true"};
        target = target_of(script, echo.endpoint());
      }
      target.id = std::to_string((i * 7 + j) % 31);
      target.check.interval = 1ms;
      target.check.start_delay = 0ns;
      targets.push_back(target);
    }
    rig.checker->set_targets(targets);
    rig.loop.run_for(2ms);
  }
  ASSERT_TRUE(rig.wait([&] {
    const auto statuses = rig.checker->snapshot();
    return std::all_of(statuses.begin(), statuses.end(), [](const auto& status) { return status.probes > 0; });
  }));
}

}  // namespace
}  // namespace plenum::health
