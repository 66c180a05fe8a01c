#pragma once
// What the data plane would do with a packet at this moment, step by step as the packet's way
// goes (bpf/director.bpf.c, bpf/begin.h), read from its maps and changing nothing. Pure.

#include <optional>

#include "lb/explain/choice.h"
#include "lb/explain/plane_view.h"

namespace plenum::lb {

enum class FoundBy { Nothing, Mark, Port, Ftp, AnyPort };
// What persistence says of the packet's client.
enum class Affinity {
  None,         // the service is not persistent
  New,          // there is no template
  Kept,         // its template says where to
  Over,         // the template that is still there has ended
  ServerGone,   // the template's server was removed: a new one is made
  Quiescent,    // it has weight 0, and with expire_quiescent_template that is the same
  CallId,       // depends on the Call-ID in the packet: what is said is of a new call
  CallIdWrong,  // it has none, not being UDP
};

struct Decision {
  pl_reason verdict = PL_NOT_OURS;
  std::uint32_t server = 0;     // it goes to; 0: none, or not to be foretold
  bool foretold = true;         // false: it is the first candidate's verdict, or that of a SIP call not yet known
  std::uint32_t mark = 0;       // the packet's
  std::uint32_t mark_rule = 0;  // of those in force the one that gave it, from 1; 0: none did
  // The first rule, from 1, that would give one if the packet came in by its interface, which is
  // not said; 0: none.
  std::uint32_t interface_rule = 0;
  std::uint32_t service = 0;
  FoundBy found_by = FoundBy::Nothing;
  std::optional<FoundEntry> connection;  // the packet belongs to
  bool answer = false;                   // it comes from that connection's NAT server
  bool reused = false;                   // that connection is over and begins anew
  bool expired = false;                  // its server is gone, and it ends now (expire_nodest_conn)
  Affinity affinity = Affinity::None;
  std::optional<FoundEntry> persistent;  // the client's template
  pl_addr client{};                      // what it is kept for: the client's address under the mask
  bool one_packet = false;               // the packet is all of its connection
  bool other_port = false;               // the service is for another port, and not persistent
  bool verdicts_differ = false;          // not foretold, and other candidates have another verdict
  bool bypassed = false;                 // a mark's service without servers lets it go on (cache_bypass)
  std::optional<Choice> choice;
  std::uint32_t mtu = 0;  // bytes that fit the path to the server without what goes around them; 0: not known
};

// `now`: a tick of the table (current_tick()).
Decision decide(const PlaneView& view, const Probe& probe, std::uint32_t now);
// Bytes a server's tunnel puts around a packet; 0 for the other methods.
std::uint32_t tunnel_overhead(const pl_server& server);

}  // namespace plenum::lb
