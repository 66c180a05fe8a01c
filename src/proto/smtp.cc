#include "proto/smtp.h"

#include <algorithm>

namespace plenum::proto {

namespace {

// RFC 5321 section 4.5.3.1.5 allows 512; some say more.
constexpr std::size_t kMostLine = 4096;
constexpr unsigned kMostLines = 256;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

SmtpReplyReader::State SmtpReplyReader::take(std::string_view bytes) {
  unread_ += bytes;
  return next();
}

SmtpReplyReader::State SmtpReplyReader::next() {
  while (true) {
    const auto end = unread_.find('\n');
    if (end == std::string::npos || end > kMostLine) {
      if (unread_.size() <= kMostLine) return State::More;
      text_ = unread_.substr(0, 60);
      return State::Malformed;
    }
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    const bool coded = line.size() >= 3 && std::all_of(line.begin(), line.begin() + 3, is_digit) &&
                       (line.size() == 3 || line[3] == ' ' || line[3] == '-');
    const unsigned code =
        coded ? static_cast<unsigned>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0')) : 0;
    // All lines of a reply bear the same code.
    if (!coded || code < 200 || code > 599 || (lines_ > 0 && code != code_) || ++lines_ > kMostLines) {
      text_ = line.substr(0, 60);
      return State::Malformed;
    }
    code_ = code;
    if (line.size() > 3 && line[3] == '-') continue;
    lines_ = 0;
    text_ = line.size() > 4 ? line.substr(4) : "";
    return State::Reply;
  }
}

}  // namespace plenum::proto
