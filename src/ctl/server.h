#pragma once
// The answering side of a control socket, as far as it is pure: bytes as they arrive become
// request lines. The accept loop, and what a request does, belong to the daemon.

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace plenum::ctl {

class LineFramer {
 public:
  static constexpr std::size_t kMaxLine = std::size_t{16} << 20;

  explicit LineFramer(std::size_t max_line = kMaxLine) : max_line_(max_line) {}

  // Takes bytes as read from the connection. Drain next() after each call: memory is bounded
  // by max_line plus one call's bytes only then. EMSGSIZE once a line is longer than max_line;
  // from then on nothing more is taken, and the connection is best closed.
  Result<> feed(std::string_view bytes);

  // The next whole line without its newline; none until more bytes come. Lines that were
  // complete before an overlong one are still handed out.
  std::optional<std::string> next();

 private:
  std::size_t max_line_;
  std::deque<std::string> lines_;  // whole, not yet handed out
  std::string partial_;            // at most max_line_ bytes
  bool overlong_ = false;
};

}  // namespace plenum::ctl
