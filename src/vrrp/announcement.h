#pragma once
// The frames that tell neighbours where a virtual address is now: gratuitous ARP (RFC 9568 section 8.1.2)
// and unsolicited neighbour advertisements (section 8.2.2). Whole Ethernet frames as bytes; no sockets.

#include <cstdint>
#include <vector>

#include "net/address.h"

namespace plenum::vrrp {

// To everybody on the link. An ARP request, which is what every host takes.
std::vector<std::uint8_t> gratuitous_arp(const net::Address& address, const net::Mac& mac);

// To all nodes, from the address itself, overriding what they know. `router`: this host forwards IPv6.
std::vector<std::uint8_t> unsolicited_advertisement(const net::Address& address, const net::Mac& mac, bool router);

}  // namespace plenum::vrrp
