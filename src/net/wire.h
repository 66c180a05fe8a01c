#pragma once
// Bytes of a packet, read and written with their bounds checked: network order, no casts, no
// alignment. A reader that has run out says so once and reads zeroes from then on.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "net/address.h"

namespace plenum::net {

class WireReader {
 public:
  explicit WireReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  Address address(Family family) {
    const auto raw = bytes(family == Family::V4 ? 4 : 16);
    if (raw.empty()) return family == Family::V4 ? Address() : Address::v6_bytes(kZero);
    return family == Family::V4 ? Address::v4_bytes(raw.data()) : Address::v6_bytes(raw.data());
  }
  // The next `count` bytes; none when there are not so many.
  std::span<const std::uint8_t> bytes(std::size_t count) {
    if (count > bytes_.size()) {
      short_ = true;
      bytes_ = {};
      return {};
    }
    const auto out = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return out;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }
  [[nodiscard]] bool ran_short() const { return short_; }

 private:
  static constexpr std::uint8_t kZero[16] = {};

  std::uint32_t number(std::size_t count) {
    std::uint32_t out = 0;
    for (const auto byte : bytes(count)) out = out << 8 | byte;
    return out;
  }

  std::span<const std::uint8_t> bytes_;
  bool short_ = false;
};

class WireWriter {
 public:
  explicit WireWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(value); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void address(const Address& value) { bytes({value.data(), value.size()}); }
  void bytes(std::span<const std::uint8_t> value) { out_.insert(out_.end(), value.begin(), value.end()); }
  void text(const std::string& value) { out_.insert(out_.end(), value.begin(), value.end()); }

 private:
  void number(std::uint32_t value, int count) {
    while (count-- > 0) out_.push_back(static_cast<std::uint8_t>(value >> (8 * count)));
  }

  std::vector<std::uint8_t>& out_;
};

}  // namespace plenum::net
