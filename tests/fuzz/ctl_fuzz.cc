// The control socket's input: lines into requests and replies. What decodes must encode to a
// text that decodes to the same.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "ctl/messages.h"

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
  // The first byte, which once said how the bytes were cut, keeps the seeds as they are.
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    try_request(line);
    try_replies(line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return 0;
}
