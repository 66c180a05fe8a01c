#pragma once
// "lb_kind TUN type gue port 6080 csum": how packets reach a server.

#include "conf/keepalived/keyword.h"

namespace plenum::conf::keepalived {

// Nothing after a warning; `whose` is "virtual", "real" or "sorry". The tunnel counts with Forward::Tunnel.
Maybe<Forward> parse_forwarding(Context& c, const char* whose, Tunnel& tunnel);

}  // namespace plenum::conf::keepalived
