#include "proto/vrrp.h"

#include <algorithm>

#include "net/checksum.h"
#include "net/wire.h"

namespace plenum::proto {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint8_t kAdvertisement = 1;
constexpr std::uint8_t kAuthNone = 0, kAuthText = 1;
constexpr std::size_t kHeader = 8, kChecksumAt = 6;
constexpr std::uint16_t kIntervalBits = 0x0fff;

bool covers_pseudo_header(const net::Address& source, std::uint8_t version, VrrpChecksum checksum) {
  return version == 3 && (!source.is_v4() || checksum == VrrpChecksum::PseudoHeader);
}

// Over a message whose checksum field is zero, or its own checksum: then 0 says that it is right.
std::uint16_t checksum_of(std::span<const std::uint8_t> message, const net::Address& source,
                          const net::Address& destination, std::uint8_t version, VrrpChecksum checksum) {
  net::InternetChecksum sum;
  if (covers_pseudo_header(source, version, checksum))
    sum.add_pseudo_header(source, destination, kVrrpProtocol, static_cast<std::uint32_t>(message.size()));
  sum.add(message);
  return sum.value();
}

std::uint32_t units_of(Duration interval, std::uint8_t version) {
  const auto unit = vrrp_interval_unit(version);
  const auto most = vrrp_interval_most(version) / unit;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>((interval + unit / 2) / unit, 1, most));
}

}  // namespace

net::Address vrrp_group(net::Family family) {
  constexpr std::uint32_t kGroup4 = 0xe0000012;
  constexpr std::uint8_t kGroup6[16] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12};
  return family == net::Family::V4 ? net::Address::v4(kGroup4) : net::Address::v6_bytes(kGroup6);
}

net::Mac vrrp_mac(net::Family family, std::uint8_t vrid) {
  return {{0x00, 0x00, 0x5e, 0x00, static_cast<std::uint8_t>(family == net::Family::V4 ? 1 : 2), vrid}};
}

Duration vrrp_interval_unit(std::uint8_t version) { return version == 2 ? Duration(seconds(1)) : milliseconds(10); }

Duration vrrp_interval_most(std::uint8_t version) {
  return version == 2 ? Duration(seconds(255)) : milliseconds(10) * kIntervalBits;
}

std::vector<std::uint8_t> write_vrrp(const VrrpAdvert& advert, const net::Address& source,
                                     const net::Address& destination, VrrpChecksum checksum) {
  std::vector<net::Address> addresses;
  for (const auto& address : advert.addresses)
    if (address.family() == source.family() && addresses.size() < kVrrpMostAddresses) addresses.push_back(address);
  std::vector<std::uint8_t> bytes;
  net::WireWriter out(bytes);
  out.u8(static_cast<std::uint8_t>(advert.version << 4 | kAdvertisement));
  out.u8(advert.vrid);
  out.u8(advert.priority);
  out.u8(static_cast<std::uint8_t>(addresses.size()));
  const auto units = units_of(advert.interval, advert.version);
  if (advert.version == 2) {
    out.u8(advert.password ? kAuthText : kAuthNone);
    out.u8(static_cast<std::uint8_t>(units));
  } else {
    out.u16(static_cast<std::uint16_t>(units));
  }
  out.u16(0);
  for (const auto& address : addresses) out.address(address);
  // Authentication data stands there whether it is used or not (RFC 3768 section 5.3.10).
  if (advert.version == 2) {
    constexpr std::array<char, kVrrpPassword> kNone{};
    for (const char c : advert.password.value_or(kNone)) out.u8(static_cast<std::uint8_t>(c));
  }
  const auto sum = checksum_of(bytes, source, destination, advert.version, checksum);
  bytes[kChecksumAt] = static_cast<std::uint8_t>(sum >> 8);
  bytes[kChecksumAt + 1] = static_cast<std::uint8_t>(sum);
  return bytes;
}

std::string_view vrrp_fault_text(VrrpFault fault) {
  switch (fault) {
    case VrrpFault::Length:
      return "its length is not that of its addresses";
    case VrrpFault::Version:
      return "its version is neither 2 (IPv4) nor 3";
    case VrrpFault::Type:
      return "it is no advertisement";
    case VrrpFault::Checksum:
      return "its checksum is wrong";
    case VrrpFault::Vrid:
      return "its virtual router is number 0";
    case VrrpFault::Addresses:
      return "it has no addresses";
    case VrrpFault::Interval:
      return "its interval is 0";
    case VrrpFault::AuthenticationType:
      return "its authentication is neither none nor simple text";
  }
  return "";
}

std::variant<VrrpRead, VrrpFault> read_vrrp(std::span<const std::uint8_t> payload, const net::Address& source,
                                            const net::Address& destination) {
  if (payload.size() < kHeader) return VrrpFault::Length;
  net::WireReader in(payload);
  VrrpRead read;
  auto& advert = read.advert;
  const auto first = in.u8();
  advert.version = first >> 4;
  if (advert.version != 3 && (advert.version != 2 || !source.is_v4())) return VrrpFault::Version;
  if ((first & 0xf) != kAdvertisement) return VrrpFault::Type;
  advert.vrid = in.u8();
  advert.priority = in.u8();
  const std::size_t count = in.u8();
  std::uint8_t authentication = kAuthNone;
  std::uint32_t units = 0;
  if (advert.version == 2) {
    authentication = in.u8();
    units = in.u8();
  } else {
    units = in.u16() & kIntervalBits;  // the bits above are reserved: ignored
  }
  in.u16();  // the checksum
  const std::size_t trailer = advert.version == 2 ? kVrrpPassword : 0;
  if (payload.size() != kHeader + count * source.size() + trailer) return VrrpFault::Length;
  const auto fits = [&](VrrpChecksum way) {
    return checksum_of(payload, source, destination, advert.version, way) == 0;
  };
  if (fits(VrrpChecksum::PseudoHeader))
    read.checksum = VrrpChecksum::PseudoHeader;
  else if (fits(VrrpChecksum::MessageOnly))
    read.checksum = VrrpChecksum::MessageOnly;
  else
    return VrrpFault::Checksum;
  if (advert.vrid == 0) return VrrpFault::Vrid;
  if (units == 0) return VrrpFault::Interval;
  if (advert.version == 3 && count == 0) return VrrpFault::Addresses;
  advert.interval = vrrp_interval_unit(advert.version) * units;
  for (std::size_t i = 0; i < count; ++i) advert.addresses.push_back(in.address(source.family()));
  if (authentication == kAuthText) {
    auto& password = advert.password.emplace();
    for (char& c : password) c = static_cast<char>(in.u8());
  } else if (authentication != kAuthNone) {
    return VrrpFault::AuthenticationType;
  }
  return read;
}

}  // namespace plenum::proto
