// The schedulers that compare servers: by what each has to do, or by weight alone.

#include "bpf/ranking.h"
#include "lb/explain/schedulers.h"

namespace plenum::lb {

std::uint32_t choose_least(const Asked& asked, Choice& out) {
  pl_measure measure{};
  pl_measure_of(asked.view.services[asked.service].scheduler, &measure);
  const Candidate* best = nullptr;
  std::uint64_t least = 0;
  for (auto& c : out.candidates) {
    const auto burden = pl_burden(&measure, c.active, c.inactive);
    const auto divisor = [&](const Candidate& of) { return measure.weighted != 0 ? of.weight : 1; };
    const bool too_many = measure.within_weight != 0 && c.active > c.weight;
    if (measure.within_weight == 0)
      c.compared = std::to_string(burden) + (measure.weighted != 0 ? "/" + std::to_string(c.weight) : "");
    else if (too_many && c.note.empty())
      c.note = "has more active connections than its weight";
    if (c.overloaded || too_many) continue;
    if (best != nullptr && least * divisor(c) <= burden * divisor(*best)) continue;
    best = &c;
    least = burden;
  }
  if (best == nullptr) return 0;
  if (measure.idle_first != 0 && best->active == 0) out.why = "the first that is idle";
  return best->server;
}

std::uint32_t choose_heaviest(const Asked&, Choice& out) {
  const Candidate* best = nullptr;
  for (const auto& c : out.candidates)
    if (!c.overloaded && (best == nullptr || c.weight > best->weight)) best = &c;
  return best != nullptr ? best->server : 0;
}

}  // namespace plenum::lb
