#pragma once
// Cuts an IPv4 packet, or a fragment, into smaller fragments (RFC 791 section 3.2). Bytes to
// bytes; knows no path and no socket.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace plenum::lb {

// Frames with the packet of `frame`, whose IP header begins at `l3`, in fragments of at most
// `mtu` bytes, each behind the frame's own link-layer header; in order. Options that are not to
// be copied become no-operations in all but the first. None for what may not or cannot be cut:
// DF set, no whole IPv4 packet, an MTU without room for 8 bytes of payload.
std::vector<std::vector<std::uint8_t>> cut_ipv4(std::span<const std::uint8_t> frame, std::size_t l3, std::size_t mtu);

}  // namespace plenum::lb
