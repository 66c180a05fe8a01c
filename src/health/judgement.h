#pragma once
// What a target's probes add up to: up or down, with hysteresis, and damped where it will not stay either.
// Pure: results and the time come in. Knows no probe and no server.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "conf/check.h"

namespace plenum::health {

enum class Verdict : std::uint8_t { Unknown, Up, Down };

struct JudgementSettings {
  std::uint32_t fall = 3, rise = 2;  // results in a row, at least 1
  // Before the first result: up (keepalived's way) or down (`alpha`). The first result decides otherwise at once.
  Verdict initial = Verdict::Up;
  conf::Damping damping;
  // `initial` is what results in a row said, of a time before this: the first one counts as any other.
  bool known = false;

  bool operator==(const JudgementSettings&) const = default;
};

class Judgement {
 public:
  Judgement(const JudgementSettings& settings, TimePoint now);

  // One probe's result, and why it failed. True when the verdict changed.
  bool report(bool passed, std::string why, TimePoint now);
  // To be called at due() or later: a target that is rested may come back without another result. True when the
  // verdict changed.
  bool advance(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> due() const;

  [[nodiscard]] Verdict verdict() const { return verdict_; }
  // Kept down for having fallen too often; would be up else once its results say so.
  [[nodiscard]] bool damped() const { return damped_until_.has_value(); }
  [[nodiscard]] std::optional<TimePoint> damped_until() const { return damped_until_; }
  // It is down for having fallen too often alone: its results in a row say up.
  [[nodiscard]] bool well() const { return damped_until_.has_value() && well_; }
  // Of the last result that failed; empty: none did since it is up.
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] TimePoint since() const { return since_; }
  // Results in a row that speak against the verdict.
  [[nodiscard]] std::uint32_t against() const { return against_; }

  // The verdict and what was counted stay.
  void change(const JudgementSettings& settings, TimePoint now);

 private:
  bool turn(Verdict verdict, TimePoint now);
  void fell(TimePoint now);
  [[nodiscard]] double points(TimePoint now) const;

  JudgementSettings settings_;
  Verdict verdict_;
  bool heard_ = false;    // of any result
  bool passing_ = false;  // as the last one went
  std::uint32_t against_ = 0;
  bool well_ = false;         // while damped: would be up else
  std::uint32_t misses_ = 0;  // failures in a row against that
  std::string why_;
  TimePoint since_;
  double points_ = 0;  // at counted_
  TimePoint counted_;
  std::optional<TimePoint> damped_until_;
};

}  // namespace plenum::health
