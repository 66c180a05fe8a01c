#pragma once
// The running program's maps as a PlaneView. Borrows the program.

#include "base/result.h"
#include "lb/explain/plane_view.h"
#include "lb/mapped_array.h"
#include "lb/xdp_program.h"

namespace plenum::lb {

class LiveView {
 public:
  static Result<LiveView> open(const XdpProgram& program);
  // Valid while this and the program are.
  [[nodiscard]] PlaneView view() const;

 private:
  LiveView(const XdpProgram& program, MappedArray<pl_mark_rule> marks) : program_(&program), marks_(std::move(marks)) {}
  const XdpProgram* program_;
  MappedArray<pl_mark_rule> marks_;
};

}  // namespace plenum::lb
