#pragma once
// The running program's maps as a PlaneView.

#include "lb/explain/plane_view.h"
#include "lb/xdp_program.h"

namespace plenum::lb {

// Valid while the program is.
PlaneView live_view(const XdpProgram& program);

}  // namespace plenum::lb
