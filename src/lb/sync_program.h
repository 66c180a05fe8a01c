#pragma once
// The BPF program that enters other directors' connections into the table, in the kernel, and
// the inbox it reads them from. Over the maps of a data plane; attached to nothing.

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "bpf/abi.h"
#include "lb/mapped_array.h"
#include "lb/xdp_program.h"

struct sync_bpf;

namespace plenum::lb {

class SyncProgram {
 public:
  // `program` outlives it.
  static Result<std::unique_ptr<SyncProgram>> open(const XdpProgram& program);
  ~SyncProgram();
  SyncProgram(const SyncProgram&) = delete;
  SyncProgram& operator=(const SyncProgram&) = delete;

  // Enters at most PL_SYNC_INBOX records in order and sets the result of each. calls[i] is the Call-ID of
  // records[i], of PL_CALL_ID_LENGTH at most; looked at where the record has PL_SYNC_CALL_ID.
  Result<> enter(std::span<pl_sync_record> records, std::span<const std::string> calls);

 private:
  explicit SyncProgram(sync_bpf* skeleton) : skeleton_(skeleton) {}
  sync_bpf* skeleton_;
  MappedArray<pl_sync_record> inbox_;
  MappedArray<pl_call_id> calls_;
};

}  // namespace plenum::lb
