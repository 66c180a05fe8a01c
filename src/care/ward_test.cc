#include "care/ward.h"

#include <gmock/gmock.h>

namespace plenum::care {
namespace {

using health::Verdict;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

conf::ServerKey at(int n) { return {net::Address::v4(0x0a000000u + static_cast<std::uint32_t>(n)), 80}; }

WantedServer wanted(int n, std::int32_t weight = 1) {
  WantedServer out;
  out.server.name = "s" + std::to_string(n);
  out.server.key = at(n);
  out.server.weight = weight;
  return out;
}

// A service of three servers with one TCP check each.
class WardOfThree : public testing::Test {
 protected:
  WardOfThree() {
    service_.name = "web";
    service_.key.address = net::Address::v4(0xc000020a);
    service_.key.port = 80;
    health_.service = service_.key;
    health_.checks.emplace_back();
    health_.notify_up.words = {"/up"};
    health_.notify_down.words = {"/down"};
    health_.quorum_up.words = {"/quorum_up"};
    health_.quorum_down.words = {"/quorum_down"};
    servers_ = {wanted(1), wanted(2), wanted(3)};
  }

  Ward& ward() {
    if (!ward_) {
      ward_.emplace(service_, health_, servers_, past_, now_);
      ward_->settle(now_);
    }
    return *ward_;
  }
  void change() {
    ward().change(service_, health_, servers_, now_);
    ward().settle(now_);
  }
  std::vector<health::Target> targets() {
    std::vector<health::Target> out;
    ward().targets(out);
    return out;
  }
  void hear(int n, Verdict verdict, const std::string& why = "", bool damped = false, health::WeightWord weight = {}) {
    const auto all = targets();
    for (const auto& target : all)
      if (target.server.address == at(n).address && target.id.ends_with(" " + std::to_string(check_)))
        ward().hear({target.id, verdict, why, damped, weight}, now_);
    ward().settle(now_);
  }
  void down(int n) { hear(n, Verdict::Down, "refused"); }
  void up(int n) { hear(n, Verdict::Up); }
  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const auto& said : ward().take_said()) {
      if (!said.line.empty()) lines_.push_back(said.line);
      if (said.notice.command.empty()) continue;
      auto text = said.notice.command.words.front();
      for (const auto& variable : said.notice.environment)
        if (variable.starts_with("PLENUM_SERVER=")) text += " " + variable.substr(14);
      out.push_back(text);
    }
    return out;
  }

  TimePoint now_{std::chrono::hours(1)};
  conf::Service service_;
  conf::ServiceHealth health_;
  std::vector<WantedServer> servers_;
  Ward::Past past_;
  std::optional<Ward> ward_;
  std::vector<std::string> lines_;  // of what was told
  int check_ = 0;
};

TEST_F(WardOfThree, WhoWasWellBeforeARestartIsKnownToBe) {
  for (const auto& target : targets()) EXPECT_FALSE(target.known_well);
  lb::ServiceWord before;
  before.servers[at(2)].down = true;
  past_ = {true, &before};
  ward_.reset();
  const auto is_known = [&](int n) {
    for (const auto& target : targets())
      if (target.server.address == at(n).address) return target.known_well;
    return false;
  };
  EXPECT_TRUE(is_known(1));
  EXPECT_FALSE(is_known(2));
  EXPECT_TRUE(is_known(3));
  change();
  EXPECT_TRUE(is_known(1)) << "a reload makes no other target of it";
}

TEST_F(WardOfThree, ServersAreTakenToBeUpAtFirst) {
  EXPECT_TRUE(ward().word(now_).empty());
  EXPECT_THAT(told(), ElementsAre("/quorum_up"));
  EXPECT_EQ(targets().size(), 3u);
  EXPECT_EQ(targets()[0].asked(), (net::Endpoint{at(1).address, 80}));
}

