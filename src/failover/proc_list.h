#pragma once
// The processes of this host, as /proc shows them, and which of them a tracked process means.

#include <string>
#include <vector>

#include "conf/vrrp.h"

namespace plenum::failover {

struct ProcEntry {
  int pid = 0;
  std::string name;                // at most 15 bytes (comm)
  std::vector<std::string> words;  // the command line; none for kernel threads
};

std::vector<ProcEntry> read_processes();

// Without `full_command` and arguments, the kernel's name of it counts; a program with a slash by its path, else by
// its last part.
bool is_meant(const conf::TrackedProcess& wanted, const ProcEntry& process);

}  // namespace plenum::failover
