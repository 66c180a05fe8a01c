#pragma once
// Failover's part of the tree: vips' `vrrp:`, `failover:` and `bfd:`.

#include <string>

#include "conf/config.h"
#include "conf/validate.h"

namespace plenum::conf {

// Fills config.vrrp with what concerns this node, says which of config.vips are plenum-vrrpd's, and whether all is
// there that is referred to. What is no mistake and yet of no use is told to `warnings`. Behind the rest of the file.
void read_failover(const Fields& file, Config& config, Diagnostics& problems, Diagnostics& warnings);

}  // namespace plenum::conf
