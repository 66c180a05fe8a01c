#pragma once
// A thread with a name and a small stack, which takes no signals: those are the main loop's. Joined when it
// is destroyed; whoever owns it has told it to end by then.

#include <pthread.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

namespace plenum::rt {

class Thread {
 public:
  // Name: at most 15 bytes.
  static Result<Thread> start(const std::string& name, std::function<void()> body);

  Thread() = default;
  Thread(Thread&& other) noexcept
      : body_(std::move(other.body_)), thread_(other.thread_), running_(std::exchange(other.running_, false)) {}
  Thread& operator=(Thread&& other) noexcept {
    join();
    body_ = std::move(other.body_);
    thread_ = other.thread_;
    running_ = std::exchange(other.running_, false);
    return *this;
  }
  ~Thread() { join(); }
  void join();

 private:
  std::unique_ptr<std::function<void()>> body_;
  pthread_t thread_{};
  bool running_ = false;
};

}  // namespace plenum::rt
