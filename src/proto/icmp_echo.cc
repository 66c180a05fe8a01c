#include "proto/icmp_echo.h"

#include "net/checksum.h"
#include "net/wire.h"

namespace plenum::proto {

namespace {

constexpr std::uint8_t kRequest4 = 8, kReply4 = 0, kRequest6 = 128, kReply6 = 129;
constexpr std::uint8_t kProtocolIcmp = 1;

std::uint16_t checksum_of(std::span<const std::uint8_t> bytes) {
  net::InternetChecksum sum;
  sum.add(bytes);
  return sum.value();
}

}  // namespace

std::vector<std::uint8_t> write_echo_request(net::Family family, const IcmpEcho& echo) {
  std::vector<std::uint8_t> out;
  net::WireWriter writer(out);
  writer.u8(family == net::Family::V4 ? kRequest4 : kRequest6);
  writer.u8(0);
  writer.u16(0);
  writer.u16(echo.id);
  writer.u16(echo.sequence);
  writer.bytes(echo.payload);
  if (family == net::Family::V4) {
    const auto sum = checksum_of(out);
    out[2] = static_cast<std::uint8_t>(sum >> 8);
    out[3] = static_cast<std::uint8_t>(sum);
  }
  return out;
}

std::optional<IcmpEcho> read_echo_reply(net::Family family, std::span<const std::uint8_t> message) {
  net::WireReader reader(message);
  const auto type = reader.u8();
  const auto code = reader.u8();
  reader.u16();
  IcmpEcho out;
  out.id = reader.u16();
  out.sequence = reader.u16();
  if (reader.ran_short()) return std::nullopt;
  out.payload = reader.bytes(reader.left());
  if (type != (family == net::Family::V4 ? kReply4 : kReply6) || code != 0) return std::nullopt;
  if (family == net::Family::V4 && checksum_of(message) != 0) return std::nullopt;
  return out;
}

std::span<const std::uint8_t> behind_ipv4_header(std::span<const std::uint8_t> packet) {
  if (packet.size() < 20 || packet[0] >> 4 != 4 || packet[9] != kProtocolIcmp) return {};
  const std::size_t header = std::size_t{packet[0] & 0x0fU} * 4;
  return header >= 20 && header <= packet.size() ? packet.subspan(header) : std::span<const std::uint8_t>();
}

}  // namespace plenum::proto
