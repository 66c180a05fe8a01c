#pragma once
// Small pieces of text handling that the standard library lacks.

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plenum {

// The whole of `text` as a decimal number within T's range; nullopt for anything else
// (empty, sign on an unsigned type, trailing characters, overflow).
template <std::integral T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);

// The candidate nearest to `word` by edit distance, if near enough to be a likely slip:
// for "did you mean". Empty when none is.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace plenum
