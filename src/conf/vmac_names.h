#pragma once
// Macvlans of virtual routers with a virtual MAC, by name.

#include <string>

#include "conf/vrrp.h"

namespace plenum::conf {

// As the file says, or else by the router's id.
std::string vmac_name(const VirtualRouter& router);

// An id may be on several interfaces at once: whose usual name another router has gets the next that is free.
void name_vmacs(Vrrp& all);

}  // namespace plenum::conf
