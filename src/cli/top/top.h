#pragma once
// `plenum top`: asks for listings and shows them, on a terminal until somebody quits, or as
// text or JSON for programs.

#include "cli/plenum/command.h"

namespace plenum::cli {

int run_top(const TopCommand& command, bool json, const World& world);

}  // namespace plenum::cli
