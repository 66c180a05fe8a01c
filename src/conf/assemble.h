#pragma once
// A tree of the right form to the Config it means: what keys mean together.

#include "conf/config.h"
#include "conf/source.h"
#include "conf/yaml.h"

namespace plenum::conf {

// Adds a diagnostic for everything that makes no sense; what validate() has told already is
// passed over in silence. The Config is only of use when there was none from either.
// `node`: which one this host is. `warnings`: what is no mistake, and yet of no use.
Config assemble(const Node& file, const std::string& node, Diagnostics& problems, Diagnostics& warnings);

}  // namespace plenum::conf
