#pragma once
// What the data plane would do with a packet at this moment, step by step as the packet's way
// goes (bpf/director.bpf.c, bpf/begin.h), read from its maps and changing nothing. Pure.

#include <optional>

#include "lb/explain/choice.h"
#include "lb/explain/plane_view.h"

namespace plenum::lb {

enum class FoundBy { Nothing, Mark, Port, Ftp, AnyPort };

struct Decision {
  pl_reason verdict = PL_NOT_OURS;
  std::uint32_t server = 0;     // it goes to; 0: none, or not to be foretold
  bool foretold = true;         // false: the verdict is that of any of the candidates
  std::uint32_t mark = 0;       // the packet's
  std::uint32_t mark_rule = 0;  // whose rule gave it, from 1; 0: none did
  std::uint32_t service = 0;
  FoundBy found_by = FoundBy::Nothing;
  std::optional<FoundEntry> connection;  // the packet belongs to
  bool answer = false;                   // it comes from that connection's NAT server
  bool reused = false;                   // that connection is over and begins anew
  bool expired = false;                  // its server is gone, and it ends now (expire_nodest_conn)
  std::optional<FoundEntry> affinity;    // the client's persistence template
  bool affinity_gone = false;            // whose server is no more: a new one is made
  std::optional<Choice> choice;
  std::uint32_t mtu = 0;  // bytes that fit the path to the server without what goes around them; 0: not known
};

// `now`: a tick of the table (current_tick()).
Decision decide(const PlaneView& view, const Probe& probe, std::uint32_t now);
// Bytes a server's tunnel puts around a packet; 0 for the other methods.
std::uint32_t tunnel_overhead(const pl_server& server);

}  // namespace plenum::lb
