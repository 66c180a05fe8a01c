#include "proto/tcp_segment.h"

#include "net/checksum.h"
#include "net/wire.h"

namespace plenum::proto {

namespace {

constexpr std::uint8_t kProtocolTcp = 6, kHops = 64;
constexpr std::uint8_t kSyn = 0x02, kRst = 0x04, kAck = 0x10;
constexpr std::uint16_t kDontFragment = 0x4000, kGreChecksum = 0x8000;

void put16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

bool is_v4(std::span<const std::uint8_t> packet) { return !packet.empty() && packet[0] >> 4 == 4; }

}  // namespace

std::vector<std::uint8_t> write_tcp(const TcpSegment& segment) {
  std::vector<std::uint8_t> tcp;
  net::WireWriter writer(tcp);
  const bool v4 = segment.source.address.is_v4();
  writer.u16(segment.source.port);
  writer.u16(segment.destination.port);
  writer.u32(segment.sequence);
  writer.u32(segment.ack ? segment.acknowledged : 0);
  writer.u8(segment.syn ? 0x60 : 0x50);
  writer.u8(static_cast<std::uint8_t>((segment.syn ? kSyn : 0) | (segment.ack ? kAck : 0) | (segment.rst ? kRst : 0)));
  writer.u16(segment.rst ? 0 : 65535);
  writer.u32(0);  // checksum, urgent pointer
  if (segment.syn) {
    writer.u16(0x0204);
    writer.u16(v4 ? 1460 : 1440);
  }
  net::InternetChecksum sum;
  sum.add_pseudo_header(segment.source.address, segment.destination.address, kProtocolTcp,
                        static_cast<std::uint32_t>(tcp.size()));
  sum.add(tcp);
  put16(tcp, 16, sum.value());

  std::vector<std::uint8_t> out;
  net::WireWriter ip(out);
  if (v4) {
    ip.u16(0x4500);
    ip.u16(static_cast<std::uint16_t>(20 + tcp.size()));
    ip.u16(0);
    ip.u16(kDontFragment);
    ip.u8(kHops);
    ip.u8(kProtocolTcp);
    ip.u16(0);
  } else {
    ip.u32(0x60000000);
    ip.u16(static_cast<std::uint16_t>(tcp.size()));
    ip.u8(kProtocolTcp);
    ip.u8(kHops);
  }
  ip.address(segment.source.address);
  ip.address(segment.destination.address);
  if (v4) {
    net::InternetChecksum header;
    header.add(out);
    put16(out, 10, header.value());
  }
  ip.bytes(tcp);
  return out;
}

std::optional<TcpSegment> read_tcp(std::span<const std::uint8_t> packet) {
  TcpSegment out;
  net::WireReader reader(packet);
  if (is_v4(packet)) {
    const std::size_t header = static_cast<std::size_t>(reader.u8() & 0x0f) * 4;
    reader.bytes(1);
    const std::size_t length = reader.u16();
    reader.bytes(2);
    const std::uint16_t fragment = reader.u16();
    reader.bytes(1);
    const auto protocol = reader.u8();
    reader.bytes(2);
    out.source.address = reader.address(net::Family::V4);
    out.destination.address = reader.address(net::Family::V4);
    if (reader.ran_short() || header < 20 || header > packet.size() || length < header || length > packet.size() ||
        (fragment & 0x1fff) != 0 || protocol != kProtocolTcp)
      return std::nullopt;
    net::InternetChecksum sum;
    sum.add(packet.first(header));
    if (sum.value() != 0) return std::nullopt;
    reader = net::WireReader(packet.subspan(header, length - header));
  } else if (!packet.empty() && packet[0] >> 4 == 6) {
    reader.bytes(4);
    const std::size_t length = reader.u16();
    const auto protocol = reader.u8();
    reader.bytes(1);
    out.source.address = reader.address(net::Family::V6);
    out.destination.address = reader.address(net::Family::V6);
    if (reader.ran_short() || protocol != kProtocolTcp || length > reader.left()) return std::nullopt;
    reader = net::WireReader(packet.subspan(40, length));
  } else {
    return std::nullopt;
  }
  out.source.port = reader.u16();
  out.destination.port = reader.u16();
  out.sequence = reader.u32();
  out.acknowledged = reader.u32();
  const std::size_t header = static_cast<std::size_t>(reader.u8() >> 4) * 4;
  const auto flags = reader.u8();
  reader.bytes(6);
  if (reader.ran_short() || header < 20 || header - 20 > reader.left()) return std::nullopt;
  out.syn = (flags & kSyn) != 0;
  out.ack = (flags & kAck) != 0;
  out.rst = (flags & kRst) != 0;
  if (!out.ack) out.acknowledged = 0;
  return out;
}

std::vector<std::uint8_t> gre_around(std::span<const std::uint8_t> packet, bool checksum) {
  std::vector<std::uint8_t> out;
  net::WireWriter writer(out);
  writer.u16(checksum ? kGreChecksum : 0);
  writer.u16(is_v4(packet) ? 0x0800 : 0x86dd);
  if (checksum) writer.u32(0);
  writer.bytes(packet);
  if (checksum) {
    net::InternetChecksum sum;
    sum.add(out);
    put16(out, 4, sum.value());
  }
  return out;
}

std::vector<std::uint8_t> gue_around(std::span<const std::uint8_t> packet) {
  std::vector<std::uint8_t> out;
  net::WireWriter writer(out);
  writer.u8(0);
  writer.u8(ip_in_ip_protocol(packet));
  writer.u16(0);
  writer.bytes(packet);
  return out;
}

std::uint8_t ip_in_ip_protocol(std::span<const std::uint8_t> packet) { return is_v4(packet) ? 4 : 41; }

}  // namespace plenum::proto
