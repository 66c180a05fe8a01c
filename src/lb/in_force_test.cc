#include "lb/in_force.h"

#include <gtest/gtest.h>

#include "lb/health_changes.h"

namespace plenum::lb {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint kNow{std::chrono::hours(1)};

conf::ServerKey at(int n) { return {net::Address::v4(0x0a000000u + static_cast<std::uint32_t>(n)), 80}; }

conf::Server server(int n, std::int32_t weight) {
  conf::Server out;
  out.name = "s" + std::to_string(n);
  out.key = at(n);
  out.weight = weight;
  return out;
}

class InForce : public testing::Test {
 protected:
  InForce() {
    conf::Service service;
    service.name = "web";
    service.key.address = net::Address::v4(0xc000020a);
    service.key.port = 80;
    key_ = service.key;
    EXPECT_TRUE(table_.apply(AddService{service}, Origin{kNow}));
    for (int n = 1; n <= 3; ++n) EXPECT_TRUE(table_.apply(AddServer{key_, server(n, 100 * n)}, Origin{kNow}));
  }

  ServerInForce one(int n) {
    const auto all = in_force(*table_.find(key_), &word_);
    for (const auto& server : all.servers)
      if (server.wanted->key == at(n)) return server;
    ADD_FAILURE() << "no server " << n;
    return {};
  }
  void down(int n, conf::OnFailure effect) {
    word_.servers[at(n)] = {.down = true, .effect = effect, .why = "refused"};
  }

