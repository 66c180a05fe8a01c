// The control socket's input: bytes into lines, lines into requests and replies. What decodes
// must encode to a text that decodes to the same.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "ctl/messages.h"
#include "ctl/server.h"

namespace {

using namespace plenum;

void require(bool condition) {
  if (!condition) std::abort();
}

void try_request(std::string_view line) {
  const auto request = ctl::decode_request(line);
  if (!request) return require(!request.error().what.empty());
  const std::string text = ctl::encode(*request);
  const auto again = ctl::decode_request(text);
  require(again.has_value() && ctl::encode(*again) == text);
}

template <std::size_t I = 0>
void try_replies(std::string_view line) {
  if constexpr (I < std::variant_size_v<ctl::Request>) {
    const ctl::Request request(std::in_place_index<I>);
    const auto reply = ctl::decode_reply(request, line);
    if (reply) {
      require(reply->index() == I);
      const std::string text = ctl::encode(reply);
      const auto again = ctl::decode_reply(request, text);
      require(again.has_value() && ctl::encode(again) == text);
    }
    try_replies<I + 1>(line);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::size_t kMaxLine = 4096;
  // The first byte says in what pieces the rest arrives.
  const std::size_t piece = data[0] + std::size_t{1};
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  ctl::LineFramer framer(kMaxLine);
  bool good = true;
  while (good && !rest.empty()) {
    good = framer.feed(rest.substr(0, piece)).has_value();
    rest.remove_prefix(std::min(piece, rest.size()));
    while (const auto line = framer.next()) {
      require(line->size() <= kMaxLine && line->find('\n') == std::string::npos);
      try_request(*line);
      try_replies(*line);
    }
  }
  return 0;
}
