#pragma once
// Replies of a mail server (RFC 5321 section 4.2), put together from bytes as they come. Any bytes may.

#include <cstdint>
#include <string>
#include <string_view>

namespace plenum::proto {

class SmtpReplyReader {
 public:
  enum class State : std::uint8_t { More, Reply, Malformed };

  // More bytes. Reply: code() and text() are those of the first reply; what follows it waits for next().
  State take(std::string_view bytes);
  // The reply after the last one, if it is there already.
  State next();

  [[nodiscard]] unsigned code() const { return code_; }
  // Of its last line, without the code; of a malformed one the line.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string unread_, text_;
  unsigned code_ = 0, lines_ = 0;
};

}  // namespace plenum::proto
