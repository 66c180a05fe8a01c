#include "ctl/server.h"

#include <utility>

namespace plenum::ctl {

Result<> LineFramer::feed(std::string_view bytes) {
  while (!overlong_ && !bytes.empty()) {
    const auto newline = bytes.find('\n');
    const auto piece = bytes.substr(0, newline);
    if (piece.size() > max_line_ - partial_.size()) {
      overlong_ = true;
      partial_ = {};
      break;
    }
    partial_ += piece;
    if (newline == std::string_view::npos) break;
    lines_.push_back(std::exchange(partial_, {}));
    bytes.remove_prefix(newline + 1);
  }
  if (overlong_) return fail(std::errc::message_size, "line is longer than " + std::to_string(max_line_) + " bytes");
  return {};
}

std::optional<std::string> LineFramer::next() {
  if (lines_.empty()) return std::nullopt;
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

}  // namespace plenum::ctl
