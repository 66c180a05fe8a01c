#pragma once
// The tracing build of the director's program in the kernel, over the maps of the program
// that runs, with its ring of records. Knows file descriptors and nothing of who traces.

#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "bpf/trace_abi.h"
#include "lb/mapped_array.h"

struct director_trace_bpf;
struct ring_buffer;

namespace plenum::lb {

class TraceProgram {
 public:
  using Take = std::function<void(const pl_trace_record&)>;

  // Loads it; `map_fd` finds the maps to share by name (below 0: none of that name). `take`
  // is called from read(). Errors: a kernel that refuses the program, no memory.
  static Result<std::unique_ptr<TraceProgram>> open(const std::function<int(const char*)>& map_fd, Take take);
  ~TraceProgram();
  TraceProgram(const TraceProgram&) = delete;
  TraceProgram& operator=(const TraceProgram&) = delete;

  [[nodiscard]] int fd() const;
  // PL_TRACE_SLOTS of them, shared with the program.
  [[nodiscard]] std::span<pl_trace_slot> slots() const { return slots_.span(); }
  // Readable when there are records.
  [[nodiscard]] int ring_fd() const;
  // Hands on the records there are.
  void read();

 private:
  explicit TraceProgram(Take take) : take_(std::move(take)) {}
  Take take_;
  director_trace_bpf* skeleton_ = nullptr;
  ring_buffer* ring_ = nullptr;
  MappedArray<pl_trace_slot> slots_;
};

}  // namespace plenum::lb
