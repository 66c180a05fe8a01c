#pragma once
// The real server's XDP program in the kernel: pinned below a directory of a BPF file system
// (maps, and one link for each interface), so that it goes on after the command ends. Speaks
// for the network namespace of the calling thread; needs CAP_BPF and CAP_NET_ADMIN.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/decapsulation.h"

namespace plenum::host {

class DecapsulationProgram {
 public:
  // Pins are below `bpf_dir`/realserver.
  explicit DecapsulationProgram(const std::string& bpf_dir) : dir_(bpf_dir + "/realserver") {}

  // What is pinned and works. Nothing pinned: the empty state.
  [[nodiscard]] Result<DecapsulationState> read() const;

  // Makes it so, keeping attachments and counters that fit. The directory's BPF file system
  // must be there. Gives what the operator should know, such as the use of generic XDP. An
  // interface that runs another XDP program is an error.
  [[nodiscard]] Result<std::vector<std::string>> set(const Decapsulation& wished) const;

  // Detaches and unpins everything. Nothing there: no error.
  [[nodiscard]] Result<> remove() const;

  // Packets so far by the names of bpf/realserver_abi.h; empty when nothing is pinned.
  [[nodiscard]] std::map<std::string, std::uint64_t> verdicts() const;

 private:
  std::string dir_;
};

}  // namespace plenum::host
