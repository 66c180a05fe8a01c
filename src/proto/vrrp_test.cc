#include "proto/vrrp.h"

#include <gtest/gtest.h>

#include <string>

namespace plenum::proto {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Bytes = std::vector<std::uint8_t>;

net::Address address(const char* text) { return net::Address::parse(text).value(); }

const net::Address kFrom4 = address("192.0.2.1"), kTo4 = address("224.0.0.18");
const net::Address kFrom6 = address("fe80::1"), kTo6 = address("ff02::12");

VrrpAdvert version2() {
  return {.version = 2, .vrid = 51, .priority = 101, .interval = seconds(1), .addresses = {address("192.0.2.10")}};
}
VrrpAdvert version3() {
  return {.version = 3, .vrid = 51, .priority = 101, .interval = seconds(1), .addresses = {address("192.0.2.10")}};
}
VrrpAdvert version3_over_v6() {
  return {.version = 3,
          .vrid = 51,
          .priority = 101,
          .interval = milliseconds(100),
          .addresses = {address("fe80::5"), address("2001:db8::10")}};
}

Bytes written(const VrrpAdvert& advert, VrrpChecksum checksum = VrrpChecksum::PseudoHeader) {
  const bool v4 = advert.addresses.empty() || advert.addresses.front().is_v4();
  return v4 ? write_vrrp(advert, kFrom4, kTo4, checksum) : write_vrrp(advert, kFrom6, kTo6, checksum);
}
std::variant<VrrpRead, VrrpFault> read4(const Bytes& bytes) { return read_vrrp(bytes, kFrom4, kTo4); }
VrrpRead read_well(const Bytes& bytes, const net::Address& from = kFrom4, const net::Address& to = kTo4) {
  const auto read = read_vrrp(bytes, from, to);
  if (const auto* fault = std::get_if<VrrpFault>(&read)) {
    ADD_FAILURE() << vrrp_fault_text(*fault);
    return {};
  }
  return std::get<VrrpRead>(read);
}

// The bytes changed, and the checksum (over them alone) made right again.
Bytes mended(Bytes bytes) {
  bytes[6] = bytes[7] = 0;
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  bytes[6] = static_cast<std::uint8_t>(~sum >> 8);
  bytes[7] = static_cast<std::uint8_t>(~sum);
  return bytes;
}
Bytes changed(const VrrpAdvert& advert, std::size_t at, int to) {
  auto bytes = written(advert);
  bytes[at] = static_cast<std::uint8_t>(to);
  return mended(bytes);
}
void expect_fault(const Bytes& bytes, VrrpFault fault) {
  const auto read = read4(bytes);
  ASSERT_TRUE(std::holds_alternative<VrrpFault>(read)) << vrrp_fault_text(fault);
  EXPECT_EQ(std::get<VrrpFault>(read), fault) << vrrp_fault_text(std::get<VrrpFault>(read));
}

TEST(Vrrp, GroupsAndMacs) {
  EXPECT_EQ(vrrp_group(net::Family::V4), kTo4);
  EXPECT_EQ(vrrp_group(net::Family::V6), kTo6);
  EXPECT_EQ(vrrp_mac(net::Family::V4, 51).text(), "00:00:5e:00:01:33");
  EXPECT_EQ(vrrp_mac(net::Family::V6, 255).text(), "00:00:5e:00:02:ff");
}

// What keepalived 2.2.7 sent on a wire, for instances with these settings.
TEST(Vrrp, WritesWhatKeepalivedWrites) {
  EXPECT_EQ(written(version2()), (Bytes{0x21, 51, 101, 1, 0, 1, 0xb7, 0xbf, 192, 0, 2, 10, 0, 0, 0, 0, 0, 0, 0, 0}));
  auto with_password = version2();
  with_password.password = {'s', 'e', 'c', 'r', 'e', 't', 0, 0};
  EXPECT_EQ(written(with_password),
            (Bytes{0x21, 51, 101, 1, 1, 1, 0x7a, 0x73, 192, 0, 2, 10, 's', 'e', 'c', 'r', 'e', 't', 0, 0}));
  EXPECT_EQ(written(version3()), (Bytes{0x31, 51, 101, 1, 0, 100, 0x04, 0xcc, 192, 0, 2, 10}));
  auto six = version3_over_v6();
  six.interval = seconds(1);
  EXPECT_EQ(written(six),
            (Bytes{0x31, 51, 101, 2, 0,    100,  0x3e, 0xe8, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                   0,    0,  0,   5, 0x20, 0x01, 0x0d, 0xb8, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10}));
}

TEST(Vrrp, ReadsWhatWasWritten) {
  auto with_password = version2();
  with_password.password = {'1', '2', '3', '4', '5', '6', '7', '8'};
  for (const auto& advert : {version2(), with_password, version3()})
    EXPECT_EQ(read_well(written(advert)).advert, advert);
  EXPECT_EQ(read_well(written(version3_over_v6()), kFrom6, kTo6).advert, version3_over_v6());
}

TEST(Vrrp, TellsWhichChecksumFits) {
  EXPECT_EQ(read_well(written(version3(), VrrpChecksum::PseudoHeader)).checksum, VrrpChecksum::PseudoHeader);
  EXPECT_EQ(read_well(written(version3(), VrrpChecksum::MessageOnly)).checksum, VrrpChecksum::MessageOnly);
  // Version 2 and IPv6 know one way each.
  EXPECT_EQ(written(version2(), VrrpChecksum::MessageOnly), written(version2(), VrrpChecksum::PseudoHeader));
  EXPECT_EQ(written(version3_over_v6(), VrrpChecksum::MessageOnly), written(version3_over_v6()));
}

TEST(Vrrp, AChangedBitIsSeen) {
  const Bytes bytes = written(version3_over_v6());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto other = bytes;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ 1 << bit % 8);
    EXPECT_TRUE(std::holds_alternative<VrrpFault>(read_vrrp(other, kFrom6, kTo6))) << "bit " << bit;
  }
  // Over IPv6 the addresses of the packet are covered, too.
  EXPECT_EQ(std::get<VrrpFault>(read_vrrp(bytes, address("fe80::2"), kTo6)), VrrpFault::Checksum);
}

