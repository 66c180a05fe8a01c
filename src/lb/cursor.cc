#include "lb/cursor.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace plenum::lb {

std::uint64_t carry_rr(std::uint64_t cursor, std::span<const Member> before, std::span<const Member> after) {
  std::unordered_map<std::uint32_t, std::uint64_t> place;
  for (std::size_t i = 0; i < after.size(); ++i) place[after[i].server] = i;
  for (auto i = std::min<std::uint64_t>(cursor, before.size()); i > 0; --i)
    if (const auto it = place.find(before[i - 1].server); it != place.end()) return it->second + 1;
  return 0;
}

namespace {

struct Weights {
  std::uint32_t gcd = 0, greatest = 0;
  void add(std::uint32_t weight) {
    gcd = std::gcd(gcd, weight);
    greatest = std::max(greatest, weight);
  }
};

Weights weigh(std::span<const Member> members) {
  Weights w;
  for (const auto& m : members) w.add(m.weight);
  return w;
}

// ip_vs_wrr_dest_changed()
void changed(WrrState& state, const Weights& weights) {
  auto threshold = static_cast<std::uint32_t>(state.cursor >> 32);
  state.gcd = weights.gcd != 0 ? weights.gcd : 1;
  state.max = weights.greatest - std::min(weights.greatest, state.gcd - 1);
  if (threshold > state.max || threshold == 0)
    threshold = state.max;
  else if (state.gcd > 1)
    threshold = threshold / state.gcd * state.gcd + 1;
  state.cursor = std::uint64_t{threshold} << 32;
}

}  // namespace

WrrState start_wrr(std::span<const Member> members) {
  WrrState state;
  const auto weights = weigh(members);
  state.gcd = weights.gcd != 0 ? weights.gcd : 1;
  state.max = weights.greatest - std::min(weights.greatest, state.gcd - 1);
  state.cursor = std::uint64_t{state.max} << 32;
  return state;
}

WrrState carry_wrr(const WrrState& state, std::span<const Member> before, std::span<const Member> after) {
  if (std::equal(before.begin(), before.end(), after.begin(), after.end())) return state;
  WrrState next = state;
  std::unordered_map<std::uint32_t, std::uint32_t> wanted, had;
  for (const auto& m : after) wanted[m.server] = m.weight;
  for (const auto& m : before) had[m.server] = m.weight;

  std::vector<Member> kept;
  for (const auto& m : before)
    if (wanted.contains(m.server)) kept.push_back(m);
  if (kept.size() != before.size()) changed(next, weigh(kept));
  bool edited = false;
  for (auto& m : kept) {
    edited |= m.weight != wanted[m.server];
    m.weight = wanted[m.server];
  }
  auto weights = weigh(kept);
  if (edited) changed(next, weights);
  for (auto m = after.rbegin(); m != after.rend(); ++m) {
    if (had.contains(m->server)) continue;
    weights.add(m->weight);
    changed(next, weights);
  }
  return next;
}

}  // namespace plenum::lb
