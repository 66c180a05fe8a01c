#include "tests/packet/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace plenum::packet {

namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string dump_line(View bytes, View other, std::size_t at) {
  std::string line = fmt::format("{:04x} ", at);
  for (std::size_t i = at; i < at + 16; ++i) {
    if (i >= bytes.size()) {
      line += i < other.size() ? " --" : "   ";
      continue;
    }
    const bool same = i < other.size() && other[i] == bytes[i];
    line += fmt::format("{}{:02x}", same ? ' ' : '*', bytes[i]);
  }
  return line;
}

}  // namespace

Bytes hex(std::string_view text) {
  Bytes bytes;
  int high = -1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (text[i] == ' ' || text[i] == '\n') continue;
    const int value = digit(text[i]);
    if (value < 0) throw std::invalid_argument(fmt::format("hex: unexpected '{}' at {}", text[i], i));
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("hex: odd number of digits");
  return bytes;
}

std::string difference(View expected, View actual) {
  if (std::ranges::equal(expected, actual)) return {};
  std::string text = fmt::format("expected {} bytes, got {}\n", expected.size(), actual.size());
  for (std::size_t at = 0; at < std::max(expected.size(), actual.size()); at += 16) {
    text += "want " + dump_line(expected, actual, at) + "\n";
    text += "got  " + dump_line(actual, expected, at) + "\n";
  }
  return text;
}

std::uint16_t internet_checksum(std::initializer_list<View> parts) {
  std::uint64_t sum = 0;
  for (const View part : parts)
    for (std::size_t i = 0; i < part.size(); ++i) sum += i % 2 == 0 ? part[i] << 8 : part[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint32_t crc32c(View bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  crc = ~crc;
  // The reflected remainder goes out lowest octet first.
  return (crc & 0xff) << 24 | (crc >> 8 & 0xff) << 16 | (crc >> 16 & 0xff) << 8 | crc >> 24;
}

void put16(Bytes& to, unsigned value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

void put32(Bytes& to, std::uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xffff);
}

void append(Bytes& to, View more) { to.insert(to.end(), more.begin(), more.end()); }

unsigned get16(View bytes, std::size_t at) { return static_cast<unsigned>(bytes[at] << 8 | bytes[at + 1]); }

std::uint32_t get32(View bytes, std::size_t at) { return get16(bytes, at) << 16 | get16(bytes, at + 2); }

}  // namespace plenum::packet
