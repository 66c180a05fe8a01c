#include "vrrp/router.h"

#include <algorithm>
#include <array>
#include <utility>

namespace plenum::vrrp {

using proto::kVrrpPriorityOwner;
using proto::kVrrpPriorityResign;
using proto::VrrpAdvert;

std::string_view state_text(State state) {
  constexpr std::array<std::string_view, 3> kTexts{"fault", "backup", "master"};
  return kTexts[static_cast<std::size_t>(state)];
}

std::string_view reason_text(Reason reason) {
  constexpr std::array<std::string_view, 11> kTexts{"may take part",
                                                    "owner of the addresses",
                                                    "no master was heard",
                                                    "the master resigned",
                                                    "the master's BFD session went down",
                                                    "a lower master was there",
                                                    "a better master was heard",
                                                    "may not take part",
                                                    "told to give up",
                                                    "as its sync group",
                                                    "its addresses were here from before"};
  return kTexts[static_cast<std::size_t>(reason)];
}

Duration skew_time(std::uint8_t version, std::uint8_t priority, Duration master_interval) {
  const Duration whole = version == 2 ? Duration(std::chrono::seconds(1)) : master_interval;
  return whole * (256 - priority) / 256;
}

Duration master_down_interval(std::uint8_t version, std::uint8_t priority, Duration master_interval) {
  return 3 * master_interval + skew_time(version, priority, master_interval);
}

Duration brief_skew(std::uint8_t priority) { return std::chrono::microseconds(10) * (256 - priority); }

Actions Router::become_master(Reason reason, TimePoint now) {
  Actions out{.transition = Transition{state_, State::Master, reason}, .adverts = {effective_}, .announce = true};
  state_ = State::Master;
  master_.reset();
  succession_.reset();
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
  spared_ = false;
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
    succession_.reset();
    return out;
  }
  if (is_owner()) return become_master(Reason::Owner, now);
  auto out = become_backup(Reason::Started, now);
  // A lower master that is there already is let be from the start on.
  if (settings_.preempt_delay > Duration::zero()) preempt_from_ = now + settings_.preempt_delay;
  return out;
}

void Router::heard(const VrrpAdvert& advert, const net::Address& source, TimePoint now) {
  if (rival_ == source) rival_.reset();
  if (master_ && master_->source != source && master_->priority >= effective_) rival_ = master_->source;
  if (advert.priority >= effective_)
    succession_.reset();
  else if (master_ && master_->source != source && down_reason_ != Reason::Resigned)
    succession_ = Succession{*master_, now};
  master_ = Master{source, advert.priority, interval_of(advert), now};
  spared_ = false;
}

bool Router::may_preempt(TimePoint now) {
  if (!settings_.preempt) return false;
  if (settings_.preempt_delay == Duration::zero()) return true;
  if (!preempt_from_) preempt_from_ = now + settings_.preempt_delay;
  return now >= *preempt_from_;
}

Actions Router::receive(const VrrpAdvert& advert, const net::Address& source, TimePoint now, bool only_other) {
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
    if (rival_ == source) rival_.reset();
    if (succession_ && succession_->before.source == source) succession_.reset();
    // Of the master alone: a router that was none may give up, too.
    if (master_ && master_->source != source) return {};
    const bool brief = only_other && master_ && !rival_;
    due_ = now + (brief ? brief_skew(effective_) : skew_time(settings_.version, effective_, master_interval()));
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
  // Discarded: the timer runs on, from the last one that counted. Adoption's ends, which is for when nobody is there.
  if (down_reason_ == Reason::Adopted) due_ = now + down_interval();
  down_reason_ = Reason::Preempted;
  lesser_priority_ = advert.priority;
  lesser_interval_ = interval_of(advert);
  return {};
}

Actions Router::advance(TimePoint now) {
  if (!due_ || now < *due_) return {};
  if (state_ == State::Backup) return become_master(down_reason_, now);
  // From when it was due, so that lateness does not add up; but no burst where much was missed.
  const auto next = *due_ + settings_.interval;
  due_ = next > now ? next : now + settings_.interval;
  return {.transition = {}, .adverts = {effective_}, .announce = false};
}

void Router::was_away(Duration time, TimePoint now) {
  // The skew behind a resignation is nobody's silence.
  if (state_ != State::Backup || !due_ || down_reason_ == Reason::Resigned) return;
  auto later = *due_ + time;
  if (const auto least = now + master_interval(); later < least && !std::exchange(spared_, true)) later = least;
  due_ = later;
}

void Router::adopt(TimePoint now) {
  if (state_ != State::Backup || master_) return;
  down_reason_ = Reason::Adopted;
  due_ = now + patience();
}

// What a backup waits for began when it began, or its master was heard last: with another priority or interval it ends
// sooner or later by that alone.
void Router::retime(Duration patience_before, TimePoint now) {
  // The skew behind a resignation is a short one, whatever it is of.
  if (state_ != State::Backup || down_reason_ == Reason::Resigned) return;
  due_ = std::max(*due_ + patience() - patience_before, now);
  // Who was about to preempt and may not any more lets be whom it heard; that one may not have to say so before long.
  if (down_reason_ == Reason::Preempted && (lesser_priority_ >= effective_ || !settings_.preempt))
    due_ = std::max(*due_, now + lesser_interval_ + skew_time(settings_.version, effective_, lesser_interval_));
}

Actions Router::set_priority(std::uint8_t effective, TimePoint now) {
  if (effective == effective_ || settings_.priority == kVrrpPriorityOwner) return {};
  const auto before = patience();
  effective_ = std::clamp<std::uint8_t>(effective, 1, kVrrpPriorityOwner - 1);
  retime(before, now);
  return {};
}

Actions Router::neighbor_down(const net::Address& source, TimePoint now) {
  const bool masters = master_ && master_->source == source;
  const bool before = succession_ && succession_->before.source == source && master_ && master_->priority < effective_;
  if (state_ != State::Backup || !(masters || before)) return {};
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
  const auto patience_before = patience();
  settings_ = settings;
  effective_ = settings.priority == kVrrpPriorityOwner
                   ? kVrrpPriorityOwner
                   : static_cast<std::uint8_t>(std::clamp(settings.priority + tracked, 1, kVrrpPriorityOwner - 1));
  // A shorter interval counts from now on; a longer one behind the packet that is due.
  if (state_ == State::Master && settings_.interval < interval_before) due_ = std::min(*due_, now + settings_.interval);
  retime(patience_before, now);
}

}  // namespace plenum::vrrp
