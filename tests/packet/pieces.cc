#include "tests/packet/pieces.h"

#include <algorithm>

namespace plenum::packet {

Bytes piece_packet(const Frame& whole, std::size_t start, std::size_t end) {
  const Bytes packet = whole.packet();
  const std::size_t header = whole.v6() ? 40 : 20 + whole.options.size();
  const std::size_t length = packet.size() - header;
  const bool more = end < length;
  end = std::min(end, length);
  Bytes out(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(header));
  const auto set16 = [&](std::size_t at, std::size_t value) {
    out[at] = static_cast<std::uint8_t>(value >> 8);
    out[at + 1] = static_cast<std::uint8_t>(value);
  };
  if (whole.v6()) {
    set16(4, 8 + end - start);
    out[6] = kFragment;
    out.push_back(whole.protocol);
    out.push_back(0);
    put16(out, static_cast<unsigned>(start | (more ? 1 : 0)));
    put32(out, kPieceId6);
  } else {
    set16(2, header + end - start);
    set16(6, start / 8 | (more ? 0x2000 : 0));
    set16(10, 0);
    set16(10, internet_checksum({out}));
  }
  append(out, View(packet).subspan(header + start, end - start));
  return out;
}

Bytes piece(const Frame& whole, std::size_t start, std::size_t end) {
  Bytes out = whole.link();
  append(out, piece_packet(whole, start, end));
  return out;
}

}  // namespace plenum::packet
