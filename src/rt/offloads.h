#pragma once
// What a device leaves to its hardware, switched off.

#include <string>

#include "base/result.h"

namespace plenum::rt {

// From here on frames leave the device with checksums filled in and cut to size.
Result<> switch_send_offloads_off(const std::string& device);

}  // namespace plenum::rt
