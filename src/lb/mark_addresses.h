#pragma once
// Names and addresses of the way back of marked packets (mark_way.h), for its own .cc files.

#include "net/address.h"

namespace plenum::lb {

inline constexpr const char* kMarkTable = "plenum";
inline constexpr const char* kMarkEntry = "plenum-m0";

// Whom packets are sent to on the entry's link, so that its neighbour is written on their frames. Nobody's:
// both are set aside by IANA as dummies (RFC 7600, RFC 9780).
inline net::Address mark_target_v4() { return net::Address::v4(0xc0000008u); }
inline net::Address mark_target_v6() { return *net::Address::parse("100:0:0:1::8"); }

}  // namespace plenum::lb
