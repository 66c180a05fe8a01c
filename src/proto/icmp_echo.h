#pragma once
// Echo requests and replies of ICMP (RFC 792) and ICMPv6 (RFC 4443). Any bytes may be read.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "net/address.h"

namespace plenum::proto {

struct IcmpEcho {
  std::uint16_t id = 0, sequence = 0;
  std::span<const std::uint8_t> payload;
};

// ICMPv6's checksum is left 0: it covers addresses that the kernel chooses, and it fills it in.
std::vector<std::uint8_t> write_echo_request(net::Family family, const IcmpEcho& echo);

// nullopt: something else, cut short, or (ICMP) of a wrong checksum; the kernel checked ICMPv6's.
std::optional<IcmpEcho> read_echo_reply(net::Family family, std::span<const std::uint8_t> message);

// What stands behind the IPv4 header that a raw socket gives along; empty: no IPv4 packet of ICMP.
std::span<const std::uint8_t> behind_ipv4_header(std::span<const std::uint8_t> packet);

}  // namespace plenum::proto
