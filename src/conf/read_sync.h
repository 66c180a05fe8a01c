#pragma once
// `director: sync:` of the file to the daemons it asks for.

#include "conf/source.h"
#include "conf/sync.h"
#include "conf/yaml.h"

namespace plenum::conf {

// `node` may be nullptr: no daemons. What contradicts itself is added to `problems`.
Sync read_sync(const Node* node, Diagnostics& problems);

}  // namespace plenum::conf
