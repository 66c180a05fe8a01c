#pragma once
// What a virtual router watches (interfaces, scripts, processes, files, BFD sessions) and what that makes of its
// priority, as keepalived counts it. Pure; who looks at the things themselves reports here.

#include <cstdint>
#include <string>
#include <vector>

#include "proto/vrrp.h"

namespace plenum::vrrp {

struct Tracked {
  std::string name;  // as the operator calls it: "eth1", "script chk_web"
  // Above 0: added while it is well. Below 0: taken away while it is not. 0: while it is not, the router may not take
  // part at all. -253 to 253.
  std::int16_t weight = 0;
  bool reverse = false;  // well is what is not, and the other way round
  bool well = true;

  bool operator==(const Tracked&) const = default;
};

struct Standing {
  bool able = true;           // nothing of weight 0 has failed
  std::uint8_t priority = 0;  // 1 to 254; an owner's 255 whatever is tracked
  std::string because;        // the first thing that keeps it from taking part; empty: nothing does

  bool operator==(const Standing&) const = default;
};

// Of `base`, the configured priority, and everything tracked.
Standing standing(std::uint8_t base, const std::vector<Tracked>& tracked);

}  // namespace plenum::vrrp
