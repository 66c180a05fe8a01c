#include "tests/packet/frame.h"

namespace plenum::packet {

namespace {

Bytes address_bytes(const net::Address& address) { return {address.data(), address.data() + address.size()}; }

// RFC 793 and RFC 8200 section 8.1: what TCP, UDP and ICMPv6 sum besides themselves.
Bytes pseudo_header(const Frame& f, std::size_t length) {
  Bytes out = address_bytes(f.from);
  append(out, address_bytes(f.to));
  if (f.v6()) {
    put32(out, static_cast<std::uint32_t>(length));
    put32(out, f.protocol);
  } else {
    put16(out, f.protocol);
    put16(out, static_cast<unsigned>(length));
  }
  return out;
}

void set16(Bytes& bytes, std::size_t at, unsigned value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

Bytes tcp(const Frame& f) {
  Bytes out;
  put16(out, f.sport);
  put16(out, f.dport);
  put32(out, f.sequence);
  put32(out, f.acknowledged);
  out.push_back(static_cast<std::uint8_t>(f.data_offset.value_or((20 + f.tcp_options.size()) / 4) << 4));
  out.push_back(f.flags);
  put16(out, 0xfaf0);
  put16(out, 0);
  put16(out, 0);
  append(out, f.tcp_options);
  append(out, f.payload);
  set16(out, 16, internet_checksum({pseudo_header(f, out.size()), out}) ^ f.checksum_error);
  return out;
}

Bytes udp(const Frame& f) {
  Bytes out;
  put16(out, f.sport);
  put16(out, f.dport);
  put16(out, static_cast<unsigned>(8 + f.payload.size()));
  put16(out, 0);
  append(out, f.payload);
  if (f.udp_checksum) {
    const auto sum =
        static_cast<std::uint16_t>(internet_checksum({pseudo_header(f, out.size()), out}) ^ f.checksum_error);
    set16(out, 6, sum == 0 ? 0xffff : sum);
  }
  return out;
}

Bytes sctp(const Frame& f) {
  Bytes out;
  put16(out, f.sport);
  put16(out, f.dport);
  put32(out, 0xdecafbad);
  put32(out, 0);
  append(out, f.payload);
  const std::uint32_t crc = crc32c(out) ^ f.checksum_error;
  set16(out, 8, crc >> 16);
  set16(out, 10, crc & 0xffff);
  return out;
}

Bytes icmp(const Frame& f) {
  Bytes out{f.icmp_type, f.icmp_code};
  put16(out, 0);
  put32(out, f.icmp_rest);
  append(out, f.payload);
  const Bytes pseudo = f.v6() ? pseudo_header(f, out.size()) : Bytes{};
  set16(out, 2, internet_checksum({pseudo, out}) ^ f.checksum_error);
  return out;
}

Bytes packet_v4(const Frame& f, const Bytes& body) {
  const std::size_t header = 20 + f.options.size();
  Bytes out;
  out.push_back(static_cast<std::uint8_t>(0x40 | f.header_words.value_or(header / 4)));
  out.push_back(f.tos);
  put16(out, f.length.value_or(header + body.size()));
  put16(out, f.id);
  put16(out, (f.df ? 0x4000u : 0) | (f.more_fragments ? 0x2000u : 0) | f.fragment_offset);
  out.push_back(f.ttl);
  out.push_back(f.protocol);
  put16(out, 0);
  append(out, address_bytes(f.from));
  append(out, address_bytes(f.to));
  append(out, f.options);
  set16(out, 10, internet_checksum({out}));
  append(out, body);
  return out;
}

Bytes packet_v6(const Frame& f, const Bytes& body) {
  Bytes chain;
  for (std::size_t i = 0; i < f.extensions.size(); ++i) {
    const Extension& ext = f.extensions[i];
    chain.push_back(i + 1 < f.extensions.size() ? f.extensions[i + 1].type : f.protocol);
    chain.push_back(static_cast<std::uint8_t>((ext.body.size() + 2) / 8 - 1));
    append(chain, ext.body);
  }
  Bytes out;
  put32(out, 6u << 28 | static_cast<std::uint32_t>(f.tos) << 20 | f.flow_label);
  put16(out, f.length.value_or(chain.size() + body.size()));
  out.push_back(f.extensions.empty() ? f.protocol : f.extensions.front().type);
  out.push_back(f.ttl);
  append(out, address_bytes(f.from));
  append(out, address_bytes(f.to));
  append(out, chain);
  append(out, body);
  return out;
}

}  // namespace

Bytes Frame::transport() const {
  switch (protocol) {
    case kTcp:
      return tcp(*this);
    case kUdp:
      return udp(*this);
    case kSctp:
      return sctp(*this);
    case kIcmp:
    case kIcmpv6:
      return icmp(*this);
    default:
      return payload;
  }
}

Bytes Frame::packet() const { return v6() ? packet_v6(*this, transport()) : packet_v4(*this, transport()); }

Bytes Frame::link() const {
  Bytes out(to_mac.bytes.begin(), to_mac.bytes.end());
  out.insert(out.end(), from_mac.bytes.begin(), from_mac.bytes.end());
  for (std::size_t i = 0; i < vlans.size(); ++i) {
    put16(out, i + 1 < vlans.size() ? 0x88a8 : 0x8100);  // the outer of two is a service tag
    put16(out, vlans[i]);
  }
  put16(out, ethertype.value_or(v6() ? 0x86dd : 0x0800));
  return out;
}

Bytes Frame::bytes() const {
  Bytes out = link();
  append(out, packet());
  if (out.size() < padded_to) out.resize(padded_to, 0);
  return out;
}

Bytes chunk(std::uint8_t type, std::size_t body) {
  Bytes out{type, 0};
  put16(out, static_cast<unsigned>(4 + body));
  for (std::size_t i = 0; i < body; ++i) out.push_back(static_cast<std::uint8_t>(i + 1));
  while (out.size() % 4 != 0) out.push_back(0);
  return out;
}

Bytes gue(std::uint8_t protocol, View packet) {
  Bytes out{0, protocol, 0, 0};
  append(out, packet);
  return out;
}

Bytes gre(std::uint16_t ethertype, View packet, bool checksum) {
  Bytes out;
  put16(out, checksum ? 0x8000 : 0);
  put16(out, ethertype);
  if (checksum) put32(out, 0);
  append(out, packet);
  if (checksum) set16(out, 4, internet_checksum({out}));
  return out;
}

Bytes ethernet(const net::Mac& to, const net::Mac& from, std::uint16_t type, View packet) {
  Bytes out(to.bytes.begin(), to.bytes.end());
  out.insert(out.end(), from.bytes.begin(), from.bytes.end());
  put16(out, type);
  append(out, packet);
  return out;
}

}  // namespace plenum::packet
