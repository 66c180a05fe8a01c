#include "proto/bfd.h"

#include <array>

#include "net/wire.h"

namespace plenum::proto {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kLength = 24, kLengthWithAuthentication = 26;
constexpr std::uint8_t kPoll = 0x20, kFinal = 0x10, kControlIndependent = 0x08, kAuthenticated = 0x04, kDemand = 0x02,
                       kMultipoint = 0x01;

}  // namespace

std::string_view bfd_state_text(BfdState state) {
  constexpr std::array<std::string_view, 4> kTexts{"admin-down", "down", "init", "up"};
  return kTexts[static_cast<std::size_t>(state)];
}

std::string_view bfd_diagnostic_text(BfdDiagnostic diagnostic) {
  constexpr std::array<std::string_view, 9> kTexts{"none",
                                                   "control detection time expired",
                                                   "echo function failed",
                                                   "neighbor signaled session down",
                                                   "forwarding plane reset",
                                                   "path down",
                                                   "concatenated path down",
                                                   "administratively down",
                                                   "reverse concatenated path down"};
  const auto number = static_cast<std::size_t>(diagnostic);
  return number < kTexts.size() ? kTexts[number] : "reserved";
}

std::vector<std::uint8_t> write_bfd(const BfdPacket& packet) {
  std::vector<std::uint8_t> bytes;
  net::WireWriter out(bytes);
  out.u8(static_cast<std::uint8_t>(kVersion << 5 | (static_cast<std::uint8_t>(packet.diagnostic) & 0x1f)));
  out.u8(static_cast<std::uint8_t>(
      static_cast<std::uint8_t>(packet.state) << 6 | (packet.poll ? kPoll : 0) | (packet.final ? kFinal : 0) |
      (packet.control_independent ? kControlIndependent : 0) | (packet.demand ? kDemand : 0)));
  out.u8(packet.detect_multiplier);
  out.u8(kLength);
  out.u32(packet.my_discriminator);
  out.u32(packet.your_discriminator);
  out.u32(packet.desired_min_tx_us);
  out.u32(packet.required_min_rx_us);
  out.u32(packet.required_min_echo_rx_us);
  return bytes;
}

std::string_view bfd_fault_text(BfdFault fault) {
  switch (fault) {
    case BfdFault::Version:
      return "its version is not 1";
    case BfdFault::Length:
      return "it is shorter than it should be";
    case BfdFault::DetectMultiplier:
      return "its detection multiplier is 0";
    case BfdFault::Multipoint:
      return "it is multipoint";
    case BfdFault::MyDiscriminator:
      return "its sender's discriminator is 0";
    case BfdFault::YourDiscriminator:
      return "it names no session, in a state in which it should";
  }
  return "";
}

std::variant<BfdPacket, BfdFault> read_bfd(std::span<const std::uint8_t> payload) {
  net::WireReader in(payload);
  const auto first = in.u8(), second = in.u8();
  BfdPacket packet;
  packet.detect_multiplier = in.u8();
  const auto length = in.u8();
  if (in.ran_short()) return BfdFault::Length;
  if (first >> 5 != kVersion) return BfdFault::Version;
  packet.authenticated = (second & kAuthenticated) != 0;
  if (length < (packet.authenticated ? kLengthWithAuthentication : kLength) || length > payload.size())
    return BfdFault::Length;
  if (packet.detect_multiplier == 0) return BfdFault::DetectMultiplier;
  if ((second & kMultipoint) != 0) return BfdFault::Multipoint;
  packet.diagnostic = static_cast<BfdDiagnostic>(first & 0x1f);
  packet.state = static_cast<BfdState>(second >> 6);
  packet.poll = (second & kPoll) != 0;
  packet.final = (second & kFinal) != 0;
  packet.control_independent = (second & kControlIndependent) != 0;
  packet.demand = (second & kDemand) != 0;
  packet.my_discriminator = in.u32();
  packet.your_discriminator = in.u32();
  packet.desired_min_tx_us = in.u32();
  packet.required_min_rx_us = in.u32();
  packet.required_min_echo_rx_us = in.u32();
  if (packet.my_discriminator == 0) return BfdFault::MyDiscriminator;
  if (packet.your_discriminator == 0 && packet.state != BfdState::Down && packet.state != BfdState::AdminDown)
    return BfdFault::YourDiscriminator;
  return packet;
}

}  // namespace plenum::proto
