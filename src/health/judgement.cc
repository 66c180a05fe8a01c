#include "health/judgement.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace plenum::health {

namespace {

double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

Judgement::Judgement(const JudgementSettings& settings, TimePoint now)
    : settings_(settings), verdict_(settings.initial), heard_(settings.known), since_(now), counted_(now) {}

double Judgement::points(TimePoint now) const {
  if (!settings_.damping.enabled) return 0;
  return points_ * std::exp2(-seconds(now - counted_) / seconds(settings_.damping.half_life));
}

bool Judgement::turn(Verdict verdict, TimePoint now) {
  against_ = misses_ = 0;
  well_ = false;
  if (verdict_ == verdict) return false;
  verdict_ = verdict;
  since_ = now;
  return true;
}

void Judgement::fell(TimePoint now) {
  if (!settings_.damping.enabled) return;
  points_ = points(now) + 1;
  counted_ = now;
  const auto& d = settings_.damping;
  if (points_ < d.suppress) return;
  const auto rest = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(seconds(d.half_life) * std::log2(points_ / d.reuse)));
  damped_until_ = now + std::min(rest, d.longest);
}

bool Judgement::report(bool passed, std::string why, TimePoint now) {
  const bool first = !std::exchange(heard_, true);
  passing_ = passed;
  if (passed) {
    if (verdict_ == Verdict::Up) {
      against_ = 0;
      why_.clear();
      return false;
    }
    ++against_;
    misses_ = 0;
    well_ = well_ || against_ >= settings_.rise;
    if (damped_until_ && now < *damped_until_) return false;
    damped_until_.reset();
    if (!first && against_ < settings_.rise) return false;
    why_.clear();
    return turn(Verdict::Up, now);
  }
  why_ = std::move(why);
  if (verdict_ == Verdict::Down) {
    against_ = 0;
    if (well_ && ++misses_ >= settings_.fall) well_ = false;
    return false;
  }
  if (++against_ < settings_.fall && !first) return false;
  // A target that never was there has not fallen.
  if (!first) fell(now);
  return turn(Verdict::Down, now);
}

std::optional<TimePoint> Judgement::due() const {
  return damped_until_ && passing_ && against_ >= settings_.rise ? damped_until_ : std::nullopt;
}

bool Judgement::advance(TimePoint now) {
  if (!damped_until_ || now < *damped_until_) return false;
  damped_until_.reset();
  if (verdict_ == Verdict::Up || !passing_ || against_ < settings_.rise) return false;
  why_.clear();
  return turn(Verdict::Up, now);
}

void Judgement::change(const JudgementSettings& settings, TimePoint now) {
  points_ = points(now);
  counted_ = now;
  settings_ = settings;
  if (!settings_.damping.enabled) damped_until_.reset();
}

}  // namespace plenum::health
