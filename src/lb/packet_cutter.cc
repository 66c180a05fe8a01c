#include "lb/packet_cutter.h"

#include <algorithm>

namespace plenum::lb {

namespace {

constexpr std::size_t kHeader = 20;
constexpr unsigned kDontFragment = 0x4000, kMore = 0x2000, kOffset = 0x1fff;
constexpr std::uint8_t kEndOfOptions = 0, kNoOperation = 1, kCopied = 0x80;

unsigned get16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<unsigned>(bytes[at] << 8 | bytes[at + 1]);
}

void set16(std::span<std::uint8_t> bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

void set_checksum(std::span<std::uint8_t> header) {
  set16(header, 10, 0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < header.size(); i += 2) sum += get16(header, i);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  set16(header, 10, ~sum & 0xffff);
}

// RFC 791 section 3.1: only options with the copied flag stand in later fragments.
void blank_options(std::span<std::uint8_t> options) {
  for (std::size_t at = 0; at < options.size() && options[at] != kEndOfOptions;) {
    if (options[at] == kNoOperation) {
      ++at;
      continue;
    }
    const std::size_t length = at + 1 < options.size() ? options[at + 1] : 0;
    if (length < 2 || length > options.size() - at) return;
    if ((options[at] & kCopied) == 0)
      std::fill_n(options.begin() + static_cast<std::ptrdiff_t>(at), length, kNoOperation);
    at += length;
  }
}

}  // namespace

std::vector<std::vector<std::uint8_t>> cut_ipv4(std::span<const std::uint8_t> frame, std::size_t l3, std::size_t mtu) {
  if (l3 > frame.size() || frame.size() - l3 < kHeader) return {};
  const auto packet = frame.subspan(l3);
  const std::size_t header = (packet[0] & 0x0fu) * 4u, length = get16(packet, 2);
  const unsigned flags = get16(packet, 6);
  if (packet[0] >> 4 != 4 || header < kHeader || length <= header || length > packet.size()) return {};
  if ((flags & kDontFragment) != 0 || mtu < header + 8) return {};
  const auto payload = packet.subspan(header, length - header);
  const auto room = (mtu - header) / 8 * 8;

  std::vector<std::vector<std::uint8_t>> out;
  for (std::size_t at = 0; at < payload.size();) {
    // The last one may fill the MTU to the last byte.
    const auto left = payload.size() - at;
    const auto take = left <= mtu - header ? left : room;
    std::vector<std::uint8_t> piece(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(l3 + header));
    const auto ip = std::span(piece).subspan(l3);
    if (at != 0) blank_options(ip.subspan(kHeader));
    set16(ip, 2, header + take);
    const bool more = at + take < payload.size() || (flags & kMore) != 0;
    set16(ip, 6, (flags & kOffset) + at / 8 + (more ? kMore : 0));
    set_checksum(ip);
    const auto part = payload.subspan(at, take);
    piece.insert(piece.end(), part.begin(), part.end());
    out.push_back(std::move(piece));
    at += take;
  }
  return out;
}

}  // namespace plenum::lb
