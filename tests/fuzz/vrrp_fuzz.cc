// The reader of VRRP advertisements, over both families: any bytes, and what was read must be written as it
// came, but for bits that nobody reads.

#include <cstdint>
#include <cstdlib>

#include "proto/vrrp.h"

namespace {

using namespace plenum;

void play(std::span<const std::uint8_t> payload, const net::Address& from) {
  const auto to = proto::vrrp_group(from.family());
  const auto read = proto::read_vrrp(payload, from, to);
  const auto* seen = std::get_if<proto::VrrpRead>(&read);
  if (seen == nullptr) {
    if (proto::vrrp_fault_text(std::get<proto::VrrpFault>(read)).empty()) std::abort();
    return;
  }
  const auto again = proto::read_vrrp(proto::write_vrrp(seen->advert, from, to, seen->checksum), from, to);
  const auto* second = std::get_if<proto::VrrpRead>(&again);
  if (second == nullptr || second->advert != seen->advert) std::abort();
}

}  // namespace

// As it is, and with its checksum made right, so that what stands behind that is reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const char* text : {"192.0.2.1", "fe80::1"}) {
    const auto from = net::Address::parse(text).value();
    play({data, size}, from);
    if (size < 8) continue;
    std::vector<std::uint8_t> mended(data, data + size);
    mended[6] = mended[7] = 0;
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < size; i += 2)
      sum += static_cast<std::uint32_t>(mended[i] << 8 | (i + 1 < size ? mended[i + 1] : 0));
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    mended[6] = static_cast<std::uint8_t>(~sum >> 8);
    mended[7] = static_cast<std::uint8_t>(~sum);
    play(mended, from);
  }
  return 0;
}
