#pragma once
// `plenum` as a process: its streams, who runs it, its connections to the daemons of the run directory.

#include <string>
#include <vector>

namespace plenum::cli {

// The author of changes made from this process: $SUDO_USER, $USER or the user it runs as, "via plenum".
std::string plenum_author();

// Parses and runs with the process's streams and RUN_DIR's socket: all main() needs.
int plenum_main(const std::vector<std::string>& args);

}  // namespace plenum::cli
