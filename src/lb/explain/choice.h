#pragma once
// Which server a scheduler would choose now, and what it compares: IPVS's definitions
// (net/netfilter/ipvs/ip_vs_*.c) written out over the members in list order, whatever the
// data plane keeps to be faster. Moves nothing. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "lb/explain/plane_view.h"

namespace plenum::lb {

struct Candidate {
  std::uint32_t server = 0;
  std::uint32_t weight = 0, active = 0, inactive = 0;
  bool overloaded = false;  // by its thresholds: it takes no new connections
  std::uint64_t load = 0;   // what is compared, before it is divided by the weight
  bool chosen = false;
  std::uint32_t place = 0;  // in the service's list, those of weight 0 counted
};

struct Choice {
  std::uint32_t server = 0;           // 0: nobody, or not to be foretold
  bool foretold = true;               // false: chance decides, or what is not in the members and loads
  std::string rule;                   // what wins: "least (256 x active + inactive) / weight"
  std::string why;                    // of this time: "cursor at 3 of 5"; may be empty
  std::vector<Candidate> candidates;  // in the order the scheduler looks, weight 0 left out
};

// `service`: index of a service that is there.
Choice choose(const PlaneView& view, std::uint32_t service, const Probe& probe);

}  // namespace plenum::lb
