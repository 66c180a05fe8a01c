#pragma once
// The text ipvsadm -R reads: one command line a line.

#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace plenum::cli::ipvsadm {

// The words of the next line that has any; none at the end. Blanks separate words, there is
// no quoting, and no comment either: "#" is a word like others. The word "ipvsadm" is left
// out, so that saved command lines are rules too.
std::optional<std::vector<std::string>> next_rule(std::istream& in);

}  // namespace plenum::cli::ipvsadm
