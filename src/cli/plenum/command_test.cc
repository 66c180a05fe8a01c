#include "cli/plenum/command.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "lb/reload.h"
#include "lb/table.h"

namespace plenum::cli {
namespace {

using ::testing::HasSubstr;

const TimePoint kNow{std::chrono::seconds(9)};

struct Output {
  int code = -1;
  std::string out, err;
};

// A daemon's answers out of a real table, without the socket between.
class CommandTest : public ::testing::Test {
 protected:
  CommandTest() {
    for (std::uint16_t port : {80, 443}) {
      conf::Service s;
      s.name = port == 80 ? "web" : "tls";
      s.key.address = *net::Address::parse("192.0.2.10");
      s.key.port = port;
      conf::Server r;
      r.name = "a";
      r.key = {*net::Address::parse("10.0.0.1"), port};
      r.weight = 5;
      s.servers = {r};
      file_.push_back(s);
    }
    table_ = lb::reload(table_, {}, file_, kNow)->table;
    for (std::uint16_t i = 0; i < 25; ++i) {
      lb::ConnectionStatus c;
      c.client = {net::Address::v4(0xc6336400u + i % 5), static_cast<std::uint16_t>(40000 + i)};
      c.virtual_ = {*net::Address::parse("192.0.2.10"), static_cast<std::uint16_t>(i % 2 ? 80 : 443)};
      c.server = {*net::Address::parse("10.0.0.1"), c.virtual_.port};
      c.state = i % 5 == 0 ? "FIN_WAIT" : "ESTABLISHED";
      connections_.push_back(c);
    }
  }

  Result<ctl::Reply> answer(const ctl::Request& request) {
    ++asked_;
    if (std::get_if<ctl::ListRequest>(&request)) {
      ctl::ListReply reply;
      for (const auto& entry : table_.services()) reply.services.push_back(lb::status_of(entry, kNow));
      return ctl::Reply(reply);
    }
    if (const auto* r = std::get_if<ctl::ConnectionsRequest>(&request)) {
      ctl::ConnectionsReply reply;  // pages of ten
      for (auto i = r->cursor; i < std::min<std::size_t>(r->cursor + 10, connections_.size()); ++i) {
        reply.connections.push_back(connections_[i]);
      }
      if (r->cursor + 10 < connections_.size()) reply.next = r->cursor + 10;
      return ctl::Reply(reply);
    }
    if (const auto* r = std::get_if<ctl::ServerRequest>(&request)) return server(*r);
    if (const auto* r = std::get_if<ctl::DiffRequest>(&request)) {
      last_path_ = r->path;
      return ctl::Reply(ctl::DiffReply{});
    }
    if (const auto* r = std::get_if<ctl::ReloadRequest>(&request)) {
      last_path_ = r->path;
      return ctl::Reply(ctl::ReloadReply{{"web: server a: weight 1 -> 3"}});
    }
    if (std::get_if<ctl::StatusRequest>(&request)) return ctl::Reply(ctl::StatusReply{});
    if (std::get_if<ctl::DropsRequest>(&request)) {
      return ctl::Reply(ctl::DropsReply{{{"no_server", "drop", "no server", 2}}});
    }
    return fail(std::errc::invalid_argument, "not asked here");
  }

  Result<ctl::Reply> server(const ctl::ServerRequest& r) {
    const auto keys = table_.services_called(r.service);
    if (keys.empty()) return fail(std::errc::no_such_process, "no service " + r.service);
    const auto& key = keys[0];
    const auto at = table_.server_called(*table_.find(key), r.server);
    if (!at) return fail(std::errc::no_such_file_or_directory, "no server " + r.server);
    const lb::Origin by{kNow, r.author, r.reason};
    std::optional<TimePoint> expires;
    if (r.seconds) expires = kNow + std::chrono::seconds(*r.seconds);
    const auto done = r.action == "drain"    ? table_.drain(key, *at, by, expires)
                      : r.action == "enable" ? table_.enable(key, *at, by)
                                             : table_.set_weight(key, *at, r.weight.value(), by, expires);
    if (!done) return tl::unexpected(done.error());
    return ctl::Reply(ctl::ServerReply{lb::status_of(*table_.find(key, *at), kNow)});
  }

