#pragma once
// The -b option: names of the flags a scheduler takes, both ways.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace plenum::cli::ipvsadm {

// "sh-port,sh-fallback" to kSchedulerFlag1..3. The error is ipvsadm's text: an unknown name,
// or one of another scheduler (flag-1 to flag-3 go with any).
tl::expected<std::uint32_t, std::string> parse_scheduler_flags(std::string_view scheduler, std::string_view names);

// Names of the flags set that `scheduler` has, joined by commas.
std::string scheduler_flag_names(std::string_view scheduler, std::uint32_t flags);

}  // namespace plenum::cli::ipvsadm
