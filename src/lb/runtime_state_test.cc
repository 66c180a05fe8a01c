#include "lb/runtime_state.h"

#include <gtest/gtest.h>

#include "lb/reload.h"

namespace plenum::lb {
namespace {

using std::chrono::seconds;

const TimePoint kThen{seconds(100)}, kNow{seconds(5)};  // another boot: the monotonic clock began anew
constexpr std::int64_t kWall = 1'700'000'000;

conf::ServerKey at(std::uint32_t n) { return {net::Address::v4(0x0a000000u + n), 80}; }

RuntimeState sample() {
  conf::Service web;
  web.name = "web";
  web.key.address = *net::Address::parse("192.0.2.10");
  web.key.port = 80;
  conf::Service six;
  six.name = "six";
  six.key = {0, net::Family::V6, conf::Protocol::Udp, *net::Address::parse("2001:db8::1"), 53};
  six.persistence = conf::Persistence{600, 64, "sip"};
  six.scheduler_flags = 3;
  six.one_packet = true;
  for (std::uint32_t n = 1; n <= 4; ++n) {
    conf::Server s;
    s.name = "s" + std::to_string(n);
    s.key = at(n);
    s.weight = static_cast<std::int32_t>(n * 10);
    web.servers.push_back(s);
  }
  web.servers[3].forward = conf::Forward::Tunnel;
  web.servers[3].tunnel = {conf::TunnelType::Gue, 6080, conf::TunnelChecksum::Remote};
  web.servers[3].upper = 4294967295u;

  Table table = reload(Table(), {}, {web, six}, kThen)->table;
  const Origin ann{kThen, "ann", "n\xc3\xa4he"};
  EXPECT_TRUE(table.drain(web.key, at(1), ann, kThen + seconds(60)));
  EXPECT_TRUE(table.set_weight(web.key, at(2), 5, ann, std::nullopt));
  EXPECT_TRUE(table.apply(RemoveServer{web.key, at(3), 600}, Origin{kThen}));
  conf::ServiceKey mark;
  mark.fwmark = 7;
  mark.family = net::Family::V6;
  conf::Service marked;
  marked.key = mark;
  EXPECT_TRUE(table.apply(AddService{marked}, ann));
  auto edited = six;
  edited.servers.clear();
  edited.scheduler = "rr";
  EXPECT_TRUE(table.apply(EditService{edited}, ann));

  RuntimeState state;
  state.last_file = {web, six};
  state.director = {{"eth0", "eth1"}, conf::XdpMode::Generic, 4096, 128};
  state.director.nftables_marks = false;
  state.vips = {{"web", {*net::Prefix::parse("192.0.2.10/24"), *net::Prefix::parse("2001:db8::10/64")}, "eth0"}};
  for (const auto& entry : table.services()) state.running.push_back(entry);
  auto& word = state.words[state.running[0].spec.key];
  word.below_quorum = true;
  word.sorry = (*state.running[0].servers.begin()).spec;
  word.servers[at(1)] = {.down = true,
                         .effect = conf::OnFailure::Drain,
                         .cut_at = kThen + seconds(100),
                         .why = "refused",
                         .damped = true,
                         .since = kThen - seconds(30)};
  word.servers[at(2)] = {.effect = conf::OnFailure::Inhibit, .weight = 7, .more = -2};
  state.baselines["web"] = {1, 2, 18446744073709551615ull};
  return state;
}

// Two states are the same when their texts at the same instant are.
TEST(RuntimeState, ComesBackAsItWas) {
  const auto text = write_state(sample(), kThen, kWall);
  const auto back = read_state(text, kThen, kWall);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(write_state(*back, kThen, kWall), text);
  EXPECT_EQ(back->last_file, sample().last_file);
  EXPECT_EQ(back->baselines, sample().baselines);
  EXPECT_EQ(back->director, sample().director);
  EXPECT_EQ(back->vips, sample().vips);
  EXPECT_EQ(back->words, sample().words);
  ASSERT_EQ(back->running.size(), 3u);
  EXPECT_EQ(back->running[2].spec.key.text(), "FWM 7 IPv6");
  EXPECT_EQ(back->running[1].override_->before, back->last_file[1]);
}

TEST(RuntimeState, DeadlinesGoOnOverARestart) {
  const auto text = write_state(sample(), kThen, kWall);
  const auto back = read_state(text, kNow, kWall + 20);
  ASSERT_TRUE(back);
  const auto& servers = back->running[0].servers;
  EXPECT_EQ(servers.find(at(1))->override_->expires, kNow + seconds(40));
  EXPECT_EQ(servers.find(at(2))->override_->expires, std::nullopt);
  EXPECT_EQ(servers.find(at(3))->removed_at, kNow + seconds(580));
  const auto& word = back->words.at(back->running[0].spec.key).servers.at(at(1));
  EXPECT_EQ(word.cut_at, kNow + seconds(80));
  EXPECT_EQ(word.since, kNow - seconds(50));
  const auto late = read_state(text, kNow, kWall + 10000);
  EXPECT_EQ(late->running[0].servers.find(at(3))->removed_at, kNow) << "passed while the daemon was down";
  const auto backwards = read_state(text, kNow, kWall - 10000);
  EXPECT_EQ(backwards->running[0].servers.find(at(3))->removed_at, kNow + seconds(600));
}

TEST(RuntimeState, BecomesATableAgain) {
  const auto back = read_state(write_state(sample(), kThen, kWall), kNow, kWall);
  auto table = table_of(*back, {});
  ASSERT_TRUE(table) << table.error().what;
  EXPECT_EQ(table->server_count(), 4u);
  ASSERT_TRUE(table->enable(back->running[0].spec.key, at(1), Origin{kNow, "ann", ""}));
  EXPECT_EQ(table->find(back->running[0].spec.key, at(1))->weight(), 10);
  auto unknown = *back;
  unknown.running[0].spec.scheduler = "foo";
  const auto refused = table_of(unknown, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, std::make_error_code(std::errc::no_such_file_or_directory));
}

TEST(RuntimeState, EveryCutOffTextIsAnError) {
  const auto text = write_state(sample(), kThen, kWall);
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    const auto back = read_state(std::string_view(text).substr(0, size), kNow, kWall);
    ASSERT_FALSE(back) << size;
    EXPECT_EQ(back.error().code, std::make_error_code(std::errc::invalid_argument));
  }
}

TEST(RuntimeState, DamageIsNamed) {
  const auto error = [](const std::string& members) {
    const auto back = read_state("{\"format\": 1, \"saved_at\": 1" + members + "}", kNow, kWall);
    return back ? std::string("fine") : back.error().what;
  };
  EXPECT_EQ(error(""), "fine");
  EXPECT_EQ(error(", \"file\": 7"), "saved state: file: is no list");
  EXPECT_EQ(error(", \"file\": [{\"address\": \"x\"}]"), "saved state: address: \"x\" is no address");
  EXPECT_EQ(error(", \"file\": [7]"), "saved state: service: is no object");
  EXPECT_EQ(error(", \"file\": [{\"address\": \"10.0.0.1\", \"port\": 65536}]"), "saved state: port: is out of range");
  EXPECT_EQ(error(", \"file\": [{\"address\": \"10.0.0.1\", \"drain\": 1e3}]"),
            "saved state: drain: is no whole number in range");
  EXPECT_EQ(error(", \"file\": [{\"address\": \"10.0.0.1\", \"drain\": 18446744073709551615}]"),
            "saved state: drain: is no whole number in range");
  EXPECT_EQ(error(", \"file\": [{\"address\": \"10.0.0.1\", \"protocol\": 1}]"),
            "saved state: protocol: is none of TCP, UDP and SCTP");
  EXPECT_EQ(
      error(", \"running\": [{\"address\": \"10.0.0.1\", \"override\": {\"before\": {\"address\": \"10.0.0.2\"}}}]"),
      "saved state: override: is about something else");
  EXPECT_EQ(
      error(", \"running\": [{\"address\": \"10.0.0.1\", \"servers\": [{\"address\": \"10.0.0.2\"}, {\"address\": "
            "\"10.0.0.2\"}]}]"),
      "saved state: server 10.0.0.2:0: stands twice");
  EXPECT_EQ(error(", \"baselines\": {\"a\": [-1]}"), "saved state: baselines: have something that is no number");
  EXPECT_EQ(read_state("{\"format\": 2}", kNow, kWall).error().what, "saved state: format 2 is not known here");
}

}  // namespace
}  // namespace plenum::lb
