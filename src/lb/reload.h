#pragma once
// A reload: what changed from the last file to the next one, carried onto a table that
// operators may have changed meanwhile. What the file changed wins; what it left alone stays
// as it runs. Pure; all or nothing.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "conf/l4.h"
#include "lb/step.h"
#include "lb/table.h"

namespace plenum::lb {

struct Reloaded {
  Table table;                     // what is to run; `running` itself is untouched
  std::vector<Step> steps;         // from `running` to there, in a valid order
  std::vector<std::string> lines;  // the steps for people: "web: server a: weight 1 -> 3"
};

// `last_file` is the file in force when `running` was last reloaded; empty at the first start.
// A service or server that an operator had removed comes back where the file changed it; one
// an operator had added is taken over by a file that adds it too.
// Errors are those of Table::apply, with the step that failed.
Result<Reloaded> reload(const Table& running, const std::vector<conf::Service>& last_file,
                        const std::vector<conf::Service>& next_file, TimePoint now);

// One line with old and new values; `before` is the table the step is about to change.
std::string describe(const Step& step, const Table& before);

}  // namespace plenum::lb
