#pragma once
// `plenum explain`: the question as people type it, and the answer as lines. Pure.

#include <string>

#include "ctl/messages.h"

namespace plenum::cli {

// "203.0.113.9:40000" and "192.0.2.10:80/tcp" into the request. What is wrong with them, or "".
std::string read_packet(const std::string& source, const std::string& destination, ctl::ExplainRequest& out);
std::string explain_text(const ctl::ExplainRequest& question, const lb::Explanation& answer);

}  // namespace plenum::cli
