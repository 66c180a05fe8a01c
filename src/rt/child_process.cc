#include "rt/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/fd.h"
#include "rt/realtime.h"
#include "rt/script_rules.h"

namespace plenum::rt {
namespace {

// Everything the new process needs, made before it is: between its beginning and execve() it may do nothing that
// takes a lock, for another thread of the parent may have held that.
struct Launch {
  std::vector<std::string> paths;  // tried in turn
  std::vector<char*> words, environment;
  const Credentials* credentials = nullptr;
  int output = -1;  // the write end; -1: /dev/null
  int null = -1;
  int report = -1;  // takes the errno of a start that failed
};

// In the new process. By raw system calls: glibc's set*id() would look for the parent's other threads.
[[noreturn]] void launch(const Launch& launch) {
  const auto give_up = [&launch] {
    const int error = errno;
    [[maybe_unused]] const auto told = ::write(launch.report, &error, sizeof error);
    ::_exit(127);
  };
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  const int out = launch.output >= 0 ? launch.output : launch.null;
  if (::dup2(launch.null, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) give_up();
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) give_up();
  const sched_param ordinary{};
  ::sched_setscheduler(0, SCHED_OTHER, &ordinary);
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (const auto* who = launch.credentials; who != nullptr) {
    if (::syscall(SYS_setgroups, who->groups.size(), who->groups.data()) != 0) give_up();
    if (::syscall(SYS_setresgid, who->gid, who->gid, who->gid) != 0) give_up();
    if (::syscall(SYS_setresuid, who->uid, who->uid, who->uid) != 0) give_up();
  }
  int error = ENOENT;
  for (const auto& path : launch.paths) {
    ::execve(path.c_str(), launch.words.data(), launch.environment.data());
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
  }
  errno = error;
  give_up();
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

struct ChildProcess::State : std::enable_shared_from_this<State> {
  explicit State(Loop& the_loop) : loop(the_loop) {}

  Loop& loop;
  OnEnd on_end;
  int pid = 0;
  bool gone = false, ending = false;
  Fd pidfd, output, report;
  std::size_t keep = 0;
  std::string text;
  Watch ended, printed;
  Timer timeout, grace;

  void signal(int number) const {
    // The group may outlive its leader; one that is reaped has no number to be mistaken for another's yet.
    if (!gone) ::kill(-pid, number);
  }

  void tell(ChildEnd end) {
    if (auto told = std::exchange(on_end, nullptr)) told(std::move(end));
  }

  void read_output() {
    std::array<char, 4096> block{};
    while (true) {
      const auto got = ::read(output.get(), block.data(), block.size());
      if (got <= 0) {
        if (got == 0 || errno != EAGAIN) printed.cancel();
        return;
      }
      text.append(block.data(), std::min(static_cast<std::size_t>(got), keep - text.size()));
    }
  }

  void terminate() {
    ending = true;
    signal(SIGTERM);
    grace = loop.after(kGrace, [this] { signal(SIGKILL); });
  }

  void reap() {
    siginfo_t info{};
    if (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG | WNOWAIT) !=
            0 ||
        info.si_pid == 0)
      return;
    // What it left behind of its group, which has its number until it is reaped. Otherwise that is its own affair: a
    // notification may start a daemon.
    if (ending) signal(SIGKILL);
    ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG);
    gone = true;
    ended.cancel();
    timeout.cancel();
    grace.cancel();
    if (output) read_output();
    printed.cancel();
    ChildEnd end{info.si_code == CLD_EXITED ? ChildEnd::Kind::Exited : ChildEnd::Kind::Killed, info.si_status,
                 std::move(text)};
    int error = 0;
    if (::read(report.get(), &error, sizeof error) == sizeof error) end = {ChildEnd::Kind::NotStarted, error, {}};
    const auto alive = shared_from_this();
    loop.forget(alive);
    tell(std::move(end));
  }
};

std::string ChildEnd::text() const {
  switch (kind) {
    case Kind::Exited:
      return "exit status " + std::to_string(value);
    case Kind::Killed:
      return "killed by signal " + std::to_string(value);
    case Kind::TimedOut:
      return "no end after its time";
    case Kind::NotStarted:
      return std::string("not started: ") + std::strerror(value);
  }
  return {};
}

Result<ChildProcess> ChildProcess::start(Loop& loop, ChildOptions options, OnEnd on_end) {
  if (options.words.empty()) return fail(std::errc::invalid_argument, "no program to run");
  auto state = std::make_shared<State>(loop);
  state->on_end = std::move(on_end);
  state->keep = options.keep_output;

  PLENUM_TRY(auto report, make_pipe(), "run " + options.words[0]);
  Pipe output;
  if (options.keep_output > 0) {
    PLENUM_TRY(output, make_pipe(), "run " + options.words[0]);
    ::fcntl(output.read.get(), F_SETFL, O_NONBLOCK);
  }
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail_errno("/dev/null");

  Launch what;
  what.paths = program_places(options.words[0]);
  what.words = pointers(options.words);
  for (char** variable = environ; *variable != nullptr; ++variable) what.environment.push_back(*variable);
  const auto own = pointers(options.environment);
  what.environment.insert(what.environment.end(), own.begin(), own.end());
  if (options.credentials) what.credentials = &*options.credentials;
  what.output = output.write.get();
  what.null = null.get();
  what.report = report.write.get();

  // As fork(), but without glibc's handlers, which take every lock of its allocator: a thread that may not wait
  // would wait for them. For the copy the kernel locks the process's mappings, and marks its pages, so that such a
  // thread's next write waits for that lock: whoever has it must not wait for a CPU. (A shared memory, as vfork() has
  // it, would keep this thread until the program's file was read, which a broken disk may never do.)
  int pidfd = -1;
  long pid = -1;
  {
    const Unpreempted quick;
    pid = ::syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
  }
  if (pid < 0) return fail_errno("run " + options.words[0]);
  if (pid == 0) launch(what);
  ::setpgid(static_cast<pid_t>(pid), static_cast<pid_t>(pid));  // whichever of the two comes first

  state->pid = static_cast<int>(pid);
  state->pidfd = Fd(pidfd);
  state->report = std::move(report.read);
  state->output = std::move(output.read);
  ::fcntl(state->report.get(), F_SETFL, O_NONBLOCK);
  ChildProcess handle(state);
  auto* raw = state.get();
  PLENUM_TRY(state->ended, loop.on_readable(pidfd, [raw] { raw->reap(); }), "run " + options.words[0]);
  if (state->output) {
    PLENUM_TRY(state->printed, loop.on_readable(state->output.get(), [raw] { raw->read_output(); }),
               "run " + options.words[0]);
  }
  if (options.timeout > Duration::zero()) {
    state->timeout = loop.after(options.timeout, [raw] {
      const auto alive = raw->shared_from_this();
      raw->terminate();
      raw->tell({ChildEnd::Kind::TimedOut, 0, std::move(raw->text)});
    });
  }
  loop.keep(state);  // while there is something to reap
  return handle;
}

ChildProcess::ChildProcess(std::shared_ptr<State> state) : state_(std::move(state)) {}
ChildProcess::ChildProcess(ChildProcess&&) noexcept = default;

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    const ChildProcess former(std::move(*this));
    state_ = std::move(other.state_);
  }
  return *this;
}

ChildProcess::~ChildProcess() {
  if (!state_) return;
  state_->on_end = nullptr;
  if (!state_->gone) state_->signal(SIGKILL);
}

bool ChildProcess::alive() const { return state_ && !state_->gone; }
int ChildProcess::pid() const { return state_ ? state_->pid : 0; }

void ChildProcess::terminate() {
  if (alive()) state_->terminate();
}

void ChildProcess::release() {
  if (!state_) return;
  state_->on_end = nullptr;
  state_.reset();
}

}  // namespace plenum::rt
