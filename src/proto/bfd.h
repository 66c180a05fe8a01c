#pragma once
// BFD control packets (RFC 5880 section 4.1), the payload of UDP port 3784. Any bytes may be read;
// what section 6.8.6 discards without looking at a session is refused here. Authentication is not used
// by single-hop sessions here: its section is seen, not understood.

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace plenum::proto {

inline constexpr std::uint16_t kBfdPort = 3784;         // RFC 5881 section 4
inline constexpr std::uint16_t kBfdSourceFrom = 49152;  // source ports are from here on
inline constexpr std::uint8_t kBfdTtl = 255;            // RFC 5881 section 5: all others are discarded

enum class BfdState : std::uint8_t { AdminDown = 0, Down = 1, Init = 2, Up = 3 };
std::string_view bfd_state_text(BfdState state);

// Why a session went down last.
enum class BfdDiagnostic : std::uint8_t {
  None = 0,
  TimeExpired = 1,  // nothing was heard for the detection time
  EchoFailed = 2,
  NeighborDown = 3,  // the neighbour said so
  ForwardingReset = 4,
  PathDown = 5,
  ConcatenatedPathDown = 6,
  AdminDown = 7,
  ReverseConcatenatedPathDown = 8
};
// Numbers of no name, too, which others may send: "diagnostic 17".
std::string_view bfd_diagnostic_text(BfdDiagnostic diagnostic);

struct BfdPacket {
  BfdDiagnostic diagnostic = BfdDiagnostic::None;  // 0 to 31
  BfdState state = BfdState::Down;
  bool poll = false, final = false, control_independent = false, authenticated = false, demand = false;
  std::uint8_t detect_multiplier = 3;    // not 0
  std::uint32_t my_discriminator = 0;    // not 0
  std::uint32_t your_discriminator = 0;  // 0 in states Down and AdminDown alone
  std::uint32_t desired_min_tx_us = 1000000;
  std::uint32_t required_min_rx_us = 1000000;  // 0: send me nothing periodically
  std::uint32_t required_min_echo_rx_us = 0;   // 0: no echoes, please

  bool operator==(const BfdPacket&) const = default;
};

// Without an authentication section, whatever `authenticated` says.
std::vector<std::uint8_t> write_bfd(const BfdPacket& packet);

enum class BfdFault : std::uint8_t {
  Version,           // not 1
  Length,            // shorter than its header, or than it says
  DetectMultiplier,  // 0
  Multipoint,        // set, which is for RFC 8562
  MyDiscriminator,   // 0
  YourDiscriminator  // 0 in a state in which the sender has heard of us
};
std::string_view bfd_fault_text(BfdFault fault);

std::variant<BfdPacket, BfdFault> read_bfd(std::span<const std::uint8_t> payload);

}  // namespace plenum::proto
