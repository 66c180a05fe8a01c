#pragma once
// Runs commands of a configuration: as whom, and whether that is safe. Trackers and notifications share it.

#include <functional>
#include <list>
#include <string>

#include "conf/vrrp.h"
#include "rt/child_process.h"

namespace plenum::failover {

class Runner {
 public:
  explicit Runner(rt::Loop& loop) : loop_(loop) {}

  void configure(const conf::VrrpGlobals& globals) { globals_ = globals; }
  // Whom a command would be run as, or why it would not be.
  Result<rt::ChildOptions> prepare(const conf::Command& command) const;
  Result<rt::ChildProcess> start(rt::ChildOptions options, rt::ChildProcess::OnEnd on_end);
  // Lets it go by itself; `ended` hears what became of it.
  Result<> run(rt::ChildOptions options, rt::ChildProcess::OnEnd ended);
  rt::Timer after(Duration time, std::function<void()> then) { return loop_.after(time, std::move(then)); }
  // What still runs goes on without us.
  void let_go();

 private:
  rt::Loop& loop_;
  conf::VrrpGlobals globals_;
  std::list<rt::ChildProcess> running_;
};

}  // namespace plenum::failover
