#pragma once
// Packets that netfilter marked, on their way back to the director by the device that is there for
// them: the frame the way makes of a packet, and the packet that such a frame was. Shares no code
// with the data plane.

#include <array>
#include <cstdint>

#include "tests/fuzz/native/judge.h"

namespace plenum::native {

using MacBytes = std::array<std::uint8_t, 6>;

// The frame that brings the packet of `frame`: a hop less, the reserved bit instead of DF, the mark
// in the source. Empty where `frame` is no packet that the stack would take.
Bytes brought(const Bytes& frame, std::uint32_t mark);

// Whether a frame is addressed as such ones are, and the mark in it.
bool is_brought(View frame);
std::uint32_t mark_in(View frame);

// What `frame` was before it was brought, addressed to `port`; a wrong header checksum is as wrong as it is.
Bytes as_it_came(Bytes frame, const MacBytes& port);

}  // namespace plenum::native
