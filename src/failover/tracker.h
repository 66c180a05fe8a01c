#pragma once
// What routers track besides links and BFD sessions: scripts that are run again and again, processes that must be
// there, files with a number in them. Says how each of them is; what follows is failover.cc's. Main's loop.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "conf/vrrp.h"
#include "failover/runner.h"
#include "rt/loop.h"
#include "vrrp/tracking.h"

namespace plenum::failover {

class Tracker {
 public:
  // `changed` is called when one of them is another than before; its text says which and how.
  using Changed = std::function<void(const std::string& name, const std::string& text)>;
  Tracker(rt::Loop& loop, Runner& runner, Changed changed);
  ~Tracker();
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;

  // Those that are as they were go on as they are.
  void configure(const conf::Vrrp& conf);

  // As it counts for who tracks it so. None: it is not known yet, for a script has not come back for the first time.
  [[nodiscard]] std::optional<vrrp::Tracked> tracked(const conf::Track& track) const;
  // What is not tracked though it should be, and why.
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  struct Script;
  struct Process;
  struct File;
  void run(Script& script);
  void came_back(Script& script, const rt::ChildEnd& end);
  void look_at_processes();
  void judge(Process& process, std::uint32_t count);
  void look_at(File& file);
  void watch_directories();

  rt::Loop& loop_;
  Runner& runner_;
  const Changed changed_;
  std::map<std::string, std::unique_ptr<Script>> scripts_;
  std::map<std::string, std::unique_ptr<Process>> processes_;
  std::map<std::string, std::unique_ptr<File>> files_;
  rt::Timer process_timer_, file_timer_;
  std::map<int, std::pair<Fd, rt::Watch>> ends_;  // pidfds of processes that count, by pid
  Fd notify_;                                     // inotify
  rt::Watch notify_watch_;
};

}  // namespace plenum::failover
