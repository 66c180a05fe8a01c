#pragma once
// The directory that pins live in: on a BPF filesystem, mounted where there is none.

#include <string>

#include "base/result.h"

namespace plenum::lb {

// Makes `dir` exist on a BPF filesystem. Where it is on none, one is mounted: on /sys/fs/bpf
// for a directory below that, else on `dir` itself. EPERM without CAP_SYS_ADMIN.
Result<> prepare_bpffs(const std::string& dir);

// Removes the (empty) directory, and the filesystem if prepare_bpffs() mounted one on it.
Result<> release_bpffs(const std::string& dir);

}  // namespace plenum::lb
