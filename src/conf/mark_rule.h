#pragma once
// Which packets carry which firewall mark, as values: `director: marks:` of the file. The
// data plane sees packets before netfilter does, so the rules are its own.

#include <cstdint>
#include <optional>
#include <string>

#include "conf/l4.h"
#include "net/address.h"

namespace plenum::conf {

// The data plane has room for so many; one of several port ranges counts as several.
inline constexpr std::size_t kMostMarkRules = 256;

// Matches by all that is given. The first rule that matches a packet gives its mark.
struct MarkRule {
  std::uint32_t mark = 0;                          // never 0
  std::optional<net::Prefix> source, destination;  // of one family
  std::optional<Protocol> protocol;
  std::uint16_t first_port = 0, last_port = 65535;  // destination ports
  std::string interface;                            // it comes in by; empty: any
  bool operator==(const MarkRule&) const = default;
};

}  // namespace plenum::conf
