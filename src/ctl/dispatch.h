#pragma once
// Requests of the control socket carried out on a director: one row each.

#include <string>
#include <string_view>

#include "ctl/messages.h"
#include "lb/director.h"

namespace plenum::ctl {

Result<Reply> dispatch(lb::Director& director, const Request& request);

// A request line to an answer line. Never throws; what cannot be decoded is answered with
// an error.
std::string answer(lb::Director& director, std::string_view line);

}  // namespace plenum::ctl
