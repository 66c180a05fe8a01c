#pragma once
// Packets that answer other packets: what a server sends back, what a router complains about.
// Made without knowledge of the data plane.

#include <cstdint>
#include <vector>

#include "tests/fuzz/native/judge.h"

namespace plenum::native {

// A frame from where `frame` went to where it came from: addresses and ports turned round,
// `change` xored into the transport header (flags, chunks), checksums right. Tunnels are taken
// off first. Empty where `frame` is no packet.
Bytes answer_to(const Bytes& frame, View change);

// An ICMP error of kind `how` about `frame`, from a router on its way to its sender, quoting as
// much as routers do; `change` is xored into the ICMP header.
Bytes error_about(const Bytes& frame, std::uint8_t how, View change);

// Fragments of the packet in `frame`, in this order: each two octets of `parts` are where one
// begins and how long it is, in units of 8 bytes; length 0: to the end. They may overlap or leave
// something out. None where `frame` is no packet, is a fragment itself or has IPv6 extension headers.
std::vector<Bytes> fragments_of(const Bytes& frame, std::uint8_t id, View parts);

}  // namespace plenum::native
