#pragma once
// Runs notifications: those about one service or group one after the other, those about several at once, never too
// many. Waits for none.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "care/telling.h"
#include "rt/child_process.h"
#include "rt/loop.h"
#include "rt/script_rules.h"

namespace plenum::care {

class Notices {
 public:
  using Log = std::function<void(const std::string&)>;

  Notices(rt::Loop& loop, Log log) : loop_(loop), log_(std::move(log)) {}
  // What still runs goes on by itself, what waits is begun.
  ~Notices();
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  // For notifications begun from now on.
  void set(const rt::ScriptRules& rules) { rules_ = rules; }
  void add(const std::string& about, Notice notice);

 private:
  void next(const std::string& about);
  void sweep();
  Result<rt::ChildProcess> start(const Notice& notice, rt::ChildProcess::OnEnd on_end);

  struct Queue {
    std::deque<Notice> waiting;
    std::unique_ptr<rt::ChildProcess> running;
  };

  rt::Loop& loop_;
  Log log_;
  rt::ScriptRules rules_;
  std::map<std::string, Queue> queues_;
  std::vector<std::string> ended_;
  rt::Timer sweep_;
  std::size_t running_ = 0, waiting_ = 0, dropped_ = 0;
};

}  // namespace plenum::care
