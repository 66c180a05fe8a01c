#pragma once
// How servers, networks and mark rules are named in explanations. Pure.

#include <string>

#include "lb/explain/plane_view.h"

namespace plenum::lb {

// "192.0.2.11:80": where a server takes connections to this virtual port (host order).
std::string server_text(const PlaneView& view, std::uint32_t server, std::uint16_t virtual_port);
// Why a server is given no new connections ("has weight 0"); empty: it is given some.
std::string refusal_text(const pl_load& load);
// "192.0.2.0/24", and "192.0.2.1" where all of it counts.
std::string network_text(const pl_addr& address, const pl_addr& mask, std::uint8_t family);
// What a rule looks at: "tcp to 192.0.2.10 port 80-443 from 10.0.0.0/8 in by eth1".
std::string mark_rule_text(const pl_mark_rule& rule, std::uint8_t family,
                           const std::function<std::string(std::uint32_t ifindex)>& interface);
// "1 s": whole seconds.
std::string time_text(std::uint32_t ticks);

}  // namespace plenum::lb
