#include "failover/runner.h"

#include <utility>

#include "rt/script_rules.h"

namespace plenum::failover {

Result<rt::ChildOptions> Runner::prepare(const conf::Command& command) const {
  rt::ChildOptions out;
  out.words = command.words;
  const rt::ScriptRules rules{globals_.script_user, globals_.script_group, globals_.script_security};
  auto who = rt::admit_script(rules, command.words.front(), command.user, command.group);
  if (!who) return tl::unexpected(std::move(who).error());
  out.credentials = *std::move(who);
  return out;
}

Result<rt::ChildProcess> Runner::start(rt::ChildOptions options, rt::ChildProcess::OnEnd on_end) {
  return rt::ChildProcess::start(loop_, std::move(options), std::move(on_end));
}

Result<> Runner::run(rt::ChildOptions options, rt::ChildProcess::OnEnd ended) {
  running_.remove_if([](const rt::ChildProcess& one) { return !one.alive(); });
  const auto what = options.words.front();
  PLENUM_TRY(auto child, rt::ChildProcess::start(loop_, std::move(options), std::move(ended)), what);
  running_.push_back(std::move(child));
  return {};
}

void Runner::let_go() {
  for (auto& one : running_) one.release();
  running_.clear();
}

}  // namespace plenum::failover