TEST_F(WardOfThree, OneThatFallsIsOutAndToldOf) {
  (void)ward();
  (void)told();
  down(2);
  const auto word = ward().word(now_);
  ASSERT_EQ(word.servers.size(), 1u);
  EXPECT_TRUE(word.servers.at(at(2)).down);
  EXPECT_EQ(word.servers.at(at(2)).why, "refused");
  EXPECT_FALSE(word.below_quorum);
  EXPECT_THAT(told(), ElementsAre("/down s2"));
  EXPECT_THAT(std::exchange(lines_, {}), ElementsAre("web: server s2 (10.0.0.2:80) is down: refused"));
  down(2);
  EXPECT_THAT(told(), IsEmpty()) << "said twice";
  up(2);
  EXPECT_TRUE(ward().word(now_).empty());
  EXPECT_THAT(told(), ElementsAre("/up s2"));
  EXPECT_THAT(std::exchange(lines_, {}), ElementsAre("web: server s2 (10.0.0.2:80) is up"));
}

TEST_F(WardOfThree, AllChecksOfAServerMustPass) {
  health_.checks.push_back({.probe = conf::HttpProbe{}});
  (void)told();
  EXPECT_EQ(targets().size(), 6u);
  check_ = 1;
  hear(1, Verdict::Down, "status 500");
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).why, "http: status 500");
  check_ = 0;
  down(1);
  check_ = 1;
  up(1);
  EXPECT_TRUE(ward().word(now_).servers.at(at(1)).down);
  check_ = 0;
  up(1);
  EXPECT_TRUE(ward().word(now_).empty());
  EXPECT_THAT(told(), ElementsAre("/down s1", "/up s1"));
}

TEST_F(WardOfThree, AServersOwnWordsComeBeforeTheServices) {
  conf::ServerHealth own;
  own.checks = {conf::Check{conf::PingProbe{}}};
  own.on_failure = conf::OnFailure::Inhibit;
  own.notify_down.words = {"/mine"};
  health_.servers.emplace_back(at(1), own);
  health_.on_failure = conf::OnFailure::Drain;
  (void)told();
  EXPECT_TRUE(std::holds_alternative<conf::PingProbe>(targets()[0].check.probe));
  EXPECT_TRUE(std::holds_alternative<conf::TcpProbe>(targets()[1].check.probe));
  down(1);
  down(2);
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).effect, conf::OnFailure::Inhibit);
  EXPECT_EQ(ward().word(now_).servers.at(at(2)).effect, conf::OnFailure::Drain);
  EXPECT_THAT(told(), ElementsAre("/mine s1", "/down s2"));
}

TEST_F(WardOfThree, TheQuorumIsLostBelowAndRegainedAboveItsHysteresis) {
  servers_ = {wanted(1, 10), wanted(2, 10), wanted(3, 10)};
  health_.quorum = 20;
  health_.hysteresis = 10;
  health_.sorry = wanted(9).server;
  EXPECT_THAT((ward(), told()), ElementsAre("/quorum_up"));
  down(1);
  down(2);
  EXPECT_FALSE(ward().word(now_).below_quorum) << "10 is not below 20 - 10";
  down(3);
  auto word = ward().word(now_);
  EXPECT_TRUE(word.below_quorum);
  EXPECT_EQ(word.sorry->key, at(9));
  EXPECT_THAT(told(), ElementsAre("/down s1", "/down s2", "/down s3", "/quorum_down"));
  up(1);
  up(2);
  EXPECT_TRUE(ward().word(now_).sorry) << "20 is below 20 + 10";
  up(3);
  EXPECT_FALSE(ward().word(now_).sorry);
  EXPECT_THAT(told(), ElementsAre("/up s1", "/up s2", "/up s3", "/quorum_up"));
}

TEST_F(WardOfThree, ASorryServerThatIsKeptIsThereFromTheStart) {
  health_.sorry = wanted(9).server;
  health_.sorry_inhibit = true;
  health_.quorum = 2;
  auto word = ward().word(now_);
  EXPECT_TRUE(word.sorry);
  EXPECT_FALSE(word.sorry_takes_all());
  for (const int n : {1, 2}) down(n);
  EXPECT_TRUE(ward().word(now_).sorry_takes_all());
  up(1);
  word = ward().word(now_);
  EXPECT_TRUE(word.sorry);
  EXPECT_FALSE(word.sorry_takes_all());
}

