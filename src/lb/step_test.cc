#include "lb/step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "lb/reload.h"
#include "lb/table.h"

namespace plenum::lb {
namespace {

const TimePoint kNow{std::chrono::seconds(5)};
const Origin kFile{kNow};
const Origin kAnn{kNow, "ann", "testing"};

conf::Service web() {
  conf::Service s;
  s.name = "web";
  s.key.address = *net::Address::parse("192.0.2.10");
  s.key.port = 80;
  return s;
}

conf::Server named(const char* name, const char* address, std::int32_t weight = 1) {
  conf::Server s;
  s.name = name;
  s.key = {*net::Address::parse(address), 80};
  s.weight = weight;
  return s;
}

conf::Service web_with(std::vector<conf::Server> servers) {
  auto s = web();
  s.servers = std::move(servers);
  return s;
}

std::vector<std::string> described(const std::vector<Step>& steps) {
  std::vector<std::string> lines;
  for (const auto& step : steps) lines.push_back(describe(step));
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Plan, SaysEachChangeOnceInAValidOrder) {
  auto old_only = web();
  old_only.name = "old";
  old_only.key.port = 81;
  auto to = web_with({named("a", "10.0.0.1", 3), named("c", "10.0.0.3")});
  to.drain = 90;
  to.scheduler = "rr";
  auto fresh = web_with({named("x", "10.0.0.9")});
  fresh.name = "fresh";
  fresh.key.port = 82;
  const auto steps = plan({old_only, web_with({named("a", "10.0.0.1"), named("b", "10.0.0.2")})}, {to, fresh});
  EXPECT_EQ(described(steps), (Lines{
                                  "remove service TCP 192.0.2.10:81",
                                  "edit service web TCP 192.0.2.10:80 rr",
                                  "TCP 192.0.2.10:80: remove server 10.0.0.2:80, drained for at most 90 s",
                                  "TCP 192.0.2.10:80: edit server a 10.0.0.1:80 dr weight 3",
                                  "TCP 192.0.2.10:80: add server c 10.0.0.3:80 dr weight 1",
                                  "add service fresh TCP 192.0.2.10:82 wlc",
                                  "TCP 192.0.2.10:82: add server x 10.0.0.9:80 dr weight 1",
                              }));
}

// A line that says "a -> a" would have somebody look for the change in vain.
TEST(Describe, TellsWhatChangedOfATunnelAndOfPersistence) {
  auto from = web_with({named("a", "10.0.0.1")});
  from.servers[0].forward = conf::Forward::Tunnel;
  from.servers[0].tunnel = {conf::TunnelType::Gue, 6080, conf::TunnelChecksum::None};
  from.persistence = conf::Persistence{};
  auto to = from;
  to.servers[0].tunnel.checksum = conf::TunnelChecksum::Full;
  to.persistence->netmask = 0xffffff00;
  to.persistence->engine = "sip";
  auto from6 = from, to6 = to;
  from6.key.address = to6.key.address = *net::Address::parse("2001:db8::10");
  from6.key.family = to6.key.family = net::Family::V6;
  from6.persistence->netmask = 128;
  to6.persistence = conf::Persistence{360, 64, ""};
  Table table;
  for (const auto& step : plan({}, {from, from6})) ASSERT_TRUE(table.apply(step, kFile));
  Lines lines;
  for (const auto& step : plan({from, from6}, {to, to6})) lines.push_back(describe(step, table));
  EXPECT_EQ(lines, (Lines{
                       "service web: persistence 360 s -> 360 s mask 255.255.255.0 engine sip",
                       "web: server a: tunnel gue:6080 -> gue:6080 with checksum full",
                       "service web: persistence 360 s -> 360 s prefix 64",
                       "web: server a: tunnel gue:6080 -> gue:6080 with checksum full",
                   }));
  EXPECT_EQ(described(plan({}, {to})).back(),
            "TCP 192.0.2.10:80: add server a 10.0.0.1:80 tun weight 1 tunnel gue:6080 with checksum full");
}

TEST(Plan, IsEmptyBetweenEqualsWhateverTheirOrder) {
  const auto a = web_with({named("a", "10.0.0.1"), named("b", "10.0.0.2")});
  const auto b = web_with({named("b", "10.0.0.2"), named("a", "10.0.0.1")});
  EXPECT_TRUE(plan({a}, {a}).empty());
  EXPECT_TRUE(plan({a}, {b}).empty());
}

TEST(Plan, AChangedNameIsAnEditAndAChangedAddressAnotherServer) {
  EXPECT_EQ(described(plan({web_with({named("a", "10.0.0.1")})}, {web_with({named("b", "10.0.0.1")})})),
            (Lines{"TCP 192.0.2.10:80: edit server b 10.0.0.1:80 dr weight 1"}));
  EXPECT_EQ(described(plan({web_with({named("a", "10.0.0.1")})}, {web_with({named("a", "10.0.0.2")})})),
            (Lines{"TCP 192.0.2.10:80: remove server 10.0.0.1:80, drained for at most 600 s",
                   "TCP 192.0.2.10:80: add server a 10.0.0.2:80 dr weight 1"}));
}

// Small ranges, so that two random files often share keys.
std::vector<conf::Service> random_services(std::mt19937& random) {
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  std::vector<conf::Service> services;
  for (std::uint16_t port = 80; port < 84; ++port) {
    if (pick(3) == 0) continue;
    auto s = web();
    s.name = "s" + std::to_string(pick(3));
    s.key.port = port;
    s.scheduler = pick(2) ? "rr" : "wlc";
    s.drain = pick(2) * 60;
    for (std::uint32_t n = 1; n < 5; ++n) {
      if (pick(3) == 0) continue;
      conf::Server server;
      server.name = "r" + std::to_string(pick(3));
      server.key = {net::Address::v4(0x0a000000u + n), 80};
      server.weight = static_cast<std::int32_t>(pick(3));
      s.servers.push_back(server);
    }
    std::shuffle(s.servers.begin(), s.servers.end(), random);
    services.push_back(std::move(s));
  }
  std::shuffle(services.begin(), services.end(), random);
  return services;
}

// What the table holds, servers on their way out left off, in key order.
std::vector<conf::Service> held(const Table& table) {
  std::vector<conf::Service> services;
  for (const auto& entry : table.services()) {
    auto s = entry.spec;
    for (const auto& server : entry.servers) {
      if (!server.draining()) s.servers.push_back(server.spec);
    }
    services.push_back(std::move(s));
  }
  return services;
}

std::vector<conf::Service> sorted(std::vector<conf::Service> services) {
  const auto less = [](const auto& a, const auto& b) { return a.key < b.key; };
  std::sort(services.begin(), services.end(), less);
  for (auto& s : services) std::sort(s.servers.begin(), s.servers.end(), less);
  return services;
}

TEST(Plan, LeadsFromAnyServicesToAnyOthers) {
  std::mt19937 random(20240607);
  for (int round = 0; round < 2000; ++round) {
    const auto from = random_services(random), to = random_services(random);
    Table table;
    for (const auto& step : plan({}, from)) ASSERT_TRUE(table.apply(step, kFile)) << describe(step);
    ASSERT_EQ(sorted(held(table)), sorted(from));
    for (const auto& step : plan(from, to)) {
      const auto applied = table.apply(step, kFile);
      ASSERT_TRUE(applied) << describe(step) << ": " << applied.error().what;
    }
    ASSERT_EQ(sorted(held(table)), sorted(to));
  }
}

// A reload is applicable whatever operators did, its steps lead the data plane to the same
// place as the table, and a file that says everything anew ends every deviation it names.
TEST(Reload, IsAlwaysApplicableToATableThatOperatorsChanged) {
  std::mt19937 random(77);
  for (int round = 0; round < 2000; ++round) {
    const auto first = random_services(random), second = random_services(random), third = random_services(random);
    const auto started = reload(Table(), {}, first, kNow);
    ASSERT_TRUE(started);
    Table running = started->table;
    const auto meddling = plan(first, third);
    for (std::size_t i = 0; i < meddling.size(); i += 2) {
      (void)running.apply(meddling[i], kAnn);  // some fail once their service is skipped
    }
    const auto reloaded = reload(running, first, second, kNow);
    ASSERT_TRUE(reloaded) << reloaded.error().what;
    ASSERT_EQ(reloaded->steps.size(), reloaded->lines.size());

    Table replayed = running;
    for (const auto& step : reloaded->steps) ASSERT_TRUE(replayed.apply(step, kFile)) << describe(step);
    ASSERT_EQ(sorted(held(replayed)), sorted(held(reloaded->table)));

    for (const auto& step : plan(first, second)) {
      if (const auto* s = std::get_if<AddServer>(&step)) {
        const auto* entry = reloaded->table.find(s->service, s->server.key);
        ASSERT_TRUE(entry && !entry->override_ && !entry->added);
        ASSERT_EQ(entry->spec, s->server);
      } else if (const auto* r = std::get_if<RemoveService>(&step)) {
        ASSERT_EQ(reloaded->table.find(r->key), nullptr);
      } else if (const auto* e = std::get_if<EditServer>(&step)) {
        ASSERT_NE(reloaded->table.find(e->service, e->server.key), nullptr);
      }
    }
  }
}

class ReloadTest : public ::testing::Test {
 protected:
  void start(const std::vector<conf::Service>& file) { reload_to({}, file); }
  Lines reload_to(const std::vector<conf::Service>& last, const std::vector<conf::Service>& next) {
    auto result = reload(table_, last, next, kNow);
    EXPECT_TRUE(result) << result.error().what;
    if (!result) return {};
    table_ = std::move(result->table);
    return result->lines;
  }
  const ServerEntry& a() { return *table_.find(web().key, named("a", "10.0.0.1").key); }

