#include "rt/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace plenum::rt {
namespace {

using namespace std::chrono_literals;

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()), 0);
    a = Fd(fds[0]);
    b = Fd(fds[1]);
  }
  Fd a, b;
};

TEST(Loop, RunsPostedCallbacksInOrderAndNotInsidePost) {
  Loop loop;
  std::vector<int> order;
  loop.post([&] {
    order.push_back(1);
    loop.post([&] {
      order.push_back(3);
      loop.stop();
    });
    order.push_back(2);
  });
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Loop, WaitsWithNothingToDoAndIsStoppedFromAnotherThread) {
  Loop loop;
  const auto start = SteadyClock().now();
  std::thread stopper([&] {
    std::this_thread::sleep_for(50ms);
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  stopper.join();
  EXPECT_GE(SteadyClock().now() - start, 50ms);
}

TEST(Loop, RunsAgainAfterStop) {
  Loop loop;
  loop.stop();
  loop.run();  // a stop before run() counts
  int calls = 0;
  loop.post([&] { ++calls; });
  EXPECT_FALSE(loop.run_for(5ms));
  EXPECT_EQ(calls, 1);
}

TEST(Watch, ReportsUntilEverythingIsRead) {
  Loop loop;
  Pair pair;
  ASSERT_EQ(::write(pair.b.get(), "abc", 3), 3);
  std::string got;
  auto watch = loop.on_readable(pair.a.get(), [&] {
    char byte = 0;
    ASSERT_EQ(::read(pair.a.get(), &byte, 1), 1);
    got += byte;
    if (got.size() == 3) loop.stop();
  });
  ASSERT_TRUE(watch);
  EXPECT_TRUE(loop.run_for(5s));
  EXPECT_EQ(got, "abc");
}

TEST(Watch, IsQuietWhenNothingIsThereAndAfterCancel) {
  Loop loop;
  Pair pair;
  int calls = 0;
  auto watch = loop.on_readable(pair.a.get(), [&] { ++calls; });
  ASSERT_TRUE(watch);
  EXPECT_FALSE(loop.run_for(20ms));
  EXPECT_EQ(calls, 0);
  ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  watch->cancel();
  EXPECT_FALSE(watch->active());
  EXPECT_FALSE(loop.run_for(20ms));
  EXPECT_EQ(calls, 0);
}

TEST(Watch, MayBeDestroyedInsideItsCallback) {
  Loop loop;
  Pair pair;
  ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  int calls = 0;
  Watch watch;
  auto token = std::make_shared<int>(7);
  watch = *loop.on_readable(pair.a.get(), [&, token] {
    watch = Watch();
    calls += *token;  // captured state is still there
  });
  EXPECT_FALSE(loop.run_for(20ms));
  EXPECT_EQ(calls, 7);
}

TEST(Watch, SeesHangUp) {
  Loop loop;
  Pair pair;
  auto watch = loop.on_readable(pair.a.get(), [&] {
    char byte = 0;
    EXPECT_EQ(::read(pair.a.get(), &byte, 1), 0);
    loop.stop();
  });
  pair.b.reset();
  EXPECT_TRUE(loop.run_for(5s));
}

TEST(Watch, TwoOnOneDescriptorBothDirections) {
  Loop loop;
  Pair pair;
  bool readable = false, writable = false;
  Result<Watch> writer;
  writer = loop.on_writable(pair.a.get(), [&] {
    writable = true;
    writer->cancel();
    ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  });
  auto reader = loop.on_readable(pair.a.get(), [&] {
    readable = true;
    loop.stop();
  });
  ASSERT_TRUE(writer);
  ASSERT_TRUE(reader);
  EXPECT_TRUE(loop.run_for(5s));
  EXPECT_TRUE(readable);
  EXPECT_TRUE(writable);
}

TEST(Watch, RefusesWhatCannotBePolled) {
  Loop loop;
  const Fd file{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  auto watch = loop.on_readable(file.get(), [] {});
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().code.value(), EPERM);
  auto closed = loop.on_readable(-1, [] {});
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code.value(), EBADF);
}

TEST(Timer, FiresOnceNotBeforeItsTime) {
  Loop loop;
  const auto start = SteadyClock().now();
  int calls = 0;
  auto timer = loop.after(30ms, [&] { ++calls; });
  EXPECT_TRUE(timer.active());
  EXPECT_FALSE(loop.run_for(10ms));
  EXPECT_EQ(calls, 0);
  auto stop = loop.after(60ms, [&] { loop.stop(); });
  EXPECT_TRUE(loop.run_for(5s));
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(timer.active());
  EXPECT_GE(SteadyClock().now() - start, 60ms);
}

TEST(Timer, IsNotCalledAfterCancelNorAfterReplacement) {
  Loop loop;
  int first = 0, second = 0;
  Timer timer = loop.after(1ms, [&] { ++first; });
  std::this_thread::sleep_for(5ms);  // expired, but the loop has not looked yet
  timer = loop.after(1ms, [&] { ++second; });
  EXPECT_FALSE(loop.run_for(20ms));
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

TEST(Timer, RepeatsInRhythmAndSkipsWhatItMissed) {
  Loop loop;
  int calls = 0;
  Timer timer;
  timer = loop.every(20ms, [&] {
    if (++calls == 1) std::this_thread::sleep_for(110ms);  // misses 40..120 ms
    if (calls == 3) {
      timer.cancel();
      loop.stop();
    }
  });
  const auto start = SteadyClock().now();
  EXPECT_TRUE(loop.run_for(5s));
  // 20, then 140 and 160; a burst would be done by 130.
  EXPECT_GE(SteadyClock().now() - start, 155ms);
  EXPECT_EQ(calls, 3);
}

TEST(Signals, ComeThroughTheLoop) {
  Loop loop;
  std::vector<int> got;
  {
    auto signals = loop.on_signals({SIGHUP, SIGTERM}, [&](int number) {
      got.push_back(number);
      if (number == SIGHUP)
        ::kill(::getpid(), SIGTERM);
      else
        loop.stop();
    });
    ASSERT_TRUE(signals);
    ::kill(::getpid(), SIGHUP);
    EXPECT_TRUE(loop.run_for(5s));
  }
  EXPECT_EQ(got, (std::vector<int>{SIGHUP, SIGTERM}));
  auto again = loop.on_signals({SIGHUP}, [&](int) { loop.stop(); });  // the first are free again
  ASSERT_TRUE(again);
  ::kill(::getpid(), SIGHUP);
  EXPECT_TRUE(loop.run_for(5s));
}

TEST(Signals, RefusesOneThatCannotBeCaught) {
  Loop loop;
  EXPECT_FALSE(loop.on_signals({SIGKILL}, [](int) {}));
}

}  // namespace
}  // namespace plenum::rt
