#include "health/series.h"

#include <algorithm>

#include "health/rhythm.h"
#include "health/surroundings.h"
#include "health/weighing.h"

namespace plenum::health {

namespace {

// After a probe that could not be begun.
constexpr Duration kHindered = std::chrono::milliseconds(200);
constexpr Duration kTellAgain = std::chrono::hours(1);

JudgementSettings settings_of(const Target& target) {
  JudgementSettings out;
  // A BFD session counts by itself.
  const bool counts = !std::holds_alternative<conf::BfdProbe>(target.check.probe);
  out.fall = counts ? std::max(target.check.fall, 1U) : 1;
  out.rise = counts ? std::max(target.check.rise, 1U) : 1;
  out.initial = initial_verdict(target.check);
  out.known = target.known_well && out.initial == Verdict::Up;
  out.damping = target.damping;
  return out;
}

}  // namespace

bool Gate::enter(Waiting& who) {
  if (inside_ < room_ && waiting_.empty()) {
    ++inside_;
    return true;
  }
  waiting_.push_back(&who);
  return false;
}

void Gate::leave() {
  --inside_;
  admit();
}

void Gate::forget(Waiting& who) { waiting_.remove(&who); }

void Gate::set_room(std::size_t room) {
  room_ = std::max<std::size_t>(room, 1);
  admit();
}

void Gate::admit() {
  // One that was let in may leave at once: this very loop goes on then, rather than one inside of it.
  if (std::exchange(admitting_, true)) return;
  while (inside_ < room_ && !waiting_.empty()) {
    auto* who = waiting_.front();
    waiting_.pop_front();
    ++inside_;
    who->on_room();
  }
  admitting_ = false;
}

Series::Series(Target target, Shared& shared)
    : target_(std::move(target)),
      shared_(shared),
      judgement_(settings_of(target_), SteadyClock().now()),
      alarm_(shared.around.reactor, [this] { on_alarm(); }) {
  status_.id = target_.id;
  next_ = first_probe(target_.check, SteadyClock().now(), random());
  refresh(false);
  schedule();
}

Series::~Series() { give_up(); }

double Series::random() { return std::uniform_real_distribution<double>(0, 1)(shared_.random); }

// What goes on or waits to is over; nobody hears of it. Never from within the probe itself: it refers to the target.
void Series::give_up() {
  if (std::exchange(waiting_, false)) shared_.gate.forget(*this);
  if (!probe_) return;
  probe_.reset();
  shared_.gate.leave();
}

void Series::change(Target target) {
  const bool same_check = target.check == target_.check;
  give_up();
  target_ = std::move(target);
  const auto now = SteadyClock().now();
  judgement_.change(settings_of(target_), now);
  asks_again_ = false;
  if (!same_check) next_ = first_probe(target_.check, now, random());
  refresh(false);
  schedule();
}

void Series::on_alarm() {
  const auto now = SteadyClock().now();
  if (const auto due = judgement_.due(); due && *due <= now) {
    if (judgement_.advance(now)) refresh(true);
  }
  if (probe_) {
    if (now >= deadline()) return ended(probe_->timed_out());
  } else if (!waiting_ && now >= next_) {
    if (!shared_.gate.enter(*this))
      waiting_ = true;
    else
      return ask();
  }
  schedule();
}

void Series::on_room() {
  waiting_ = false;
  ask();
}

void Series::ask() {
  asked_ = SteadyClock().now();
  if (!std::exchange(asks_again_, false)) {
    began_ = asked_;
    retries_ = target_.check.retry;
  }
  probe_ = shared_.make(target_, [this](Outcome outcome) { ended(std::move(outcome)); });
  schedule();
  probe_->begin();  // which may end it
}

void Series::ended(Outcome outcome) {
  const auto now = SteadyClock().now();
  shared_.around.reactor.retire(std::move(probe_));
  shared_.gate.leave();
  if (outcome.kind == Outcome::Kind::Hindered) {
    ++status_.hindered;
    status_.hindrance = std::move(outcome.why);
    tell_hindrance(now);
    next_ = now + kHindered + std::chrono::duration_cast<Duration>(kHindered * random());
    refresh(false);
    return schedule();
  }
  status_.hindrance.clear();
  tell_hindrance(now);
  if (outcome.kind == Outcome::Kind::Failed && retries_ > 0) {
    --retries_;
    asks_again_ = true;
    next_ = now + target_.check.retry_delay;
    return schedule();
  }
  report(std::move(outcome), now - asked_, now);
}

// A moment without ports is not worth a line; one that can never be asked is.
void Series::tell_hindrance(TimePoint now) {
  if (status_.hindrance.empty()) {
    hindered_since_.reset();
    if (std::exchange(hindrance_told_, std::nullopt)) shared_.on_hindrance(*this);
    return;
  }
  if (!hindered_since_) hindered_since_ = now;
  if (now - *hindered_since_ < target_.check.interval) return;
  if (hindrance_told_ && now - *hindrance_told_ < kTellAgain) return;
  hindrance_told_ = now;
  shared_.on_hindrance(*this);
}

void Series::tell(Outcome outcome) {
  give_up();
  status_.hindrance.clear();
  began_ = SteadyClock().now();
  report(std::move(outcome), {}, began_);
}

void Series::report(Outcome outcome, Duration latency, TimePoint now) {
  const bool passed = outcome.kind == Outcome::Kind::Passed;
  const bool was_damped = status_.damped_until.has_value();
  const bool was_well = judgement_.well();
  ++status_.probes;
  if (!passed) ++status_.failures;
  // A first word counts also where it is that there is nothing to say: others may remember another.
  const bool weighs_first = weighs(target_.check.probe) != WeightWord::Kind::None && !weighed_;
  bool changed = passed && (weighs_first || outcome.weight != status_.weight);
  if (passed) {
    status_.weight = outcome.weight;
    weighed_ = true;
  }
  status_.last = TargetStatus::Last{passed, outcome.why, latency, now};
  if (judgement_.report(passed, std::move(outcome.why), now)) {
    changed = true;
    ++(judgement_.verdict() == Verdict::Down ? status_.falls : status_.rises);
  }
  next_ = next_probe(target_.check, judgement_.verdict() == Verdict::Down, began_, now, random());
  refresh(changed || is_damped(now) != was_damped || judgement_.well() != was_well);
  if (!passed && target_.check.log_all_failures) shared_.on_failure(*this);
  schedule();
}

TimePoint Series::deadline() const { return std::max(asked_, probe_->step_began()) + target_.check.timeout; }

void Series::schedule() {
  auto at = probe_ ? deadline() : waiting_ ? TimePoint::max() : next_;
  if (const auto due = judgement_.due()) at = std::min(at, *due);
  if (at == TimePoint::max())
    alarm_.cancel();
  else
    alarm_.set(at);
}

bool Series::is_damped(TimePoint now) const {
  const auto until = judgement_.damped_until();
  return until && *until > now;
}

void Series::refresh(bool changed) {
  status_.probe = conf::name_of(target_.check.probe);
  status_.asked = target_.asked();
  status_.verdict = judgement_.verdict();
  status_.since = judgement_.since();
  status_.why = judgement_.why();
  status_.against = judgement_.against();
  status_.damped_until = judgement_.damped_until();
  // One that is rested but still fails is down for that alone.
  if (!is_damped(SteadyClock().now())) status_.damped_until.reset();
  shared_.on_status(*this);
  if (changed) shared_.on_change(*this);
}

Change Series::as_change() const {
  return {status_.id,
          status_.verdict,
          status_.verdict == Verdict::Down ? status_.why : std::string(),
          status_.damped_until.has_value(),
          status_.weight,
          judgement_.well()};
}

}  // namespace plenum::health