  Output plenum(std::vector<std::string> args) {
    std::ostringstream out, err;
    const World world{[this](const ctl::Request& r) { return answer(r); }, out, err, "ann via plenum"};
    Output result;
    const auto parsed = parse_invocation(args, out, err);
    if (const auto* code = std::get_if<int>(&parsed)) {
      result.code = *code;
    } else {
      result.code = run(std::get<Invocation>(parsed), world);
    }
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  std::vector<conf::Service> file_;
  lb::Table table_;
  std::vector<lb::ConnectionStatus> connections_;
  std::string last_path_ = "unset";
  int asked_ = 0;
};

TEST_F(CommandTest, ExitCodesAreZeroOneAndTwo) {
  EXPECT_EQ(plenum({"services"}).code, 0);
  EXPECT_EQ(plenum({"--help"}).code, 0);
  EXPECT_EQ(plenum({"drain", "--help"}).code, 0);
  EXPECT_EQ(plenum({"--version"}).out, PLENUM_VERSION "\n");
  EXPECT_EQ(plenum({"servers", "nosuch"}).code, 1);
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{},
                                                {"nosuch"},
                                                {"services", "--nosuch"},
                                                {"drain", "web"},
                                                {"drain", "web", "a", "--for", "10"},
                                                {"drain", "web", "a", "--for", "0"},
                                                {"weight", "web", "a"},
                                                {"weight", "web", "a", "-1"},
                                                {"weight", "web", "a", "x"},
                                                {"weight", "web", "a", "2147483648"},
                                                {"connections", "--limit", "x"},
                                                {"services", "drain"}}) {
    const auto result = plenum(wrong);
    EXPECT_EQ(result.code, 2) << ::testing::PrintToString(wrong);
    EXPECT_NE(result.err, "") << ::testing::PrintToString(wrong);
    EXPECT_EQ(result.out, "") << ::testing::PrintToString(wrong);
  }
}

TEST_F(CommandTest, DrainWeighAndEnableAServer) {
  auto result = plenum({"drain", "web", "a", "--for", "10m", "--reason", "new disk"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "web: a: weight 0, drained by ann via plenum for 10m more: new disk\n");
  EXPECT_THAT(plenum({"servers", "web"}).out, HasSubstr("drained by ann via plenum for 10m more: new disk"));
  EXPECT_EQ(plenum({"enable", "192.0.2.10:80", "10.0.0.1"}).out, "192.0.2.10:80: a: weight 5\n");
  EXPECT_EQ(plenum({"weight", "web", "a", "7"}).out, "web: a: weight 7, weight 7 by ann via plenum\n");
  result = plenum({"drain", "web", "zz"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "plenum: no server zz\n");
  EXPECT_EQ(result.out, "");
}

TEST_F(CommandTest, JsonIsTheControlSocketsVocabularyWithoutItsEnvelope) {
  const auto result = plenum({"services", "--json"});
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_FALSE(json.contains("ok"));
  ASSERT_EQ(json["services"].size(), 2u);
  EXPECT_EQ(json["services"][0]["service"]["name"], "web");
  EXPECT_EQ(json["services"][0]["servers"][0]["server"]["weight"], 5);
  EXPECT_EQ(nlohmann::json::parse(plenum({"--json", "servers", "tls"}).out)["services"].size(), 1u);
  const auto status = nlohmann::json::parse(plenum({"status", "--drops", "--json"}).out);
  EXPECT_TRUE(status["status"].is_object());
  EXPECT_EQ(status["reasons"][0]["name"], "no_server");
  const auto drained = nlohmann::json::parse(plenum({"drain", "web", "a", "--json"}).out);
  EXPECT_EQ(drained["server"]["override"]["what"], "drained");
  const auto failed = plenum({"drain", "web", "zz", "--json"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_EQ(failed.out, "");
}

TEST_F(CommandTest, ConnectionsAreFilteredOverAllPages) {
  const auto count = [&](std::vector<std::string> args) {
    args.insert(args.begin(), {"connections", "--json"});
    const auto result = plenum(args);
    EXPECT_EQ(result.code, 0) << result.err;
    return nlohmann::json::parse(result.out)["connections"].size();
  };
  EXPECT_EQ(count({}), 25u);
  EXPECT_EQ(asked_, 3);
  EXPECT_EQ(count({"--service", "web"}), 12u);
  EXPECT_EQ(count({"--service", "192.0.2.10:443"}), 13u);
  EXPECT_EQ(count({"--client", "198.51.100.0"}), 5u);
  EXPECT_EQ(count({"--client", "198.51.100.0/31"}), 10u);
  EXPECT_EQ(count({"--state", "FIN_WAIT"}), 5u);
  EXPECT_EQ(count({"--server", "10.0.0.1:80", "--state", "FIN_WAIT"}), 2u);
  EXPECT_EQ(count({"--server", "10.0.0.1"}), 25u);
  EXPECT_EQ(count({"--server", "10.0.0.2"}), 0u);
  EXPECT_EQ(count({"--limit", "12"}), 12u);
  EXPECT_EQ(plenum({"connections", "--client", "x"}).code, 1);
  EXPECT_EQ(plenum({"connections", "--service", "x"}).code, 1);
}

TEST_F(CommandTest, ReloadsShowTheirLines) {
  EXPECT_EQ(plenum({"reload"}).out, "web: server a: weight 1 -> 3\n");
  EXPECT_EQ(last_path_, "");
  EXPECT_EQ(plenum({"diff", "/a/../b.yaml"}).out, "nothing would change\n");
  EXPECT_EQ(last_path_, "/b.yaml");
  plenum({"apply", "x.yaml"});
  EXPECT_EQ(last_path_, (std::filesystem::current_path() / "x.yaml").string());
  plenum({"apply"});
  EXPECT_EQ(last_path_, "");
}

TEST_F(CommandTest, CheckNeedsNoDaemonAndAnswersZeroOrOne) {
  const auto directory = std::filesystem::temp_directory_path() / ("plenum-check-test-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const auto path = (directory / "p.yaml").string();
  const auto check = [&](const std::string& text, std::vector<std::string> more = {}) {
    std::ofstream(path) << text;
    more.insert(more.begin(), {"check", path});
    return plenum(more);
  };
  const std::string good =
      "version: 1\nl4: { web: { listen: { address: 192.0.2.1, port: 80 }, servers: { a: { address: 10.0.0.1 } } } }\n";
  auto result = check(good);
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, path + ": good, 1 services with 1 servers\n");
  EXPECT_EQ(nlohmann::json::parse(check(good, {"--json"}).out)["valid"], true);
  result = check("version: 1\nl5: {}\n");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, path + ":2:1: unknown key \"l5\"\n    l5: {}\n    ^\n  hint: did you mean \"l4\"?\n");
  const auto json = nlohmann::json::parse(check("version: 1\nl5: {}\n", {"--json"}).out);
  EXPECT_EQ(json["valid"], false);
  EXPECT_EQ(json["problems"][0]["line"], 2);
  EXPECT_EQ(json["problems"][0]["hint"], "did you mean \"l4\"?");
  std::filesystem::remove_all(directory);
  EXPECT_EQ(plenum({"check", path}).code, 1) << "a missing file";
  EXPECT_EQ(plenum({"check", "--nosuch"}).code, 1);
  EXPECT_EQ(plenum({"--run-dir", "/x", "check", "a", "b"}).code, 1);
  EXPECT_EQ(asked_, 0);
}

TEST_F(CommandTest, SchemaIsJson) {
  const auto result = plenum({"schema"});
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(nlohmann::json::parse(result.out).contains("$schema"));
}

TEST(Grammar, HandsTheHostsCommandsWhatFollowsTheWord) {
  std::ostringstream out, err;
  const auto parsed = parse_invocation({"--json", "realserver", "setup", "--vip", "192.0.2.1", "--help"}, out, err);
  const auto* invocation = std::get_if<Invocation>(&parsed);
  ASSERT_NE(invocation, nullptr) << err.str();
  const auto& host = std::get<HostCommand>(invocation->command);
  EXPECT_FALSE(host.director);
  EXPECT_EQ(host.args, (std::vector<std::string>{"setup", "--vip", "192.0.2.1", "--help", "--json"}));
}

TEST(Grammar, TakesTheRunDirectoryAnywhere) {
  std::ostringstream out, err;
  for (const auto& args : {std::vector<std::string>{"--run-dir", "/x", "services"}, {"services", "--run-dir", "/x"}}) {
    const auto parsed = parse_invocation(args, out, err);
    ASSERT_TRUE(std::holds_alternative<Invocation>(parsed)) << err.str();
    EXPECT_EQ(std::get<Invocation>(parsed).run_dir, "/x");
  }
}

}  // namespace
}  // namespace plenum::cli
