#include "failover/notifier.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "conf/read_command.h"

namespace plenum::failover {

namespace {

constexpr std::size_t kProgramsAtOnce = 16;
constexpr Duration kReaderAgain = std::chrono::seconds(1);

}  // namespace

Notifier::~Notifier() {
  for (const auto& [path, pipe] : pipes_)
    if (pipe.made) ::unlink(path.c_str());
}

void Notifier::configure(const conf::VrrpGlobals& globals) {
  const std::vector<std::string> wanted{globals.notify_fifo, globals.router_fifo, globals.group_fifo};
  std::erase_if(pipes_, [&](const auto& one) {
    if (std::find(wanted.begin(), wanted.end(), one.first) != wanted.end()) return false;
    if (one.second.made) ::unlink(one.first.c_str());
    return true;
  });
  open(globals.notify_fifo, true, true);
  open(globals.router_fifo, true, true);
  open(globals.group_fifo, false, true);
  std::vector<std::string> reader;
  if (!globals.notify_fifo.empty() && !globals.notify_fifo_script.empty()) {
    reader = conf::split_command(globals.notify_fifo_script).value_or(std::vector{globals.notify_fifo_script});
    reader.push_back(globals.notify_fifo);
  }
  if (reader_ == reader) return;
  end_reader();
  reader_ = std::move(reader);
  reader_end_.clear();
  if (!reader_.empty()) begin_reader();
}

// The pipe keeps what is written meanwhile: a reader that is started again misses nothing.
void Notifier::begin_reader() {
  const auto ended = [this](const std::string& what) {
    // One that never runs for long would say so each time.
    if (std::exchange(reader_end_, what) != what)
      log_(true, reader_.front() + ", which reads " + reader_.back() + ": " + what + "; it is started again");
    reads_again_ = runner_.after(kReaderAgain, [this] { begin_reader(); });
  };
  conf::Command command;
  command.words = reader_;
  auto options = runner_.prepare(command);
  if (!options) return ended(options.error().what);
  auto started = runner_.start(*std::move(options), [ended](const rt::ChildEnd& end) { ended(end.text()); });
  if (!started) return ended(started.error().what);
  reading_ = *std::move(started);
}

void Notifier::end_reader() {
  reads_again_.cancel();
  if (!reading_) return;
  reading_->terminate();
  reading_->release();
  reading_.reset();
}

void Notifier::end() {
  end_reader();
  runner_.let_go();
}

void Notifier::open(const std::string& path, bool routers, bool groups) {
  if (path.empty() || pipes_.contains(path)) return;
  Pipe pipe{.path = path, .routers = routers, .groups = groups};
  pipe.made = ::mkfifo(path.c_str(), 0600) == 0;
  struct stat found {};
  if (!pipe.made && (::lstat(path.c_str(), &found) != 0 || !S_ISFIFO(found.st_mode)))
    return log_(true, path + " is not a named pipe");
  // For reading, too: it opens though nobody reads yet, and what is written then waits for who does.
  pipe.fd = Fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!pipe.fd) return log_(true, "cannot open the pipe " + path);
  pipes_.emplace(path, std::move(pipe));
}

void Notifier::write(Pipe& pipe, const std::string& line) {
  const bool done = ::write(pipe.fd.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (!done && !pipe.full) log_(true, "nobody reads " + pipe.path + ": it is full, and lines are left out");
  pipe.full = !done;
}

bool Notifier::run(const conf::Command& command, const std::vector<std::string>& more, std::function<void()> ended) {
  if (command.empty()) return false;
  auto options = runner_.prepare(command);
  if (!options) {
    log_(true, "not run: " + options.error().what);
    return false;
  }
  options->words.insert(options->words.end(), more.begin(), more.end());
  const auto started = runner_.run(
      *std::move(options), [this, what = command.words.front(), ended = std::move(ended)](const rt::ChildEnd& end) {
        if (!end.succeeded()) log_(true, what + ": " + end.text());
        ended();
      });
  if (!started) log_(true, started.error().what);
  return started.has_value();
}

void Notifier::run_for(Programs& programs, const conf::Command& command, const std::vector<std::string>& more) {
  const auto ended = [&programs] {
    --programs.running;
    if (programs.running < kProgramsAtOnce && programs.last) std::exchange(programs.last, nullptr)();
  };
  if (run(command, more, ended)) ++programs.running;
}

void Notifier::run_for_state(Programs& programs, const conf::Notify& notify, const std::string& state,
                             const std::vector<std::string>& more) {
  if (state == "master") run_for(programs, notify.master, {});
  if (state == "backup") run_for(programs, notify.backup, {});
  if (state == "fault") run_for(programs, notify.fault, {});
  if (state == "stop") run_for(programs, notify.stop, {});
  run_for(programs, notify.any, more);
}

void Notifier::tell(bool group, const std::string& name, const conf::Notify& notify, const std::string& state,
                    unsigned priority) {
  std::string upper = state;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  const std::string kind = group ? "GROUP" : "INSTANCE", number = std::to_string(priority);
  const auto line = kind + " \"" + name + "\" " + upper + " " + number + "\n";
  for (auto& [path, pipe] : pipes_)
    if (group ? pipe.groups : pipe.routers) write(pipe, line);
  auto& programs = programs_[{group, name}];
  if (state == "master_rx_lower_pri") {
    if (!programs.lower_runs)
      programs.lower_runs = run(notify.lower_priority, {}, [&programs] { programs.lower_runs = false; });
    return;
  }
  if (state == "deleted" && !notify.deleted) upper = "FAULT";
  const std::vector<std::string> more{kind, name, upper, number};
  if (programs.running < kProgramsAtOnce) {
    programs.last = nullptr;
    return run_for_state(programs, notify, state, more);
  }
  if (!programs.last)
    log_(true, name + ": " + std::to_string(programs.running) +
                   " of its notifications' programs have not ended; the last state is told when one does");
  programs.last = [this, &programs, notify, state, more] { run_for_state(programs, notify, state, more); };
}

}  // namespace plenum::failover
