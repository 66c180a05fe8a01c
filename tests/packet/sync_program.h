#pragma once
// The program that enters other directors' connections, over the maps of a Director.

#include <memory>
#include <vector>

#include "tests/packet/harness.h"

struct sync_bpf;

namespace plenum::packet {

class SyncProgram {
 public:
  // `director` outlives it.
  explicit SyncProgram(const Director& director);
  ~SyncProgram();

  // Enters one record and gives back what became of it.
  pl_sync_result enter(const pl_sync_record& record);
  // Several at once.
  std::vector<pl_sync_result> enter(std::vector<pl_sync_record> records);

 private:
  struct Unload {
    void operator()(sync_bpf* skeleton) const;
  };
  static sync_bpf* load(const Director& director);
  std::unique_ptr<sync_bpf, Unload> skeleton_;
  MappedArray<pl_sync_record> inbox_;
};

}  // namespace plenum::packet
