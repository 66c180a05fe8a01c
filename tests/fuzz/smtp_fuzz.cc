// The reader of mail servers' replies: any bytes, in one piece and in pieces, are the same replies.

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "proto/smtp.h"

namespace {

using plenum::proto::SmtpReplyReader;

struct Reply {
  SmtpReplyReader::State state;
  unsigned code;
  std::string text;
  bool operator==(const Reply&) const = default;
};

std::vector<Reply> replies(std::string_view bytes, std::size_t step) {
  SmtpReplyReader reader;
  std::vector<Reply> out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    auto state = reader.take(bytes.substr(at, step));
    for (; state == SmtpReplyReader::State::Reply; state = reader.next())
      out.push_back({state, reader.code(), reader.text()});
    if (state == SmtpReplyReader::State::Malformed) {
      out.push_back({state, 0, reader.text()});
      break;
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (replies(bytes, bytes.size() + 1) != replies(bytes, 1U + data[0])) std::abort();
  return 0;
}
