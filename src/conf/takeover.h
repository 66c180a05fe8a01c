#pragma once
// BFD sessions as a reason to take over: of what a file says, whether a router's backup could ever do so.

#include "conf/config.h"

namespace plenum::conf {

// A session by global addresses that nothing else is made of and that no router names. Advertisements of IPv6 come from
// link-local addresses, so that it never means this router's master, silent as that may be. nullptr: there is none, or
// the router has another.
const BfdPeer* session_without_meaning(const Config& config, const VirtualRouter& router);

}  // namespace plenum::conf
