#include "host/options.h"

#include <gmock/gmock.h>

#include <sstream>

#include "host/commands.h"

namespace plenum::host {
namespace {

using ::testing::HasSubstr;

Result<Options> parse(Role role, std::vector<std::string> args) { return parse_options(role, args); }

TEST(Options, ReadsARealServersSetup) {
  const auto o = parse(Role::Realserver, {"setup", "--vip", "192.0.2.10", "--vip=2001:db8::10/128", "--tunnel",
                                          "ipip,gue:5555", "--interface", "eth0", "--no-persist", "--json"});
  ASSERT_TRUE(o) << o.error().what;
  EXPECT_EQ(o->verb, Verb::Setup);
  EXPECT_EQ(o->vips,
            (std::set<net::Address>{*net::Address::parse("192.0.2.10"), *net::Address::parse("2001:db8::10")}));
  EXPECT_EQ(o->tunnels, (Tunnels{true, 5555}));
  EXPECT_TRUE(o->no_persist && o->json);
  EXPECT_EQ(parse(Role::Realserver, {"setup", "--tunnel", "gue"})->tunnels, (Tunnels{false, kGuePort, false}));
  EXPECT_EQ(parse(Role::Realserver, {"setup", "--tunnel", "gre"})->tunnels, (Tunnels{false, {}, true}));
  EXPECT_EQ((Tunnels{true, 5555, true}).text(), "ipip,gue:5555,gre");
  EXPECT_EQ((Tunnels{false, {}, true}).text(), "gre");
  EXPECT_FALSE(parse(Role::Realserver, {"setup", "--tunnel", "none"})->tunnels->any());
}

TEST(Options, RefusesAndSaysWhy) {
  const struct {
    Role role;
    std::vector<std::string> args;
    const char* why;
  } kRows[] = {
      {Role::Realserver, {}, "say setup, check or undo"},
      {Role::Realserver, {"setp"}, "did you mean setup?"},
      {Role::Realserver, {"setup", "--vips", "192.0.2.10"}, "did you mean --vip?"},
      {Role::Realserver, {"setup", "--vip"}, "--vip needs a value: ADDRESS"},
      {Role::Realserver, {"setup", "--vip", "192.0.2.10/24"}, "without a subnet"},
      {Role::Realserver, {"setup", "--vip", "192.0.2"}, "must be an address"},
      {Role::Realserver, {"setup", "--vip", "127.0.0.1"}, "which is no host's"},
      {Role::Realserver, {"setup", "--vip", "224.0.0.1"}, "which is no host's"},
      {Role::Realserver, {"setup", "--vip", "0.0.0.0"}, "which is no host's"},
      {Role::Realserver, {"setup", "--tunnel", "sit"}, "a tunnel is none, ipip, gue, gue:PORT or gre"},
      {Role::Realserver, {"setup", "--tunnel", "gue:0"}, "must be 1..65535"},
      {Role::Realserver, {"setup", "--json=yes"}, "--json takes no value"},
      {Role::Realserver, {"setup", "--interface", "../x"}, "--interface must be a name"},
      {Role::Realserver, {"undo", "--tunnel", "ipip"}, "undo takes no --tunnel"},
      {Role::Realserver, {"setup", "--nat"}, "unknown: --nat"},
      {Role::Director, {"setup", "--vip", "192.0.2.10"}, "setup takes no --vip"},
      {Role::Director, {"check", "--server", "x"}, "--server must be an address"},
  };
  for (const auto& row : kRows) {
    const auto options = parse(row.role, row.args);
    ASSERT_FALSE(options) << row.why;
    EXPECT_THAT(options.error().what, HasSubstr(row.why));
  }
}

TEST(Commands, UsageErrorsExit2AndHelpExits0) {
  std::ostringstream out, err;
  EXPECT_EQ(realserver_command(std::vector<std::string>{"setup", "--bogus"}, out, err), kUsage);
  EXPECT_THAT(err.str(), HasSubstr("plenum realserver: unknown: --bogus"));
  EXPECT_EQ(director_command(std::vector<std::string>{}, out, err), kUsage);
  EXPECT_EQ(out.str(), "");
  EXPECT_EQ(realserver_command(std::vector<std::string>{"--help"}, out, err), kDone);
  EXPECT_THAT(out.str(), HasSubstr("--tunnel KIND"));
  EXPECT_EQ(director_command(std::vector<std::string>{"check", "--help"}, out, err), kDone);
  EXPECT_THAT(out.str(), HasSubstr("--server ADDRESS"));
}

}  // namespace
}  // namespace plenum::host
