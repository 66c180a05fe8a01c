#pragma once
// Pieces of ipvsadm's tables: padded text, numbers, and endpoints by name or number. Widths
// count bytes, as printf(3) does.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/ipvsadm/names.h"
#include "conf/l4.h"
#include "net/address.h"

namespace plenum::cli::ipvsadm {

// As "%-*s" and "%*s".
std::string left(std::string_view text, std::size_t width);
std::string right(std::string_view text, std::size_t width);

// A counter in nine columns or more: 12345678, or cut to thousands (K) and on to T; `exact`
// writes all digits.
std::string large_number(std::uint64_t number, bool exact);

// "192.0.2.1:80", "[2001:db8::1]:80", or with names where `names` knows them; at most 59
// bytes, ipvsadm's buffer.
std::string endpoint_name(const net::Address& address, std::uint16_t port, conf::Protocol protocol, bool numeric,
                          const Names& names);

// "TCP", "UDP", "SCTP".
std::string_view protocol_title(conf::Protocol protocol);

}  // namespace plenum::cli::ipvsadm
