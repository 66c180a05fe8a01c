#pragma once
// Runs programs beside a daemon: checks' and trackers' scripts, notifications. Never waits: what becomes of a
// program is told through the Loop. A program gets a process group of its own, none of the daemon's descriptors, no
// capability it was not meant to have, and an end if it takes too long.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rt/credentials.h"
#include "rt/loop.h"

namespace plenum::rt {

struct ChildOptions {
  std::vector<std::string> words;          // the program, by path or looked for in PATH, and its arguments
  std::optional<Credentials> credentials;  // none: the daemon's own
  Duration timeout{};                      // then SIGTERM, and kGrace later SIGKILL, to its group; 0: none
  std::vector<std::string> environment;    // NAME=value, beside the daemon's own
  std::size_t keep_output = 0;             // how many bytes of what it prints are kept; 0: /dev/null
};

struct ChildEnd {
  enum class Kind : std::uint8_t {
    Exited,      // value: exit status
    Killed,      // value: signal
    TimedOut,    // told at the timeout; it may still be there
    NotStarted,  // value: errno of its start: ENOENT, EACCES, ENOEXEC...
  };
  Kind kind = Kind::Exited;
  int value = 0;
  std::string output;

  [[nodiscard]] bool succeeded() const { return kind == Kind::Exited && value == 0; }
  // "exit status 3", "killed by signal 9", "no end after its time", "not started: Permission denied".
  [[nodiscard]] std::string text() const;
};

class ChildProcess {
 public:
  using OnEnd = std::function<void(ChildEnd)>;
  static constexpr Duration kGrace = std::chrono::seconds(1);

  // `on_end` is called once, not before start() has returned; destroying the handle means it is not called any more,
  // and ends the program's group (SIGKILL), which is reaped behind the scenes. EAGAIN, ENOMEM, EMFILE.
  static Result<ChildProcess> start(Loop& loop, ChildOptions options, OnEnd on_end);

  ChildProcess(ChildProcess&&) noexcept;
  ChildProcess& operator=(ChildProcess&&) noexcept;
  ~ChildProcess();

  // Until it is gone, which may be after TimedOut was told.
  [[nodiscard]] bool alive() const;
  [[nodiscard]] int pid() const;
  // SIGTERM now, and SIGKILL kGrace later.
  void terminate();
  // Lets it go on by itself, without a word about its end: a notification at the daemon's own end.
  void release();

 private:
  struct State;
  explicit ChildProcess(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace plenum::rt
