#pragma once
// IP addresses, prefixes and endpoints as values. Text forms are those people type:
// 192.0.2.10, 2001:db8::10, 192.0.2.10/24, 192.0.2.10:80, [2001:db8::10]:80.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plenum::net {

enum class Family : std::uint8_t { V4 = 4, V6 = 6 };

// Either family in 16 bytes of network order; IPv4 is kept v4-mapped (::ffff:a.b.c.d), the
// form bpf/abi.h uses. Orders by family, then numerically.
class Address {
 public:
  Address() = default;  // 0.0.0.0
  static Address v4(std::uint32_t host_order);
  static Address v4_bytes(const void* four_bytes);
  static Address v6_bytes(const void* sixteen_bytes);
  // Strict: dotted quad or RFC 4291 text, nothing around it, no zone.
  static std::optional<Address> parse(std::string_view text);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] bool is_v4() const { return family_ == Family::V4; }
  // 16 bytes, v4-mapped for IPv4.
  [[nodiscard]] const std::array<std::uint8_t, 16>& mapped() const { return bytes_; }
  // The address's own bytes: 4 or 16 of them, network order.
  [[nodiscard]] const std::uint8_t* data() const { return bytes_.data() + (is_v4() ? 12 : 0); }
  [[nodiscard]] unsigned size() const { return is_v4() ? 4 : 16; }
  [[nodiscard]] unsigned bits() const { return size() * 8; }
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_loopback() const;
  // IPv6's fe80::/10, which means something on one link only. IPv4's 169.254.0.0/16 is routed like any other.
  [[nodiscard]] bool is_link_local() const;
  // True where both share the first `prefix` bits (and the family).
  [[nodiscard]] bool matches(const Address& other, unsigned prefix) const;
  // The first `prefix` bits kept, the rest zero.
  [[nodiscard]] Address masked(unsigned prefix) const;
  // RFC 5952 text (inet_ntop).
  [[nodiscard]] std::string text() const;
  // As text(), IPv6 in brackets: what stands before a ":port".
  [[nodiscard]] std::string bracketed() const;

  auto operator<=>(const Address&) const = default;

 private:
  Family family_ = Family::V4;
  std::array<std::uint8_t, 16> bytes_{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
};

// An address with a prefix length, as on an interface: host bits are kept.
struct Prefix {
  Address address;
  std::uint8_t length = 0;

  // "192.0.2.10/24"; without "/n" the length is the family's full 32 or 128.
  static std::optional<Prefix> parse(std::string_view text);
  [[nodiscard]] bool contains(const Address& other) const { return address.matches(other, length); }
  [[nodiscard]] std::string text() const;
  auto operator<=>(const Prefix&) const = default;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  // "192.0.2.1:80" or "[2001:db8::1]:80"; the port is required.
  static std::optional<Endpoint> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  auto operator<=>(const Endpoint&) const = default;
};

// A 48-bit link-layer address.
struct Mac {
  std::array<std::uint8_t, 6> bytes{};

  static std::optional<Mac> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  auto operator<=>(const Mac&) const = default;
};

}  // namespace plenum::net
