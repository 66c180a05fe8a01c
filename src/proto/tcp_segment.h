#pragma once
// Bare TCP segments in their IP packets, for who speaks TCP past the kernel's: a SYN or an RST to bytes, any packet
// from bytes; and the headers that take a packet into a tunnel.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "net/address.h"

namespace plenum::proto {

struct TcpSegment {
  net::Endpoint source, destination;  // of one family
  std::uint32_t sequence = 0, acknowledged = 0;
  bool syn = false, ack = false, rst = false;
  bool operator==(const TcpSegment&) const = default;
};

// With every checksum filled in. A SYN announces the maximal segment of Ethernet.
std::vector<std::uint8_t> write_tcp(const TcpSegment& segment);

// From an IP packet on. nullopt: not TCP, a later fragment, extension headers, cut short, or of a wrong checksum of
// IPv4's header. The segment's own checksum is not looked at: an interface may leave it to be filled in later.
std::optional<TcpSegment> read_tcp(std::span<const std::uint8_t> packet);

// What stands between the outer IP (or UDP) header and the packet: RFC 2784, and GUE's version 0.
std::vector<std::uint8_t> gre_around(std::span<const std::uint8_t> packet, bool checksum);
std::vector<std::uint8_t> gue_around(std::span<const std::uint8_t> packet);
// The number in an outer header that says what a packet is: 4 or 41.
std::uint8_t ip_in_ip_protocol(std::span<const std::uint8_t> packet);

}  // namespace plenum::proto
