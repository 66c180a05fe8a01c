#include "net/checksum.h"

namespace plenum::net {

void InternetChecksum::add(std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum_ += static_cast<std::uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
}

void InternetChecksum::add_pseudo_header(const Address& source, const Address& destination, std::uint8_t protocol,
                                         std::uint32_t length) {
  add({source.data(), source.size()});
  add({destination.data(), destination.size()});
  sum_ += (length >> 16) + (length & 0xffff) + protocol;
}

std::uint16_t InternetChecksum::value() const {
  auto sum = sum_;
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace plenum::net
