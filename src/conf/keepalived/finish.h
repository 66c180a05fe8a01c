#pragma once
// A Draft to the Config it means: what was left out is taken from the blocks around, what cannot be is put right or
// left out as keepalived does, and said.

#include <string>

#include "conf/config.h"
#include "conf/keepalived/draft.h"
#include "conf/keepalived/findings.h"
#include "conf/keepalived/host.h"

namespace plenum::conf::keepalived {

// What both halves ask of the host's scripts.
class Scripts {
 public:
  Scripts(const GlobalDraft& globals, const Host& host, Findings& findings)
      : globals_(globals), host_(host), findings_(findings) {}

  // Says whom the command runs as; empties it where it is not there or not safe. `what` names it. What is missing is
  // told as a warning where `must`. A script that nobody uses endangers nobody.
  ScriptState settle(Command& command, const Place& place, const std::string& what, bool must, bool used = true);
  // Whether any script is to be run without anybody having asked for their safety.
  [[nodiscard]] bool unguarded() const { return any_ && !globals_.out.script_security; }

 private:
  const GlobalDraft& globals_;
  const Host& host_;
  Findings& findings_;
  bool any_ = false;
};

// A name as this configuration's own files have them: letters, digits, . _ -; at most 63.
std::string fit_name(const std::string& name);

void finish_vrrp(Draft& draft, const Host& host, Findings& findings, Config& config);
// Behind finish_vrrp(): what follows virtual routers looks for them in `config`.
void finish_services(Draft& draft, const Host& host, Findings& findings, Config& config);

}  // namespace plenum::conf::keepalived
