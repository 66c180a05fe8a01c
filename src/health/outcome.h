#pragma once
// What came of asking once.

#include <cstdint>
#include <string>
#include <utility>

#include "health/target.h"

namespace plenum::health {

struct Outcome {
  enum class Kind : std::uint8_t {
    Passed,
    Failed,
    Hindered  // this host could not ask, which says nothing about the target
  };
  Kind kind = Kind::Passed;
  std::string why;
  WeightWord weight;

  static Outcome passed(WeightWord weight = {}) { return {Kind::Passed, {}, weight}; }
  static Outcome failed(std::string why) { return {Kind::Failed, std::move(why), {}}; }
  static Outcome hindered(std::string why) { return {Kind::Hindered, std::move(why), {}}; }
};

}  // namespace plenum::health
