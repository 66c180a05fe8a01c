#pragma once
// Bytes as a file says them where they are no text: two hex digits each, blanks where one likes.

#include <optional>
#include <string>
#include <string_view>

namespace plenum::conf {

std::optional<std::string> read_hex(std::string_view text);
// "24 01 ff".
std::string hex_out(std::string_view bytes);

// Bytes, and of each the bits that count; no mask: all do.
struct MaskedBytes {
  std::string bytes, mask;
};

// The same with X for four bits that do not count: "24 XX 0X".
std::optional<MaskedBytes> read_masked_hex(std::string_view text);
// A mask has all four bits of a digit or none.
std::string masked_hex_out(const MaskedBytes& value);

}  // namespace plenum::conf
