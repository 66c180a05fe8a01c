#pragma once
// The table of services as ipvsadm prints it, in all its forms, the rules of -S included.

#include <string>

#include "cli/ipvsadm/command.h"
#include "cli/ipvsadm/names.h"
#include "ctl/messages.h"

namespace plenum::cli::ipvsadm {

// The whole text. `head` is the version line, which a listing of one service does without.
std::string list_services(const ctl::ListReply& table, const Format& format, bool head, const Names& names);

// One line of -L --daemon.
std::string daemon_row(const lb::SyncStatus& status);

}  // namespace plenum::cli::ipvsadm
