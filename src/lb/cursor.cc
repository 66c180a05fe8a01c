#include "lb/cursor.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace plenum::lb {

std::uint64_t carry_rr(std::uint64_t cursor, std::span<const Member> before, std::span<const Member> after) {
  if (cursor == 0 || before.empty()) return 0;
  // Most changes leave the server chosen last, so that a look through the list finds it.
  const auto last = before[std::min<std::uint64_t>(cursor, before.size()) - 1].server;
  for (std::size_t i = 0; i < after.size(); ++i)
    if (after[i].server == last) return i + 1;
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
  state.gcd = weights.gcd != 0 ? weights.gcd : 1;
  state.max = weights.greatest - std::min(weights.greatest, state.gcd - 1);
  auto threshold = static_cast<std::uint32_t>(state.cursor >> 32);
  if (threshold > state.max || threshold == 0)
    threshold = state.max;
  else if (state.gcd > 1)
    threshold = threshold / state.gcd * state.gcd + 1;
  state.cursor = std::uint64_t{threshold} << 32;
}

}  // namespace

WrrState restart_wrr(const WrrState& state) {
  WrrState next = state;
  changed(next, state.max != 0 ? Weights{state.gcd, state.max + state.gcd - 1} : Weights{});
  return next;
}

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
  // Servers that come and nothing else: no need to weigh the others again.
  if (after.size() > before.size() && std::equal(before.rbegin(), before.rend(), after.rbegin())) {
    Weights weights = before.empty() ? Weights{} : Weights{state.gcd, state.max + state.gcd - 1};
    if (state.max == 0) weights = {};
    for (auto m = after.rbegin() + static_cast<std::ptrdiff_t>(before.size()); m != after.rend(); ++m) {
      weights.add(m->weight);
      changed(next, weights);
    }
    return next;
  }
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
