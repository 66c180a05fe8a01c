#include "host/neighbour_packet.h"

#include <algorithm>

namespace plenum::host {

namespace {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

constexpr std::uint16_t kArp = 0x0806, kIpv6 = 0x86dd;
constexpr std::size_t kArpSize = 28, kIpv6Header = 40, kNeighbourMessage = 24;
constexpr std::uint8_t kIcmpv6 = 58, kSolicitation = 135, kAdvertisement = 136, kSourceMac = 1, kTargetMac = 2;

void append(Bytes& to, View more) { to.insert(to.end(), more.begin(), more.end()); }
View bytes_of(const net::Address& a) { return {a.data(), a.size()}; }

// RFC 4443 section 2.3: over the IPv6 pseudo-header and the message.
std::uint16_t checksum(View packet) {
  std::uint32_t sum = kIcmpv6 + static_cast<std::uint32_t>(packet.size() - kIpv6Header);
  for (std::size_t i = 8; i < packet.size(); ++i) sum += static_cast<std::uint32_t>(packet[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::optional<net::Mac> mac_at(View packet, std::size_t at) {
  net::Mac out;
  if (packet.size() < at + out.bytes.size()) return std::nullopt;
  std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(at), out.bytes.size(), out.bytes.begin());
  return out;
}

bool equal_at(View packet, std::size_t at, View expected) {
  return packet.size() >= at + expected.size() &&
         std::equal(expected.begin(), expected.end(), packet.begin() + static_cast<std::ptrdiff_t>(at));
}

std::optional<net::Mac> claimed_by_arp(View packet, const net::Address& target) {
  // Ethernet, IPv4, 6 and 4 bytes of address; a request of the owner claims as well as a reply.
  constexpr std::uint8_t kHead[] = {0, 1, 8, 0, 6, 4, 0};
  if (packet.size() < kArpSize || !equal_at(packet, 0, kHead) || !equal_at(packet, 14, bytes_of(target)))
    return std::nullopt;
  return mac_at(packet, 8);
}

std::optional<net::Mac> claimed_by_advertisement(View packet, const net::Address& target, const net::Mac& from) {
  if (packet.size() < kIpv6Header + kNeighbourMessage || packet[0] >> 4 != 6 || packet[6] != kIcmpv6 ||
      packet[7] != 255) {
    return std::nullopt;
  }
  const std::size_t length = packet[4] * 256u + packet[5];
  if (length < kNeighbourMessage || length > packet.size() - kIpv6Header) return std::nullopt;
  const View message = packet.subspan(kIpv6Header, length);
  if (message[0] != kAdvertisement || message[1] != 0 || !equal_at(message, 8, bytes_of(target))) return std::nullopt;
  if (checksum(packet.first(kIpv6Header + length)) != 0) return std::nullopt;
  for (std::size_t at = kNeighbourMessage; at + 8 <= message.size();) {
    const std::size_t size = message[at + 1] * 8u;
    if (size == 0) return std::nullopt;
    if (message[at] == kTargetMac) return mac_at(message, at + 2);
    at += size;
  }
  return from;
}

}  // namespace

std::vector<std::uint8_t> arp_probe(const net::Address& target, const net::Mac& mac) {
  Bytes out{0, 1, 8, 0, 6, 4, 0, 1};
  append(out, mac.bytes);
  out.resize(out.size() + 4 + 6, 0);  // sender 0.0.0.0, target's MAC not known
  append(out, bytes_of(target));
  return out;
}

std::vector<std::uint8_t> neighbour_solicitation(const net::Address& target, const std::optional<net::Address>& source,
                                                 const net::Mac& mac) {
  Bytes message{kSolicitation, 0, 0, 0, 0, 0, 0, 0};
  append(message, bytes_of(target));
  if (source) {  // must not stand in one from "::"
    message.insert(message.end(), {kSourceMac, 1});
    append(message, mac.bytes);
  }
  Bytes out{0x60, 0, 0, 0, 0, static_cast<std::uint8_t>(message.size()), kIcmpv6, 255};
  constexpr std::uint8_t kUnspecified[16] = {};
  append(out, source ? bytes_of(*source) : View(kUnspecified));
  out.insert(out.end(),
             {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, target.data()[13], target.data()[14], target.data()[15]});
  append(out, message);
  const std::uint16_t sum = checksum(out);
  out[kIpv6Header + 2] = static_cast<std::uint8_t>(sum >> 8);
  out[kIpv6Header + 3] = static_cast<std::uint8_t>(sum);
  return out;
}

net::Mac solicited_node_mac(const net::Address& target) {
  return net::Mac{{0x33, 0x33, 0xff, target.data()[13], target.data()[14], target.data()[15]}};
}

std::optional<net::Mac> claimed_by(std::uint16_t ethertype, std::span<const std::uint8_t> packet,
                                   const net::Address& target, const net::Mac& from) {
  if (ethertype == kArp && target.is_v4()) return claimed_by_arp(packet, target);
  if (ethertype == kIpv6 && !target.is_v4()) return claimed_by_advertisement(packet, target, from);
  return std::nullopt;
}

}  // namespace plenum::host
