#pragma once
// What reading and writing JSON have in common: strings.

#include <cstddef>
#include <string>
#include <string_view>

namespace plenum {

// Appends `text` as a JSON string. Bytes that are not UTF-8 (a command line may hold any)
// become U+FFFD, so that what is written can always be read back.
void append_quoted(std::string& out, std::string_view text);

// Length of the UTF-8 sequence that `text`, which is not empty, begins with; 0 when it begins with
// none (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text);

}  // namespace plenum
