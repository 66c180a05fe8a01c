#pragma once
// VRRP advertisements: version 2 (RFC 3768, with the simple password of RFC 2338, which the field still
// uses) and version 3 (RFC 9568), over IPv4 and IPv6, as the payload of an IP packet of protocol 112.
// Any bytes may be read. Knows the layout; that the packet came with TTL 255 from a link is the
// receiver's business, and what an advertisement means the state machine's.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "net/address.h"

namespace plenum::proto {

inline constexpr std::uint8_t kVrrpProtocol = 112;
inline constexpr std::uint8_t kVrrpTtl = 255;           // RFC 9568 section 5.1.1.3: all others are discarded
inline constexpr std::uint8_t kVrrpPriorityResign = 0;  // the active router gives up
inline constexpr std::uint8_t kVrrpPriorityDefault = 100;
inline constexpr std::uint8_t kVrrpPriorityOwner = 255;  // owns the addresses
inline constexpr std::size_t kVrrpPassword = 8;
inline constexpr std::size_t kVrrpMostAddresses = 255;  // the count is a byte

// 224.0.0.18 and ff02::12.
net::Address vrrp_group(net::Family family);
// The virtual router's link-layer address: 00:00:5e:00:01:VRID and 00:00:5e:00:02:VRID (RFC 9568 section 7.3).
net::Mac vrrp_mac(net::Family family, std::uint8_t vrid);

// What version 3's checksum over IPv4 covers. RFC 9568 section 5.2.8 has no pseudo header there; RFC 5798
// was read either way, and keepalived has one unless told `v3_checksum_as_v2`. IPv6 always has it.
enum class VrrpChecksum : std::uint8_t { PseudoHeader, MessageOnly };

struct VrrpAdvert {
  std::uint8_t version = 3;  // 2 or 3
  std::uint8_t vrid = 1;     // 1 to 255
  std::uint8_t priority = kVrrpPriorityDefault;
  // To the wire it goes in whole seconds of 1 to 255 (version 2), or in hundredths of 1 to 4095.
  Duration interval = std::chrono::seconds(1);
  // Of one family; over IPv6 the link-local one first.
  std::vector<net::Address> addresses;
  // Version 2 alone: simple text, zero behind its end. There: authentication type 1, else 0.
  std::optional<std::array<char, kVrrpPassword>> password;

  bool operator==(const VrrpAdvert&) const = default;
};

// The shortest step of `interval` and the longest interval of a version.
Duration vrrp_interval_unit(std::uint8_t version);
Duration vrrp_interval_most(std::uint8_t version);

// The payload. An interval is rounded to the nearest unit that fits; addresses of another family than
// `source` and those beyond kVrrpMostAddresses are the caller's mistake and left out.
std::vector<std::uint8_t> write_vrrp(const VrrpAdvert& advert, const net::Address& source,
                                     const net::Address& destination, VrrpChecksum checksum);

// Why bytes are no advertisement; each is a counter (RFC 8347 has most of them).
enum class VrrpFault : std::uint8_t {
  Length,             // shorter or longer than its count of addresses says
  Version,            // neither 2 nor 3, or version 2 over IPv6
  Type,               // not 1, the only one there is
  Checksum,           // by none of the ways it may have been computed
  Vrid,               // 0
  Addresses,          // none (version 3: RFC 9568 section 5.2.5)
  Interval,           // 0
  AuthenticationType  // neither none nor simple text
};
std::string_view vrrp_fault_text(VrrpFault fault);

struct VrrpRead {
  VrrpAdvert advert;
  VrrpChecksum checksum = VrrpChecksum::PseudoHeader;  // that fits; of both, which equal sums may, this one
};

// `source` and `destination`: of the IP packet, which IPv6's checksum covers.
std::variant<VrrpRead, VrrpFault> read_vrrp(std::span<const std::uint8_t> payload, const net::Address& source,
                                            const net::Address& destination);

}  // namespace plenum::proto
