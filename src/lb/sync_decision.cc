#include "lb/sync_decision.h"

#include <algorithm>
#include <new>

#include "bpf/abi.h"
#include "lb/timeouts.h"

namespace plenum::lb {

namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17, kSctp = 132;

constexpr std::uint32_t bit(unsigned state) { return 1u << state; }

// States in which the others hear of a connection; of what has one state only, in that.
bool is_told(std::uint8_t protocol, std::uint8_t state) {
  constexpr auto tcp = bit(PL_TCP_ESTABLISHED) | bit(PL_TCP_FIN_WAIT) | bit(PL_TCP_CLOSE) | bit(PL_TCP_CLOSE_WAIT) |
                       bit(PL_TCP_TIME_WAIT);
  constexpr auto sctp = bit(PL_SCTP_ESTABLISHED) | bit(PL_SCTP_SHUTDOWN_SENT) | bit(PL_SCTP_SHUTDOWN_RECEIVED) |
                        bit(PL_SCTP_SHUTDOWN_ACK_SENT) | bit(PL_SCTP_CLOSED);
  if (protocol == kTcp) return (tcp & bit(state)) != 0;
  if (protocol == kSctp) return (sctp & bit(state)) != 0;
  return true;
}

bool is_established(std::uint8_t protocol, std::uint8_t state) {
  return protocol == kTcp ? state == PL_TCP_ESTABLISHED : state == PL_SCTP_ESTABLISHED;
}

bool has_states(std::uint8_t protocol) { return protocol == kTcp || protocol == kSctp; }

// Both sides have spoken, as far as that can be seen: a flood's flows are not told.
bool stands(const SyncCandidate& c) {
  if (has_states(c.protocol)) return is_established(c.protocol, c.state);
  return c.protocol != kUdp || c.state != PL_UDP_NEW;
}

}  // namespace

SyncDecision::SyncDecision(std::uint32_t slots, SyncTuning tuning)
    : tuning_(tuning), slots_(slots), sent_(static_cast<Sent*>(std::calloc(slots, sizeof(Sent)))) {
  if (sent_ == nullptr) throw std::bad_alloc();
}

void SyncDecision::forget(std::uint32_t slot) {
  if (slot < slots_) sent_[slot] = {};
}

SyncDecision::Sent* SyncDecision::of(const SyncCandidate& c, std::uint32_t now) {
  if (c.slot >= slots_) return nullptr;
  auto& sent = sent_[c.slot];
  if (sent.identity != c.identity) sent = {c.identity, now, 0, 0, false};
  return &sent;
}

bool SyncDecision::needed(const SyncCandidate& c, bool counted, std::uint32_t now) {
  auto* sent = of(c, now);
  if (sent == nullptr) return false;
  if (!c.is_template && tuning_.persist_mode && c.persistent) return false;
  const bool stateful = !c.is_template && has_states(c.protocol);
  if (stateful && !is_told(c.protocol, c.state)) return false;
  const auto ends = now + c.timeout;
  std::uint8_t retries = 0;
  const bool first = tuning_.at_once && !c.is_template && !sent->sent && stands(c);
  // Its threshold-th packet has nothing to add a moment later.
  if (tuning_.at_once && !c.is_template && sent->sent && c.state == sent->state &&
      now - (sent->ends - c.timeout) < ticks_of(1))
    return false;
  if (first) {
    // Told, whatever the number of its packets.
  } else if (!stateful || c.state == sent->state || is_established(c.protocol, c.state)) {
    if (tuning_.refresh > 0) {
      const auto difference = std::abs(static_cast<std::int32_t>(ends - sent->ends));
      const auto refresh = ticks_of(tuning_.refresh);
      const auto least = std::min(refresh, std::max(c.timeout / 2, ticks_of(10)));
      if (static_cast<std::uint32_t>(difference) < least) {
        if (sent->retries >= tuning_.retries) return false;
        if (static_cast<std::int32_t>(now - (sent->ends - c.timeout + refresh / 8)) < 0) return false;
        retries = static_cast<std::uint8_t>(sent->retries + 1);
      }
    }
    // Templates go with their connections, as often, unless time or number limits both.
    const bool any_use = c.is_template && tuning_.period > 0;
    const bool by_time = tuning_.period == 0 && tuning_.refresh > 0;
    if (c.is_template && tuning_.period == 0 && tuning_.refresh == 0 && sent->sent) return false;
    if (!any_use && !by_time && !counted) return false;
  }
  sent->state = c.state;
  sent->ends = ends;
  sent->retries = retries;
  sent->sent = true;
  return true;
}

bool SyncDecision::missed(const SyncCandidate& c, std::uint32_t now) {
  auto* sent = of(c, now);
  if (sent == nullptr || (sent->sent && sent->state == c.state)) return false;
  if (!c.is_template && tuning_.persist_mode && c.persistent) return false;
  if (!c.is_template && has_states(c.protocol) && !is_told(c.protocol, c.state)) return false;
  // One packet made it, which says little: a flood's flows are all of this kind.
  if (!c.is_template && c.protocol == kUdp && c.state == PL_UDP_NEW) return false;
  sent->state = c.state;
  sent->ends = now + c.timeout;
  sent->retries = 0;
  sent->sent = true;
  return true;
}

}  // namespace plenum::lb
