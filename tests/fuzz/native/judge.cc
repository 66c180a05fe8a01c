#include "tests/fuzz/native/judge.h"

#include <algorithm>

namespace plenum::native {

namespace {

using packet::get16;

enum : std::uint8_t {
  kHopByHop = 0,
  kIcmp = 1,
  kIpIp = 4,
  kTcp = 6,
  kUdp = 17,
  kIpv6 = 41,
  kRouting = 43,
  kFragment = 44,
  kGre = 47,
  kIcmpv6 = 58,
  kOptions = 60,
  kSctp = 132,
};

constexpr std::uint16_t kGuePort = 6080;

Bytes pseudo_header(const Parsed& p) {
  Bytes out;
  const auto length = p.transport.size();
  if (p.version == 6) {
    packet::append(out, p.packet.subspan(8, 32));
    packet::put32(out, static_cast<std::uint32_t>(length));
    packet::put32(out, p.protocol);
  } else {
    packet::append(out, p.packet.subspan(12, 8));
    packet::put16(out, p.protocol);
    packet::put16(out, static_cast<unsigned>(length));
  }
  return out;
}

bool sums_up(const Parsed& p, bool with_pseudo_header) {
  // Summed with the checksum in it, the complement of a right one is 0.
  return packet::internet_checksum({with_pseudo_header ? pseudo_header(p) : Bytes{}, p.transport}) == 0;
}

Sums good_if(bool right) { return right ? Sums::Good : Sums::Bad; }

// What is inside is only worth a look where the outside is right.
Sums worse(Sums a, Sums b) {
  if (a == Sums::Bad || b == Sums::Bad) return Sums::Bad;
  return a == Sums::Unknown ? a : b;
}

Sums udp_sums(const Parsed& p) {
  if (p.transport.size() < 8) return Sums::Unknown;
  // The checksum covers what UDP's own length tells; where that is another, it is not ours to say.
  if (get16(p.transport, 4) != p.transport.size()) return Sums::Unknown;
  const bool gue = get16(p.transport, 2) == kGuePort && p.transport.size() > 12;
  Sums own = Sums::Good;
  if (get16(p.transport, 6) != 0)
    own = good_if(sums_up(p, true));
  else if (p.version == 6 && !gue)
    own = Sums::Unknown;  // not allowed, but no sum either
  if (!gue) return own;
  const auto inner = p.transport[9];
  // Options and payloads that are none of ours: what they mean for the sums inside is not known here.
  if (p.transport[8] != 0 || (inner != kIpIp && inner != kIpv6) || get16(p.transport, 10) != 0)
    return worse(own, Sums::Unknown);
  return worse(own, sums(p.transport.subspan(12)));
}

// RFC 2784: a checksum only where its flag says so; other flags are none of ours.
Sums gre_sums(const Parsed& p) {
  if (p.transport.size() < 4 || (get16(p.transport, 0) & 0x7fff) != 0) return Sums::Unknown;
  const bool summed = get16(p.transport, 0) != 0;
  const auto type = get16(p.transport, 2);
  if (p.transport.size() <= 8 || (type != 0x0800 && type != 0x86dd)) return Sums::Unknown;
  return worse(good_if(!summed || sums_up(p, false)), sums(p.transport.subspan(summed ? 8 : 4)));
}

Sums sctp_sums(const Parsed& p) {
  if (p.transport.size() < 12) return Sums::Unknown;
  Bytes copy(p.transport.begin(), p.transport.end());
  std::fill(copy.begin() + 8, copy.begin() + 12, std::uint8_t{0});
  return good_if(packet::crc32c(copy) == packet::get32(p.transport, 8));
}

Sums transport_sums(const Parsed& p) {
  if (p.fragment) return Sums::Unknown;
  switch (p.protocol) {
    case kTcp:
      return p.transport.size() < 20 ? Sums::Unknown : good_if(sums_up(p, true));
    case kUdp:
      return udp_sums(p);
    case kSctp:
      return sctp_sums(p);
    case kIcmp:
      return p.version != 4 || p.transport.size() < 8 ? Sums::Unknown : good_if(sums_up(p, false));
    case kIcmpv6:
      return p.version != 6 || p.transport.size() < 8 ? Sums::Unknown : good_if(sums_up(p, true));
    case kIpIp:
    case kIpv6:
      return sums(p.transport);
    case kGre:
      return gre_sums(p);
    default:
      return Sums::Unknown;
  }
}

std::optional<Parsed> parse_v4(View at) {
  if (at.size() < 20) return {};
  const std::size_t header = (at[0] & 15u) * 4u, length = get16(at, 2);
  if (header < 20 || length < header || length > at.size()) return {};
  Parsed p;
  p.version = 4;
  p.packet = at.first(length);
  p.transport = p.packet.subspan(header);
  p.protocol = at[9];
  p.fragment = (get16(at, 6) & 0x3fff) != 0;
  return p;
}

std::optional<Parsed> parse_v6(View at) {
  if (at.size() < 40) return {};
  const std::size_t length = 40u + get16(at, 4);
  if (length > at.size()) return {};
  Parsed p;
  p.version = 6;
  p.packet = at.first(length);
  p.protocol = at[6];
  std::size_t offset = 40;
  while (p.protocol == kHopByHop || p.protocol == kRouting || p.protocol == kOptions || p.protocol == kFragment) {
    if (offset + 8 > length) return {};
    const std::size_t size = p.protocol == kFragment ? 8 : (p.packet[offset + 1] + 1u) * 8u;
    if (p.protocol == kRouting) p.fragment = true;  // the sum is over the last destination: not told from here
    if (p.protocol == kFragment) p.fragment = true;
    p.protocol = p.packet[offset];
    offset += size;
    if (offset > length) return {};
  }
  p.transport = p.packet.subspan(offset);
  return p;
}

void set16(Bytes& bytes, std::size_t at, unsigned value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// Offset of the transport checksum, from the transport header.
std::optional<std::size_t> checksum_at(const Parsed& p) {
  if (p.protocol == kTcp && p.transport.size() >= 20) return 16;
  if (p.protocol == kUdp && p.transport.size() >= 8) return 6;
  if (p.protocol == kSctp && p.transport.size() >= 12) return 8;
  if (p.protocol == kIcmp && p.version == 4 && p.transport.size() >= 8) return 2;
  if (p.protocol == kIcmpv6 && p.version == 6 && p.transport.size() >= 8) return 2;
  return {};
}

}  // namespace

std::optional<std::size_t> ip_offset(View frame) {
  if (frame.size() < 14) return {};
  std::size_t offset = 14;
  unsigned type = get16(frame, 12);
  for (int i = 0; i < 2 && (type == 0x8100 || type == 0x88a8); ++i) {
    if (frame.size() < offset + 4) return {};
    type = get16(frame, offset + 2);
    offset += 4;
  }
  if (type != 0x0800 && type != 0x86dd) return {};
  if (offset >= frame.size() || frame[offset] >> 4 != (type == 0x0800 ? 4 : 6)) return {};
  return offset;
}

std::optional<Parsed> parse(View from_ip_header) {
  if (from_ip_header.empty()) return {};
  const auto version = from_ip_header[0] >> 4;
  return version == 4 ? parse_v4(from_ip_header) : version == 6 ? parse_v6(from_ip_header) : std::nullopt;
}

bool has_ports(const Parsed& p) { return p.protocol == kTcp || p.protocol == kUdp || p.protocol == kSctp; }

Sums sums(View from_ip_header) {
  const auto p = parse(from_ip_header);
  if (!p) return Sums::Unknown;
  if (p->version == 4 && packet::internet_checksum({p->packet.first(p->packet.size() - p->transport.size())}) != 0)
    return Sums::Bad;
  return transport_sums(*p);
}

void repair(Bytes& frame) {
  const auto offset = ip_offset(frame);
  if (!offset) return;
  const std::size_t room = frame.size() - *offset;
  if (frame[*offset] >> 4 == 4) {
    if (room < 20) return;
    set16(frame, *offset + 2, static_cast<unsigned>(std::min<std::size_t>(room, 0xffff)));
    frame[*offset] = static_cast<std::uint8_t>(0x40 | std::clamp<std::size_t>(frame[*offset] & 15u, 5, room / 4));
  } else {
    if (room < 40) return;
    set16(frame, *offset + 4, static_cast<unsigned>(std::min<std::size_t>(room - 40, 0xffff)));
  }
  const auto p = parse(View(frame).subspan(*offset));
  if (!p) return;
  const auto transport = static_cast<std::size_t>(p->transport.data() - frame.data());
  if (p->protocol == kUdp && p->transport.size() >= 8)
    set16(frame, transport + 4, static_cast<unsigned>(p->transport.size()));
  if (const auto at = checksum_at(*p); at && !p->fragment) {
    if (p->protocol == kSctp) {
      std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(transport + *at), 4, std::uint8_t{0});
      const auto crc = packet::crc32c(p->transport);
      set16(frame, transport + *at, crc >> 16);
      set16(frame, transport + *at + 2, crc & 0xffff);
    } else if (p->protocol != kUdp || get16(p->transport, 6) != 0) {
      set16(frame, transport + *at, 0);
      const bool pseudo = p->protocol != kIcmp;
      const auto sum = packet::internet_checksum({pseudo ? pseudo_header(*p) : Bytes{}, p->transport});
      set16(frame, transport + *at, p->protocol == kUdp && sum == 0 ? 0xffff : sum);
    }
  }
  if (p->version == 4) {
    set16(frame, *offset + 10, 0);
    set16(frame, *offset + 10,
          packet::internet_checksum({View(frame).subspan(*offset, p->packet.size() - p->transport.size())}));
  }
}

Bytes without_hop(const Parsed& parsed) {
  Bytes out(parsed.packet.begin(), parsed.packet.end());
  if (parsed.version == 4) {
    out[8] = 0;
    out[10] = out[11] = 0;
  } else {
    out[7] = 0;
  }
  return out;
}

}  // namespace plenum::native
