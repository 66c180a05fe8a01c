#pragma once
// How many files the process may have open.

#include <cstddef>

namespace plenum::health {

// Raises the limit to `wanted` where it is lower and the process may, else as far as it goes. What it is then.
std::size_t raise_descriptor_limit(std::size_t wanted);

}  // namespace plenum::health
