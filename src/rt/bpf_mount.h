#pragma once
// The BPF file system that pins live in: whether one is there, and mounting one where not.

#include <string>

#include "base/result.h"

namespace plenum::rt {

// Makes `dir` a directory on a BPF file system. Where it is on none, mounts one: at
// /sys/fs/bpf for a directory below that, else at `dir` itself. Gives where it mounted; ""
// when there was no need.
Result<std::string> ensure_bpf_dir(const std::string& dir);

// Unmounts what ensure_bpf_dir() mounted. False, and nothing done, while something is still
// pinned there.
Result<bool> unmount_bpf(const std::string& mounted_at);

// Removes the (empty) directory `dir`, and the file system on it where ensure_bpf_dir()
// mounted one just there, in whichever process that was.
Result<> release_bpf_dir(const std::string& dir);

}  // namespace plenum::rt