TEST_F(WardOfThree, WhileTheSorryServerTakesAllServersThatAreWellHaveTheirEffectToo) {
  conf::ServerHealth own;
  own.on_failure = conf::OnFailure::Inhibit;
  health_.servers.emplace_back(at(3), own);
  health_.sorry = wanted(9).server;
  health_.quorum = 2;
  down(1);
  EXPECT_FALSE(ward().word(now_).servers.contains(at(3)));
  down(2);
  const auto word = ward().word(now_);
  ASSERT_TRUE(word.sorry_takes_all());
  EXPECT_FALSE(word.servers.at(at(3)).down);
  EXPECT_EQ(word.servers.at(at(3)).effect, conf::OnFailure::Inhibit);
}

TEST_F(WardOfThree, WhatOperatorsDrainCountsForNothing) {
  health_.sorry = wanted(9).server;
  (void)ward();
  servers_ = {wanted(1, 0), wanted(2, 0), wanted(3, 0)};
  change();
  EXPECT_TRUE(ward().word(now_).sorry);
  servers_[1].server.weight = 1;
  change();
  EXPECT_FALSE(ward().word(now_).sorry);
}

TEST_F(WardOfThree, AlphaBeginsDownAndWasNeverUp) {
  health_.checks[0].initially_down = true;
  health_.sorry = wanted(9).server;
  EXPECT_TRUE(ward().word(now_).sorry);
  EXPECT_EQ(ward().word(now_).servers.size(), 3u);
  EXPECT_THAT(told(), IsEmpty());
  up(1);
  EXPECT_THAT(told(), ElementsAre("/up s1", "/quorum_up"));
  EXPECT_FALSE(ward().word(now_).sorry);
}

TEST_F(WardOfThree, AnEarlierDaemonsWordHoldsUntilTheFirstResult) {
  lb::ServiceWord before;
  before.servers[at(2)] = {.down = true, .why = "refused", .since = now_ - seconds(50)};
  past_ = {true, &before};
  EXPECT_EQ(ward().word(now_).servers.size(), 1u);
  EXPECT_EQ(ward().word(now_).servers.at(at(2)).why, "refused");
  EXPECT_EQ(ward().word(now_).servers.at(at(2)).since, now_ - seconds(50));
  EXPECT_TRUE(targets()[1].check.initially_down) << "the checker begins with the same";
  EXPECT_FALSE(targets()[0].check.initially_down);
  EXPECT_THAT(told(), IsEmpty()) << "nothing has changed";
  up(2);
  EXPECT_TRUE(ward().word(now_).empty());
  EXPECT_THAT(told(), ElementsAre("/up s2"));
}

TEST_F(WardOfThree, ASlowStartGoesUpInSteps) {
  health_.slow_start = seconds(10);
  (void)ward();
  EXPECT_EQ(ward().due(), std::nullopt);
  down(1);
  EXPECT_EQ(ward().due(), std::nullopt);
  now_ += seconds(5);
  up(1);
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).share, 0u);
  EXPECT_EQ(ward().due(), now_ + milliseconds(200));
  now_ += seconds(5);
  ward().settle(now_);
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).share, 500u);
  now_ += seconds(5);
  ward().settle(now_);
  EXPECT_TRUE(ward().word(now_).empty());
  EXPECT_EQ(ward().due(), std::nullopt);
}

TEST_F(WardOfThree, EachOfManyWardsIsDueInItsTime) {
  Wards wards;
  for (const auto slow_start : {seconds(10), seconds(30)}) {
    ++service_.key.port;
    health_.slow_start = slow_start;
    auto& one = wards.emplace(service_.key, Ward(service_, health_, servers_, past_, now_)).first->second;
    std::vector<health::Target> all;
    one.targets(all);
    for (const auto verdict : {Verdict::Down, Verdict::Up}) one.hear({all[0].id, verdict, "", false, {}}, now_);
    one.settle(now_);
  }
  // As a driver with one timer does it, who settles only those that are due.
  const auto began = now_;
  int turns = 0;
  while (const auto next = due(wards)) {
    ASSERT_LT(++turns, 200);
    ASSERT_GT(*next, now_);
    now_ = *next;
    for (auto& [key, one] : wards)
      if (one.due() && *one.due() <= now_) one.settle(now_);
  }
  EXPECT_EQ(now_ - began, seconds(30));
  for (const auto& [key, one] : wards) EXPECT_TRUE(one.word(now_).empty());
}

