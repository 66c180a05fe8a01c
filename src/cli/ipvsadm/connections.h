#pragma once
// The connection table as ipvsadm -Lc prints it.

#include <string>
#include <vector>

#include "cli/ipvsadm/command.h"
#include "cli/ipvsadm/names.h"
#include "lb/status.h"

namespace plenum::cli::ipvsadm {

std::string connection_titles(const Format& format);
std::string connection_row(const lb::ConnectionStatus& connection, const Format& format, const Names& names);

}  // namespace plenum::cli::ipvsadm
