#pragma once
// What reading a keepalived.conf asks of the host it is read on: interfaces, scripts, accounts. keepalived's tolerance
// depends on them. A function that is left out says that everything is there.

#include <functional>
#include <string>

#include "conf/command.h"

namespace plenum::conf::keepalived {

enum class ScriptState : std::uint8_t {
  Fine,
  Missing,  // not there
  Unsafe    // somebody other than root may change it
};

struct Host {
  std::string node;  // up to its first dot: what @NAME is compared with
  std::function<bool(const std::string& name)> has_interface;
  std::function<ScriptState(const std::string& program)> script;
  std::function<bool(const std::string& user)> has_user;
  std::function<bool(const std::string& group)> has_group;
};

// The one this runs on.
Host this_host();

}  // namespace plenum::conf::keepalived
