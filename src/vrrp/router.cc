#include "vrrp/router.h"

#include <algorithm>
#include <array>

namespace plenum::vrrp {

using proto::kVrrpPriorityOwner;
using proto::kVrrpPriorityResign;
using proto::VrrpAdvert;

std::string_view state_text(State state) {
  constexpr std::array<std::string_view, 3> kTexts{"fault", "backup", "master"};
  return kTexts[static_cast<std::size_t>(state)];
}

std::string_view reason_text(Reason reason) {
  constexpr std::array<std::string_view, 10> kTexts{"started",
                                                    "owner of the addresses",
                                                    "no master was heard",
                                                    "the master resigned",
                                                    "the master's BFD session went down",
                                                    "a lower master was there",
                                                    "a better master was heard",
                                                    "may not take part",
                                                    "told to give up",
                                                    "as its sync group"};
  return kTexts[static_cast<std::size_t>(reason)];
}

Duration skew_time(std::uint8_t version, std::uint8_t priority, Duration master_interval) {
  const Duration whole = version == 2 ? Duration(std::chrono::seconds(1)) : master_interval;
  return whole * (256 - priority) / 256;
}

Duration master_down_interval(std::uint8_t version, std::uint8_t priority, Duration master_interval) {
  return 3 * master_interval + skew_time(version, priority, master_interval);
}

Actions Router::become_master(Reason reason, TimePoint now) {
  Actions out{.transition = Transition{state_, State::Master, reason}, .adverts = {effective_}, .announce = true};
  state_ = State::Master;
  master_.reset();
  preempt_from_.reset();
  due_ = now + settings_.interval;
  return out;
}

Actions Router::become_backup(Reason reason, TimePoint now) {
  Actions out{.transition = Transition{state_, State::Backup, reason}, .adverts = {}, .announce = false};
  state_ = State::Backup;
  preempt_from_.reset();
  down_reason_ = Reason::Silence;
  due_ = now + down_interval();
  return out;
}

Actions Router::set_able(bool able, TimePoint now) {
  if (able == (state_ != State::Fault)) return {};
  if (!able) {
    Actions out{.transition = Transition{state_, State::Fault, Reason::Withdrawn}, .adverts = {}, .announce = false};
    // Sections 6.4.2 and 6.4.3: a master says that it goes. Where the interface is what failed, nobody hears.
    if (state_ == State::Master) out.adverts.push_back(kVrrpPriorityResign);
    state_ = State::Fault;
    due_.reset();
    master_.reset();
    return out;
  }
  if (is_owner()) return become_master(Reason::Owner, now);
  auto out = become_backup(Reason::Started, now);
  // A lower master that is there already is let be from the start on.
  if (settings_.preempt_delay > Duration::zero()) preempt_from_ = now + settings_.preempt_delay;
  return out;
}

void Router::heard(const VrrpAdvert& advert, const net::Address& source, TimePoint now) {
  // Version 2 has one interval for all (RFC 3768 section 7.1).
  const Duration interval = settings_.version == 2 ? settings_.interval : advert.interval;
  master_ = Master{source, advert.priority, interval, now};
}

bool Router::may_preempt(TimePoint now) {
  if (!settings_.preempt) return false;
  if (settings_.preempt_delay == Duration::zero()) return true;
  if (!preempt_from_) preempt_from_ = now + settings_.preempt_delay;
  return now >= *preempt_from_;
}

Actions Router::receive(const VrrpAdvert& advert, const net::Address& source, TimePoint now) {
  if (state_ == State::Fault) return {};
  if (state_ == State::Master) {
    if (advert.priority == kVrrpPriorityResign) {
      due_ = now + settings_.interval;
      return {.transition = {}, .adverts = {effective_}, .announce = false};
    }
    if (advert.priority > effective_ || (advert.priority == effective_ && source > settings_.source)) {
      heard(advert, source, now);
      return become_backup(Reason::Outranked, now);
    }
    // Section 6.4.3 (730): said at once, for the other must not stay; and clients that heard the other one announce
    // the addresses must hear again where they are.
    due_ = now + settings_.interval;
    return {.transition = {}, .adverts = {effective_}, .announce = true};
  }
  if (advert.priority == kVrrpPriorityResign) {
    // Of the master alone: a router that was none may give up, too.
    if (master_ && master_->source != source) return {};
    due_ = now + skew_time(settings_.version, effective_, master_interval());
    down_reason_ = Reason::Resigned;
    return {};
  }
  if (advert.priority >= effective_ || !may_preempt(now)) {
    if (advert.priority >= effective_) preempt_from_.reset();
    heard(advert, source, now);
    down_reason_ = Reason::Silence;
    due_ = now + down_interval();
    return {};
  }
  // Discarded: the timer runs on, from the last one that counted.
  down_reason_ = Reason::Preempted;
  return {};
}

Actions Router::advance(TimePoint now) {
  if (!due_ || now < *due_) return {};
  if (state_ == State::Backup) return become_master(down_reason_, now);
  // From when it was due, so that lateness does not add up; but no burst where much was missed.
  due_ = std::max(*due_ + settings_.interval, now);
  return {.transition = {}, .adverts = {effective_}, .announce = false};
}

Actions Router::set_priority(std::uint8_t effective, TimePoint now) {
  if (effective == effective_ || settings_.priority == kVrrpPriorityOwner) return {};
  effective_ = std::clamp<std::uint8_t>(effective, 1, kVrrpPriorityOwner - 1);
  // A backup's skew is another one now; what it waits for began when the master was heard last.
  if (state_ == State::Backup && master_ && down_reason_ == Reason::Silence)
    due_ = std::max(master_->heard + down_interval(), now);
  return {};
}

Actions Router::neighbor_down(const net::Address& source, TimePoint now) {
  if (state_ != State::Backup || !master_ || master_->source != source) return {};
  return become_master(Reason::NeighborDown, now);
}

Actions Router::resign(TimePoint now) {
  if (state_ != State::Master) return {};
  auto out = become_backup(Reason::Stopped, now);
  out.adverts.push_back(kVrrpPriorityResign);
  return out;
}

Actions Router::follow(State state, TimePoint now) {
  if (state == state_ || state_ == State::Fault || state == State::Fault) return {};
  if (state == State::Master) return become_master(Reason::Group, now);
  auto out = become_backup(Reason::Group, now);
  out.adverts.push_back(kVrrpPriorityResign);
  return out;
}

void Router::change(const RouterSettings& settings, TimePoint now) {
  const auto tracked = static_cast<int>(effective_) - settings_.priority;
  const auto interval_before = settings_.interval;
  settings_ = settings;
  effective_ = settings.priority == kVrrpPriorityOwner
                   ? kVrrpPriorityOwner
                   : static_cast<std::uint8_t>(std::clamp(settings.priority + tracked, 1, kVrrpPriorityOwner - 1));
  // A shorter interval counts from now on; a longer one behind the packet that is due.
  if (state_ == State::Master && settings_.interval < interval_before) due_ = std::min(*due_, now + settings_.interval);
  if (state_ == State::Backup && !master_) due_ = now + down_interval();
}

}  // namespace plenum::vrrp
