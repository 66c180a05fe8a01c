// What was said last of a BFD session.
#include "health/probe.h"
#include "health/surroundings.h"

namespace plenum::health {

namespace {

class BfdSession final : public Probe {
 public:
  BfdSession(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)), session_(std::get<conf::BfdProbe>(target.check.probe).session), around_(around) {}

  void begin() override { end(bfd_outcome(around_, session_)); }
  Outcome timed_out() override { return bfd_outcome(around_, session_); }

 private:
  const std::string& session_;
  Surroundings& around_;
};

}  // namespace

Outcome bfd_outcome(const Surroundings& around, const std::string& session) {
  const auto found = around.bfd.find(session);
  if (found == around.bfd.end()) return Outcome::hindered("nobody has spoken of BFD session " + session + " yet");
  if (found->second.up) return Outcome::passed();
  return Outcome::failed("BFD session " + session + " is down" +
                         (found->second.why.empty() ? "" : ": " + found->second.why));
}

std::unique_ptr<Probe> make_bfd_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<BfdSession>(target, around, std::move(on_end));
}

}  // namespace plenum::health
