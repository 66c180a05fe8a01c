#include "failover/tracker.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "failover/proc_list.h"

namespace plenum::failover {

namespace {

// Ends are told by the kernel, starts are looked for.
constexpr Duration kProcesses = std::chrono::milliseconds(500);
// Changes of files are told by the kernel; not of those on file systems that say nothing.
constexpr Duration kFiles = std::chrono::seconds(2);
constexpr int kMostWeight = 253;

std::optional<std::int32_t> read_number(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return std::nullopt;
  char bytes[64];
  const auto got = ::read(fd.get(), bytes, sizeof bytes);
  return got > 0 ? parse_number<std::int32_t>(trim(std::string_view(bytes, static_cast<std::size_t>(got))))
                 : std::nullopt;
}

std::string directory_of(const std::string& path) {
  const auto at = path.find_last_of('/');
  return at == std::string::npos ? "." : at == 0 ? "/" : path.substr(0, at);
}

}  // namespace

struct Tracker::Script {
  conf::TrackedScript conf;
  bool known = false, well = true;
  std::string refused;    // why it is not run
  std::uint32_t row = 0;  // results in a row that say otherwise
  std::optional<rt::ChildProcess> child;
  std::optional<TimePoint> timed_out;  // since when the child should be gone
  rt::Timer timer;
};

struct Tracker::Process {
  conf::TrackedProcess conf;
  bool known = false, well = true;
  std::uint32_t count = 0;
  rt::Timer delay;  // before a change counts
};

struct Tracker::File {
  conf::TrackedFile conf;
  std::int32_t value = 0;
};

Tracker::Tracker(rt::Loop& loop, Runner& runner, Changed changed)
    : loop_(loop), runner_(runner), changed_(std::move(changed)) {}
Tracker::~Tracker() = default;

namespace {

// Takes away what is not wanted any more or is another now, and gives those to be begun.
template <class Map, class List>
auto renew(Map& have, const List& wanted) {
  for (auto at = have.begin(); at != have.end();) {
    const auto same = std::find_if(wanted.begin(), wanted.end(),
                                   [&](const auto& one) { return one.name == at->first && one == at->second->conf; });
    at = same == wanted.end() ? have.erase(at) : std::next(at);
  }
  std::vector<typename Map::mapped_type::element_type*> fresh;
  for (const auto& one : wanted) {
    auto& slot = have[one.name];
    if (slot) continue;
    slot = std::make_unique<typename Map::mapped_type::element_type>();
    slot->conf = one;
    fresh.push_back(slot.get());
  }
  return fresh;
}

}  // namespace

void Tracker::configure(const conf::Vrrp& conf) {
  for (auto* script : renew(scripts_, conf.scripts)) {
    // One that is to be failed until it says otherwise is known from the start.
    script->known = script->conf.starts_failed;
    script->well = !script->conf.starts_failed;
    script->timer = loop_.every(script->conf.interval, [this, script] { run(*script); });
    run(*script);
  }
  (void)renew(processes_, conf.processes);
  ends_.clear();
  process_timer_.cancel();
  if (!processes_.empty()) {
    process_timer_ = loop_.every(kProcesses, [this] { look_at_processes(); });
    look_at_processes();
  }
  for (auto* file : renew(files_, conf.files)) {
    const auto& its = file->conf;
    if (its.initial && (its.overwrite || ::access(its.path.c_str(), F_OK) != 0)) {
      const auto text = std::to_string(*its.initial) + "\n";
      const Fd fd(::open(its.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
      if (!fd || ::write(fd.get(), text.data(), text.size()) < 0) changed_("file " + its.name, "cannot be written");
    }
    file->value = read_number(its.path).value_or(0);
  }
  file_timer_.cancel();
  watch_directories();
  if (!files_.empty())
    file_timer_ = loop_.every(kFiles, [this] {
      for (auto& [name, file] : files_) look_at(*file);
    });
}

std::optional<vrrp::Tracked> Tracker::tracked(const conf::Track& track) const {
  vrrp::Tracked out;
  if (track.kind == conf::TrackKind::Script) {
    out.name = "script " + track.name;
    const auto at = scripts_.find(track.name);
    if (at == scripts_.end()) return out;
    const auto& script = *at->second;
    // One that may not be run tracks nothing, as keepalived has it.
    if (!script.refused.empty()) return out;
    if (!script.known) return std::nullopt;
    out.weight = track.weight.value_or(script.conf.weight);
    out.reverse = track.reverse != script.conf.reverse;
    out.well = script.well;
  } else if (track.kind == conf::TrackKind::Process) {
    out.name = "process " + track.name;
    const auto at = processes_.find(track.name);
    if (at == processes_.end()) return out;
    const auto& process = *at->second;
    out.weight = track.weight.value_or(process.conf.weight);
    out.reverse = track.reverse != process.conf.reverse;
    out.well = process.well;
  } else if (track.kind == conf::TrackKind::File) {
    out.name = "file " + track.name;
    const auto at = files_.find(track.name);
    if (at == files_.end()) return out;
    const auto& file = *at->second;
    const bool reverse = track.reverse != file.conf.reverse;
    const int weight = track.weight.value_or(file.conf.weight);
    if (weight == 0) {
      out.reverse = reverse;
      out.well = file.value == 0;
      return out;
    }
    // What it adds or takes away now.
    const auto by = static_cast<std::int64_t>(weight) * file.value * (reverse ? -1 : 1);
    const auto bound = static_cast<std::int16_t>(std::clamp<std::int64_t>(by, -kMostWeight, kMostWeight));
    out.weight = bound;
    out.well = bound >= 0;
  }
  return out;
}

std::vector<std::string> Tracker::complaints() const {
  std::vector<std::string> out;
  for (const auto& [name, script] : scripts_)
    if (!script->refused.empty()) out.push_back("script " + name + " " + script->refused);
  return out;
}

// ---- scripts

void Tracker::run(Script& script) {
  // One that is late holds the next one up, up to its timeout.
  if (script.child && script.child->alive()) {
    // One that cannot be ended (it waits for a dead disk) fails once more an interval: no other can be asked.
    if (script.timed_out && std::chrono::steady_clock::now() - *script.timed_out >= script.conf.interval / 2)
      came_back(script, {rt::ChildEnd::Kind::TimedOut, 0, {}});
    return;
  }
  script.child.reset();
  script.timed_out.reset();
  auto options = runner_.prepare(script.conf.command);
  if (!options) {
    const bool news = script.refused.empty();
    script.refused = "is not run: " + options.error().what;
    if (news) changed_("script " + script.conf.name, script.refused);
    return;
  }
  script.refused.clear();
  options->timeout = script.conf.timeout > Duration::zero() ? script.conf.timeout : script.conf.interval;
  auto child = runner_.start(*std::move(options), [this, &script](const rt::ChildEnd& end) { came_back(script, end); });
  if (child)
    script.child = *std::move(child);
  else
    came_back(script, {rt::ChildEnd::Kind::NotStarted, child.error().code.value(), {}});
}

void Tracker::came_back(Script& script, const rt::ChildEnd& end) {
  const bool well = end.succeeded();
  if (end.kind == rt::ChildEnd::Kind::TimedOut && !script.timed_out)
    script.timed_out = std::chrono::steady_clock::now();
  const auto name = "script " + script.conf.name;
  if (!script.known) {
    // The first result stands for itself.
    script.known = true;
    script.well = well;
    script.row = 0;
    changed_(name, well ? "succeeds" : "fails: " + end.text());
    return;
  }
  if (well == script.well) {
    script.row = 0;
    return;
  }
  if (++script.row < (well ? script.conf.rise : script.conf.fall)) return;
  script.row = 0;
  script.well = well;
  changed_(name, well ? "succeeds" : "fails: " + end.text());
}

// ---- processes

void Tracker::look_at_processes() {
  const auto all = read_processes();
  std::set<int> pids;
  for (auto& [name, process] : processes_) {
    std::uint32_t count = 0;
    for (const auto& one : all)
      if (is_meant(process->conf, one)) {
        ++count;
        pids.insert(one.pid);
      }
    judge(*process, count);
  }
  std::erase_if(ends_, [&](const auto& one) { return !pids.contains(one.first); });
  for (const int pid : pids) {
    if (ends_.contains(pid)) continue;
    Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) continue;
    auto watch = loop_.on_readable(fd.get(), [this, pid] {
      ends_.erase(pid);
      loop_.post([this] { look_at_processes(); });
    });
    if (watch) ends_.emplace(pid, std::pair(std::move(fd), *std::move(watch)));
  }
}

void Tracker::judge(Process& process, std::uint32_t count) {
  process.count = count;
  const bool well = count >= process.conf.least && count <= process.conf.most;
  const auto take = [this, &process, well] {
    process.delay.cancel();
    process.well = well;
    changed_("process " + process.conf.name,
             std::string(well ? "is well: " : "is not well: ") + std::to_string(process.count) + " of them");
  };
  if (!process.known) {
    process.known = true;
    process.well = well;
    return;
  }
  if (well == process.well) return process.delay.cancel();
  const auto delay = well ? process.conf.fork_delay : process.conf.terminate_delay;
  if (delay <= Duration::zero()) return take();
  if (!process.delay.active()) process.delay = loop_.after(delay, take);
}

// ---- files

void Tracker::look_at(File& file) {
  const auto value = read_number(file.conf.path).value_or(0);
  if (value == file.value) return;
  file.value = value;
  changed_("file " + file.conf.name, "says " + std::to_string(value));
}

// The directories, for a file may be replaced, and may not be there yet.
void Tracker::watch_directories() {
  notify_watch_.cancel();
  notify_.reset();
  if (files_.empty()) return;
  notify_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!notify_) return;
  for (const auto& [name, file] : files_)
    ::inotify_add_watch(notify_.get(), directory_of(file->conf.path).c_str(),
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE);
  auto watch = loop_.on_readable(notify_.get(), [this] {
    alignas(inotify_event) char events[4096];
    while (::read(notify_.get(), events, sizeof events) > 0) {
    }
    for (auto& [name, file] : files_) look_at(*file);
  });
  if (watch) notify_watch_ = *std::move(watch);
}

}  // namespace plenum::failover
