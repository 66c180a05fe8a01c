#include "vrrp/tracking.h"

#include <algorithm>

namespace plenum::vrrp {

Standing standing(std::uint8_t base, const std::vector<Tracked>& tracked) {
  Standing out;
  int priority = base;
  for (const auto& one : tracked) {
    const bool well = one.well != one.reverse;
    if (one.weight == 0) {
      if (well || !out.able) continue;
      out.able = false;
      out.because = one.name;
    } else if (well == (one.weight > 0)) {
      priority += one.weight;
    }
  }
  out.priority = base == proto::kVrrpPriorityOwner
                     ? base
                     : static_cast<std::uint8_t>(std::clamp(priority, 1, proto::kVrrpPriorityOwner - 1));
  return out;
}

}  // namespace plenum::vrrp
