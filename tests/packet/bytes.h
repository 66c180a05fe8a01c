#pragma once
// Octets as tests write and compare them: hexadecimal text to bytes, two byte strings side
// by side, and the checksums of the Internet and of SCTP computed over whole messages. It
// shares no code with the data plane, so that both can be wrong only independently.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plenum::packet {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

// "45 00 003c # a comment up to the end of the line": blanks are ignored, an odd digit
// or any other character throws std::invalid_argument.
Bytes hex(std::string_view text);

// Both dumps, 16 octets a line, the octets that differ marked; empty where they are equal.
std::string difference(View expected, View actual);

// RFC 1071 over the concatenation of `parts`: complemented, as it stands in a header (host
// order). Every part but the last must have an even length.
std::uint16_t internet_checksum(std::initializer_list<View> parts);

// CRC32c (Castagnoli) as RFC 9260 appendix A puts it in the SCTP header: the four octets
// in the order of the wire.
std::uint32_t crc32c(View bytes);

void put16(Bytes& to, unsigned value);       // network order
void put32(Bytes& to, std::uint32_t value);  // network order
void append(Bytes& to, View more);
unsigned get16(View bytes, std::size_t at);  // network order
std::uint32_t get32(View bytes, std::size_t at);

}  // namespace plenum::packet
