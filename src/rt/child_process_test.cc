#include "rt/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/text.h"

namespace plenum::rt {
namespace {

using namespace std::chrono_literals;

ChildEnd run(ChildOptions options, Duration at_most = 20s) {
  Loop loop;
  std::optional<ChildEnd> got;
  auto child = ChildProcess::start(loop, std::move(options), [&](ChildEnd end) {
    got = std::move(end);
    loop.stop();
  });
  EXPECT_TRUE(child) << child.error().what;
  EXPECT_TRUE(loop.run_for(at_most));
  // Reaped before the loop goes: a killed program takes a moment.
  for (int i = 0; i < 500 && child->alive(); ++i) loop.run_for(10ms);
  EXPECT_FALSE(child->alive());
  return got.value_or(ChildEnd{});
}

ChildOptions shell(const std::string& script, std::size_t keep = 1000) {
  ChildOptions options;
  options.words = {"/bin/sh", "-c", script};
  options.keep_output = keep;
  return options;
}

TEST(ChildProcess, TellsTheExitStatusAndWhatWasPrinted) {
  const auto end = run(shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(end.kind, ChildEnd::Kind::Exited);
  EXPECT_EQ(end.value, 3);
  EXPECT_EQ(end.output, "out\nerr\n");
  EXPECT_EQ(end.text(), "exit status 3");
  EXPECT_FALSE(end.succeeded());
}

TEST(ChildProcess, KeepsNoMoreOfTheOutputThanAsked) {
  const auto end = run(shell("yes | head -c 300000; echo", 100));
  EXPECT_TRUE(end.succeeded());
  EXPECT_EQ(end.output.size(), 100U);
}

TEST(ChildProcess, IsLookedForInThePath) { EXPECT_TRUE(run({.words = {"true"}}).succeeded()); }

TEST(ChildProcess, SaysWhyItCouldNotStart) {
  auto end = run({.words = {"/no/such/program"}});
  EXPECT_EQ(end.kind, ChildEnd::Kind::NotStarted);
  EXPECT_EQ(end.value, ENOENT);
  end = run({.words = {"/etc/passwd"}});
  EXPECT_EQ(end.kind, ChildEnd::Kind::NotStarted);
  EXPECT_EQ(end.value, EACCES);
  Loop loop;
  EXPECT_FALSE(ChildProcess::start(loop, {}, [](const ChildEnd&) {}));
}

TEST(ChildProcess, IsToldOfASignal) {
  const auto end = run(shell("kill -9 $$"));
  EXPECT_EQ(end.kind, ChildEnd::Kind::Killed);
  EXPECT_EQ(end.value, SIGKILL);
}

TEST(ChildProcess, EndsAtItsTimeWithEverythingItStartedEvenWhenItWillNot) {
  auto options = shell("trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1; done");
  options.timeout = 200ms;
  const auto start = SteadyClock().now();
  Loop loop;
  std::optional<ChildEnd> got;
  auto child = ChildProcess::start(loop, std::move(options), [&](ChildEnd end) { got = std::move(end); });
  ASSERT_TRUE(child);
  while (!got) loop.run_for(10ms);
  EXPECT_EQ(got->kind, ChildEnd::Kind::TimedOut);
  EXPECT_LT(SteadyClock().now() - start, ChildProcess::kGrace);
  const auto sleeper = parse_number<int>(got->output.substr(0, got->output.find('\n')));
  ASSERT_TRUE(sleeper) << got->output;
  for (int i = 0; i < 1000 && child->alive(); ++i) loop.run_for(10ms);
  EXPECT_FALSE(child->alive());
  // Gone, or about to be reaped by whoever inherited it.
  std::string state;
  for (int i = 0; i < 500; ++i) {
    std::ifstream file("/proc/" + std::to_string(*sleeper) + "/stat");
    std::string number, name;
    if (!(file >> number >> name >> state) || state == "Z") return;
    loop.run_for(10ms);
  }
  FAIL() << "what it started goes on: " << state;
}

TEST(ChildProcess, MayLeaveADaemonBehind) {
  const auto end = run(shell("sleep 30 >/dev/null 2>&1 & echo $!"));
  ASSERT_TRUE(end.succeeded());
  const auto left = parse_number<int>(end.output.substr(0, end.output.find('\n')));
  ASSERT_TRUE(left);
  EXPECT_EQ(::kill(*left, 0), 0);
  ::kill(*left, SIGKILL);
}

TEST(ChildProcess, HasNoneOfTheDaemonsDescriptorsAndNoSignalIgnored) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ::signal(SIGPIPE, SIG_IGN);
  const auto end = run(shell("ls /proc/self/fd | tr '\\n' ' '; grep SigIgn /proc/self/status"));
  ::signal(SIGPIPE, SIG_DFL);
  ::close(leaked);
  // 3 is ls's own, of the directory.
  EXPECT_EQ(end.output, "0 1 2 3 SigIgn:\t0000000000000000\n");
}

TEST(ChildProcess, RunsAsWhoIsAsked) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may become somebody else";
  auto options = shell("id -u; id -g; id -G; grep CapEff /proc/self/status");
  auto nobody = credentials_of("nobody", "");
  ASSERT_TRUE(nobody) << nobody.error().what;
  options.credentials = *nobody;
  const auto end = run(options);
  EXPECT_EQ(end.output, "65534\n65534\n65534\nCapEff:\t0000000000000000\n");
}

TEST(ChildProcess, TakesTheEnvironmentGiven) {
  auto options = shell("echo $WHO");
  options.environment = {"WHO=plenum"};
  EXPECT_EQ(run(options).output, "plenum\n");
}

TEST(ChildProcess, ADestroyedHandleEndsItWithoutAWord) {
  Loop loop;
  bool told = false;
  int pid = 0;
  {
    auto child = ChildProcess::start(loop, {.words = {"sleep", "1000"}}, [&](const ChildEnd&) { told = true; });
    ASSERT_TRUE(child);
    pid = child->pid();
  }
  for (int i = 0; i < 500 && ::kill(pid, 0) == 0; ++i) loop.run_for(10ms);
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_FALSE(told);
}

TEST(ChildProcess, IsLetGoOfWhenItsLoopEnds) {
  auto held = std::make_shared<int>(1);
  {
    Loop loop;
    auto child = ChildProcess::start(loop, {.words = {"sleep", "1000"}}, [held](ChildEnd) {});
    ASSERT_TRUE(child);
    const auto pid = child->pid();
    child->release();
    EXPECT_EQ(held.use_count(), 1) << "nobody will be told";
    auto other = ChildProcess::start(loop, {.words = {"sleep", "1000"}}, [held](ChildEnd) {});
    ASSERT_TRUE(other);
    EXPECT_EQ(held.use_count(), 2);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Credentials, OfNamesAndNumbers) {
  const auto root = credentials_of("root", "");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->uid, 0U);
  const auto number = credentials_of("12345", "0");
  ASSERT_TRUE(number);
  EXPECT_EQ(number->uid, 12345U);
  EXPECT_EQ(number->gid, 0U);
  EXPECT_FALSE(credentials_of("nobody-of-that-name", ""));
  EXPECT_FALSE(credentials_of("root", "no-such-group"));
}

TEST(ProgramIsSafe, OnlyWhereNobodyElseMayWrite) {
  EXPECT_TRUE(program_is_safe("/bin/sh", 0));
  EXPECT_FALSE(program_is_safe("/no/such/thing", 0));
  std::string directory = testing::TempDir() + "/safeXXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const auto script = directory + "/check";
  std::ofstream(script) << "#!/bin/sh\n";
  ::chmod(script.c_str(), 0755);
  EXPECT_TRUE(program_is_safe(script, ::geteuid()));
  ::chmod(script.c_str(), 0644);
  EXPECT_FALSE(program_is_safe(script, 0));  // not executable
  ::chmod(script.c_str(), 0777);
  EXPECT_FALSE(program_is_safe(script, 0));
  ::chmod(script.c_str(), 0755);
  ::chmod(directory.c_str(), 0777);
  EXPECT_FALSE(program_is_safe(script, 0));
  ::unlink(script.c_str());
  ::rmdir(directory.c_str());
}

}  // namespace
}  // namespace plenum::rt
