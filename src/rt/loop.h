#pragma once
// The event loop of a daemon: one thread that waits for file descriptors, timers and
// signals and calls back. Knows nothing of what the callbacks do. Boost.Asio is the engine
// and stays inside the .cc files.
//
// Every handle (Watch, Timer, Signals) is RAII: destroying or cancelling it, also from
// inside its own callback, means the callback is not called again. The Loop outlives its
// handles. Everything but post() and stop() belongs to the loop's thread. Callbacks must
// not block; an exception that one throws leaves run().

#include <functional>
#include <initializer_list>
#include <memory>

#include "base/clock.h"
#include "base/result.h"

namespace plenum::rt {

// Calls back while a file descriptor is ready. Level-triggered: what the callback leaves
// unread is reported again.
class Watch {
 public:
  Watch() = default;
  Watch(Watch&&) noexcept = default;
  Watch& operator=(Watch&&) noexcept;
  ~Watch() { cancel(); }
  void cancel();
  [[nodiscard]] bool active() const { return state_ != nullptr; }

 private:
  friend class Loop;
  struct State;
  explicit Watch(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// Calls back once, or periodically.
class Timer {
 public:
  Timer() = default;
  Timer(Timer&&) noexcept = default;
  Timer& operator=(Timer&&) noexcept;
  ~Timer() { cancel(); }
  void cancel();
  // True until cancelled or, for a timer of Loop::after, until it has fired.
  [[nodiscard]] bool active() const;

 private:
  friend class Loop;
  struct State;
  explicit Timer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// Calls back in the loop's thread when the process receives one of its signals, which then
// no longer have their default effect.
class Signals {
 public:
  Signals() = default;
  Signals(Signals&&) noexcept = default;
  Signals& operator=(Signals&&) noexcept;
  ~Signals() { cancel(); }
  void cancel();

 private:
  friend class Loop;
  struct State;
  explicit Signals(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

class Loop {
 public:
  using Callback = std::function<void()>;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs callbacks until stop(); may be called again after that.
  void run();
  // As run(), but for at most `time`. True when stop() ended it.
  bool run_for(Duration time);
  // Makes run() return after the callback that runs now. Any thread; also before run(),
  // which then returns at once.
  void stop();
  // Runs `fn` in the loop's thread, not before the present callback has returned, in the
  // order posted. Any thread.
  void post(Callback fn);

  // `fd` is borrowed: its owner may close it at any time, but the open file stays until the
  // watch is gone, since the watch holds a duplicate. Any pollable fd, also an epoll fd
  // (libbpf ring buffer). Fails with EPERM for one that is not (a regular file), EMFILE.
  Result<Watch> on_readable(int fd, Callback fn);
  Result<Watch> on_writable(int fd, Callback fn);

  // Once, `delay` from now; a negative delay counts as zero.
  [[nodiscard]] Timer after(Duration delay, Callback fn);
  // Every `period` (> 0), first one period from now. Keeps its rhythm; periods that a busy
  // loop missed are skipped, not made up for in a burst.
  [[nodiscard]] Timer every(Duration period, Callback fn);

  // One Signals per signal number in the process's life at a time.
  Result<Signals> on_signals(std::initializer_list<int> numbers, std::function<void(int)> fn);

  // Shares it until forget() or the loop's end: what goes on behind whoever began it, for callbacks of its own.
  void keep(std::shared_ptr<void> what);
  void forget(const std::shared_ptr<void>& what);

  // The engine, for the .cc files of this room (rt/loop_impl.h).
  struct Impl;
  [[nodiscard]] Impl& impl() { return *impl_; }

 private:
  enum class Direction : bool { Read, Write };
  Result<Watch> watch(int fd, Direction direction, Callback fn);

  std::unique_ptr<Impl> impl_;
};

}  // namespace plenum::rt
