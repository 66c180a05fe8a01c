#pragma once
// What plenum-vrrpd says to who watches it: lines of JSON, taken apart into who is in which state. Pure; who asks, and
// for whom, is known elsewhere.

#include <string>
#include <string_view>
#include <vector>

namespace plenum::proto {

struct FailoverNews {
  // Virtual routers and sync groups: "master", "backup"...; BFD sessions: "up", "init", "down", "admin-down".
  enum class Of { Router, Group, Session } of = Of::Router;
  std::string name, state;
  std::string from{};  // the state before, of a change
  bool operator==(const FailoverNews&) const = default;
};

// What to ask at the beginning of a connection. First what changes, then how things are: so that nothing falls in
// between.
inline constexpr std::string_view kFailoverQuestions = "{\"op\":\"watch\"}\n{\"op\":\"status\"}\n";

// All that an answer says about the present, or the one change that an event tells. Nothing of what was (the answer to
// "watch"), and of a line that is none of these.
std::vector<FailoverNews> failover_news(std::string_view line);

}  // namespace plenum::proto
