#pragma once
// Programs to be run, as the file writes them: "check --fast" (split as a shell splits, and never given to one),
// [check, --fast], or { run: ..., user: ..., group: ... }.

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "conf/command.h"
#include "conf/yaml.h"

namespace plenum::conf {

// Words between blanks; quotes and backslashes as in a shell, and nothing else of one. The error says what is wrong:
// "has a quote without an end".
tl::expected<std::vector<std::string>, std::string> split_command(std::string_view text);

// `node` may be nullptr, or wrong (validate() has told): then what is right of it.
Command read_command(const Node* node);

}  // namespace plenum::conf
