// Power of two choices: nobody can say which two are drawn, but how probable each server is.

#include <algorithm>
#include <cstdio>

#include "bpf/ranking.h"
#include "lb/explain/schedulers.h"

namespace plenum::lb {

namespace {

struct Able {
  Candidate* candidate = nullptr;
  std::uint64_t burden = 0;
  double drawn = 0;  // how probable it is in one of the two draws
};

bool less_burdened(const Able& a, const Able& b) {
  return a.burden * b.candidate->weight < b.burden * a.candidate->weight;
}

std::string percent(double part) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", part * 100);
  return text;
}

}  // namespace

std::uint32_t choose_by_chance(const Asked& asked, Choice& out) {
  std::vector<Able> able;
  double total = 0;
  for (auto& c : out.candidates) {
    auto load = load_of(asked, c.server);
    const auto burden = pl_overhead(&load);
    c.compared = std::to_string(burden) + "/" + std::to_string(c.weight);
    if (c.overloaded) continue;
    able.push_back({&c, burden, 0});
    total += c.weight;
  }
  if (able.empty()) return 0;
  if (able.size() == 1) return able[0].candidate->server;
  // Numbers from 0 to the sum of the weights are drawn, as IPVS does: the first has one more.
  for (auto& a : able) a.drawn = (a.candidate->weight + (&a == &able[0] ? 1.0 : 0.0)) / (total + 1);
  std::stable_sort(able.begin(), able.end(), less_burdened);
  // A server wins against itself and those with more to do; among equals who was drawn first.
  double less = 0;
  for (std::size_t i = 0; i < able.size();) {
    auto end = i;
    double equal = 0;
    for (; end < able.size() && !less_burdened(able[i], able[end]); ++end) equal += able[end].drawn;
    const double more = std::max(0.0, 1 - less - equal);
    less += equal;
    for (; i < end; ++i) {
      auto& c = *able[i].candidate;
      c.odds = able[i].drawn * (equal + 2 * more);
      c.note = percent(c.odds);
    }
  }
  out.foretold = false;
  out.why = "chance decides: a server is as probable as the last column says";
  return 0;
}

}  // namespace plenum::lb
