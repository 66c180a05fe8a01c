#pragma once
// Asking who has an address, as bytes: ARP probes (RFC 5227) and neighbour solicitations
// (RFC 4861), and their answers. The packets are without link-layer header. No sockets.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "net/address.h"

namespace plenum::host {

// "Who has `target`?" from sender address 0.0.0.0, which enters nobody's cache.
std::vector<std::uint8_t> arp_probe(const net::Address& target, const net::Mac& mac);

// The same by IPv6. From `source`, a link-local address of ours, so that a target which is
// just being configured does not take it for a conflict; without one from "::".
std::vector<std::uint8_t> neighbour_solicitation(const net::Address& target, const std::optional<net::Address>& source,
                                                 const net::Mac& mac);
// Where to: the solicited-node group, and the Ethernet group for it (RFC 2464 section 7).
net::Mac solicited_node_mac(const net::Address& target);

// The MAC that claims `target`, if `packet` is an ARP message (EtherType 0x0806) or a
// neighbour advertisement (0x86dd) that does; `from` is the frame's source, used where the
// advertisement names none.
std::optional<net::Mac> claimed_by(std::uint16_t ethertype, std::span<const std::uint8_t> packet,
                                   const net::Address& target, const net::Mac& from);

}  // namespace plenum::host
