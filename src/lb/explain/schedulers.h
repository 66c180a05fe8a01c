#pragma once
// The schedulers of lb/explain/choice.h, one kind a file. Each is given candidates, not none,
// names the server it would choose, 0: nobody, and says why.

#include "lb/explain/choice.h"

namespace plenum::lb {

std::uint32_t choose_in_turn(const Asked& asked, Choice& out);         // rr
std::uint32_t choose_weighted_turn(const Asked& asked, Choice& out);   // wrr
std::uint32_t choose_least(const Asked& asked, Choice& out);           // lc, wlc, sed, nq, ovf
std::uint32_t choose_heaviest(const Asked& asked, Choice& out);        // fo
std::uint32_t choose_known(const Asked& asked, Choice& out);           // lblc
std::uint32_t choose_among_known(const Asked& asked, Choice& out);     // lblcr
std::uint32_t choose_by_destination(const Asked& asked, Choice& out);  // dh
std::uint32_t choose_by_source(const Asked& asked, Choice& out);       // sh
std::uint32_t choose_by_maglev(const Asked& asked, Choice& out);       // mh
std::uint32_t choose_by_chance(const Asked& asked, Choice& out);       // twos

// A server's load as the packet finds it.
pl_load load_of(const Asked& asked, std::uint32_t server);

}  // namespace plenum::lb
