#pragma once
// One BFD session (RFC 5880 section 6, asynchronous mode): what to send, when, and whether the other
// end is there. Pure: packets and the time come in, packets and the next time come out. Demand mode is
// never asked for; a neighbour that asks for it is sent nothing while both ends are up, as section 6.6
// wants, and is watched all the same. Echoes are never asked for and never offered.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "proto/bfd.h"

namespace plenum::bfd {

struct SessionSettings {
  std::uint32_t discriminator = 1;  // ours; not 0, unique among this host's sessions
  Duration desired_min_tx = std::chrono::milliseconds(50);
  Duration required_min_rx = std::chrono::milliseconds(50);
  std::uint8_t detect_multiplier = 3;
  bool passive = false;                        // says nothing before it was spoken to
  Duration idle_tx = std::chrono::seconds(1);  // instead of desired_min_tx while it is not up; see kSlowInterval

  bool operator==(const SessionSettings&) const = default;
};

// While it is not up, a session sends no oftener than this (section 6.8.3).
inline constexpr Duration kSlowInterval = std::chrono::seconds(1);

class Session {
 public:
  // `random`: from 0 to below 1, for the jitter of section 6.8.7.
  Session(const SessionSettings& settings, TimePoint now, std::function<double()> random);

  // A packet whose your-discriminator is ours, or 0 and which came from the neighbour's address. What to send at
  // once, if anything.
  std::vector<proto::BfdPacket> receive(const proto::BfdPacket& packet, TimePoint now);
  // To be called at due() or later. What to send.
  std::vector<proto::BfdPacket> advance(TimePoint now);
  // This host itself stood still until now, for `time` at least, and heard nobody: that is no silence of the
  // neighbour's. How long it really was nobody knows, so the neighbour has one more of its intervals to be heard, once
  // until it is: of a host that stands still again and again a dead neighbour would never be down.
  void was_away(Duration time, TimePoint now);
  // When advance() has something to do next; none: never, as it stands.
  [[nodiscard]] std::optional<TimePoint> due() const;

  // New intervals, by a poll sequence where the session is up; the discriminator stays.
  void change(const SessionSettings& settings, TimePoint now);
  // AdminDown and back (section 6.8.16). The neighbour hears of it with the packets to come.
  void set_admin_down(bool down, TimePoint now);

  [[nodiscard]] proto::BfdState state() const { return state_; }
  [[nodiscard]] proto::BfdState remote_state() const { return remote_state_; }
  [[nodiscard]] proto::BfdDiagnostic diagnostic() const { return diagnostic_; }
  [[nodiscard]] proto::BfdDiagnostic remote_diagnostic() const { return remote_diagnostic_; }
  // When the state changed last.
  [[nodiscard]] TimePoint since() const { return since_; }
  [[nodiscard]] std::uint32_t remote_discriminator() const { return remote_discriminator_; }
  // As they are in force: between two packets sent, before jitter, and without one heard until it is down.
  [[nodiscard]] Duration transmit_interval() const;
  [[nodiscard]] Duration detection_time() const { return remote_interval() * remote_multiplier_; }
  // Between two packets of the neighbour's, at most. (Section 6.8.4 has so many of them as detection_time(); before
  // anything was heard there is nothing to detect.)
  [[nodiscard]] Duration remote_interval() const { return std::max(used_min_rx_, remote_min_tx_); }

 private:
  void enter(proto::BfdState state, proto::BfdDiagnostic diagnostic, TimePoint now);
  void want(Duration desired_min_tx, Duration required_min_rx);
  void end_poll();
  [[nodiscard]] bool sends_periodically() const;
  void schedule(TimePoint now);
  [[nodiscard]] proto::BfdPacket packet(bool final) const;
  [[nodiscard]] Duration wanted_tx() const;

  SessionSettings settings_;
  std::function<double()> random_;
  proto::BfdState state_ = proto::BfdState::Down, remote_state_ = proto::BfdState::Down;
  proto::BfdDiagnostic diagnostic_ = proto::BfdDiagnostic::None, remote_diagnostic_ = proto::BfdDiagnostic::None;
  std::uint32_t remote_discriminator_ = 0;
  // As announced, and as used until a poll sequence has told the neighbour (section 6.8.3).
  Duration desired_min_tx_ = kSlowInterval, required_min_rx_;
  Duration used_min_tx_ = kSlowInterval, used_min_rx_;
  Duration remote_min_tx_{}, remote_min_rx_ = std::chrono::microseconds(1);
  std::uint8_t remote_multiplier_ = 0;
  bool remote_demand_ = false, polling_ = false;
  bool spared_ = false;  // has had its one more interval
  TimePoint since_;
  std::optional<TimePoint> heard_;      // the last valid packet, and later by what does not count
  std::optional<TimePoint> sent_;       // the last periodic one
  std::optional<TimePoint> next_sent_;  // the next one
};

}  // namespace plenum::bfd
