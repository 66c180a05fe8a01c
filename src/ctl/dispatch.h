#pragma once
// Requests of the control socket carried out on a director: one row each.

#include "ctl/messages.h"
#include "lb/director.h"

namespace plenum::ctl {

Result<Reply> dispatch(lb::Director& director, const Request& request);

}  // namespace plenum::ctl
