#include "tests/packet/ipvs_model.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace plenum::packet {

IpvsModel::At IpvsModel::at(std::uint32_t id) {
  return std::find_if(list_.begin(), list_.end(), [id](const Server& s) { return s.id == id; });
}

// ip_vs_wrr_dest_changed()
void IpvsModel::changed() {
  wrr_ = list_.end();
  std::int64_t gcd = 0, most = 0;
  for (const Server& s : list_) {
    gcd = std::gcd(gcd, std::int64_t{s.weight});
    most = std::max(most, std::int64_t{s.weight});
  }
  step_ = gcd != 0 ? gcd : 1;
  greatest_ = most - (step_ - 1);
  if (threshold_ > greatest_ || threshold_ == 0)
    threshold_ = greatest_;
  else if (step_ > 1)
    threshold_ = threshold_ / step_ * step_ + 1;
}

void IpvsModel::add(std::uint32_t id, std::uint32_t weight) {
  list_.push_front({.id = id, .weight = weight});
  changed();
}

void IpvsModel::remove(std::uint32_t id) {
  const At gone = at(id);
  // ip_vs_rr_del_dest(): back to the one before, which may be the head.
  if (rr_ == gone) rr_ = gone == list_.begin() ? list_.end() : std::prev(gone);
  list_.erase(gone);
  changed();
}

void IpvsModel::set_weight(std::uint32_t id, std::uint32_t weight) {
  at(id)->weight = weight;
  changed();
}

std::uint32_t IpvsModel::choose() {
  switch (scheduler_) {
    case PL_SCHED_RR:
      return round_robin();
    case PL_SCHED_WRR:
      return weighted_round_robin();
    case PL_SCHED_FO:
    case PL_SCHED_OVF:
      return heaviest();
    default:
      return least();
  }
}

std::uint32_t IpvsModel::round_robin() {
  At next = rr_ == list_.end() ? list_.begin() : std::next(rr_);
  for (std::size_t i = 0; i <= list_.size(); ++i, ++next) {
    if (next == list_.end()) next = list_.begin();
    if (next == list_.end()) return 0;
    if (next->overloaded || next->weight == 0) continue;
    rr_ = next;
    return next->id;
  }
  return 0;
}

std::uint32_t IpvsModel::weighted_round_robin() {
  if (greatest_ == 0) return 0;
  At server = wrr_;
  const At last = wrr_;
  At stop = list_.end();
  bool last_pass = false, restarted = false;
  for (;;) {
    for (server = server == list_.end() ? list_.begin() : std::next(server); server != list_.end(); ++server) {
      if (!server->overloaded && server->weight >= threshold_) {
        wrr_ = server;
        return server->id;
      }
      if (server == stop) {
        wrr_ = server;
        return 0;
      }
    }
    threshold_ -= step_;
    if (threshold_ <= 0) {
      threshold_ = greatest_;
      if (last_pass || last == list_.end()) {
        wrr_ = server;
        return 0;
      }
      restarted = true;
    }
    last_pass = threshold_ <= step_;
    if (last_pass && restarted && last != list_.end()) stop = last;
  }
}

std::uint32_t IpvsModel::least() {
  const auto burden = [this](const Server& s) {
    return scheduler_ == PL_SCHED_SED || scheduler_ == PL_SCHED_NQ ? std::uint64_t{s.active} + 1
                                                                   : std::uint64_t{s.active} * 256 + s.inactive;
  };
  const Server* best = nullptr;
  for (const Server& s : list_) {
    if (s.overloaded || s.weight == 0) continue;
    if (scheduler_ == PL_SCHED_NQ && s.active == 0) return s.id;
    const bool less =
        best == nullptr ||
        (scheduler_ == PL_SCHED_LC ? burden(*best) > burden(s) : burden(*best) * s.weight > burden(s) * best->weight);
    if (less) best = &s;
  }
  return best ? best->id : 0;
}

std::uint32_t IpvsModel::heaviest() {
  const Server* best = nullptr;
  for (const Server& s : list_) {
    if (s.overloaded || s.weight == 0 || (scheduler_ == PL_SCHED_OVF && s.active > s.weight)) continue;
    if (best == nullptr || s.weight > best->weight) best = &s;
  }
  return best ? best->id : 0;
}

}  // namespace plenum::packet
