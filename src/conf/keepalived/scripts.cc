#include "conf/keepalived/finish.h"

namespace plenum::conf::keepalived {
namespace {

constexpr const char* kDefaultUser = "keepalived_script";

}  // namespace

ScriptState Scripts::settle(Command& command, const Place& place, const std::string& what, bool must, bool used) {
  if (command.empty()) return ScriptState::Fine;
  const auto program = command.words[0];
  const auto state = host_.script ? host_.script(program) : ScriptState::Fine;
  if (state == ScriptState::Missing) {
    findings_.add(must ? Severity::Warning : Severity::Lost, place, what + " since not found/accessible",
                  program + " is not there, or not to be run");
    command = {};
    return state;
  }
  if (command.user.empty()) {
    command.user = globals_.out.script_user;
    command.group = globals_.out.script_group;
  }
  if (command.user.empty()) {
    const bool there = host_.has_user && host_.has_user(kDefaultUser);
    if (!there && globals_.out.script_security) {
      findings_.warn(place, "Unable to set default user keepalived_script for script " + program,
                     "write script_user into global_defs");
      command = {};
      return ScriptState::Missing;
    }
    command.user = there ? kDefaultUser : "root";
  }
  any_ = any_ || used;
  if (state == ScriptState::Unsafe && globals_.out.script_security) {
    findings_.add(Severity::Security, place, "Unsafe permissions found for script '" + program + "' - disabling",
                  "nobody but root may be able to change it, or a directory on the way to it");
    command = {};
    return state;
  }
  return ScriptState::Fine;
}

std::string fit_name(const std::string& name) {
  std::string out;
  for (const char c : name.substr(0, 63)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += letter || c == '.' || c == '_' || c == '-' ? c : '-';
  }
  if (out.empty() || out[0] == '.' || out[0] == '_' || out[0] == '-') out.insert(0, "x");
  return out.substr(0, 63);
}

}  // namespace plenum::conf::keepalived
