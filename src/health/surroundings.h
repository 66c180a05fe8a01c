#pragma once
// What the probes of a checker share.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "health/errands.h"
#include "health/outcome.h"
#include "health/ping_socket.h"
#include "health/reactor.h"
#include "health/tls.h"
#include "health/virtual_socket.h"
#include "rt/child_process.h"
#include "rt/loop.h"
#include "rt/script_rules.h"

namespace plenum::health {

struct Surroundings {
  rt::Loop& loop;
  Reactor& reactor;
  TlsContexts tls{};
  std::unique_ptr<PingSocket> ping4{}, ping6{};  // opened by the first that needs one
  std::unique_ptr<VirtualSocket> virtual4{}, virtual6{};
  // Whom scripts run as, of those of which it was found out, each by what was asked.
  struct User {
    std::optional<rt::Credentials> credentials;  // none: as whoever runs this
    TimePoint asked;
  };
  std::map<std::string, User> users{};
  Errands errands{loop};
  rt::ScriptRules scripts{};
  // Scripts that were told to end and have a moment for it. At the end of all they go at once.
  std::vector<rt::ChildProcess> ending{};

  struct BfdState {
    bool up = false;
    std::string why;
  };
  std::map<std::string, BfdState> bfd{};
};

// What follows for a target that asks after that session.
Outcome bfd_outcome(const Surroundings& around, const std::string& session);

}  // namespace plenum::health
