#pragma once
// The commands of `plenum` that prepare a machine: a real server (`plenum realserver`) and a
// director (`plenum director`). They act on the host they run on, in the network namespace
// of the calling thread, and talk to no daemon.

#include <iosfwd>
#include <span>
#include <string>

namespace plenum::host {

// Exit codes of both. kWrong: `check` found something wrong, or a step failed.
inline constexpr int kDone = 0, kWrong = 1, kUsage = 2;

// `args` is what follows the word: {"setup", "--vip", "192.0.2.10"}. What was done or found
// goes to `out` (with --json as one JSON object), errors to `err`. Setting up and undoing
// need root; `--help` tells every option. Gives an exit code.
int realserver_command(std::span<const std::string> args, std::ostream& out, std::ostream& err);
int director_command(std::span<const std::string> args, std::ostream& out, std::ostream& err);

}  // namespace plenum::host
