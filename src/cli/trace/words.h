#pragma once
// The words of `plenum trace` that say which packets are wanted. Pure.

#include <optional>
#include <string>

#include "lb/trace/filter.h"

namespace plenum::cli {

// Adds one word: "192.0.2.10", "2001:db8::/32", "192.0.2.10:80", ":80", "tcp", "drop",
// "no_server". What is wrong with it, or "".
std::string add_trace_word(lb::TraceFilter& filter, const std::string& word);
// The prefix, or what is wrong with it.
std::string read_prefix(const std::string& text, std::optional<net::Prefix>& out);

}  // namespace plenum::cli
