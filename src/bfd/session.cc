#include "bfd/session.h"

#include <algorithm>
#include <utility>

namespace plenum::bfd {

using proto::BfdDiagnostic;
using proto::BfdPacket;
using proto::BfdState;
using std::chrono::microseconds;

namespace {

std::uint32_t micro(Duration value) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<microseconds>(value).count());
}

}  // namespace

Session::Session(const SessionSettings& settings, TimePoint now, std::function<double()> random)
    : settings_(settings),
      random_(std::move(random)),
      required_min_rx_(settings.required_min_rx),
      used_min_rx_(settings.required_min_rx),
      since_(now) {
  desired_min_tx_ = used_min_tx_ = wanted_tx();
  schedule(now);
}

Duration Session::wanted_tx() const {
  if (state_ == BfdState::Up) return settings_.desired_min_tx;
  return std::max({settings_.desired_min_tx, settings_.idle_tx, kSlowInterval});
}

Duration Session::transmit_interval() const { return std::max(used_min_tx_, remote_min_rx_); }

// Section 6.8.7.
bool Session::sends_periodically() const {
  if (settings_.passive && remote_discriminator_ == 0) return false;
  if (remote_min_rx_ == Duration::zero()) return false;
  return !(remote_demand_ && state_ == BfdState::Up && remote_state_ == BfdState::Up && !polling_);
}

void Session::schedule(TimePoint now) {
  if (!sends_periodically()) {
    next_sent_.reset();
    return;
  }
  // Less a random part of up to a quarter; of one packet's detection never more than nine tenths.
  const double least = 0.75, most = settings_.detect_multiplier == 1 ? 0.9 : 1.0;
  const auto interval =
      std::chrono::duration_cast<Duration>(transmit_interval() * (least + (most - least) * random_()));
  next_sent_ = sent_ ? std::max(*sent_ + interval, now) : now;
}

BfdPacket Session::packet(bool final) const {
  BfdPacket out;
  out.diagnostic = diagnostic_;
  out.state = state_;
  // The two never stand together (section 6.5).
  out.poll = polling_ && !final;
  out.final = final;
  out.control_independent = true;
  out.detect_multiplier = settings_.detect_multiplier;
  out.my_discriminator = settings_.discriminator;
  out.your_discriminator = remote_discriminator_;
  out.desired_min_tx_us = micro(desired_min_tx_);
  out.required_min_rx_us = micro(required_min_rx_);
  return out;
}

void Session::want(Duration desired_min_tx, Duration required_min_rx) {
  if (desired_min_tx == desired_min_tx_ && required_min_rx == required_min_rx_) return;
  desired_min_tx_ = desired_min_tx;
  required_min_rx_ = required_min_rx;
  if (state_ != BfdState::Up) {
    used_min_tx_ = desired_min_tx_;
    used_min_rx_ = required_min_rx_;
    return;
  }
  // What makes packets rarer or detection quicker waits until the neighbour knows.
  polling_ = true;
  used_min_tx_ = std::min(used_min_tx_, desired_min_tx_);
  used_min_rx_ = std::max(used_min_rx_, required_min_rx_);
}

void Session::end_poll() {
  polling_ = false;
  used_min_tx_ = desired_min_tx_;
  used_min_rx_ = required_min_rx_;
}

void Session::enter(BfdState state, BfdDiagnostic diagnostic, TimePoint now) {
  if (state_ == state) return;
  state_ = state;
  diagnostic_ = diagnostic;
  since_ = now;
  if (state != BfdState::Up) polling_ = false;
  want(wanted_tx(), settings_.required_min_rx);
}

