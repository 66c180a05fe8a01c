#pragma once
// A traced packet as a line for people. Pure.

#include <string>

#include "lb/trace/event.h"

namespace plenum::cli {

// "06:12:01.123456 eth0 tcp 203.0.113.9:40000 > 192.0.2.10:80 length 74: forward dr to
// 192.0.2.11:80, connection_new". `utc_offset`: seconds, of the clock on the reader's wall.
std::string event_text(const lb::TraceEvent& event, long utc_offset);
// What became of it alone: "drop server_gone (the connection's server was removed)".
std::string fate_text(const lb::TraceEvent& event);
// "3 packets shown; 5 more matched: 4 above the rate, 1 lost".
std::string counts_text(std::uint64_t shown, const lb::TraceCounts& counts);

}  // namespace plenum::cli
