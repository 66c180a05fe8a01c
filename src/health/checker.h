#pragma once
// Asks targets whether they are well, over and over, in a thread of its own: whatever keeps its caller's loop busy
// does not delay a probe, and no probe delays the caller. Knows no service; what follows from a verdict is the
// caller's business.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "health/target.h"
#include "rt/loop.h"
#include "rt/script_rules.h"

namespace plenum::health {

// All but start() from the thread of the loop given there, which outlives the checker.
class Checker {
 public:
  struct Events {
    std::function<void(const Change&)> changed;
    // A probe of a check with log_all_failures failed; the verdict may be the same as before.
    std::function<void(const std::string& id, const std::string& why)> failed;
    // This host could not ask a target for a whole interval; each hour again. `why` is empty: it could now.
    std::function<void(const std::string& id, const std::string& why)> hindered;
  };

  // Probes leave from the network namespace that the caller is in now. Events are called from `loop`, never from
  // within a call of this class; may be empty.
  static Result<std::unique_ptr<Checker>> start(rt::Loop& loop, Events events);
  // Returns when the thread has ended. Events are not called any more.
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Who is asked from now on, instead of those before. A target that was there keeps its state; its rhythm, too,
  // unless its check changed. A new one, or one that asks another address than before under the same id, begins with
  // initial_verdict(), without an event. Of those with the same id the first counts.
  void set_targets(std::vector<Target> targets);

  // For scripts begun from now on; before: as script_credentials() has it, safe or not.
  void set_script_rules(const rt::ScriptRules& rules);

  // Files that probes keep (certificates and keys) are read anew. set_targets() does that, too.
  void forget_files();

  // The state of a BFD session that conf::BfdProbe names. Its targets follow at once, without counting: a session is a
  // detector of its own. From a session that nobody spoke of nothing follows.
  void set_bfd(const std::string& session, bool up, const std::string& why);

  // In the order of set_targets(). A target just given may be missing still.
  [[nodiscard]] std::vector<TargetStatus> snapshot() const;
  [[nodiscard]] std::optional<TargetStatus> status(std::string_view id) const;

 private:
  struct State;
  explicit Checker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace plenum::health
