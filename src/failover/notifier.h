#pragma once
// Tells programs of the host when a router or a group changes its state, in keepalived's formats: scripts, and lines
// in named pipes. Never waits for whoever reads or runs; and whose programs do not end has no more than some of them:
// of what comes then the last state is told when one of them ends.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "conf/vrrp.h"
#include "failover/runner.h"

namespace plenum::failover {

class Notifier {
 public:
  using Log = std::function<void(bool warning, const std::string& line)>;
  Notifier(Runner& runner, Log log) : runner_(runner), log_(std::move(log)) {}
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  // Pipes that it made go.
  ~Notifier();

  void configure(const conf::VrrpGlobals& globals);

  // The daemon ends: what reads the pipe ends with it, what was told goes on by itself.
  void end();

  // `state`: "master", "backup", "fault", "stop", "deleted", "master_rx_lower_pri".
  void tell(bool group, const std::string& name, const conf::Notify& notify, const std::string& state,
            unsigned priority);

 private:
  struct Pipe {
    std::string path;
    Fd fd;
    bool made = false;
    bool routers = true, groups = true;
    bool full = false;  // said so already
  };
  void open(const std::string& path, bool routers, bool groups);
  void write(Pipe& pipe, const std::string& line);
  void begin_reader();
  void end_reader();
  // What runs for one router or group.
  struct Programs {
    std::size_t running = 0;
    bool lower_runs = false;     // one at a time: a flood of lesser masters is no flood of programs
    std::function<void()> last;  // what is to be told when there is room
  };
  // False: not started, and `ended` is never called.
  bool run(const conf::Command& command, const std::vector<std::string>& more, std::function<void()> ended);
  void run_for(Programs& programs, const conf::Command& command, const std::vector<std::string>& more);
  void run_for_state(Programs& programs, const conf::Notify& notify, const std::string& state,
                     const std::vector<std::string>& more);

  Runner& runner_;
  const Log log_;
  std::map<std::string, Pipe> pipes_;
  std::vector<std::string> reader_;  // of the pipe for all: its words, the pipe the last
  std::string reader_end_;           // what was said of its end
  std::optional<rt::ChildProcess> reading_;
  rt::Timer reads_again_;
  std::map<std::pair<bool, std::string>, Programs> programs_;  // by group or not, and name; their places are fixed
};

}  // namespace plenum::failover
