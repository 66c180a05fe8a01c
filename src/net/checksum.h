#pragma once
// The Internet checksum (RFC 1071), over a message in parts and the pseudo header of IPv4 and IPv6.

#include <cstdint>
#include <span>

#include "net/address.h"

namespace plenum::net {

class InternetChecksum {
 public:
  // Every part but the last of even length.
  void add(std::span<const std::uint8_t> bytes);
  // RFC 768 and RFC 8200 section 8.1. `length`: of what follows the IP header.
  void add_pseudo_header(const Address& source, const Address& destination, std::uint8_t protocol,
                         std::uint32_t length);
  // In host order. Of a message that contains its checksum: 0 where that is right.
  [[nodiscard]] std::uint16_t value() const;

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace plenum::net
