#include "cli/ipvsadm/order.h"

#include <cstdint>

namespace plenum::cli::ipvsadm {

namespace {

int difference(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b); }

// The address's 32-bit word number `index` in host order, as ipvsadm's union has it: an IPv4
// address is word 0.
std::uint32_t word(const net::Address& address, unsigned index) {
  if (index * 4 >= address.size()) return 0;
  const std::uint8_t* byte = address.data() + static_cast<std::size_t>(index) * 4;
  return std::uint32_t{byte[0]} << 24 | std::uint32_t{byte[1]} << 16 | std::uint32_t{byte[2]} << 8 | byte[3];
}

// The family of `a` says how many words count.
int compare_addresses(const net::Address& a, const net::Address& b) {
  for (unsigned i = 0; i < (a.is_v4() ? 1u : 4u); ++i)
    if (const int result = difference(word(a, i), word(b, i))) return result;
  return 0;
}

}  // namespace

int compare(const conf::ServiceKey& a, const conf::ServiceKey& b) {
  if (const int result = difference(a.fwmark, b.fwmark)) return result;
  if (a.family != b.family) return a.family == net::Family::V4 ? -1 : 1;
  if (a.fwmark != 0) return 0;  // the rest does not count
  if (a.protocol != b.protocol) return static_cast<int>(a.protocol) - static_cast<int>(b.protocol);
  if (const int result = compare_addresses(a.address, b.address)) return result;
  return a.port - b.port;
}

int compare(const conf::ServerKey& a, const conf::ServerKey& b) {
  if (const int result = compare_addresses(a.address, b.address)) return result;
  return a.port - b.port;
}

}  // namespace plenum::cli::ipvsadm
