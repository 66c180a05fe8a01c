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
  Group,         // its sync group's other routers are in that state
  Adopted        // its addresses were here from before, and no master was heard
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
// From 10 us for the highest priority to 2.55 ms for the lowest: longer than an advertisement takes on a link, for
// priorities ten apart.
Duration brief_skew(std::uint8_t priority);

class Router {
 public:
  explicit Router(const RouterSettings& settings) : settings_(settings), effective_(settings.priority) {}

  // May take part, or not (an interface is down, something tracked failed). In Fault until the first call.
  Actions set_able(bool able, TimePoint now);
  // A valid advertisement of this virtual router, from `source`. Version 2's interval is the caller's to compare.
  // only_other: there is no third router, as far as the caller knows. Then a master that resigns is followed in
  // brief_skew() instead of skew_time(), unless a better router than this one was heard of. The RFC's skew has the best
  // backup come first; it is up to an interval, for which nobody has the addresses. (A better third one that does not
  // preempt would let a lesser one that came too early be. One that preempts discards its advertisements and takes over
  // when it would have anyway, by RFC 9568 section 6.4.2, and two that come at once meet in one advertisement.)
  Actions receive(const proto::VrrpAdvert& advert, const net::Address& source, TimePoint now, bool only_other = false);
  // To be called at due() or later.
  Actions advance(TimePoint now);
  // This host itself stood still until now, for `time` at least, and heard nobody: that is no silence of the
  // master's. How long it really was nobody knows, so the master has one more of its intervals to be heard, once until
  // it is: a host that stands still again and again would never take over.
  void was_away(Duration time, TimePoint now);
  // When advance() has something to do next; none in Fault.
  [[nodiscard]] std::optional<TimePoint> due() const { return due_; }

  // The addresses are on this host already, from a daemon that ended without giving them up: a backup that has heard
  // nobody waits for one advertisement only, not for three, before it is master again.
  void adopt(TimePoint now);

  // With what is tracked. 255 is an owner's alone, and stays.
  Actions set_priority(std::uint8_t effective, TimePoint now);
  // The BFD session to `source` went down, which was up while its advertisements came. Nothing happens unless that
  // is who is master, or was before its lesser successor.
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
  // It lets that one be.
  [[nodiscard]] bool follows() const {
    return state_ == State::Backup && master_.has_value() && down_reason_ == Reason::Silence;
  }
  // A lesser master than this router, which is let be, came while `before` was master, who had not given up. If that
  // is because `before` is dead and the lesser one noticed first, it came too early, and not to be let be: this router
  // was to follow.
  struct Succession {
    Master before;
    TimePoint at;  // when the lesser one was first heard
  };
  [[nodiscard]] const std::optional<Succession>& succession() const { return succession_; }
  // Of the master's advertisements; its own, while there is none.
  [[nodiscard]] Duration master_interval() const { return master_ ? master_->interval : settings_.interval; }
  [[nodiscard]] const RouterSettings& settings() const { return settings_; }

 private:
  Actions become_master(Reason reason, TimePoint now);
  Actions become_backup(Reason reason, TimePoint now);
  [[nodiscard]] Duration down_interval() const {
    return master_down_interval(settings_.version, effective_, master_interval());
  }
  // A backup's, from when it began to wait or heard its master last.
  [[nodiscard]] Duration patience() const {
    return down_reason_ == Reason::Adopted
               ? settings_.interval + skew_time(settings_.version, effective_, settings_.interval)
               : down_interval();
  }
  void retime(Duration patience_before, TimePoint now);
  [[nodiscard]] Duration interval_of(const proto::VrrpAdvert& advert) const {
    // Version 2 has one interval for all (RFC 3768 section 7.1).
    return settings_.version == 2 ? settings_.interval : advert.interval;
  }
  [[nodiscard]] bool is_owner() const { return effective_ == proto::kVrrpPriorityOwner; }
  void heard(const proto::VrrpAdvert& advert, const net::Address& source, TimePoint now);
  [[nodiscard]] bool may_preempt(TimePoint now);

  RouterSettings settings_;
  std::uint8_t effective_;
  State state_ = State::Fault;
  std::optional<TimePoint> due_;
  bool spared_ = false;  // the master has had its one more interval
  std::optional<Master> master_;
  // The last router of at least this one's priority that was master before the present one, and may be about still.
  std::optional<net::Address> rival_;
  std::optional<Succession> succession_;
  std::optional<TimePoint> preempt_from_;  // a lower master was heard, and may be preempted from then on
  // Of the master that is about to be preempted.
  std::uint8_t lesser_priority_ = 0;
  Duration lesser_interval_{};
  Reason down_reason_ = Reason::Silence;  // what the master-down timer's end will be called
};

}  // namespace plenum::vrrp
