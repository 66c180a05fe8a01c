// Round robin, plain and weighted: who is next behind the last choice.

#include <algorithm>

#include "bpf/ranking.h"
#include "lb/explain/schedulers.h"

namespace plenum::lb {

namespace {

using Candidates = std::vector<Candidate>;

// The first candidate at a place of the list or behind it.
std::size_t from_place(const Candidates& all, std::uint64_t place) {
  std::size_t i = 0;
  while (i < all.size() && all[i].place < place) ++i;
  return i;
}

std::string turn_text(const Candidates& all, std::size_t index) {
  return "the turn is at " + std::to_string(index + 1) + " of " + std::to_string(all.size());
}

// The first candidate from `index` on of at least this weight; 0: none.
std::uint32_t first_of(const Candidates& all, std::size_t index, std::uint32_t weight) {
  for (; index < all.size(); ++index)
    if (all[index].weight >= weight && !all[index].overloaded) return all[index].server;
  return 0;
}

}  // namespace

std::uint32_t choose_in_turn(const Asked& asked, Choice& out) {
  const auto& all = out.candidates;
  const auto begin =
      from_place(all, static_cast<std::uint32_t>(asked.view.services[asked.service].cursor)) % all.size();
  const auto server = first_of(all, begin, 1);
  const auto found = server != 0 ? server : first_of(all, 0, 1);
  if (found != 0) out.why = turn_text(all, begin);
  return found;
}

// A pass over the members at a falling threshold; see bpf/scheduler/wrr.h.
std::uint32_t choose_weighted_turn(const Asked& asked, Choice& out) {
  const auto& all = out.candidates;
  const auto& service = asked.view.services[asked.service];
  const auto max = service.wrr_max, gcd = service.wrr_gcd;
  std::uint32_t heaviest = 0;
  for (const auto& c : all)
    if (!c.overloaded) heaviest = std::max(heaviest, c.weight);
  if (max == 0 || gcd == 0 || heaviest == 0) return 0;
  auto threshold = static_cast<std::uint32_t>(service.cursor >> 32);
  const auto index = from_place(all, static_cast<std::uint32_t>(service.cursor));
  if (threshold == 0 || threshold > max) threshold = max;
  if (index < all.size()) {
    out.why = turn_text(all, index) + ", for weights from " + std::to_string(threshold) + " on";
    if (const auto server = first_of(all, index, threshold); server != 0) return server;
    out.why += "; nobody is left";
  }
  threshold = pl_next_pass(threshold, max, gcd, heaviest);
  out.why += (out.why.empty() ? "" : ", and ") + std::string("the next turn begins, for weights from ") +
             std::to_string(threshold) + " on";
  return first_of(all, 0, threshold);
}

}  // namespace plenum::lb