std::vector<BfdPacket> Session::receive(const BfdPacket& p, TimePoint now) {
  // Section 6.8.6: authentication is not in use. What is said about a session that is not ours is not for us.
  if (p.authenticated || (p.your_discriminator != 0 && p.your_discriminator != settings_.discriminator)) return {};
  const auto interval_before = transmit_interval();
  remote_discriminator_ = p.my_discriminator;
  remote_state_ = p.state;
  remote_diagnostic_ = p.diagnostic;
  remote_demand_ = p.demand;
  remote_min_tx_ = microseconds(p.desired_min_tx_us);
  remote_min_rx_ = microseconds(p.required_min_rx_us);
  remote_multiplier_ = p.detect_multiplier;
  if (p.final && polling_) end_poll();
  heard_ = now;
  spared_ = false;
  const auto before = state_;
  if (state_ == BfdState::AdminDown) {
    // Says nothing and hears nothing, but keeps telling that it is so.
  } else if (p.state == BfdState::AdminDown) {
    if (state_ != BfdState::Down) enter(BfdState::Down, BfdDiagnostic::NeighborDown, now);
  } else if (state_ == BfdState::Down) {
    if (p.state == BfdState::Down) enter(BfdState::Init, diagnostic_, now);
    if (p.state == BfdState::Init) enter(BfdState::Up, BfdDiagnostic::None, now);
  } else if (state_ == BfdState::Init) {
    if (p.state == BfdState::Init || p.state == BfdState::Up) enter(BfdState::Up, BfdDiagnostic::None, now);
  } else if (p.state == BfdState::Down) {
    enter(BfdState::Down, BfdDiagnostic::NeighborDown, now);
  }
  std::vector<BfdPacket> out;
  if (p.poll) out.push_back(packet(true));
  // A change is told at once, where that is allowed: the neighbour's own is the sooner for it.
  if (state_ != before && sends_periodically()) {
    out.push_back(packet(false));
    sent_ = now;
  }
  if (state_ != before || transmit_interval() != interval_before || !next_sent_ || !sends_periodically()) schedule(now);
  return out;
}

std::vector<BfdPacket> Session::advance(TimePoint now) {
  std::vector<BfdPacket> out;
  const bool late = heard_ && now - *heard_ >= detection_time();
  if (late) {
    const bool fell = state_ == BfdState::Up || state_ == BfdState::Init;
    if (fell) enter(BfdState::Down, BfdDiagnostic::TimeExpired, now);
    // Section 6.8.1: whom nobody heard for that long is forgotten.
    remote_discriminator_ = 0;
    remote_state_ = BfdState::Down;
    remote_demand_ = false;
    remote_min_rx_ = microseconds(1);
    heard_.reset();
    if (fell && sends_periodically()) {
      out.push_back(packet(false));
      sent_ = now;
    }
    schedule(now);
  }
  if (next_sent_ && now >= *next_sent_) {
    out.push_back(packet(false));
    sent_ = now;
    schedule(now);
  }
  return out;
}

void Session::was_away(Duration time, TimePoint now) {
  if (!heard_) return;
  *heard_ = std::min(*heard_ + time, now);
  const auto least = now - detection_time() + remote_interval();
  if (*heard_ >= least || std::exchange(spared_, true)) return;
  heard_ = least;
}

std::optional<TimePoint> Session::due() const {
  auto out = next_sent_;
  if (heard_) {
    const auto end = *heard_ + detection_time();
    if (!out || end < *out) out = end;
  }
  return out;
}

void Session::change(const SessionSettings& settings, TimePoint now) {
  const auto discriminator = settings_.discriminator;
  settings_ = settings;
  settings_.discriminator = discriminator;
  want(wanted_tx(), settings_.required_min_rx);
  schedule(now);
}

void Session::set_admin_down(bool down, TimePoint now) {
  if (down == (state_ == BfdState::AdminDown)) return;
  enter(down ? BfdState::AdminDown : BfdState::Down, down ? BfdDiagnostic::AdminDown : BfdDiagnostic::None, now);
  // Told at once: the next slow packet would come behind the neighbour's detection time.
  sent_.reset();
  schedule(now);
}

}  // namespace plenum::bfd
