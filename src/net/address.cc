#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace plenum::net {

Address Address::v4(std::uint32_t host_order) {
  const std::uint32_t wire = htonl(host_order);
  return v4_bytes(&wire);
}

Address Address::v4_bytes(const void* four_bytes) {
  Address a;
  std::memcpy(a.bytes_.data() + 12, four_bytes, 4);
  return a;
}

Address Address::v6_bytes(const void* sixteen_bytes) {
  Address a;
  a.family_ = Family::V6;
  std::memcpy(a.bytes_.data(), sixteen_bytes, 16);
  return a;
}

std::optional<Address> Address::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.empty() || text.size() >= buffer.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), buffer.begin());
  std::array<std::uint8_t, 16> wire{};
  if (inet_pton(AF_INET, buffer.data(), wire.data()) == 1) return v4_bytes(wire.data());
  if (inet_pton(AF_INET6, buffer.data(), wire.data()) == 1) return v6_bytes(wire.data());
  return std::nullopt;
}

bool Address::is_unspecified() const {
  return std::all_of(data(), data() + size(), [](auto b) { return b == 0; });
}

bool Address::is_multicast() const { return is_v4() ? (data()[0] & 0xf0) == 0xe0 : data()[0] == 0xff; }

bool Address::is_loopback() const {
  if (is_v4()) return data()[0] == 127;
  return std::all_of(data(), data() + 15, [](auto b) { return b == 0; }) && data()[15] == 1;
}

bool Address::is_link_local() const { return !is_v4() && data()[0] == 0xfe && (data()[1] & 0xc0) == 0x80; }

bool Address::matches(const Address& other, unsigned prefix) const {
  return family_ == other.family_ && masked(prefix) == other.masked(prefix);
}

Address Address::masked(unsigned prefix) const {
  Address out = *this;
  const unsigned skip = is_v4() ? 12 : 0;
  for (unsigned i = 0; i < size(); ++i) {
    const unsigned keep = prefix > i * 8 ? std::min(8u, prefix - i * 8) : 0;
    out.bytes_[skip + i] &= static_cast<std::uint8_t>(0xff00u >> keep);
  }
  return out;
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  // By hand for IPv4: inet_ntop goes by way of printf, and listings write many thousands.
  if (is_v4()) {
    char* at = buffer.data();
    for (unsigned i = 0; i < 4; ++i) {
      if (i != 0) *at++ = '.';
      at = std::to_chars(at, buffer.data() + buffer.size(), data()[i]).ptr;
    }
    return {buffer.data(), at};
  }
  inet_ntop(AF_INET6, data(), buffer.data(), buffer.size());
  return buffer.data();
}

std::string Address::bracketed() const { return is_v4() ? text() : "[" + text() + "]"; }

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Prefix{*address, static_cast<std::uint8_t>(address->bits())};
  const auto length = parse_number<std::uint8_t>(text.substr(slash + 1));
  if (!length || *length > address->bits()) return std::nullopt;
  return Prefix{*address, *length};
}

std::string Prefix::text() const { return address.text() + "/" + std::to_string(length); }

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = Address::parse(host);
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!address || !port || bracketed == address->is_v4()) return std::nullopt;
  return Endpoint{*address, *port};
}

std::string Endpoint::text() const { return address.bracketed() + ":" + std::to_string(port); }

std::optional<Mac> Mac::parse(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 6) return std::nullopt;
  Mac mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto [end, error] = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), mac.bytes[i], 16);
    if (error != std::errc{} || parts[i].size() != 2 || end != parts[i].data() + 2) return std::nullopt;
  }
  return mac;
}

std::string Mac::text() const {
  std::array<char, 18> out{};
  std::snprintf(out.data(), out.size(), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                bytes[4], bytes[5]);
  return out.data();
}

}  // namespace plenum::net
