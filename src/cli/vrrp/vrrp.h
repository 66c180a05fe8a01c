#pragma once
// `plenum vrrp`: what plenum-vrrpd says, for people, and what it is told. Knows its messages, not the socket.

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ctl/vrrp_messages.h"

namespace plenum::cli {

struct VrrpCommand {
  ctl::VrrpRequest request;  // "status", "failover", "failback", "reload", "diff", "events"
  bool follow = false;       // events: go on until interrupted
};

struct VrrpWorld {
  // What stands in the answer, as JSON.
  std::function<Result<std::string>(const ctl::VrrpRequest&)> ask;
  // The same, and then every line that comes, until the user interrupts.
  std::function<Result<>(const ctl::VrrpRequest&, const std::function<void(std::string_view answer)>& first,
                         const std::function<void(std::string_view line)>& then)>
      follow;
  std::ostream& out;
  std::ostream& err;
};

// The exit code.
int run_vrrp(const VrrpCommand& command, bool json, const VrrpWorld& world);

// The listings of JSON that the daemon answered with: {"status": {...}}, one event.
std::string vrrp_status_text(std::string_view answer);
std::string vrrp_event_text(std::string_view event);

}  // namespace plenum::cli
