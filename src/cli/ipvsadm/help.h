#pragma once
// What -h and -v print.

#include <string>
#include <string_view>

namespace plenum::cli::ipvsadm {

std::string version_text();
// The version, then how `program` is used.
std::string help_text(std::string_view program);

}  // namespace plenum::cli::ipvsadm
