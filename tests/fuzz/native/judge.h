#pragma once
// Whether a frame's checksums are right, and what is in it; and frames made right: lengths and
// checksums that fit. Shares no code with the data plane.

#include <cstdint>
#include <optional>
#include <string>

#include "tests/packet/bytes.h"

namespace plenum::native {

using packet::Bytes;
using packet::View;

// An IP packet in a frame or in another packet, as far as it goes.
struct Parsed {
  View packet;     // from its IP header to the end its length field tells
  View transport;  // behind all headers of IP
  std::uint8_t version = 0, protocol = 0;
  bool fragment = false;
};

// Where the IP packet of an Ethernet frame begins; nothing for other frames.
std::optional<std::size_t> ip_offset(View frame);
// Nothing for what is cut short or inconsistent.
std::optional<Parsed> parse(View from_ip_header);

// TCP, UDP or SCTP.
bool has_ports(const Parsed& parsed);

enum class Sums { Unknown, Good, Bad };

// Of the IP header and of what is inside, tunnels included. Unknown: no IP packet, or one whose
// sums cannot be told from it alone (a fragment's, an unknown protocol's).
Sums sums(View from_ip_header);

// Total lengths, header checksum and transport checksum as they should be.
void repair(Bytes& frame);

// The IP packet with what one hop changes (TTL, header checksum) blanked.
Bytes without_hop(const Parsed& parsed);

}  // namespace plenum::native
