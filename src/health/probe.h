#pragma once
// One asking of one target, while it goes on: what each kind of probe is. Begun once; says once what came of it, and
// is gone soon after.

#include <functional>
#include <memory>

#include "base/clock.h"
#include "health/outcome.h"
#include "health/reactor.h"
#include "health/target.h"

namespace plenum::health {

struct Surroundings;

class Probe : public Reactor::Retired {
 public:
  using OnEnd = std::function<void(Outcome)>;

  explicit Probe(OnEnd on_end) : on_end_(std::move(on_end)) {}
  // May end at once.
  virtual void begin() = 0;
  // Its time is up: what that means.
  virtual Outcome timed_out() = 0;
  // When the last of several steps began that have the check's time each; before its first one: long ago.
  [[nodiscard]] TimePoint step_began() const { return step_began_; }

 protected:
  void begin_step() { step_began_ = SteadyClock().now(); }
  // To be called once; nothing more is told after it.
  void end(Outcome outcome) {
    if (auto told = std::exchange(on_end_, nullptr)) told(std::move(outcome));
  }
  [[nodiscard]] bool ended() const { return !on_end_; }

 private:
  OnEnd on_end_;
  TimePoint step_began_;
};

// Of the kind that the target's check says. `target` outlives it.
std::unique_ptr<Probe> make_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);

// One for each kind, defined in the file of that name.
std::unique_ptr<Probe> make_tcp_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_tcp_to_vip_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_http_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_expect_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_smtp_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_dns_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_udp_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_ping_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_script_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_file_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);
std::unique_ptr<Probe> make_bfd_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end);

}  // namespace plenum::health
