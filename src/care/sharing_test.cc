#include "care/sharing.h"

#include <gmock/gmock.h>

#include <list>
#include <set>

namespace plenum::care {
namespace {

using health::Verdict;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

conf::ServerKey at(int n) { return {net::Address::v4(0x0a000000u + static_cast<std::uint32_t>(n)), 80}; }

// Services 1, 2, ... of one group, each with the same two servers; what a driver does with their wards, and a checker
// that remembers.
class Group : public testing::Test {
 protected:
  struct One {
    conf::Service service;
    conf::ServiceHealth health;
    std::vector<WantedServer> servers;
    std::optional<Ward> ward;
  };

  One& add(int n) {
    auto& one = services_.emplace_back();
    one.service.name = "web-" + std::to_string(n);
    one.service.key.address = net::Address::v4(0xc0000200u + static_cast<std::uint32_t>(n));
    one.service.key.port = 80;
    one.health.service = one.service.key;
    one.health.group = "web";
    one.health.checks.emplace_back();
    one.health.notify_up.words = {"/up"};
    one.health.notify_down.words = {"/down"};
    one.health.quorum_up.words = {"/quorum_up"};
    one.health.quorum_down.words = {"/quorum_down"};
    for (const int s : {1, 2}) {
      WantedServer server;
      server.server.name = "s" + std::to_string(s);
      server.server.key = at(s);
      server.server.weight = 10;
      one.servers.push_back(server);
    }
    return one;
  }

  // What of a group of three all see.
  void three() {
    for (const int n : {1, 2, 3}) add(n);
    plan();
    (void)told();
  }

  void plan() {
    std::vector<Ward*> wards;
    for (auto& one : services_) {
      if (one.ward)
        one.ward->change(one.service, one.health, one.servers, now_);
      else
        one.ward.emplace(one.service, one.health, one.servers, past_, now_);
      wards.push_back(&*one.ward);
    }
    share(wards, asked_);
    asked_.clear();
    std::set<std::string> seen;
    for (auto* ward : wards) {
      ward->settle(now_);
      std::vector<health::Target> all;
      ward->targets(all);
      std::set<std::string> own;
      for (auto& target : all) {
        EXPECT_TRUE(own.insert(target.id).second) << target.id << " twice in one service";
        if (seen.insert(target.id).second) asked_.push_back(target);
      }
    }
    // What an id meant to the checker it goes on meaning.
    for (const auto& target : asked_) {
      const auto [meant, fresh] = meant_.emplace(target.id, target.asked());
      EXPECT_EQ(meant->second, target.asked()) << target.id;
    }
    std::erase_if(meant_, [&](const auto& row) { return !seen.contains(row.first); });
  }

  std::string id(One& one, std::size_t n) {
    std::vector<health::Target> all;
    one.ward->targets(all);
    return all.at(n).id;
  }
  One& service(std::size_t n) { return *std::next(services_.begin(), static_cast<std::ptrdiff_t>(n) - 1); }

  void hear(const std::string& id, Verdict verdict, const std::string& why = "") {
    for (auto& one : services_) one.ward->hear({id, verdict, why, false, {}}, now_);
    for (auto& one : services_) one.ward->settle(now_);
  }

  std::vector<std::string> told() {
    Telling telling;
    for (auto& one : services_) telling.add(one.ward->group(), one.ward->take_said());
    std::vector<std::string> out;
    for (const auto& [group, said] : telling.take()) {
      if (!said.line.empty()) lines_.push_back(said.line);
      if (said.notice.command.empty()) continue;
      auto text = said.notice.command.words.front();
      for (const auto& variable : said.notice.environment)
        if (variable.starts_with("PLENUM_SERVER=")) text += " " + variable.substr(14);
      out.push_back(text);
    }
    return out;
  }
  bool is_down(One& one, int n) {
    const auto word = one.ward->word(now_);
    const auto server = word.servers.find(at(n));
    return server != word.servers.end() && server->second.down;
  }

