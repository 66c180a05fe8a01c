#pragma once
// Network namespaces for tests: each is unnamed and goes with the thread that made it, so
// nothing is left behind. Only for *_test.cc. Needs root.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "base/fd.h"

namespace plenum::rt {

class TestNamespace {
 public:
  // Makes one, and the calling thread is in it.
  TestNamespace() {
    EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
    fd_ = Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(fd_);
    sh("ip link set lo up");
  }
  void enter() const { ASSERT_EQ(::setns(fd_.get(), CLONE_NEWNET), 0); }
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Runs a shell command in the namespace that the thread is in; it must succeed.
  static void sh(const std::string& command) { EXPECT_EQ(std::system(command.c_str()), 0) << command; }

 private:
  Fd fd_;
};

// Two of them, joined by a cable: eth0 of "here", where the test runs, and eth0 of "there".
// The link of each is up, and has the MAC 02:00:00:00:00:01 and :02.
class TwoNamespaces {
 public:
  TwoNamespaces() {
    here_.enter();
    const std::string there = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(there_.fd());
    TestNamespace::sh(
        "ip link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 "
        "address 02:00:00:00:00:02 netns " +
        there);
    TestNamespace::sh("ip link set eth0 up");
    sh_there("ip link set eth0 up");
    // Until the kernel has seen to the carrier, what is sent is thrown away.
    for (const bool here : {true, false}) {
      const std::string carried = "until ip -o link show eth0 | grep -q 'state UP'; do sleep 0.01; done";
      here ? sh(carried) : sh_there(carried);
    }
  }
  static void sh(const std::string& command) { TestNamespace::sh(command); }
  // The calling thread is there, or here, from now on.
  void enter_there() const { there_.enter(); }
  void enter_here() const { here_.enter(); }
  void sh_there(const std::string& command) const {
    there_.enter();
    TestNamespace::sh(command);
    here_.enter();
  }

 private:
  TestNamespace there_, here_;
};

// Runs a test's body in a thread of its own, whose namespaces it may leave behind.
inline void in_thread(const std::function<void()>& body) { std::thread(body).join(); }

inline bool may_make_namespaces() { return ::geteuid() == 0; }

}  // namespace plenum::rt

#define PLENUM_NEEDS_ROOT() \
  if (!plenum::rt::may_make_namespaces()) GTEST_SKIP() << "needs root: makes network namespaces"
