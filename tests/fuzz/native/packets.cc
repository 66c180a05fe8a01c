#include "tests/fuzz/native/packets.h"

#include <algorithm>
#include <cstddef>

namespace plenum::native {

namespace {

constexpr std::uint8_t kIcmp = 1, kIpIp = 4, kTcp = 6, kUdp = 17, kIpv6 = 41, kFragment = 44, kGre = 47, kIcmpv6 = 58,
                       kSctp = 132;

Bytes ethernet(std::uint8_t version, View packet) {
  Bytes out(12, 0x22);
  packet::put16(out, version == 4 ? 0x0800 : 0x86dd);
  packet::append(out, packet);
  return out;
}

// What the tunnels around a packet carry.
Parsed innermost(Parsed p) {
  for (int i = 0; i < 2; ++i) {
    View inside = p.transport;
    if (p.protocol == kUdp && inside.size() > 12 && packet::get16(inside, 2) == 6080)
      inside = inside.subspan(12);
    else if (p.protocol == kGre && inside.size() > 8)
      inside = inside.subspan((inside[0] & 0x80) != 0 ? 8 : 4);
    else if (p.protocol != kIpIp && p.protocol != kIpv6)
      break;
    const auto inner = parse(inside);
    if (!inner) break;
    p = *inner;
  }
  return p;
}

void turn_round(Bytes& packet, std::uint8_t version) {
  const std::ptrdiff_t at = version == 4 ? 12 : 8, size = version == 4 ? 4 : 16;
  std::swap_ranges(packet.begin() + at, packet.begin() + at + size, packet.begin() + at + size);
}

Bytes ip_header(std::uint8_t version, std::uint8_t protocol, View from, View to) {
  Bytes out;
  if (version == 4) {
    out = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0};
  } else {
    out = {0x60, 0, 0, 0, 0, 0, protocol, 64};
  }
  packet::append(out, from);
  packet::append(out, to);
  return out;
}

}  // namespace

Bytes answer_to(const Bytes& frame, View change) {
  const auto offset = ip_offset(frame);
  if (!offset) return {};
  const auto outer = parse(View(frame).subspan(*offset));
  if (!outer) return {};
  const Parsed p = innermost(*outer);
  Bytes packet(p.packet.begin(), p.packet.end());
  turn_round(packet, p.version);
  packet[p.version == 4 ? 8 : 7] = 63;
  const auto transport = p.packet.size() - p.transport.size();
  const bool ports = p.protocol == kTcp || p.protocol == kUdp || p.protocol == kSctp;
  if (ports && p.transport.size() >= 4) {
    const auto at = packet.begin() + static_cast<std::ptrdiff_t>(transport);
    std::swap_ranges(at, at + 2, at + 2);
  }
  for (std::size_t i = 0; i < change.size() && transport + 4 + i < packet.size(); ++i)
    packet[transport + 4 + i] ^= change[i];
  Bytes out = ethernet(p.version, packet);
  repair(out);
  return out;
}

Bytes error_about(const Bytes& frame, std::uint8_t how, View change) {
  const auto offset = ip_offset(frame);
  if (!offset) return {};
  const auto p = parse(View(frame).subspan(*offset));
  if (!p) return {};
  const std::size_t address = p->version == 4 ? 12 : 8, size = p->version == 4 ? 4 : 16;
  Bytes router(p->packet.begin() + static_cast<std::ptrdiff_t>(address + size),
               p->packet.begin() + static_cast<std::ptrdiff_t>(address + 2 * size));
  if ((how & 2) != 0) router.back() ^= 0x80;  // else the destination itself complains
  Bytes packet = ip_header(p->version, p->version == 4 ? kIcmp : kIcmpv6, router, p->packet.subspan(address, size));
  const std::size_t header = packet.size();
  if (p->version == 4)
    packet::append(packet, Bytes{static_cast<std::uint8_t>((how & 4) != 0 ? 11 : 3), 4, 0, 0, 0, 0, 4, 0});
  else
    packet::append(packet, Bytes{static_cast<std::uint8_t>((how & 4) != 0 ? 3 : 2), 0, 0, 0, 0, 0, 4, 0});
  for (std::size_t i = 0; i < change.size() && i < 8; ++i) packet[header + i] ^= change[i];
  // RFC 792: the header and 8 bytes; most routers quote more.
  const std::size_t least = p->packet.size() - p->transport.size() + 8;
  packet::append(packet, p->packet.first(std::min(p->packet.size(), (how & 8) != 0 ? least : 548)));
  Bytes out = ethernet(p->version, packet);
  repair(out);
  return out;
}

std::vector<Bytes> fragments_of(const Bytes& frame, std::uint8_t id, View parts) {
  const auto offset = ip_offset(frame);
  if (!offset) return {};
  const auto p = parse(View(frame).subspan(*offset));
  if (!p || p->fragment) return {};
  const std::size_t header = p->packet.size() - p->transport.size();
  if (p->version == 6 && header != 40) return {};
  std::vector<Bytes> out;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
    const std::size_t start = parts[i] * 8u, left = p->transport.size() - std::min(start, p->transport.size());
    const std::size_t size = parts[i + 1] == 0 ? left : std::min<std::size_t>(parts[i + 1] * 8u, left);
    if (size == 0) continue;
    const bool more = size < left;
    Bytes piece(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(*offset + header));
    if (p->version == 6) {
      piece[*offset + 6] = kFragment;
      packet::append(piece, Bytes{p->protocol, 0, static_cast<std::uint8_t>(start >> 8),
                                  static_cast<std::uint8_t>((start & 0xf8) | (more ? 1 : 0)), 0, 0, 0, id});
    } else {
      piece[*offset + 5] = id;
      piece[*offset + 6] = static_cast<std::uint8_t>((more ? 0x20 : 0) | start >> 11);
      piece[*offset + 7] = static_cast<std::uint8_t>(start >> 3);
    }
    packet::append(piece, p->transport.subspan(start, size));
    repair(piece);
    out.push_back(std::move(piece));
  }
  return out;
}

}  // namespace plenum::native
