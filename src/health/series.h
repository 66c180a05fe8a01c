#pragma once
// The probes of one target, one behind the other: when each begins, its time, asking again, and what they add up to.
// Knows no kind of probe. Of the checker's thread alone.

#include <functional>
#include <list>
#include <memory>
#include <random>

#include "health/judgement.h"
#include "health/probe.h"
#include "health/reactor.h"
#include "health/target.h"

namespace plenum::health {

// How many probes may go on at once, so that descriptors are left for everything else of the process. Those that find
// no room wait in their order.
class Gate {
 public:
  class Waiting {
   public:
    virtual void on_room() = 0;

   protected:
    ~Waiting() = default;
  };

  // True: there is room, and it is taken until leave(). Else on_room() is called when it was taken for `who`.
  bool enter(Waiting& who);
  void leave();
  void forget(Waiting& who);
  void set_room(std::size_t room);

 private:
  void admit();
  std::size_t room_ = 1, inside_ = 0;
  bool admitting_ = false;
  std::list<Waiting*> waiting_;
};

class Series final : private Gate::Waiting {
 public:
  struct Shared {
    Surroundings& around;
    Gate& gate;
    std::mt19937_64& random;
    // A Change; a probe that failed where those are to be told; anything of status().
    std::function<void(Series&)> on_change, on_failure, on_status;
    // Nobody could ask it for a whole interval, each hour again; and the end of that: status().hindrance is empty.
    std::function<void(Series&)> on_hindrance;
    // What makes a probe; other than make_probe() in tests.
    std::function<std::unique_ptr<Probe>(const Target&, Probe::OnEnd)> make;
  };

  Series(Target target, Shared& shared);
  ~Series();
  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

  // The same target with another check, which begins by its own rhythm; verdict and counts stay. Neither this nor
  // tell() may be called from within a probe.
  void change(Target target);
  // A result that came by itself rather than by asking: counts at once.
  void tell(Outcome outcome);

  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] const TargetStatus& status() const { return status_; }
  [[nodiscard]] Change as_change() const;

  // Its keeper's: where it stands, and which one of this name it is.
  std::size_t place = 0;
  std::uint64_t generation = 0;

 private:
  void on_alarm();
  void on_room() override;
  void ask();
  void ended(Outcome outcome);
  void report(Outcome outcome, Duration latency, TimePoint now);
  void tell_hindrance(TimePoint now);
  void give_up();
  [[nodiscard]] TimePoint deadline() const;  // of the probe that goes on
  void schedule();
  void refresh(bool changed);
  [[nodiscard]] bool is_damped(TimePoint now) const;
  [[nodiscard]] double random();

  Target target_;
  Shared& shared_;
  Judgement judgement_;
  Reactor::Alarm alarm_;
  std::unique_ptr<Probe> probe_;  // while one goes on
  bool waiting_ = false;          // for room
  TimePoint next_;                // the next asking
  TimePoint began_, asked_;       // this probe; the last asking of it
  std::uint32_t retries_ = 0;     // left of this probe
  bool asks_again_ = false;       // the next asking belongs to the same probe
  std::optional<TimePoint> hindered_since_, hindrance_told_;
  TargetStatus status_;
  bool weighed_ = false;  // a probe passed, and said what it had to of the weight
};

}  // namespace plenum::health
