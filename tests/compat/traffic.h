#pragma once
// Traffic numbers out of recorded listings, to be given to a Director that saw no traffic.

#include <string>
#include <string_view>
#include <vector>

#include "director.h"
#include "lb/status.h"

namespace plenum::compat {

// Sets the counts of each service and server that `listing` (numeric) has a line for. What
// the last columns of a line are: IPVS prints one of these at a time.
enum class Columns { Connections, Persistent, Counters, Rates };
void give_counts(Director& director, const std::string& listing, Columns columns);

// The entries of a recorded /proc/net/ip_vs_conn.
std::vector<lb::ConnectionStatus> proc_connections(const std::string& text);
// Those of a recorded "ipvsadm -Lnc".
std::vector<lb::ConnectionStatus> listed_connections(const std::string& text);

}  // namespace plenum::compat
