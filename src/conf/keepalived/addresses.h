#pragma once
// One line of virtual_ipaddress, virtual_routes and virtual_rules as a value: the language of ip(8), as far as
// keepalived has it.

#include "conf/keepalived/keyword.h"

namespace plenum::conf::keepalived {

// "ADDRESS[/LENGTH] [dev X] [brd X] [label X] [scope X] ..."; nothing after a warning.
Maybe<VirtualAddress> parse_virtual_address(Context& c, const std::string& default_interface);
// "[to] PREFIX [via X] [dev X] [src X] [table N] [metric N] ..."
Maybe<VirtualRoute> parse_virtual_route(Context& c);
// "from PREFIX to PREFIX table N priority N ..."
Maybe<VirtualRule> parse_virtual_rule(Context& c);

}  // namespace plenum::conf::keepalived