  TimePoint now_{std::chrono::hours(1)};
  std::list<One> services_;
  Ward::Past past_;
  std::vector<health::Target> asked_;
  std::map<std::string, net::Endpoint> meant_;
  std::vector<std::string> lines_;
};

TEST_F(Group, AsksOnceAndTellsOnce) {
  for (const int n : {1, 2, 3}) add(n);
  plan();
  EXPECT_EQ(asked_.size(), 2u);
  EXPECT_THAT(told(), ElementsAre("/quorum_up"));
  hear(id(service(1), 0), Verdict::Down, "refused");
  for (auto& one : services_) EXPECT_TRUE(is_down(one, 1));
  EXPECT_THAT(told(), ElementsAre("/down s1"));
  EXPECT_THAT(lines_, ElementsAre("web-1: server s1 (10.0.0.1:80) is down: refused (in 3 services)"));
  hear(id(service(3), 1), Verdict::Down, "refused");
  EXPECT_THAT(told(), ElementsAre("/down s2", "/quorum_down"));
  hear(id(service(2), 0), Verdict::Up);
  EXPECT_THAT(told(), ElementsAre("/up s1", "/quorum_up"));
  for (auto& one : services_) one.health.omega = true;
  plan();
  for (auto& one : services_) one.ward->end();
  EXPECT_THAT(told(), ElementsAre("/down s1", "/quorum_down"));
}

TEST_F(Group, AddressesOfOneEntryOfTheFileAreOneByThemselves) {
  for (const int n : {1, 2}) {
    auto& one = add(n);
    one.health.group.clear();
    one.service.name = "web";
  }
  plan();
  EXPECT_EQ(asked_.size(), 2u);
  EXPECT_THAT(told(), ElementsAre("/quorum_up"));
  service(2).service.name = "other";
  plan();
  EXPECT_EQ(asked_.size(), 4u);
  service(1).service.name = service(2).service.name = "";
  plan();
  EXPECT_EQ(asked_.size(), 4u);
}

TEST_F(Group, WhatIsAskedOtherwiseIsAskedApart) {
  three();
  service(2).health.checks[0].port = 81;
  service(3).health.damping.enabled = false;
  plan();
  EXPECT_EQ(asked_.size(), 6u);
  for (auto& one : services_) one.health.checks[0] = {.probe = conf::TcpProbe{true}};
  for (auto& one : services_) one.health.damping = {};
  plan();
  EXPECT_EQ(asked_.size(), 6u) << "by way of each virtual address";
  for (auto& one : services_) one.health.checks = {conf::Check{}, conf::Check{}};
  plan();
  EXPECT_EQ(asked_.size(), 4u) << "one and the same twice is asked twice";
}

TEST_F(Group, OneThatJoinsStandsWhereTheOthersDoAndTellsNobody) {
  for (const int n : {1, 2}) add(n).health.hysteresis = 5;
  for (auto& one : services_) one.health.quorum = 15;
  plan();
  hear(id(service(1), 0), Verdict::Down, "refused");
  now_ += seconds(9);
  (void)told();
  const auto before = asked_;
  auto& third = add(3);
  third.health.hysteresis = 5;
  third.health.quorum = 15;
  plan();
  EXPECT_EQ(asked_, before);
  EXPECT_TRUE(is_down(third, 1));
  EXPECT_EQ(third.ward->word(now_), service(1).ward->word(now_));
  EXPECT_FALSE(third.ward->word(now_).below_quorum) << "10 is not below 15 - 5";
  EXPECT_EQ(third.ward->word(now_).servers.at(at(1)).why, "refused");
  EXPECT_EQ(third.ward->word(now_).servers.at(at(1)).since, now_ - seconds(9));
  EXPECT_THAT(told(), IsEmpty());
  hear(id(third, 0), Verdict::Up);
  EXPECT_FALSE(is_down(third, 1));
  EXPECT_THAT(told(), ElementsAre("/up s1"));
}

TEST_F(Group, OneThatJoinsASlowStartIsInTheMidstOfIt) {
  add(1).health.slow_start = seconds(10);
  plan();
  hear(id(service(1), 0), Verdict::Down, "refused");
  hear(id(service(1), 0), Verdict::Up);
  now_ += seconds(5);
  add(2).health.slow_start = seconds(10);
  plan();
  EXPECT_EQ(service(2).ward->word(now_).servers.at(at(1)).share, 500u);
}

TEST_F(Group, OneThatLeavesTakesNothingAlong) {
  three();
  hear(id(service(1), 0), Verdict::Down, "refused");
  (void)told();
  const auto before = asked_;
  services_.pop_front();
  plan();
  EXPECT_EQ(asked_, before) << "the series goes on, whoever began it";
  for (auto& one : services_) EXPECT_TRUE(is_down(one, 1));
  // Back, with another question: under an id that was never another's.
  add(1).health.checks[0].port = 81;
  plan();
  EXPECT_EQ(asked_.size(), 4u);
  EXPECT_NE(id(service(3), 0), id(service(1), 0));
  EXPECT_FALSE(is_down(service(3), 1));
  EXPECT_TRUE(is_down(service(1), 1));
}

TEST_F(Group, AnIdThatNobodyHoldsAnyMoreStillMeansToTheCheckerWhatItMeant) {
  three();
  const auto of_first = id(service(1), 0);
  services_.pop_front();
  plan();
  EXPECT_EQ(id(service(1), 0), of_first);
  // At once those that went on with it ask elsewhere, and who gave it its name is back with a question of its own.
  for (auto& one : services_) one.health.checks[0].port = 81;
  add(1).health.checks[0].probe = conf::HttpProbe{};
  plan();
  for (const auto& target : asked_) EXPECT_NE(target.id, of_first);
}

TEST_F(Group, AReloadThatChangesAllOfThemGoesOnWithTheSeries) {
  three();
  hear(id(service(1), 0), Verdict::Down, "refused");
  (void)told();
  const auto ids = std::pair(id(service(1), 0), id(service(1), 1));
  for (auto& one : services_) one.health.checks[0].interval = seconds(9);
  plan();
  EXPECT_EQ(asked_.size(), 2u);
  EXPECT_EQ(std::pair(id(service(3), 0), id(service(3), 1)), ids);
  EXPECT_EQ(asked_[0].check.interval, seconds(9));
  EXPECT_TRUE(is_down(service(3), 1));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(Group, OneThatAsksOtherwiseFromNowOnBeginsWhereItStoodAndTheOthersGoOn) {
  three();
  hear(id(service(1), 0), Verdict::Down, "refused");
  (void)told();
  const auto before = id(service(2), 0);
  // The first of them, whose id it once was.
  service(1).health.checks[0].interval = seconds(9);
  plan();
  EXPECT_EQ(asked_.size(), 4u);
  EXPECT_EQ(id(service(2), 0), before);
  EXPECT_EQ(id(service(3), 0), before);
  EXPECT_NE(id(service(1), 0), before);
  EXPECT_TRUE(is_down(service(1), 1));
  EXPECT_TRUE(asked_[0].check.initially_down) << "the checker begins with the same";
  EXPECT_TRUE(asked_[1].known_well);
  EXPECT_FALSE(asked_[1].check.initially_down);
  EXPECT_THAT(told(), IsEmpty());
  // Each hears of its own.
  hear(id(service(1), 0), Verdict::Up);
  EXPECT_FALSE(is_down(service(1), 1));
  EXPECT_TRUE(is_down(service(2), 1));
  EXPECT_THAT(told(), ElementsAre("/up s1"));
  // And back among the others, whose word counts.
  service(1).health.checks[0].interval = service(2).health.checks[0].interval;
  plan();
  EXPECT_EQ(asked_.size(), 2u);
  EXPECT_EQ(std::set({is_down(service(1), 1), is_down(service(2), 1), is_down(service(3), 1)}).size(), 1u);
}

TEST_F(Group, ByWayOfEachAddressFromNowOnIsASeriesEach) {
  three();
  hear(id(service(1), 0), Verdict::Down, "refused");
  for (auto& one : services_) one.health.checks[0].probe = conf::TcpProbe{true};
  plan();
  EXPECT_EQ(asked_.size(), 6u);
  hear(id(service(2), 0), Verdict::Up);
  EXPECT_TRUE(is_down(service(1), 1));
  EXPECT_FALSE(is_down(service(2), 1));
  EXPECT_TRUE(is_down(service(3), 1));
}

TEST_F(Group, WhatOperatorsDoToOneConcernsThatOne) {
  three();
  const auto before = asked_;
  service(2).servers[0].server.weight = 0;
  service(2).servers[0].weight_by_hand = true;
  service(3).servers.push_back(service(3).servers[0]);
  service(3).servers.back().server.key = at(7);
  service(3).servers.back().server.name.clear();
  plan();
  EXPECT_EQ(asked_.size(), 3u);
  EXPECT_EQ(std::vector(asked_.begin(), asked_.begin() + 2), before);
  EXPECT_THAT(told(), IsEmpty());
  hear(id(service(1), 1), Verdict::Down, "refused");
  EXPECT_THAT(told(), ElementsAre("/down s2", "/quorum_down")) << "of the second, which has nothing else";
  EXPECT_FALSE(service(1).ward->word(now_).below_quorum);
  EXPECT_TRUE(service(2).ward->word(now_).below_quorum);
  hear(id(service(3), 2), Verdict::Down, "refused");
  EXPECT_THAT(told(), ElementsAre("/down 10.0.0.7:80"));
}

TEST_F(Group, AfterARestartOneThatWasDownSomewhereIsToBeAskedFirst) {
  lb::ServiceWord before;
  before.servers[at(1)] = {.down = true, .why = "refused", .since = now_ - seconds(50)};
  past_ = {true, nullptr};
  add(1);
  auto& second = add(2);
  second.ward.emplace(second.service, second.health, second.servers, Ward::Past{true, &before}, now_);
  plan();
  EXPECT_EQ(asked_.size(), 2u);
  for (auto& one : services_) EXPECT_TRUE(is_down(one, 1)) << "one series, one verdict to begin with";
  EXPECT_TRUE(asked_[0].check.initially_down);
  EXPECT_TRUE(asked_[1].known_well);
  EXPECT_THAT(told(), IsEmpty());
  hear(asked_[0].id, Verdict::Up);
  for (auto& one : services_) EXPECT_FALSE(is_down(one, 1));
}

TEST_F(Group, TwoThatBecomeOneAgree) {
  add(1);
  add(2).health.group = "other";
  plan();
  (void)told();
  EXPECT_EQ(asked_.size(), 4u);
  hear(id(service(2), 0), Verdict::Down, "refused");
  (void)told();
  service(2).health.group = "web";
  plan();
  EXPECT_EQ(asked_.size(), 2u);
  EXPECT_FALSE(is_down(service(2), 1));
  EXPECT_THAT(told(), ElementsAre("/up s1"));
}

}  // namespace
}  // namespace plenum::care
