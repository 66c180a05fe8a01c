#pragma once
// `plenum trace`: asks for a stream of packets and prints it, as lines for people, as the
// daemon's own lines of JSON, or as a capture file.

#include "cli/plenum/command.h"

namespace plenum::cli {

int run_trace(const TraceCommand& command, bool json, const World& world);

}  // namespace plenum::cli
