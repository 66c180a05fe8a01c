#pragma once
// Fragments of a frame, cut out of its bytes octet by octet: what a sender or a router makes
// of it (RFC 791 section 3.2, RFC 8200 section 4.5).

#include "tests/packet/frame.h"

namespace plenum::packet {

inline constexpr std::uint32_t kPieceId6 = 0x00c0ffee;

// The part [start, end) of what follows the IP header of `whole` (IPv6: without extension
// headers), as an IP packet; end beyond it: the last fragment. start is a multiple of 8.
Bytes piece_packet(const Frame& whole, std::size_t start, std::size_t end);
// The same behind the link-layer header of `whole`.
Bytes piece(const Frame& whole, std::size_t start, std::size_t end);

}  // namespace plenum::packet
