#pragma once
// Which probes say anything about weights.

#include "conf/check.h"
#include "health/target.h"

namespace plenum::health {

// Of which kind its words are; None: it has none.
inline WeightWord::Kind weighs(const conf::Probe& probe) {
  if (const auto* script = std::get_if<conf::ScriptProbe>(&probe); script != nullptr && script->weighted)
    return WeightWord::Kind::Set;
  if (const auto* file = std::get_if<conf::FileProbe>(&probe); file != nullptr && file->factor != 0)
    return WeightWord::Kind::Add;
  return WeightWord::Kind::None;
}

}  // namespace plenum::health
