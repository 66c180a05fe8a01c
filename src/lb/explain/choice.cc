#include "lb/explain/choice.h"

#include <algorithm>
#include <array>

namespace plenum::lb {

namespace {

using Candidates = std::vector<Candidate>;
constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

std::uint64_t overhead(const Candidate& c) { return (std::uint64_t{c.active} << 8) + c.inactive; }
std::uint64_t expected_delay(const Candidate& c) { return std::uint64_t{c.active} + 1; }

// The first whose load divided by its weight is the least; `weighted` false: whose load is.
std::size_t least(const Candidates& all, bool weighted) {
  std::size_t best = kNobody;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].overloaded) continue;
    const auto better = [&](const Candidate& now) {
      return weighted ? now.load * all[i].weight > all[i].load * now.weight : now.load > all[i].load;
    };
    if (best == kNobody || better(all[best])) best = i;
  }
  return best;
}

// The first of the greatest weight among those that `takes` allows.
template <class Takes>
std::size_t heaviest(const Candidates& all, Takes takes) {
  std::size_t best = kNobody;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (!all[i].overloaded && takes(all[i]) && (best == kNobody || all[i].weight > all[best].weight)) best = i;
  return best;
}

// The first candidate at a place of the list or behind it.
std::size_t from_place(const Candidates& all, std::uint64_t place) {
  std::size_t i = 0;
  while (i < all.size() && all[i].place < place) ++i;
  return i;
}

std::size_t next_in_turn(const Candidates& all, std::uint64_t cursor, std::string& why) {
  const auto begin = from_place(all, static_cast<std::uint32_t>(cursor)) % all.size();
  why = "the turn is at " + std::to_string(begin + 1) + " of " + std::to_string(all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    if (const auto at = (begin + i) % all.size(); !all[at].overloaded) return at;
  return kNobody;
}

// A pass over the members at a falling threshold; see bpf/scheduler/wrr.h.
std::size_t weighted_turn(const Candidates& all, const pl_service& service, std::string& why) {
  const auto max = service.wrr_max, gcd = std::max<std::uint32_t>(service.wrr_gcd, 1);
  auto threshold = static_cast<std::uint32_t>(service.cursor >> 32);
  auto index = from_place(all, static_cast<std::uint32_t>(service.cursor));
  if (threshold == 0 || threshold > max) threshold = max;
  why = "the turn is at " + std::to_string(std::min(index, all.size()) + 1) + " of " + std::to_string(all.size()) +
        ", for weights from " + std::to_string(threshold) + " on";
  const auto able = [&](std::size_t i, std::uint32_t from) { return all[i].weight >= from && !all[i].overloaded; };
  std::uint32_t greatest = 0;
  for (const auto& c : all)
    if (!c.overloaded) greatest = std::max(greatest, c.weight);
  if (greatest == 0) return kNobody;
  for (; index < all.size(); ++index)
    if (able(index, threshold)) return index;
  // The next passes, down to the lowest threshold and from the top again; those that no able
  // member's weight reaches find nobody.
  threshold = threshold > gcd ? threshold - gcd : max;
  while (threshold > greatest) threshold = threshold > gcd ? threshold - gcd : max;
  for (index = 0; index < all.size(); ++index)
    if (able(index, threshold)) return index;
  return kNobody;
}

std::size_t never_queue(const Candidates& all, std::string& why) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].overloaded || all[i].active != 0) continue;
    why = "the first that is idle";
    return i;
  }
  return least(all, true);
}

struct Row {
  const char* name;
  const char* rule;
};
// In the order of enum pl_scheduler.
constexpr std::array<Row, PL_SCHEDULERS> kRows{{
    {"rr", "each in turn"},
    {"wrr", "each in turn, as often as its weight says"},
    {"lc", "least 256 x active + inactive; the first where two are equal"},
    {"wlc", "least (256 x active + inactive) / weight; the first where two are equal"},
    {"sed", "least (active + 1) / weight; the first where two are equal"},
    {"nq", "the first without active connections, else least (active + 1) / weight"},
    {"fo", "greatest weight; the first where two are equal"},
    {"ovf", "greatest weight of those with at most as many active connections"},
    {"lblc", "the destination's server, unless that is overloaded while another has room"},
    {"lblcr", "the least loaded of the destination's servers, with more of them under load"},
    {"dh", "the destination address's slot of 256"},
    {"sh", "the source's slot of 256"},
    {"mh", "the source's slot of Maglev's table"},
    {"twos", "of two chosen by chance and weight the one with the lesser load"},
}};

Candidates candidates_of(const PlaneView& view, const pl_service& service) {
  Candidates out;
  const auto first = PL_LIST_ROW(service.list) + 1;
  for (std::uint32_t i = 0; i < PL_LIST_COUNT(service.list) && first + i / PL_FANOUT < view.members.size(); ++i) {
    const auto server = static_cast<std::uint32_t>(view.members[first + i / PL_FANOUT].word[i % PL_FANOUT]);
    if (server >= view.loads.size() || view.loads[server].weight == 0) continue;
    const auto& load = view.loads[server];
    Candidate c{server, load.weight, load.active, load.inactive, (load.flags & PL_LOAD_OVERLOADED) != 0};
    c.place = i;
    switch (service.scheduler) {
      case PL_SCHED_SED:
      case PL_SCHED_NQ:
        c.load = expected_delay(c);
        break;
      default:
        c.load = overhead(c);
    }
    out.push_back(c);
  }
  return out;
}

}  // namespace

Choice choose(const PlaneView& view, std::uint32_t index, const Probe&) {
  Choice out;
  const auto& service = view.services[index];
  if (service.scheduler >= kRows.size()) return out;
  out.rule = std::string(kRows[service.scheduler].name) + ": " + kRows[service.scheduler].rule;
  out.candidates = candidates_of(view, service);
  auto& all = out.candidates;
  std::size_t at = kNobody;
  if (all.empty()) {
    out.why = "no server with a weight above 0";
    return out;
  }
  switch (service.scheduler) {
    case PL_SCHED_RR:
      at = next_in_turn(all, service.cursor, out.why);
      break;
    case PL_SCHED_WRR:
      at = weighted_turn(all, service, out.why);
      break;
    case PL_SCHED_LC:
      at = least(all, false);
      break;
    case PL_SCHED_WLC:
    case PL_SCHED_SED:
      at = least(all, true);
      break;
    case PL_SCHED_NQ:
      at = never_queue(all, out.why);
      break;
    case PL_SCHED_FO:
      at = heaviest(all, [](const Candidate&) { return true; });
      break;
    case PL_SCHED_OVF:
      at = heaviest(all, [](const Candidate& c) { return c.active <= c.weight; });
      break;
    default:
      out.foretold = false;
      out.why = "these are the servers it chooses from";
      return out;
  }
  if (at == kNobody) {
    out.why = "every server is overloaded or takes no more";
    return out;
  }
  all[at].chosen = true;
  out.server = all[at].server;
  return out;
}

}  // namespace plenum::lb
