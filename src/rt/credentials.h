#pragma once
// Whom a program is run as: a user and group of this host as the numbers the kernel knows.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace plenum::rt {

struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary ones
  bool operator==(const Credentials&) const = default;
};

// `user` as a name or a number, with the user's own groups; `group`, if not empty, instead of its first. Asks the
// host's user database, which may take time: not for where nothing may. ENOENT: nobody has that name.
Result<Credentials> credentials_of(const std::string& user, const std::string& group);
// As credentials_of(); where no user is named plenum_script or keepalived_script, whichever the host has, else nobody.
Result<Credentials> script_credentials(const std::string& user, const std::string& group);
// Those this process has.
Credentials own_credentials();

// Whether nobody but root (and `uid`, who will run it) could change what `path` runs: the file and every directory on
// the way, links followed. EPERM with the path that somebody else may write; ENOENT, EACCES (not executable).
Result<> program_is_safe(const std::string& path, uid_t uid);

}  // namespace plenum::rt
