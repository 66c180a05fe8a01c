#pragma once
// What Failover keeps of each router, session and port. Only for failover*.cc.

#include "failover/failover.h"

namespace plenum::failover {

struct Failover::PortUse {
  SocketPort port;
  std::optional<net::Address> group;  // none: only sends
  std::size_t users = 0;
  // The interface went, and the kernel's membership with it: for nobody else, not even when it comes back under its
  // number.
  bool gone = false;
};

struct Failover::BfdPortUse {
  BfdPort port;
  std::size_t users = 0;
};

struct Failover::Session {
  conf::BfdPeer conf;
  std::uint32_t id = 0;  // another one whenever it is started
  std::string fault;
  std::unique_ptr<SessionBoard> board;
  std::unique_ptr<SocketSession> paced;
  BfdPort* port = nullptr;
  proto::BfdState state = proto::BfdState::Down;
  proto::BfdDiagnostic diagnostic = proto::BfdDiagnostic::None;
  TimePoint since{};

  // That it goes over to this state, and why.
  [[nodiscard]] Happening change(proto::BfdState to, const std::string& why) const;
};

struct Failover::Router {
  std::uint32_t id = 0;  // another one whenever it is made anew
  RouterPlan plan;
  std::string fault;  // why there is no machine: the plan lacks something, or a socket could not be opened
  std::unique_ptr<RouterBoard> board;
  std::unique_ptr<PacedRouter> paced;  // none while there is a fault
  SocketPort* in = nullptr;            // its ports while it is paced, whose shape is the pacer's
  SocketPort* out = nullptr;
  bool wanted = true;  // in the configuration
  bool held = false;
  bool adopts = false;  // its addresses were here before it; until the pacer was told
  std::vector<std::uint32_t> takeover;

  // As the pacer told last.
  vrrp::State state = vrrp::State::Fault;
  vrrp::Reason reason = vrrp::Reason::Withdrawn;
  TimePoint since{};
  std::optional<net::Address> master;
  unsigned master_priority = 0;
  Duration master_interval{};
  std::optional<net::Address> other_master;
  unsigned other_priority = 0;
  TimePoint other_heard{};
  std::vector<UnfitAdverts> unfit;  // advertisements that are refused, at most kUnfitKinds of them
  std::string send_error;           // advertisements fail; empty: they do not
  // As the pacer was told last.
  std::optional<vrrp::Standing> told;
  std::set<std::pair<std::uint32_t, net::Prefix>> gone;  // that somebody took away; until it was said
  bool restore = false, restoring = false;               // all of it is to be put back; that is under way
  std::set<std::string> failures;                        // of the hands, that are not over

  [[nodiscard]] const std::string& name() const { return plan.conf.name; }
};

}  // namespace plenum::failover
