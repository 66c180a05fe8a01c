#pragma once
// What a configuration says for all its scripts: whom they are run as that name nobody, and whether only what nobody
// but root may change is run. Checks, trackers and notifications go by it alike. Asks files and the host's user
// database, which may take time: not for where nothing may.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "rt/credentials.h"

namespace plenum::rt {

// Where a program is that is named by `program`, tried in turn: itself, or a name without a slash in each directory of
// PATH.
std::vector<std::string> program_places(const std::string& program);

struct ScriptRules {
  std::string user, group;  // of those that name nobody; empty: as script_credentials() has it
  bool secure = false;      // what program_is_safe() refuses is not run
  bool operator==(const ScriptRules&) const = default;
};

// Whom `program` is run as that is to be run as `user` and `group`, if it names them; none: as this process is, which
// is what a process that is not root has for all. EINVAL: nobody has that name; with `secure` what program_is_safe()
// has.
Result<std::optional<Credentials>> admit_script(const ScriptRules& rules, const std::string& program,
                                                const std::string& user, const std::string& group);

}  // namespace plenum::rt