  Table table_;
  conf::ServiceKey key_;
  ServiceWord word_;
};

TEST_F(InForce, WithoutAWordAllIsAsWanted) {
  const auto all = in_force(*table_.find(key_), nullptr);
  ASSERT_EQ(all.servers.size(), 3u);
  EXPECT_EQ(all.servers[2].weight, 300);
  EXPECT_EQ(all.servers[2].standing, Standing::In);
}

TEST_F(InForce, AServerThatIsDownIsOutDrainedOrOfWeightZero) {
  down(1, conf::OnFailure::Remove);
  down(2, conf::OnFailure::Drain);
  down(3, conf::OnFailure::Inhibit);
  EXPECT_EQ(one(1).standing, Standing::Out);
  EXPECT_EQ(one(2).standing, Standing::Draining);
  EXPECT_EQ(one(2).weight, 0);
  EXPECT_EQ(one(3).standing, Standing::In);
  EXPECT_EQ(one(3).weight, 0);
  EXPECT_EQ(one(3).wanted->weight, 300) << "what is wanted is left alone";
}

TEST_F(InForce, ADrainEndsWithItsTimeOrItsLastConnection) {
  ServiceWord said;
  said.servers[at(2)] = {.down = true, .effect = conf::OnFailure::Drain};
  said.servers[at(3)] = {.down = true, .effect = conf::OnFailure::Drain};
  take_in(word_, said, minutes(10), kNow);
  const auto two_has = [&](std::uint64_t count) {
    return [count](const conf::ServiceKey&, const conf::ServerKey& server) { return server == at(2) ? count : 0; };
  };
  EXPECT_TRUE(cut_drains(word_, key_, kNow + seconds(1), two_has(1)));
  EXPECT_EQ(one(2).standing, Standing::Draining);
  EXPECT_EQ(one(3).standing, Standing::Out) << "it had nothing left";
  EXPECT_FALSE(cut_drains(word_, key_, kNow + seconds(2), two_has(1))) << "each drain ends once";
  take_in(word_, said, minutes(10), kNow + minutes(5));  // the same once more
  EXPECT_EQ(one(3).standing, Standing::Out);
  EXPECT_TRUE(cut_drains(word_, key_, kNow + minutes(10), two_has(1))) << "the time counts from its beginning";
  EXPECT_EQ(one(2).standing, Standing::Out);
  take_in(word_, {}, minutes(10), kNow + minutes(11));
  EXPECT_EQ(one(2).standing, Standing::In);
}

TEST_F(InForce, OnlyAnOperatorsZeroIsFinal) {
  ASSERT_TRUE(table_.apply(AddServer{key_, server(4, 0)}, Origin{kNow}));
  ASSERT_TRUE(table_.apply(AddServer{key_, server(5, 0)}, Origin{kNow, "ann", ""}));
  ASSERT_TRUE(table_.set_weight(key_, at(1), 0, Origin{kNow, "ann", ""}, std::nullopt));
  EXPECT_EQ(one(4).weight, 0);
  for (const int n : {1, 4, 5}) word_.servers[at(n)] = {.weight = 7};
  EXPECT_EQ(one(4).weight, 7) << "the file's is where scripts and files begin";
  EXPECT_EQ(one(5).weight, 0);
  EXPECT_EQ(one(1).weight, 0);
}

TEST_F(InForce, WeightsOfHealthAreOnTopOfTheFilesAndBelowAnOperators) {
  word_.servers[at(1)] = {.weight = 7};
  word_.servers[at(2)] = {.more = -150};
  word_.servers[at(3)] = {.share = 250};
  EXPECT_EQ(one(1).weight, 7);
  EXPECT_EQ(one(2).weight, 50);
  EXPECT_EQ(one(3).weight, 75);
  word_.servers[at(2)].more = -500;
  EXPECT_EQ(one(2).weight, 0);
  word_.servers[at(1)].share = 1;
  EXPECT_EQ(one(1).weight, 1) << "a slow start begins with 1";
  ASSERT_TRUE(table_.set_weight(key_, at(1), 55, Origin{kNow, "ann", ""}, std::nullopt));
  ASSERT_TRUE(table_.drain(key_, at(2), Origin{kNow, "ann", ""}, std::nullopt));
  EXPECT_EQ(one(1).weight, 55);
  EXPECT_EQ(one(2).weight, 0);
  down(1, conf::OnFailure::Remove);
  EXPECT_EQ(one(1).standing, Standing::Out) << "a dead server is out whatever its weight";
}

TEST_F(InForce, TheSorryServerTakesAllAndTheOthersAreOutOrOfWeightZero) {
  word_.below_quorum = true;
  word_.sorry = server(9, 1);
  down(1, conf::OnFailure::Inhibit);
  word_.servers[at(2)] = {.effect = conf::OnFailure::Inhibit, .weight = 7};
  auto all = in_force(*table_.find(key_), &word_);
  ASSERT_EQ(all.servers.size(), 4u);
  EXPECT_TRUE(all.servers[3].sorry);
  EXPECT_EQ(all.servers[3].standing, Standing::In);
  EXPECT_EQ(all.servers[3].weight, 1);
  for (const int n : {1, 2}) {
    EXPECT_EQ(one(n).standing, Standing::In) << n << " stays at weight 0, down or well";
    EXPECT_EQ(one(n).weight, 0);
  }
  EXPECT_EQ(one(3).standing, Standing::Out);
  down(3, conf::OnFailure::Drain);
  EXPECT_EQ(one(3).standing, Standing::Draining);
  ASSERT_TRUE(table_.apply(AddServer{key_, server(9, 5)}, Origin{kNow, "ann", ""}));
  all = in_force(*table_.find(key_), &word_);
  ASSERT_EQ(all.servers.size(), 4u) << "one that is in the service already is there once";
  EXPECT_TRUE(all.servers[3].sorry);
}

TEST_F(InForce, ASorryServerThatIsKeptIsAtWeightZeroWhileTheQuorumIsMet) {
  word_.sorry = server(9, 1);
  auto all = in_force(*table_.find(key_), &word_);
  ASSERT_EQ(all.servers.size(), 4u);
  EXPECT_TRUE(all.servers[3].sorry);
  EXPECT_EQ(all.servers[3].standing, Standing::In);
  EXPECT_EQ(all.servers[3].weight, 0);
  for (const int n : {1, 2, 3}) {
    EXPECT_EQ(one(n).standing, Standing::In);
    EXPECT_NE(one(n).weight, 0);
  }
  ASSERT_TRUE(table_.apply(AddServer{key_, server(9, 5)}, Origin{kNow, "ann", ""}));
  all = in_force(*table_.find(key_), &word_);
  ASSERT_EQ(all.servers.size(), 4u);
  EXPECT_FALSE(all.servers[3].sorry) << "one of the servers goes on as such";
  EXPECT_EQ(all.servers[3].weight, 5);
}

TEST(HealthChanges, SayWhatIsAnother) {
  conf::Service web;
  web.name = "web";
  web.key.address = net::Address::v4(0xc000020a);
  web.servers = {server(1, 1)};
  conf::ServiceHealth a;
  a.service = web.key;
  a.checks.emplace_back();
  auto b = a;
  b.checks[0].interval = std::chrono::milliseconds(500);
  b.quorum = 2;
  b.on_failure = conf::OnFailure::Drain;
  b.sorry = server(9, 1);
  b.damping.enabled = false;
  b.servers.emplace_back(at(1), conf::ServerHealth{.checks = {conf::Check{conf::PingProbe{}}}});
  const std::vector<std::string> lines{
      "web: check tcp every 3s, timeout 1s, fall 3, rise 2 -> tcp every 500ms, timeout 1s, fall 3, rise 2",
      "web: on_failure remove -> drain",
      "web: quorum 1 -> 2",
      "web: sorry none -> 10.0.0.9:80",
      "web: damping changed",
      "web: server s1: check none -> ping every 3s, timeout 1s, fall 3, rise 2"};
  EXPECT_EQ(health_changes({a}, {b}, {web}), lines);
  EXPECT_TRUE(health_changes({a}, {a}, {web}).empty());
  EXPECT_EQ(health_changes({a}, {}, {web}),
            (std::vector<std::string>{"web: check tcp every 3s, timeout 1s, fall 3, rise 2 -> none"}));
  EXPECT_TRUE(health_changes({a}, {}, {}).empty()) << "a service that goes is a line of its own";
  b = a;
  b.checks[0].jitter = 0.5;
  EXPECT_EQ(health_changes({a}, {b}, {web}), (std::vector<std::string>{"web: check changed"}));
}

}  // namespace
}  // namespace plenum::lb
