// The judge of HTTP answers: any bytes, in one piece and in pieces, by a page that wants one thing or another. What
// is well does not depend on how it was cut.

#include <cstdint>
#include <cstdlib>

#include "health/http_answer.h"

namespace {

using namespace plenum;

conf::HttpPage page_of(std::uint8_t wants) {
  conf::HttpPage page;
  if ((wants & 1) != 0) page.text = "ok";
  if ((wants & 2) != 0) page.regex = "h(e|a)l+o\\b";
  if ((wants & 4) != 0) page.regex_negated = true;
  if ((wants & 8) != 0) page.digest = "5d41402abc4b2a76b9719d911017c592";
  if ((wants & 16) != 0) page.statuses = {{200, 399}, {500, 500}};
  return page;
}

std::string judged(std::uint8_t wants, std::string_view bytes, std::size_t step) {
  static const auto kRegex = Pattern::compile("h(e|a)l+o\\b").value();
  const auto page = page_of(wants);
  health::HttpAnswer answer(page, page.regex.empty() ? std::nullopt : std::optional(kRegex), (wants & 32) != 0);
  for (std::size_t at = 0; at < bytes.size(); at += step)
    if (auto now = answer.take(bytes.substr(at, step))) return *now;
  return answer.end();
}

}  // namespace

// What the page wants, the size of pieces, the answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto whole = judged(data[0], bytes, bytes.size() + 1);
  const auto pieces = judged(data[0], bytes, 1U + data[1]);
  if (whole.empty() != pieces.empty()) std::abort();
  return 0;
}
