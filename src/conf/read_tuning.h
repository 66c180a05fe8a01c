#pragma once
// `director: tuning:` and `timeouts:` of a file as values.

#include "conf/tuning.h"
#include "conf/yaml.h"

namespace plenum::conf {

// `node` may be nullptr: then all have their defaults. A value the data plane cannot honour is
// a problem that says why.
Tuning read_tuning(const Node* node, Diagnostics& problems);
Timeouts read_timeouts(const Node* node);

}  // namespace plenum::conf
