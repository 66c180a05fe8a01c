#include "lb/explain/choice.h"

#include <array>

#include "lb/explain/schedulers.h"
#include "lb/explain/text.h"

namespace plenum::lb {

namespace {

struct Row {
  const char* rule;
  std::uint32_t (*choose)(const Asked&, Choice&);
};
// In the order of enum pl_scheduler.
constexpr std::array<Row, PL_SCHEDULERS> kRows{{
    {"rr: each in turn", choose_in_turn},
    {"wrr: each in turn, as often as its weight says", choose_weighted_turn},
    {"lc: least 256 x active + inactive; the first where two are equal", choose_least},
    {"wlc: least (256 x active + inactive) / weight; the first where two are equal", choose_least},
    {"sed: least (active + 1) / weight; the first where two are equal", choose_least},
    {"nq: the first without active connections, else least (active + 1) / weight", choose_least},
    {"fo: greatest weight; the first where two are equal", choose_heaviest},
    {"ovf: greatest weight of those with at most as many active connections", choose_least},
    {"lblc: the destination's server, unless that has too much to do while another has little", choose_known},
    {"lblcr: the least loaded of the destination's servers, with one more when that has too much to do",
     choose_among_known},
    {"dh: the destination address's slot of 256", choose_by_destination},
    {"sh: the client's slot of 256", choose_by_source},
    {"mh: the client's slot of Maglev's table", choose_by_maglev},
    {"twos: of two drawn by chance and weight the one with the lesser (256 x active + inactive) / weight",
     choose_by_chance},
}};

std::vector<Candidate> candidates_of(const PlaneView& view, const pl_service& service) {
  std::vector<Candidate> out;
  const auto first = PL_LIST_ROW(service.list) + 1;
  for (std::uint32_t i = 0; i < PL_LIST_COUNT(service.list) && first + i / PL_FANOUT < view.members.size(); ++i) {
    const auto server = static_cast<std::uint32_t>(view.members[first + i / PL_FANOUT].word[i % PL_FANOUT]);
    if (server >= view.loads.size() || view.loads[server].weight == 0) continue;
    const auto& load = view.loads[server];
    const bool overloaded = (load.flags & PL_LOAD_OVERLOADED) != 0;
    out.push_back({.server = server,
                   .weight = load.weight,
                   .active = load.active,
                   .inactive = load.inactive,
                   .overloaded = overloaded,
                   .place = i,
                   .note = overloaded ? refusal_text(load) : ""});
  }
  return out;
}

}  // namespace

pl_load load_of(const Asked& asked, std::uint32_t server) {
  auto load = asked.view.loads[server];
  if (server == asked.ended && server != 0) --(asked.ended_active ? load.active : load.inactive);
  return load;
}

Choice choose(const Asked& asked) {
  Choice out;
  const auto& service = asked.view.services[asked.service];
  if (service.scheduler >= kRows.size()) return out;
  const auto& row = kRows[service.scheduler];
  out.rule = row.rule;
  out.candidates = candidates_of(asked.view, service);
  if (out.candidates.empty()) {
    out.why = "no server with a weight above 0";
    return out;
  }
  out.server = row.choose(asked, out);
  for (auto& candidate : out.candidates) candidate.chosen = candidate.server == out.server;
  if (out.server == 0 && out.foretold && out.why.empty()) out.why = "every server is overloaded or takes no more";
  return out;
}

}  // namespace plenum::lb