TEST(Vrrp, IntervalsOfBothVersions) {
  const auto sent = [](VrrpAdvert advert, Duration interval) {
    advert.interval = interval;
    return read_well(written(advert)).advert.interval;
  };
  EXPECT_EQ(sent(version2(), milliseconds(400)), seconds(1));
  EXPECT_EQ(sent(version2(), milliseconds(2500)), seconds(3));
  EXPECT_EQ(sent(version2(), seconds(1000)), seconds(255));
  EXPECT_EQ(sent(version3(), milliseconds(1)), milliseconds(10));
  EXPECT_EQ(sent(version3(), milliseconds(104)), milliseconds(100));
  EXPECT_EQ(sent(version3(), seconds(60)), milliseconds(40950));
}

TEST(Vrrp, ReservedBitsOfTheIntervalAreIgnored) {
  EXPECT_EQ(read_well(changed(version3(), 4, 0xf0)).advert, version3());
}

TEST(Vrrp, RefusesWhatIsNoAdvertisement) {
  expect_fault({}, VrrpFault::Length);
  expect_fault({0x31, 51, 101, 0, 0, 100, 0}, VrrpFault::Length);
  auto longer = written(version3());
  longer.push_back(0);
  expect_fault(longer, VrrpFault::Length);
  auto shorter = written(version2());
  shorter.pop_back();
  expect_fault(shorter, VrrpFault::Length);
  expect_fault(changed(version3(), 0, 0x41), VrrpFault::Version);
  expect_fault(changed(version3(), 0, 0x32), VrrpFault::Type);
  expect_fault(changed(version3(), 1, 0), VrrpFault::Vrid);
  expect_fault(changed(version3(), 5, 0), VrrpFault::Interval);
  expect_fault(changed(version2(), 5, 0), VrrpFault::Interval);
  expect_fault(changed(version2(), 4, 2), VrrpFault::AuthenticationType);
  expect_fault(mended({0x31, 51, 101, 0, 0, 100, 0, 0}), VrrpFault::Addresses);
  EXPECT_EQ(std::get<VrrpFault>(read_vrrp(written(version2()), kFrom6, kTo6)), VrrpFault::Version);
}

TEST(Vrrp, LeavesOutWhatDoesNotFit) {
  auto advert = version3();
  advert.addresses.push_back(address("2001:db8::1"));
  EXPECT_EQ(read_well(write_vrrp(advert, kFrom4, kTo4, VrrpChecksum::PseudoHeader)).advert, version3());
  advert.addresses.assign(300, address("192.0.2.10"));
  EXPECT_EQ(read_well(written(advert)).advert.addresses.size(), kVrrpMostAddresses);
}

}  // namespace
}  // namespace plenum::proto