  Table table_;
};

TEST_F(ReloadTest, AnOverrideSurvivesAFileThatChangesSomethingElse) {
  const auto file = web_with({named("a", "10.0.0.1", 5)});
  start({file});
  ASSERT_TRUE(table_.drain(web().key, a().spec.key, kAnn, std::nullopt));
  auto other = file;
  other.servers[0].upper = 100;
  other.scheduler = "rr";
  EXPECT_EQ(reload_to({file}, {other}), (Lines{"service web: scheduler wlc -> rr", "web: server a: upper 0 -> 100"}));
  EXPECT_EQ(a().weight(), 0);
  EXPECT_EQ(a().spec.upper, 100u);
  ASSERT_TRUE(table_.enable(web().key, a().spec.key, kAnn));
  EXPECT_EQ(a().weight(), 5);
  EXPECT_EQ(a().spec.upper, 100u);
}

TEST_F(ReloadTest, TheFileWinsWhereItChangedTheSameThing) {
  const auto file = web_with({named("a", "10.0.0.1", 5)});
  start({file});
  ASSERT_TRUE(table_.drain(web().key, a().spec.key, kAnn, std::nullopt));
  auto other = file;
  other.servers[0].weight = 7;
  EXPECT_EQ(reload_to({file}, {other}), (Lines{"web: server a: weight 0 -> 7"}));
  EXPECT_EQ(a().weight(), 7);
  EXPECT_FALSE(a().override_);
}

TEST_F(ReloadTest, WhatIpvsadmAddedStaysUnlessTheFileTakesItOver) {
  const auto file = web_with({named("a", "10.0.0.1")});
  start({file});
  auto b = named("", "10.0.0.2", 9);
  ASSERT_TRUE(table_.apply(AddServer{web().key, b}, kAnn));
  EXPECT_TRUE(reload_to({file}, {file}).empty());
  EXPECT_EQ(table_.server_count(), 2u);
  const auto both = web_with({named("a", "10.0.0.1"), named("b", "10.0.0.2")});
  EXPECT_EQ(reload_to({file}, {both}), (Lines{"web: server 10.0.0.2:80: name (none) -> b, weight 9 -> 1"}));
  EXPECT_FALSE(table_.find(web().key, b.key)->added);
}

TEST_F(ReloadTest, WhatAnOperatorRemovedComesBackWhereTheFileChangesIt) {
  const auto file = web_with({named("a", "10.0.0.1"), named("b", "10.0.0.2")});
  start({file});
  ASSERT_TRUE(table_.apply(Clear{}, kAnn));
  EXPECT_TRUE(reload_to({file}, {file}).empty()) << "the file did not change";
  auto other = file;
  other.servers[0].weight = 2;
  EXPECT_EQ(reload_to({file}, {other}),
            (Lines{"add service web TCP 192.0.2.10:80 wlc", "web: add server a 10.0.0.1:80 dr weight 2",
                   "web: add server b 10.0.0.2:80 dr weight 1"}));
}

TEST_F(ReloadTest, ARemovedServerDrainsAndAReturningOneIsRevived) {
  const auto both = web_with({named("a", "10.0.0.1"), named("b", "10.0.0.2")});
  const auto one = web_with({named("b", "10.0.0.2")});
  start({both});
  EXPECT_EQ(reload_to({both}, {one}), (Lines{"web: remove server 10.0.0.1:80, drained for at most 600 s"}));
  EXPECT_TRUE(a().draining());
  EXPECT_EQ(reload_to({one}, {both}), (Lines{"web: add server a 10.0.0.1:80 dr weight 1"}));
  EXPECT_FALSE(a().draining());
}

TEST_F(ReloadTest, ChangesNothingWhenOneStepIsRefused) {
  const auto file = web_with({named("a", "10.0.0.1")});
  start({file});
  auto bad = file;
  bad.servers.push_back(named("b", "10.0.0.2"));
  bad.servers.push_back(named("c", "10.0.0.3"));
  bad.servers[2].lower = 9;
  const auto result = reload(table_, {file}, {bad}, kNow);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, std::make_error_code(std::errc::result_out_of_range));
  EXPECT_NE(result.error().what.find("add server c"), std::string::npos) << result.error().what;
  EXPECT_EQ(table_.server_count(), 1u);
}

}  // namespace
}  // namespace plenum::lb
