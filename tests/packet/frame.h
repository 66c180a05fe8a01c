#pragma once
// A frame as a value: set what matters, bytes() builds the rest with every length and
// checksum computed from scratch. What the director should do to a frame is written by
// copying it and setting the fields that change.

#include <cstdint>
#include <optional>
#include <vector>

#include "net/address.h"
#include "tests/packet/bytes.h"

namespace plenum::packet {

enum Protocol : std::uint8_t {
  kHopByHop = 0,
  kIcmp = 1,
  kIpIp = 4,
  kTcp = 6,
  kUdp = 17,
  kIpv6 = 41,
  kGre = 47,
  kRouting = 43,
  kFragment = 44,
  kIcmpv6 = 58,
  kDestinationOptions = 60,
  kSctp = 132,
};

enum TcpFlag : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kUrg = 32 };

// First chunks of SCTP packets, RFC 9260 section 3.2.
enum Chunk : std::uint8_t {
  kData = 0,
  kInit = 1,
  kInitAck = 2,
  kSack = 3,
  kHeartbeat = 4,
  kAbort = 6,
  kShutdown = 7,
  kShutdownAck = 8,
  kError = 9,
  kCookieEcho = 10,
  kCookieAck = 11,
  kShutdownComplete = 14,
};

struct Extension {
  std::uint8_t type = kHopByHop;
  Bytes body;  // what follows the two first octets; 6, 14, 22 ... of them
};

struct Frame {
  // Link layer.
  net::Mac to_mac, from_mac;
  std::vector<std::uint16_t> vlans;        // outermost first
  std::optional<std::uint16_t> ethertype;  // instead of the one that fits

  // Network layer; IPv6 where the addresses are.
  net::Address from, to;
  std::uint8_t tos = 0;   // or traffic class
  std::uint8_t ttl = 64;  // or hop limit
  std::uint16_t id = 0x1234;
  bool df = true;
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;  // in units of 8 octets
  Bytes options;                      // IPv4, a multiple of 4
  std::uint32_t flow_label = 0;
  std::vector<Extension> extensions;         // IPv6
  std::optional<std::uint16_t> length;       // total length (v4) or payload length (v6), where it should lie
  std::optional<std::uint8_t> header_words;  // IHL, where it should lie

  // Transport layer. Any other protocol: the payload is all there is.
  std::uint8_t protocol = kTcp;
  std::uint16_t sport = 0, dport = 0;
  std::uint8_t flags = 0;
  std::uint32_t sequence = 0x01020304, acknowledged = 0x0a0b0c0d;
  Bytes tcp_options;                        // a multiple of 4
  std::optional<std::uint8_t> data_offset;  // where it should lie
  bool udp_checksum = true;                 // false: zero, "none computed"
  std::uint8_t icmp_type = 0, icmp_code = 0;
  std::uint32_t icmp_rest = 0;       // identifier and sequence, MTU, ...
  std::uint16_t checksum_error = 0;  // xored into the transport checksum; SCTP: its lower half
  Bytes payload;
  std::size_t padded_to = 0;  // Ethernet padding after the IP packet

  [[nodiscard]] bool v6() const { return !to.is_v4(); }
  [[nodiscard]] Bytes transport() const;  // header and payload
  [[nodiscard]] Bytes packet() const;     // the IP packet
  [[nodiscard]] Bytes bytes() const;      // all of it
  [[nodiscard]] Bytes link() const;       // the link-layer header alone
  // Octets of the IP packet: what statistics count.
  [[nodiscard]] std::size_t ip_length() const { return packet().size(); }
};

// One SCTP chunk of `type` with an arbitrary body, padded.
Bytes chunk(std::uint8_t type, std::size_t body = 12);

// GUE version 0, variant without flags (Generic UDP Encapsulation, section 3): header and
// the packet carried.
Bytes gue(std::uint8_t protocol, View packet);

// GRE without key and sequence number (RFC 2784), with or without its checksum.
Bytes gre(std::uint16_t ethertype, View packet, bool checksum);

// The frame around an IP packet that is written octet by octet.
Bytes ethernet(const net::Mac& to, const net::Mac& from, std::uint16_t type, View packet);

}  // namespace plenum::packet
