#include "vrrp/announcement.h"

#include "net/checksum.h"
#include "net/wire.h"

namespace plenum::vrrp {

namespace {

constexpr std::uint16_t kArp = 0x0806, kIpv6 = 0x86dd;
constexpr std::uint8_t kIcmpv6 = 58, kAdvertisement = 136, kTargetMac = 2;
constexpr net::Mac kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
constexpr net::Mac kAllNodesMac{{0x33, 0x33, 0, 0, 0, 1}};

void ethernet(net::WireWriter& frame, const net::Mac& destination, const net::Mac& source, std::uint16_t type) {
  frame.bytes(destination.bytes);
  frame.bytes(source.bytes);
  frame.u16(type);
}

}  // namespace

std::vector<std::uint8_t> gratuitous_arp(const net::Address& address, const net::Mac& mac) {
  std::vector<std::uint8_t> out;
  net::WireWriter frame(out);
  ethernet(frame, kBroadcast, mac, kArp);
  frame.u16(1);  // Ethernet
  frame.u16(0x0800);
  frame.u8(6);
  frame.u8(4);
  frame.u16(1);  // request
  frame.bytes(mac.bytes);
  frame.address(address);
  frame.bytes(kBroadcast.bytes);
  frame.address(address);
  return out;
}

std::vector<std::uint8_t> unsolicited_advertisement(const net::Address& address, const net::Mac& mac, bool router) {
  const auto group = *net::Address::parse("ff02::1");
  std::vector<std::uint8_t> message;
  net::WireWriter body(message);
  body.u8(kAdvertisement);
  body.u8(0);
  body.u16(0);                                   // checksum, below
  body.u32(router ? 0xa0000000u : 0x20000000u);  // override; not solicited
  body.address(address);
  body.u8(kTargetMac);
  body.u8(1);
  body.bytes(mac.bytes);
  net::InternetChecksum sum;
  sum.add_pseudo_header(address, group, kIcmpv6, static_cast<std::uint32_t>(message.size()));
  sum.add(message);
  message[2] = static_cast<std::uint8_t>(sum.value() >> 8);
  message[3] = static_cast<std::uint8_t>(sum.value());

  std::vector<std::uint8_t> out;
  net::WireWriter frame(out);
  ethernet(frame, kAllNodesMac, mac, kIpv6);
  frame.u32(0x60000000);
  frame.u16(static_cast<std::uint16_t>(message.size()));
  frame.u8(kIcmpv6);
  frame.u8(255);
  frame.address(address);
  frame.address(group);
  frame.bytes(message);
  return out;
}

}  // namespace plenum::vrrp
