#pragma once
// Which tunnels a real server takes off where, as a value: what is wished, or what the pinned
// program does. Knows nothing of BPF.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace plenum::host {

inline constexpr std::uint16_t kGuePort = 6080;  // IANA's, and the default of ipvsadm's users

struct Tunnels {
  bool ipip = false;
  std::optional<std::uint16_t> gue;  // UDP port, host order
  bool gre = false;

  [[nodiscard]] bool any() const { return ipip || gue.has_value() || gre; }
  [[nodiscard]] std::string text() const;  // "ipip,gue:6080,gre", "none"; what parse() takes
  // "none", or a list by comma of "ipip", "gue", "gue:PORT", "gre".
  static Result<Tunnels> parse(std::string_view text);
  bool operator==(const Tunnels&) const = default;
};

struct Decapsulation {
  Tunnels tunnels;
  std::set<std::string> interfaces;
  std::set<net::Address> vips;    // inner destinations
  std::set<net::Address> locals;  // outer destinations
  bool operator==(const Decapsulation&) const = default;
};

// What the kernel has of it.
struct DecapsulationState {
  Decapsulation active;           // interfaces: those whose attachment works
  std::set<std::string> generic;  // of these: without the driver's help
  bool damaged = false;           // pins that do not fit together or are of another version
};

// Each way in which `active` falls short of `wished`, as what is wrong: "takes no gue:6080
// off", "does not run on eth1". Empty: nothing to do.
std::vector<std::string> shortcomings(const Decapsulation& wished, const DecapsulationState& state);

}  // namespace plenum::host
