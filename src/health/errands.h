#pragma once
// Work that may block the thread that does it (a file of a server that hangs, a look into the host's users), done by
// threads of its own. Whoever waits for it is told through the Loop. At most kThreads at once; what is stuck keeps
// its thread and nothing else, up to that many.

#include <functional>
#include <memory>
#include <string>

#include "rt/loop.h"

namespace plenum::health {

class Errands {
 public:
  static constexpr unsigned kThreads = 8;

  explicit Errands(rt::Loop& loop);
  // Nobody is told any more. Waits a moment for what goes on; what is stuck is left behind.
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  // Runs `work`, whose result `done` gets in the loop's thread. While an errand of that name is under way another one
  // is not begun: its result is for both.
  void run(const std::string& name, std::function<std::shared_ptr<void>()> work,
           std::function<void(const std::shared_ptr<void>&)> done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace plenum::health
