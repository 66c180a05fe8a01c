#include "rt/script_rules.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace plenum::rt {
namespace {

// Scripts of root's, which anybody may read and run, in a directory that goes with it.
class ScriptRulesTest : public testing::Test {
 protected:
  ScriptRulesTest() {
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    ::chmod(directory_.c_str(), 0755);
  }
  ~ScriptRulesTest() override { std::filesystem::remove_all(directory_); }
  std::string script(const std::string& name, mode_t mode) {
    const auto path = directory_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << "#!/bin/sh\n";
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  std::string directory_ = std::filesystem::canonical(testing::TempDir()).string() + "/plenum-rules-XXXXXX";
};

// PATH for as long as it is there.
class Path {
 public:
  explicit Path(const std::string& path) : before_(::getenv("PATH")) { ::setenv("PATH", path.c_str(), 1); }
  ~Path() { ::setenv("PATH", before_.c_str(), 1); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

 private:
  std::string before_;
};

TEST_F(ScriptRulesTest, ANameIsLookedForInPath) {
  const Path path("/one:/two");
  EXPECT_EQ(program_places("check"), (std::vector<std::string>{"/one/check", "/two/check"}));
  EXPECT_EQ(program_places("./check"), std::vector<std::string>{"./check"});
}

TEST_F(ScriptRulesTest, ANameIsSafeWhereAllThatItMayMeanAre) {
  script("good/check", 0755);
  script("bad/check", 0777);
  script("plain/check", 0644);
  const auto verdict = [&](const std::string& path) {
    const Path set(path);
    const auto found = admit_script({"", "", true}, "check", "", "");
    return found ? std::error_code() : found.error().code;
  };
  EXPECT_EQ(verdict(directory_ + "/none:" + directory_ + "/good"), std::error_code());
  EXPECT_EQ(verdict(directory_ + "/plain:" + directory_ + "/good"), std::error_code());
  EXPECT_EQ(verdict(directory_ + "/good:" + directory_ + "/bad"), std::errc::operation_not_permitted);
  EXPECT_EQ(verdict(directory_ + "/plain"), std::errc::permission_denied);
  EXPECT_EQ(verdict(directory_ + "/none"), std::errc::no_such_file_or_directory);
}

TEST_F(ScriptRulesTest, AScriptIsRunAsItSaysElseAsTheRulesSay) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may become somebody else";
  const auto path = script("check", 0755);
  const auto who = [&](const ScriptRules& rules, const std::string& user, const std::string& group) {
    const auto found = admit_script(rules, path, user, group);
    EXPECT_TRUE(found) << found.error().what;
    return found && *found ? std::to_string((*found)->uid) + ":" + std::to_string((*found)->gid) : std::string("own");
  };
  const ScriptRules rules{"1234", "77"};
  EXPECT_EQ(who(rules, "", ""), "1234:77");
  EXPECT_EQ(who(rules, "", "88"), "1234:88");
  EXPECT_EQ(who(rules, "4321", ""), "4321:4321");
  EXPECT_EQ(who(rules, "4321", "88"), "4321:88");
  EXPECT_EQ(who(rules, "root", ""), "own");
  EXPECT_EQ(who({}, "root", "88"), "0:88");
  const auto usual = script_credentials("", "");
  ASSERT_TRUE(usual);
  EXPECT_EQ(who({}, "", ""), std::to_string(usual->uid) + ":" + std::to_string(usual->gid));
  const auto nobody = admit_script(rules, path, "nobody-of-that-name", "");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, std::errc::invalid_argument);
}

TEST_F(ScriptRulesTest, WhatOthersMayChangeIsRefusedWhereTheRulesSaySo) {
  const auto good = script("good", 0755), bad = script("bad", 0777);
  const ScriptRules strict{"", "", true};
  EXPECT_TRUE(admit_script({}, bad, "", ""));
  EXPECT_TRUE(admit_script(strict, good, "", ""));
  const auto refused = admit_script(strict, bad, "", "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, std::errc::operation_not_permitted);
  EXPECT_EQ(refused.error().what, bad + ": others than root may change " + bad + ", which is not safe to run");
}

TEST_F(ScriptRulesTest, WhoRunsItMayChangeItAndNobodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give a file away";
  const auto path = script("theirs", 0755);
  ASSERT_EQ(::chown(path.c_str(), 1234, 1234), 0);
  const ScriptRules strict{"", "", true};
  EXPECT_TRUE(admit_script(strict, path, "1234", ""));
  EXPECT_FALSE(admit_script(strict, path, "root", ""));
  EXPECT_FALSE(admit_script(strict, path, "4321", ""));
}

}  // namespace
}  // namespace plenum::rt
