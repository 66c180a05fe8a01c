#pragma once
// One virtual router's state machine (RFC 9568 section 6.4; version 2's of RFC 3768 section 6.4 differs in
// its timers alone). Pure: advertisements, the time and what befalls the host come in; what to send, what to
// become and the next time come out. The field's names for the states: the RFC's Initialize is Fault here,
// which is where a router stands that may not take part, and its Active is Master.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "proto/vrrp.h"

namespace plenum::vrrp {

enum class State : std::uint8_t { Fault, Backup, Master };
std::string_view state_text(State state);

// Why a state was entered.
enum class Reason : std::uint8_t {
  Started,       // may take part from now on
  Owner,         // has the addresses' own priority, 255
  Silence,       // nothing was heard of a master for the master-down interval
  Resigned,      // the master gave up, and its skew time is over
  NeighborDown,  // the master's BFD session went down
  Preempted,     // a master of a lower priority was there, and may be preempted
  Outranked,     // a better master was heard
  Withdrawn,     // may not take part any more
  Stopped,       // told to give up: by an operator, or at the daemon's end
  Group          // its sync group's other routers are in that state
};
std::string_view reason_text(Reason reason);

struct RouterSettings {
  std::uint8_t version = 2;
  std::uint8_t vrid = 1;
  std::uint8_t priority = proto::kVrrpPriorityDefault;  // 1 to 255, before what is tracked changes it
  Duration interval = std::chrono::seconds(1);
  bool preempt = true;
  // How long a master of a lower priority is let be, from the start and from when it is first heard.
  Duration preempt_delay{};
  // The own end: the packets' source, which breaks a tie of priorities (the greater wins).
  net::Address source;

  bool operator==(const RouterSettings&) const = default;
};

struct Transition {
  State from = State::Fault, to = State::Fault;
  Reason reason = Reason::Started;
  bool operator==(const Transition&) const = default;
};

// What is to be done, in this order: addresses set or taken away by the transition; advertisements sent; neighbours
// told where the addresses are.
struct Actions {
  std::optional<Transition> transition;
  std::vector<std::uint8_t> adverts;  // their priorities
  bool announce = false;              // gratuitous ARP, unsolicited neighbour advertisements

  [[nodiscard]] bool empty() const { return !transition && adverts.empty() && !announce; }
};

// The master-down interval of a router that hears a master of `master_interval` (RFC 9568 section 6.1; version 2:
// RFC 3768 section 6.1, where the skew is a part of a second), and the skew in it.
Duration skew_time(std::uint8_t version, std::uint8_t priority, Duration master_interval);
Duration master_down_interval(std::uint8_t version, std::uint8_t priority, Duration master_interval);

class Router {
 public:
  explicit Router(const RouterSettings& settings) : settings_(settings), effective_(settings.priority) {}

  // May take part, or not (an interface is down, something tracked failed). In Fault until the first call.
  Actions set_able(bool able, TimePoint now);
  // A valid advertisement of this virtual router, from `source`. Version 2's interval is the caller's to compare.
  Actions receive(const proto::VrrpAdvert& advert, const net::Address& source, TimePoint now);
  // To be called at due() or later.
  Actions advance(TimePoint now);
  // When advance() has something to do next; none in Fault.
  [[nodiscard]] std::optional<TimePoint> due() const { return due_; }

  // With what is tracked. 255 is an owner's alone, and stays.
  Actions set_priority(std::uint8_t effective, TimePoint now);
  // The BFD session to `source` went down, which was up while its advertisements came. Nothing happens unless that
  // is who is master.
  Actions neighbor_down(const net::Address& source, TimePoint now);
  // A master gives up (an advertisement of priority 0) and is Backup; others do nothing. At the daemon's end set_able()
  // says more.
  Actions resign(TimePoint now);
  // As the sync group's others are: Master takes over at once, Backup gives up.
  Actions follow(State state, TimePoint now);

  void change(const RouterSettings& settings, TimePoint now);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::uint8_t priority() const { return effective_; }
  // Who is master, as far as this router heard: of Backup alone.
  struct Master {
    net::Address source;
    std::uint8_t priority = 0;
    Duration interval{};
    TimePoint heard;
  };
  [[nodiscard]] const std::optional<Master>& master() const { return master_; }
  [[nodiscard]] const RouterSettings& settings() const { return settings_; }

 private:
  Actions become_master(Reason reason, TimePoint now);
  Actions become_backup(Reason reason, TimePoint now);
  [[nodiscard]] Duration master_interval() const { return master_ ? master_->interval : settings_.interval; }
  [[nodiscard]] Duration down_interval() const {
    return master_down_interval(settings_.version, effective_, master_interval());
  }
  [[nodiscard]] bool is_owner() const { return effective_ == proto::kVrrpPriorityOwner; }
  void heard(const proto::VrrpAdvert& advert, const net::Address& source, TimePoint now);
  [[nodiscard]] bool may_preempt(TimePoint now);

  RouterSettings settings_;
  std::uint8_t effective_;
  State state_ = State::Fault;
  std::optional<TimePoint> due_;
  std::optional<Master> master_;
  std::optional<TimePoint> preempt_from_;  // a lower master was heard, and may be preempted from then on
  Reason down_reason_ = Reason::Silence;   // what the master-down timer's end will be called
};

}  // namespace plenum::vrrp
