#include "failover/tracker.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "rt/namespace_for_test.h"

namespace plenum::failover {
namespace {

using namespace std::chrono_literals;

// It may not be ended for a second, and is asked every 100 ms: each of these counts, not the one timeout.
TEST(Tracker, AScriptThatDoesNotEndFailsOnceAnInterval) {
  PLENUM_NEEDS_ROOT();
  std::string directory = testing::TempDir() + "tracker.XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  std::filesystem::permissions(directory, std::filesystem::perms(0755));
  const auto flag = directory + "/hangs";
  conf::Vrrp conf;
  conf::TrackedScript script;
  script.name = "stuck";
  script.command.words = {"/bin/sh", "-c", "trap '' TERM; test ! -e " + flag + " || exec sleep 60"};
  script.command.user = "root";
  script.interval = 100ms;
  script.fall = 4;
  conf.scripts = {script};
  rt::Loop loop;
  Runner runner(loop);
  std::vector<std::string> texts;
  Tracker tracker(loop, runner, [&](const std::string&, const std::string& text) {
    texts.push_back(text);
    loop.stop();
  });
  tracker.configure(conf);
  ASSERT_TRUE(loop.run_for(30s));
  ASSERT_EQ(texts, std::vector<std::string>{"succeeds"});
  std::ofstream(flag).close();
  const auto from = std::chrono::steady_clock::now();
  ASSERT_TRUE(loop.run_for(30s));
  EXPECT_EQ(texts.back(), "fails: no end after its time");
  // By timeouts alone it would take four of them, each with a second until the child is killed.
  EXPECT_LT(std::chrono::steady_clock::now() - from, 3s);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace plenum::failover
