// Programs that are told of states: how many of them there may be.

#include "failover/notifier.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "rt/namespace_for_test.h"

namespace plenum::failover {
namespace {

using namespace std::chrono_literals;

class NotifierTest : public testing::Test {
 protected:
  NotifierTest() {
    std::string name = testing::TempDir() + "notifier.XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    // Notes that it began and what it was told, and ends when it may.
    const auto program = directory_ + "/program";
    std::ofstream(program) << "#!/bin/sh\necho \"$*\" >> " << directory_ << "/begun\nwhile [ ! -e " << directory_
                           << "/end ]; do sleep 0.02; done\n";
    ::chmod(program.c_str(), 0755);
    command_.words = {program};
    command_.user = "root";
    conf::VrrpGlobals globals;
    runner_.configure(globals);
  }
  ~NotifierTest() override {
    end_all();
    std::filesystem::remove_all(directory_);
  }
  void end_all() { std::ofstream(directory_ + "/end").flush(); }
  std::vector<std::string> begun() {
    std::ifstream in(directory_ + "/begun");
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  bool until(const std::function<bool()>& holds) {
    const auto timer = loop_.every(20ms, [&] {
      if (holds()) loop_.stop();
    });
    return loop_.run_for(30s);
  }

  std::string directory_;
  rt::Loop loop_;
  Runner runner_{loop_};
  std::vector<std::string> logged_;
  Notifier notifier_{runner_, [this](bool, const std::string& line) { logged_.push_back(line); }};
  conf::Command command_;
};

TEST_F(NotifierTest, ALesserMasterIsOneProgramAtATime) {
  PLENUM_NEEDS_ROOT();
  conf::Notify notify;
  notify.lower_priority = command_;
  for (int i = 0; i < 50; ++i) notifier_.tell(false, "web", notify, "master_rx_lower_pri", 100);
  ASSERT_TRUE(until([&] { return !begun().empty(); }));
  end_all();
  // The next one, when that one has ended.
  ASSERT_TRUE(until([&] {
    notifier_.tell(false, "web", notify, "master_rx_lower_pri", 100);
    return begun().size() >= 2;
  }));
  EXPECT_LE(begun().size(), 3u);
}

TEST_F(NotifierTest, WhereProgramsDoNotEndTheLastStateWaits) {
  PLENUM_NEEDS_ROOT();
  conf::Notify notify;
  notify.any = command_;
  for (unsigned i = 0; i < 50; ++i) notifier_.tell(false, "web", notify, i % 2 == 0 ? "master" : "backup", i);
  notifier_.tell(false, "other", notify, "master", 7);
  ASSERT_TRUE(until([&] { return begun().size() >= 17; }));
  EXPECT_THAT(begun(), testing::Contains("INSTANCE other MASTER 7")) << "each router has its own";
  EXPECT_THAT(begun(), testing::Not(testing::Contains("INSTANCE web BACKUP 49")));
  EXPECT_EQ(logged_.size(), 1u) << "said once";
  end_all();
  ASSERT_TRUE(until([&] { return begun().size() >= 18; }));
  EXPECT_EQ(begun().back(), "INSTANCE web BACKUP 49");
  EXPECT_EQ(begun().size(), 18u) << "those between are over";
}

TEST_F(NotifierTest, TheReaderOfThePipeIsStartedAgainAndEndsWithTheDaemon) {
  PLENUM_NEEDS_ROOT();
  const auto reader = directory_ + "/reader";
  // Takes one line; but for the last one, which it waits for in vain.
  std::ofstream(reader) << "#!/bin/sh\necho \"$1 $$\" >> " << directory_
                        << "/begun\nread line < \"$2\"\necho \"$line\" >> " << directory_ << "/read\n";
  ::chmod(reader.c_str(), 0755);
  conf::VrrpGlobals globals;
  globals.script_user = "root";
  globals.notify_fifo = directory_ + "/pipe";
  globals.notify_fifo_script = reader + " word";
  runner_.configure(globals);
  notifier_.configure(globals);
  notifier_.configure(globals);
  notifier_.tell(false, "web", {}, "master", 100);
  ASSERT_TRUE(until([&] { return begun().size() == 2; }));
  std::ifstream read(directory_ + "/read");
  std::string line;
  std::getline(read, line);
  EXPECT_EQ(line, "INSTANCE \"web\" MASTER 100");
  EXPECT_THAT(logged_, testing::ElementsAre(reader + ", which reads " + directory_ +
                                            "/pipe: exit status 0; it is started again"));
  ASSERT_EQ(begun().back().substr(0, 5), "word ");
  const int pid = std::stoi(begun().back().substr(5));
  EXPECT_EQ(::kill(pid, 0), 0);
  notifier_.end();
  EXPECT_TRUE(until([&] { return ::kill(pid, 0) != 0; }));
  EXPECT_EQ(begun().size(), 2u);
}

}  // namespace
}  // namespace plenum::failover
