// What the threads and the kernel tell, as main takes it.

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/duration_text.h"
#include "failover/failover.h"
#include "failover/parts.h"

namespace plenum::failover {

namespace {

// Kept for `plenum vrrp events`; of them so many of a host that stands still again and again, which are no reason to
// forget who was master when.
constexpr std::size_t kHappenings = 1000, kAways = 200;
constexpr Duration kAwayLines = std::chrono::minutes(1);  // between two lines of it in the log
// Between two looks at whatever else this loop has to do.
constexpr int kEventsAtOnce = 256;
// So many lines of refused advertisements in a while.
constexpr int kUnfitLines = 20;
constexpr Duration kUnfitWhile = std::chrono::minutes(1);
constexpr Duration kPathsDistance = std::chrono::seconds(1);

// By the kernel's own word: what it told of the link may be on its way.
bool is_up(const std::string& interface) {
  const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  return fd && ::ioctl(fd.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

}  // namespace

void Failover::collect() {
  bell_->hush();
  pacer_->orders().collect();
  hands_->orders().collect();
  int taken = 0;
  for (; taken < kEventsAtOnce; ++taken) {
    const auto event = pacer_->next_event();
    if (!event) break;
    take(*event);
  }
  if (taken == kEventsAtOnce) bell_->ring();
  // Behind all of them: members that went together are one change of their group.
  if (!stopping_) notify_groups();
  while (const auto report = hands_->next_report()) take(*report);
}

void Failover::take(const Event& event) {
  if (event.kind == Event::Kind::Session) return take_session(event);
  if (event.kind == Event::Kind::Away) return take_away(event);
  auto* router = find(event.id);
  if (router == nullptr) return;
  switch (event.kind) {
    case Event::Kind::Transition: {
      const auto& t = event.transition;
      Happening told{.kind = "router", .name = router->name()};
      told.from = state_text(t.from);
      told.to = state_text(t.to);
      told.priority = event.priority;
      told.text = reason_text(t.reason);
      if (t.to == vrrp::State::Fault && router->told && !router->told->because.empty())
        told.text = router->told->because;
      router->state = t.to;
      router->reason = t.reason;
      router->since = event.at;
      if (t.to != vrrp::State::Backup) router->master.reset();
      if (t.to != vrrp::State::Master) router->other_master.reset();
      router->send_error.clear();
      // It was needed.
      if (t.to == vrrp::State::Master && std::exchange(router->held, false))
        pacer_->orders().give([paced = router->paced.get(), settings = router->plan.settings](PacerThread&) {
          paced->machine.change(settings, PacerThread::now());
        });
      const auto to = told.to;
      happen(std::move(told), event.at);
      if (stopping_) return;
      notify(router->name(), to, event.priority);
      return;
    }
    case Event::Kind::Master: {
      const bool same = router->master == event.source;
      const auto before = std::exchange(router->master_priority, event.priority);
      router->master = event.source;
      router->master_interval = event.interval;
      if (same && before == event.priority) return;
      Happening told{.kind = "master", .name = router->name()};
      told.neighbor = event.source.text();
      told.priority = event.priority;
      told.text = told.neighbor + (same ? " has priority " : " is master, of priority ") +
                  std::to_string(event.priority) + (same ? " now, was " + std::to_string(before) : std::string());
      happen(std::move(told), event.at);
      return;
    }
    case Event::Kind::LowerHeard: {
      // Heard no more for three of its advertisements, and then again: they were apart once more.
      const bool news = router->other_master != event.source || event.at - router->other_heard > 3 * event.interval;
      router->other_master = event.source;
      router->other_priority = event.priority;
      router->other_heard = event.at;
      Happening told{.kind = "lower", .name = router->name()};
      told.neighbor = event.source.text();
      told.priority = event.priority;
      told.text = told.neighbor + " is master as well, of priority " + std::to_string(event.priority) +
                  ": it was told, and the addresses are announced again";
      if (news) happen(std::move(told), event.at);
      notify(router->name(), "master_rx_lower_pri", event.priority);
      return;
    }
    case Event::Kind::NotTakenOver: {
      Happening told{.kind = "not-taken-over", .name = router->name()};
      told.neighbor = event.source.text();
      told.text = "the BFD session to " + told.neighbor + " went down, but ";
      if (event.other != 0) {
        const auto* other = find(event.other);
        told.text += "it waits for " + (other != nullptr ? other->name() : "another") + " of its group, ";
      }
      told.text += event.why;
      happen(std::move(told), event.at);
      return;
    }
    case Event::Kind::Unfit:
      return take_unfit(*router, event);
    case Event::Kind::NotSent: {
      Happening told{.kind = "not-sent", .name = router->name()};
      router->send_error.clear();
      told.text = "its advertisements leave again";
      if (event.error != 0) {
        router->send_error = std::string("its advertisements cannot be sent: ") + std::strerror(event.error);
        told.warning = true;
        told.text = router->send_error + "; others may not know that it is master";
      }
      happen(std::move(told), event.at);
      return;
    }
    case Event::Kind::Session:
    case Event::Kind::Away:
      return;  // above
  }
}

// A line when it begins; that it goes on the status says. Of many routers with many kinds not all have one.
void Failover::take_away(const Event& event) {
  Happening told{.kind = "away", .name = "host"};
  told.warning = true;
  told.lasted_us = std::chrono::duration_cast<std::chrono::microseconds>(event.interval).count();
  told.at_work_us = std::chrono::duration_cast<std::chrono::microseconds>(event.at_work).count();
  told.text = "it stood still, or kept the sending thread waiting, for " + milliseconds_text(event.interval) + ", " +
              milliseconds_text(event.at_work) + " of that at its work; others may have missed what was not sent";
  told.logged = !away_logged_ || event.at - *away_logged_ >= kAwayLines;
  if (told.logged) away_logged_ = event.at;
  happen(std::move(told), event.at);
  const auto is_away = [](const Happening& one) { return one.kind == "away"; };
  if (std::cmp_greater(std::count_if(happenings_.begin(), happenings_.end(), is_away), kAways))
    happenings_.erase(std::find_if(happenings_.begin(), happenings_.end(), is_away));
}

void Failover::take_unfit(Router& router, const Event& event) {
  auto& list = router.unfit;
  const auto& its = event.unfit;
  auto at = std::find_if(list.begin(), list.end(),
                         [&](const auto& one) { return one.why == its.why && one.source == its.source; });
  const bool news = at == list.end() || its.heard - at->heard >= kUnfitQuiet;
  if (at == list.end()) {
    const auto oldest = [](const auto& a, const auto& b) { return a.heard < b.heard; };
    if (list.size() == kUnfitKinds) list.erase(std::min_element(list.begin(), list.end(), oldest));
    at = list.insert(list.end(), UnfitAdverts{});
  }
  const auto before = news ? 0 : at->count;
  *at = its;
  at->count += before;
  if (!news) return;
  if (event.at - unfit_from_ >= kUnfitWhile) {
    unfit_from_ = event.at;
    unfit_told_ = 0;
  }
  if (unfit_told_ > kUnfitLines) return;
  Happening told{.kind = "refused", .name = router.name()};
  told.warning = true;
  if (++unfit_told_ > kUnfitLines) {
    told.name = "host";
    told.text = "more advertisements are refused; plenum vrrp status has them all";
  } else {
    told.neighbor = its.source.text();
    told.text = "advertisements of " + told.neighbor + " are refused: " + unfit_text(its, router.plan.conf) + " (" +
                unfit_mend(its.why) + ")";
  }
  happen(std::move(told), event.at);
}

void Failover::notify(const std::string& router, const std::string& state, unsigned priority) {
  for (const auto& conf : conf_.routers)
    if (conf.name == router) notifier_.tell(false, router, conf.notify, state, priority);
}

// A group is master when all of it is, and in fault when one of it is. Nobody is told of it before its members.
void Failover::notify_groups() {
  for (const auto& group : conf_.groups) {
    std::size_t masters = 0, faults = 0, members = 0, silent = 0;
    unsigned priority = 0;
    for (const auto& router : routers_) {
      if (group_of(router->name()) != &group) continue;
      ++members;
      masters += router->state == vrrp::State::Master ? 1 : 0;
      // One that is only just being begun is not in fault; what it is the pacer has yet to say.
      const bool begins = router->told && router->told->able;
      faults += router->state == vrrp::State::Fault && !begins ? 1 : 0;
      silent += router->state == vrrp::State::Fault && begins ? 1 : 0;
      priority = router->told ? router->told->priority : router->plan.conf.priority;
    }
    if (members == 0 || (faults == 0 && silent > 0)) continue;
    const std::string state = faults > 0 ? "fault" : masters == members ? "master" : "backup";
    auto& told = group_states_[group.name];
    if (told == state) continue;
    Happening happening{.kind = "group", .name = group.name, .from = told, .to = state};
    happening.text = "all of its members";
    if (state == "fault") happening.text = "one of its members";
    told = state;
    happen(std::move(happening));
    notifier_.tell(true, group.name, group.notify, state, priority);
  }
}

void Failover::take(const Report& report) {
  auto* router = find(report.id);
  const std::string name = router != nullptr ? router->name() : "a router that is gone";
  if (report.kind == Report::Kind::Once || router == nullptr) {
    // Of a router that is gone nobody has to hear that something is over.
    if (report.kind != Report::Kind::Over) log_(true, name + ": " + report.text);
  } else if (report.kind == Report::Kind::Failed) {
    if (router->failures.insert(report.text).second) log_(true, name + ": " + report.text);
  } else if (router->failures.erase(report.text) > 0) {
    log_(false, name + ": no more: " + report.text);
  }
}

void Failover::on_network(const rt::NetlinkEvent& event) {
  if (std::holds_alternative<rt::Overflow>(event)) {
    auto links = netlink_->links();
    auto addresses = netlink_->addresses();
    if (!links || !addresses) return log_(true, "the host's links cannot be read");
    network_.reset(*std::move(links), *std::move(addresses), {});
    // Whatever was not heard of: what a master had, and who took it away.
    for (const auto& router : routers_) router->restore = router->paced != nullptr;
    restore_soon();
    return reconcile_soon();
  }
  // Neighbours are nobody's business here, and there may be many.
  if (std::holds_alternative<rt::NeighbourChanged>(event) || std::holds_alternative<rt::NeighbourGone>(event)) return;
  // A link that goes down takes routes along of which nothing is said.
  if (std::holds_alternative<rt::RouteChanged>(event) || std::holds_alternative<rt::LinkChanged>(event))
    restore_paths_soon();
  if (const auto* gone = std::get_if<rt::LinkGone>(&event)) mark_ports_gone(gone->ifindex);
  if (!network_.apply(event)) return;
  if (const auto* gone = std::get_if<rt::AddressGone>(&event); gone != nullptr && !stopping_)
    for (const auto& router : routers_) {
      if (!router->paced || router->state != vrrp::State::Master) continue;
      for (const auto* list : {&router->plan.kit.addresses, &router->plan.kit.own})
        for (const auto& address : *list)
          if (address.ifindex == gone->address.ifindex && address.prefix == gone->address.prefix) {
            router->gone.emplace(address.ifindex, address.prefix);
            router->restore = true;
            restore_soon();
          }
    }
  reconcile_soon();
}

// Behind all that the kernel told in one go: however many addresses went, they are put back together.
void Failover::restore_soon() {
  if (std::exchange(restore_pending_, true)) return;
  loop_.post([this] {
    restore_pending_ = false;
    if (stopping_) return;
    for (const auto& router : routers_)
      if (router->restore && router->paced) restore(*router);
  });
}

void Failover::restore(Router& router) {
  // IPv6's go with the link, of which the kernel tells behind them.
  std::erase_if(router.gone, [this](const auto& one) {
    const auto* link = network_.link(one.first);
    return link == nullptr || !is_up(link->name);
  });
  if (!router.gone.empty()) {
    const auto more = router.gone.size() - 1;
    log_(true, router.name() + ": somebody took " + router.gone.begin()->second.text() +
                   (more > 0 ? " and " + std::to_string(more) + " more" : std::string()) + " away; " +
                   (more > 0 ? "they come back" : "it comes back"));
    router.gone.clear();
  }
  // What went meanwhile the hands may have passed already.
  if (router.restoring) return;
  router.restore = false;
  router.restoring = true;
  hands_->orders().give([id = router.id](Hands& hands) { hands.restore(id); },
                        [this, id = router.id] {
                          auto* its = find(id);
                          if (its == nullptr) return;
                          its->restoring = false;
                          if (its->restore) restore_soon();
                        });
}

// The host's routes may change often, and what this daemon puts there is a change as well: not more often than that.
void Failover::restore_paths_soon() {
  const auto has_paths = [](const auto& router) {
    return router->paced && (!router->plan.kit.routes.empty() || !router->plan.kit.rules.empty());
  };
  if (paths_pending_ || stopping_ || std::none_of(routers_.begin(), routers_.end(), has_paths)) return;
  paths_pending_ = true;
  const auto left = std::max(paths_restored_ + kPathsDistance - PacerThread::now(), Duration::zero());
  paths_timer_ = loop_.after(left, [this, has_paths] {
    paths_pending_ = false;
    paths_restored_ = PacerThread::now();
    if (stopping_) return;
    for (const auto& router : routers_)
      if (has_paths(router)) hands_->orders().give([id = router->id](Hands& hands) { hands.restore_paths(id); });
  });
}

void Failover::happen(Happening happening) { happen(std::move(happening), PacerThread::now()); }

void Failover::happen(Happening happening, TimePoint at) {
  happening.number = next_happening_++;
  // This thread may come to it much later.
  const auto when = std::chrono::system_clock::now().time_since_epoch() - (PacerThread::now() - at);
  happening.time_us = std::chrono::duration_cast<std::chrono::microseconds>(when).count();
  std::string line = happening.name + ": ";
  if (!happening.to.empty()) line += happening.from + " -> " + happening.to + ", ";
  if (happening.logged) log_(happening.warning, line + happening.text);
  happenings_.push_back(happening);
  if (happenings_.size() > kHappenings) happenings_.pop_front();
  if (on_happening_) on_happening_(happening);
}

}  // namespace plenum::failover