TEST_F(WardOfThree, WeightsOfScriptsAndFilesAreSaidAndCount) {
  servers_ = {wanted(1, 10), wanted(2, 10), wanted(3, 10)};
  health_.quorum = 10;
  (void)ward();
  down(2);
  down(3);
  hear(1, Verdict::Up, "", false, {health::WeightWord::Kind::Set, 200});
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).weight, 200);
  hear(1, Verdict::Up, "", false, {health::WeightWord::Kind::Add, -5});
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).more, -5);
  EXPECT_TRUE(ward().word(now_).below_quorum);
}

conf::Check weighted_script() {
  conf::Check out;
  out.probe = conf::ScriptProbe{.command = {.words = {"/weigh"}}, .weighted = true};
  return out;
}

conf::Check number_in_file() {
  conf::Check out;
  out.probe = conf::FileProbe{.path = "/number"};
  return out;
}

TEST_F(WardOfThree, ARememberedWeightIsOfWhoSpeaksOfWeights) {
  servers_ = {wanted(1, 10)};
  lb::ServiceWord before;
  before.servers[at(1)] = {.weight = 5, .more = 10};
  past_ = {true, &before};
  health_.checks = {conf::Check{}, number_in_file(), weighted_script()};
  EXPECT_EQ(ward().word(now_), before);
  hear(1, Verdict::Up);
  EXPECT_EQ(ward().word(now_), before) << "a connection weighs nothing";
  check_ = 1;
  hear(1, Verdict::Up, "", false, {health::WeightWord::Kind::Add, 10});
  EXPECT_EQ(ward().word(now_), before) << "not twice";
  hear(1, Verdict::Up);
  check_ = 2;
  hear(1, Verdict::Up);
  EXPECT_TRUE(ward().word(now_).empty());
}

TEST_F(WardOfThree, WordsOfSeveralChecksAddUp) {
  servers_ = {wanted(1, 10)};
  health_.checks = {weighted_script(), weighted_script(), number_in_file()};
  check_ = 0;
  hear(1, Verdict::Up, "", false, {health::WeightWord::Kind::Set, 5});
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).weight, 5);
  check_ = 1;
  hear(1, Verdict::Up, "", false, {health::WeightWord::Kind::Set, 12});
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).weight, 7) << "5 less and 2 more";
  check_ = 2;
  hear(1, Verdict::Up, "", false, {health::WeightWord::Kind::Add, 3});
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).more, 3);
  check_ = 1;
  hear(1, Verdict::Up, "", false, {health::WeightWord::Kind::Set, 0});
  EXPECT_EQ(ward().word(now_).servers.at(at(1)).weight, 0) << "not below";
}

TEST_F(WardOfThree, DampedIsShownAsSuch) {
  (void)ward();
  hear(1, Verdict::Down, "refused", true);
  EXPECT_TRUE(ward().word(now_).servers.at(at(1)).damped);
  const auto none = [](const std::string&) { return nullptr; };
  EXPECT_EQ(ward().status(now_, none).servers.at(at(1)).state, "damped");
  EXPECT_EQ(ward().status(now_, none).servers.at(at(2)).state, "up");
}

TEST_F(WardOfThree, OnesThatRestAreCalledUpWhereTheQuorumNeedsThem) {
  health_.quorum = 2;
  health_.sorry = wanted(9).server;
  (void)ward();
  const auto rests = [&](int n, bool well) {
    ward().hear({targets()[static_cast<std::size_t>(n) - 1].id, Verdict::Down, "refused", true, {}, well}, now_);
    ward().settle(now_);
  };
  for (const int n : {1, 2, 3}) rests(n, false);
  EXPECT_TRUE(ward().word(now_).sorry) << "nobody passes";
  (void)told();
  rests(1, true);
  EXPECT_FALSE(ward().word(now_).servers.contains(at(1)));
  EXPECT_TRUE(ward().word(now_).below_quorum) << "1 of 2";
  rests(2, true);
  EXPECT_FALSE(ward().word(now_).sorry);
  EXPECT_THAT(told(), ElementsAre("/up s1", "/up s2", "/quorum_up"));
  up(3);
  EXPECT_EQ(ward().word(now_).servers.size(), 0u) << "one alone is too few";
  up(2);
  EXPECT_EQ(ward().word(now_).servers.size(), 1u) << "enough without the first, which rests";
  EXPECT_TRUE(ward().word(now_).servers.at(at(1)).damped);
  EXPECT_THAT(told(), ElementsAre("/up s3", "/down s1"));
  down(3);
  EXPECT_FALSE(ward().word(now_).servers.contains(at(1))) << "needed again";
  EXPECT_FALSE(ward().word(now_).below_quorum);
}

