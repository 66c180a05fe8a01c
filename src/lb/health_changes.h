#pragma once
// What a reload changes about checks, for people. Pure.

#include <string>
#include <vector>

#include "conf/check.h"
#include "conf/l4.h"

namespace plenum::lb {

// "web: check tcp every 3s, timeout 1s, fall 3, rise 2 -> http every ...", a line for each thing that is another.
// `services` are the next file's, for their names.
std::vector<std::string> health_changes(const std::vector<conf::ServiceHealth>& before,
                                        const std::vector<conf::ServiceHealth>& after,
                                        const std::vector<conf::Service>& services);

}  // namespace plenum::lb
