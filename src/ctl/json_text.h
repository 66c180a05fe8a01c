#pragma once
// The two pieces of JSON text handling that the library does not do as needed here.

#include <cstddef>
#include <string>
#include <string_view>

namespace plenum::ctl {

// Appends `text` as a JSON string. Bytes that are not UTF-8 (a command line may hold any)
// become U+FFFD, so that what is written can always be read back.
void append_quoted(std::string& out, std::string_view text);

// Whether arrays and objects in `json` nest deeper than `limit`; a parser builds a tree of
// many times the text's size for a line of nothing but brackets.
bool nests_deeper(std::string_view json, std::size_t limit);

}  // namespace plenum::ctl
