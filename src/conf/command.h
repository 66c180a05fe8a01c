#pragma once
// A program to be run: a check's script, a tracker's, a notification. As a value; who runs it
// is rt/child_process.h.

#include <string>
#include <vector>

#include "base/clock.h"

namespace plenum::conf {

struct Command {
  // The program and its arguments, split as a shell would split them but never given to one. Empty: none.
  std::vector<std::string> words;
  // Whom to run it as. Empty: the section's, else plenum_script or keepalived_script where the host has that
  // user, else nobody.
  std::string user, group;

  [[nodiscard]] bool empty() const { return words.empty(); }
  bool operator==(const Command&) const = default;
};

}  // namespace plenum::conf
