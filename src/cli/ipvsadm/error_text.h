#pragma once
// What ipvsadm says when a command is refused.

#include <string>

#include "base/result.h"
#include "cli/ipvsadm/command.h"

namespace plenum::cli::ipvsadm {

// One line without its newline. IPVS's own errnos have ipvsadm's words, which depend on the
// command; any other error (plenum has some IPVS has not) its own text.
std::string error_text(Verb verb, const Error& error);

// The two lines that say why there is no talking to the daemon.
std::string cannot_start(const Error& error);

}  // namespace plenum::cli::ipvsadm
