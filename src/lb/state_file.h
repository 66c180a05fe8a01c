#pragma once
// The saved state on disk (a tmpfs: it is for restarts, not reboots), replaced as a whole so
// that a crash leaves the old one or the new one.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "lb/runtime_state.h"

namespace plenum::lb {

class StateFile {
 public:
  explicit StateFile(std::string path) : path_(std::move(path)) {}

  // none: there is no file. Errors: it cannot be read, or is damaged.
  [[nodiscard]] Result<std::optional<RuntimeState>> read(TimePoint now) const;
  [[nodiscard]] Result<> write(const RuntimeState& state, TimePoint now) const;
  void remove() const;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Where the state of the daemon of this run directory is.
std::string state_path(const std::string& run_dir);

}  // namespace plenum::lb
