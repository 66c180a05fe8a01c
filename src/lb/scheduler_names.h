#pragma once
// The schedulers' names as the table and the data plane use them; the one list is the
// configuration's, which must know them to point at a slip.

#include "conf/scheduler_names.h"

namespace plenum::lb {

using conf::scheduler_names;
using conf::SchedulerName;
using conf::schedulers;

}  // namespace plenum::lb
