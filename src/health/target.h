#pragma once
// What is asked whether it is well, and what came of it: values that go into a Checker and come out of it.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "conf/check.h"
#include "conf/l4.h"
#include "health/judgement.h"
#include "net/address.h"

namespace plenum::health {

// How packets of clients come to a server, for a probe to the virtual address (conf::TcpProbe::to_vip).
struct VirtualPath {
  net::Endpoint vip;
  conf::Forward forward = conf::Forward::Route;  // Route or Tunnel
  conf::Tunnel tunnel;
  bool operator==(const VirtualPath&) const = default;
};

struct Target {
  std::string id;  // the caller's name for it, of one target of a set
  conf::Check check;
  // The server's own, where the check names no other. Of scripts, files and BFD sessions nobody is asked there.
  net::Endpoint server;
  std::optional<VirtualPath> path;  // none: a probe to_vip is hindered
  conf::Damping damping;
  // Before this it was well by results in a row: the first failure counts as any other does, and not at once. Else a
  // packet lost at a start would take out servers that everybody knows to be well.
  bool known_well = false;

  bool operator==(const Target&) const = default;
  // Whom the probe asks.
  [[nodiscard]] net::Endpoint asked() const {
    return {check.address.value_or(server.address), check.port != 0 ? check.port : server.port};
  }
};

// What a probe says about its target's weight beside well and not well.
struct WeightWord {
  enum class Kind : std::uint8_t {
    None,  // nothing: as configured
    Set,   // it is `value` (a script's exit status)
    Add    // `value` more than configured (a file's number)
  };
  Kind kind = Kind::None;
  std::int32_t value = 0;
  bool operator==(const WeightWord&) const = default;
};

// A target's verdict, whether it is damped and well, or its weight is another from now on.
struct Change {
  std::string id;
  Verdict verdict = Verdict::Unknown;
  std::string why;  // it is down: the last probe's failure; empty while up
  bool damped = false;
  WeightWord weight;
  bool well = false;  // it is down for being damped alone: its probes pass
};

// One target as it stands, for listings.
struct TargetStatus {
  struct Last {
    bool passed = false;
    std::string why;  // it failed
    Duration latency{};
    TimePoint at;
  };

  std::string id;
  const char* probe = "";  // conf::name_of
  net::Endpoint asked;
  Verdict verdict = Verdict::Unknown;
  TimePoint since;  // of the verdict
  std::string why;  // as Change has it; while up of failures in a row that do not count yet
  std::uint32_t against = 0;
  std::optional<TimePoint> damped_until;
  std::optional<Last> last;  // none: no probe has ended yet
  // Why this host could not ask, last time it was to: no local port, no descriptor, no right. Nothing follows from
  // that. Empty: it could.
  std::string hindrance;
  WeightWord weight;
  std::uint64_t probes = 0, failures = 0, hindered = 0;  // ended, of them failed; not begun
  std::uint64_t falls = 0, rises = 0;                    // of the verdict
};

// A target's verdict before its first result.
inline Verdict initial_verdict(const conf::Check& check) { return check.initially_down ? Verdict::Down : Verdict::Up; }

}  // namespace plenum::health
