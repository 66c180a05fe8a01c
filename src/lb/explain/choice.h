#pragma once
// Which server a scheduler would choose now, and what it compares: IPVS's definitions
// (net/netfilter/ipvs/ip_vs_*.c) over the members in list order, whatever the data plane keeps
// to be faster; measures, hashes and slots are the program's own (bpf/ranking.h, maglev.h,
// locality.h). Moves nothing. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "lb/explain/plane_view.h"

namespace plenum::lb {

struct Candidate {
  std::uint32_t server = 0;
  std::uint32_t weight = 0, active = 0, inactive = 0;
  bool overloaded = false;  // by its thresholds: it takes no new connections
  bool chosen = false;
  std::uint32_t place = 0;  // in the service's list, those of weight 0 counted
  double odds = 0;          // twos: how probable it is, of 1
  std::string compared;     // what it is chosen by: "512/3"; may be empty
  std::string note;         // why not, or how probable; may be empty
};

struct Choice {
  std::uint32_t server = 0;           // 0: nobody, or not to be foretold
  bool foretold = true;               // false: chance decides
  std::string rule;                   // what wins: "wlc: least (256 x active + inactive) / weight"
  std::string why;                    // of this time: "the turn is at 3 of 5"; may be empty
  std::vector<Candidate> candidates;  // in the order the scheduler looks, weight 0 left out
};

// What the scheduler is asked.
struct Asked {
  const PlaneView& view;
  const Probe& probe;
  std::uint32_t service = 0;  // index of one that is there
  std::uint32_t now = 0;      // tick
  // The server whose connection the packet has just ended, and how that counted; 0: none. Loads
  // are less by it, orders that are kept by load not yet.
  std::uint32_t ended = 0;
  bool ended_active = false;
};

Choice choose(const Asked& asked);

}  // namespace plenum::lb
