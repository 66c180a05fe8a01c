#pragma once
// The file's mark rules as the data plane has them, and which interfaces they are about.
// Pure: interfaces are looked up in a picture of the network.

#include <set>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "conf/mark_rule.h"
#include "lb/state_json.h"
#include "net/address.h"
#include "rt/network.h"

namespace plenum::lb {

// At most PL_MARK_RULES. A rule for an interface that is not there is left out, with a warning.
std::vector<pl_mark_rule> abi_marks(const std::vector<conf::MarkRule>& rules, const rt::Network& network,
                                    std::vector<std::string>& warnings);

// Addresses of this host that a rule's destination covers: what clients send marked packets to.
std::set<net::Address> marked_addresses(const std::vector<conf::MarkRule>& rules, const rt::Network& network);

// Addresses of this host that packets to be marked by netfilter may be sent to: each on an interface that
// frames come in by, so no bridge's.
std::set<net::Address> addresses_of_ports(const rt::Network& network);

// For the saved state.
Json marks_to_json(const std::vector<conf::MarkRule>& rules);
std::vector<conf::MarkRule> marks_from_json(StateReader& in, const Json& json);

}  // namespace plenum::lb
