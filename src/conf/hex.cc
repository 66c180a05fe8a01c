#include "conf/hex.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace plenum::conf {

std::optional<std::string> read_hex(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (std::isspace(static_cast<unsigned char>(text[at])) != 0) {
      ++at;
      continue;
    }
    const auto byte = text.substr(at, 2);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(byte.data(), byte.data() + byte.size(), value, 16);
    if (error != std::errc{} || end != byte.data() + 2) return std::nullopt;
    out += static_cast<char>(value);
    at += 2;
  }
  return out;
}

std::string hex_out(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!out.empty()) out += ' ';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::optional<MaskedBytes> read_masked_hex(std::string_view text) {
  const auto wild = [](char c) { return c == 'X' || c == 'x'; };
  std::string digits(text), counts(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (wild(text[i]))
      digits[i] = counts[i] = '0';
    else if (std::isxdigit(static_cast<unsigned char>(text[i])) != 0)
      counts[i] = 'f';
  }
  auto bytes = read_hex(digits);
  if (!bytes) return std::nullopt;
  const bool all = std::none_of(text.begin(), text.end(), wild);
  return MaskedBytes{*std::move(bytes), all ? std::string() : read_hex(counts).value_or("")};
}

std::string masked_hex_out(const MaskedBytes& value) {
  auto out = hex_out(value.bytes);
  const auto counts = hex_out(value.mask);
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] == '0') out[i] = 'X';
  return out;
}

}  // namespace plenum::conf