TEST_F(WardOfThree, AReloadKeepsVerdictsOfWhoIsAskedTheSame) {
  (void)ward();
  down(1);
  down(2);
  (void)told();
  health_.checks[0].interval = seconds(9);
  servers_ = {wanted(2), wanted(1), wanted(4)};
  change();
  EXPECT_EQ(ward().word(now_).servers.size(), 2u);
  EXPECT_EQ(targets()[0].check.interval, seconds(9));
  health_.checks[0].port = 81;
  change();
  EXPECT_TRUE(ward().word(now_).empty()) << "another port is another question";
  EXPECT_THAT(told(), ElementsAre("/up s2", "/up s1"));
}

TEST_F(WardOfThree, AReloadKnowsChecksByWhatTheyAskNotByTheirPlace) {
  const conf::Check tcp, http{.probe = conf::HttpProbe{}};
  health_.checks = {tcp, http};
  (void)ward();
  check_ = 1;
  hear(1, Verdict::Down, "status 500");
  (void)told();
  const auto id_of_http = targets()[1].id;
  health_.checks = {http};
  change();
  EXPECT_TRUE(ward().word(now_).servers.at(at(1)).down) << "the page fails still";
  EXPECT_EQ(targets()[0].id, id_of_http) << "so that the checker goes on with it";
  EXPECT_THAT(told(), IsEmpty());
  health_.checks = {tcp, http};
  change();
  EXPECT_TRUE(ward().word(now_).servers.at(at(1)).down);
  health_.checks = {tcp};
  change();
  EXPECT_TRUE(ward().word(now_).empty()) << "nobody says any more that it is down";
  EXPECT_NE(targets()[0].id, id_of_http);
}

TEST_F(WardOfThree, AReloadKnowsACheckAgainWhoseRhythmOrQuestionIsAnother) {
  const auto page = [](const std::string& path) {
    return conf::Check{.probe = conf::HttpProbe{.pages = {conf::HttpPage{.path = path}}}};
  };
  health_.checks = {page("/a"), page("/b")};
  (void)ward();
  check_ = 1;
  hear(1, Verdict::Down, "status 500");
  const auto id = targets()[1].id;
  health_.checks = {page("/b")};
  health_.checks[0].interval = seconds(9);
  change();
  EXPECT_EQ(targets()[0].id, id);
  health_.checks[0].probe = page("/c").probe;
  change();
  EXPECT_EQ(targets()[0].id, id);
  EXPECT_TRUE(ward().word(now_).servers.at(at(1)).down);
  health_.checks.insert(health_.checks.begin(), page("/d"));
  change();
  EXPECT_EQ(targets()[1].id, id);
  EXPECT_NE(targets()[0].id, id);
}

TEST_F(WardOfThree, AServiceWithoutChecksAnyMoreIsUp) {
  (void)ward();
  down(1);
  health_.checks.clear();
  change();
  EXPECT_TRUE(ward().word(now_).empty());
  EXPECT_THAT(targets(), IsEmpty());
}

TEST_F(WardOfThree, AtTheEndWhoWantsToIsToldThatAllIsDown) {
  (void)ward();
  down(1);
  (void)told();
  ward().end();
  EXPECT_THAT(told(), IsEmpty());
  health_.omega = true;
  change();
  ward().end();
  EXPECT_THAT(told(), ElementsAre("/down s2", "/down s3", "/quorum_down"));
}

TEST_F(WardOfThree, AProbeByWayOfTheServiceKnowsTheWay) {
  health_.checks[0].probe = conf::TcpProbe{true};
  servers_[0].server.forward = conf::Forward::Tunnel;
  ASSERT_TRUE(targets()[0].path);
  EXPECT_EQ(targets()[0].path->vip, (net::Endpoint{service_.key.address, 80}));
  EXPECT_EQ(targets()[0].path->forward, conf::Forward::Tunnel);
  health_.checks[0].probe = conf::TcpProbe{};
}

}  // namespace
}  // namespace plenum::care
