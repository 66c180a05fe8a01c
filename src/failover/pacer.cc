#include "failover/pacer.h"

#include <algorithm>
#include <utility>

#include "proto/bfd.h"

namespace plenum::failover {

using vrrp::State;

namespace {

constexpr std::size_t kRouters = 1024, kSessions = 256;
// Until main is told again what it had no room for.
constexpr Duration kTellAgain = std::chrono::milliseconds(10);
// Main is told of one time away a second and, where it was not told of any for long, of so many at once: a machine that
// is short of CPUs stands still several times in a row, and the time that cost a session need not be the first.
constexpr Duration kAwayDistance = std::chrono::seconds(1);
constexpr int kAwayAtOnce = 10;
// Until main is told: by then others hold the master for dead.
constexpr int kFailures = 3;

HostCount fault_count(proto::VrrpFault fault) {
  switch (fault) {
    case proto::VrrpFault::Length:
      return HostCount::LengthErrors;
    case proto::VrrpFault::Version:
      return HostCount::VersionErrors;
    case proto::VrrpFault::Type:
      return HostCount::TypeErrors;
    case proto::VrrpFault::Checksum:
      return HostCount::ChecksumErrors;
    case proto::VrrpFault::Vrid:
      return HostCount::VridErrors;
    case proto::VrrpFault::Addresses:
      return HostCount::AddressErrors;
    case proto::VrrpFault::Interval:
      return HostCount::IntervalErrors;
    case proto::VrrpFault::AuthenticationType:
      return HostCount::AuthenticationErrors;
  }
  return HostCount::LengthErrors;
}

}  // namespace

void Pacer::reserve() {
  routers_.reserve(kRouters);
  sessions_.reserve(kSessions);
}

// ---- virtual routers

void Pacer::take_in(PacedRouter& router) { router.shape.in->by_vrid[router.shape.vrid].push_back(&router); }

void Pacer::leave_out(PacedRouter& router) { std::erase(router.shape.in->by_vrid[router.shape.vrid], &router); }

// keepalived's users have one id twice on an interface, with a group and with peers, or with different peers. Where
// nobody is meant for certain it is the first of the kind, which will say what is wrong with the packet.
PacedRouter* Pacer::meant(const Port& port, std::uint8_t vrid, const net::Address& source,
                          const net::Address& destination) {
  PacedRouter* out = nullptr;
  int best = -1;
  for (auto* router : port.by_vrid[vrid]) {
    const auto& shape = router->shape;
    const bool kind = shape.peers.empty() == destination.is_multicast();
    const bool from = std::any_of(shape.peers.begin(), shape.peers.end(),
                                  [&](const Shape::Peer& one) { return one.address == source; });
    const int rank = (kind ? 4 : 0) + (from ? 2 : 0) + (shape.source == destination ? 1 : 0);
    if (rank <= best) continue;
    best = rank;
    out = router;
  }
  return out;
}

void Pacer::add(PacedRouter& router) {
  routers_.push_back(&router);
  take_in(router);
}

void Pacer::remove(PacedRouter& router, TimePoint now) {
  act(router, router.machine.set_able(false, now), now);
  router.board.want(Want::Absent);
  wire_.wake_hands();
  leave_out(router);
  if (router.group != nullptr) std::erase(router.group->members, &router);
  std::erase(routers_, &router);
}

void Pacer::reshape(PacedRouter& router, Shape& shape, const vrrp::RouterSettings& settings, TimePoint now) {
  leave_out(router);
  std::swap(router.shape, shape);
  take_in(router);
  router.written.clear();
  router.unfit = {};  // main, too, begins anew
  router.machine.change(settings, now);
}

void Pacer::set_standing(PacedRouter& router, bool able, std::uint8_t priority, TimePoint now) {
  act(router, router.machine.set_priority(priority, now), now);
  act(router, router.machine.set_able(able, now), now);
  // Who may not take part leaves nothing here, whoever put it there.
  if (able || !router.undecided) return;
  router.undecided = false;
  router.board.want(Want::Absent);
  wire_.wake_hands();
}

void Pacer::resign(PacedRouter& router, TimePoint now) { act(router, router.machine.resign(now), now); }

void Pacer::set_groups(std::vector<PacedGroup>& groups, TimePoint now) {
  std::swap(groups_, groups);
  for (auto* router : routers_) router->group = nullptr;
  for (auto& group : groups_)
    for (auto* member : group.members) member->group = &group;
  for (const auto* router : routers_)
    if (router->machine.follows()) follow(*router, State::Backup, now);
}

void Pacer::stop(TimePoint now) {
  for (auto* router : routers_) {
    act(*router, router->machine.set_able(false, now), now);
    router->undecided = false;
    router->board.want(Want::Absent);
  }
  wire_.wake_hands();
  for (auto* session : sessions_) {
    const auto before = session->machine.state();
    session->machine.set_admin_down(true, now);
    settle(*session, before, session->machine.advance(now), now);
  }
}

// As vrrp::Actions says, but that what can be heard goes first: the advertisement costs microseconds, addresses
// may wait for the kernel.
void Pacer::act(PacedRouter& router, const vrrp::Actions& actions, TimePoint now) {
  if (actions.empty()) return;
  for (const auto priority : actions.adverts) send(router, priority, now);
  const auto& transition = actions.transition;
  if (!transition) {
    if (actions.announce) {
      router.board.lower_heard.fetch_add(1, std::memory_order_release);
      wire_.wake_hands();
    }
    return;
  }
  router.neighbor_down = false;
  if (transition->to != State::Master) {
    router.failures = 0;
    router.told_failure = false;
  } else {
    router.board.counts.add(Count::MasterTransitions);
    router.master_since = now;
  }
  // Main forgets whom a router follows at whatever is no backup.
  router.told_master.reset();
  // A backup that has not heard anybody leaves what a daemon before it left.
  if (transition->to != State::Backup || router.machine.master() || transition->from == State::Master)
    router.undecided = false;
  if (!router.undecided) {
    router.board.want(transition->to == State::Master ? Want::Present : Want::Absent);
    wire_.wake_hands();
  }
  Event event{.kind = Event::Kind::Transition, .id = router.id, .at = now, .transition = *transition};
  event.priority = router.machine.priority();
  if (router.machine.master()) event.source = router.machine.master()->source;
  tell(router.untold, event);
  if (transition->reason != vrrp::Reason::Group) follow(router, transition->to, now);
}

// The others of its group, which go as it goes. Fault is main's to tell them: they are not able, either.
void Pacer::follow(const PacedRouter& router, State state, TimePoint now) {
  if (router.group == nullptr || state == State::Fault) return;
  for (auto* other : router.group->members)
    if (other != &router && other->machine.state() != State::Fault &&
        (state == State::Master || other->machine.state() == State::Master))
      act(*other, other->machine.follow(state, now), now);
}

void Pacer::send(PacedRouter& router, std::uint8_t priority, TimePoint now) {
  auto& shape = router.shape;
  const bool resigns = priority == proto::kVrrpPriorityResign;
  if (router.written.empty() || router.written_priority != priority) {
    const proto::VrrpAdvert advert{.version = shape.version,
                                   .vrid = shape.vrid,
                                   .priority = priority,
                                   .interval = shape.interval,
                                   .addresses = shape.addresses,
                                   .password = shape.password};
    router.written.clear();
    for (const auto& destination : shape.destinations)
      router.written.push_back(proto::write_vrrp(advert, shape.source, destination, shape.checksum));
    router.written_priority = priority;
  }
  int error = 0;
  for (std::size_t i = 0; i < shape.destinations.size(); ++i)
    if (const int its =
            wire_.send_advert(*shape.out, router.written[i], shape.source, shape.destinations[i], shape.ttl))
      error = its;
  auto& counts = router.board.counts;
  if (error != 0) counts.add(Count::SendErrors);
  judge_sending(router, error, now);
  counts.add(Count::AdvertsSent);
  if (resigns) counts.add(Count::ResignsSent);
}

void Pacer::judge_sending(PacedRouter& router, int error, TimePoint now) {
  router.failures = error == 0 ? 0 : std::min(router.failures + 1, kFailures);
  if (router.untold) return;  // its new state goes first
  if (router.told_failure ? error != 0 : router.failures < kFailures) return;
  Event event{.kind = Event::Kind::NotSent, .id = router.id, .at = now};
  event.error = error;
  if (wire_.tell(event)) router.told_failure = error != 0;
}

// Counted always; told as far as there is room to remember what was told.
void Pacer::refuse(PacedRouter& router, const UnfitAdverts& one) {
  // Who is among its own peers hears itself.
  const auto& to = router.shape.destinations;
  if (one.why == Unfit::OwnSource && std::find(to.begin(), to.end(), one.source) != to.end()) return;
  router.board.counts.add(unfit_count(one.why));
  auto* entry = router.unfit.add(one);
  if (entry == nullptr) return;
  Event event{.kind = Event::Kind::Unfit, .id = router.id, .at = one.heard};
  event.source = one.source;
  event.unfit = entry->adverts;
  if (wire_.tell(event)) UnfitLedger::told(*entry);
}

void Pacer::heard_advert(Port& port, std::span<const std::uint8_t> payload, const net::Address& source,
                         const net::Address& destination, std::uint8_t ttl, TimePoint now) {
  const auto read = proto::read_vrrp(payload, source, destination);
  if (const auto* fault = std::get_if<proto::VrrpFault>(&read)) return counts_.add(fault_count(*fault));
  const auto& good = std::get<proto::VrrpRead>(read);
  auto* router = meant(port, good.advert.vrid, source, destination);
  if (router == nullptr) return counts_.add(HostCount::VridErrors);
  if (const auto why = unfit_for(router->shape, good, source, destination, ttl); why != Unfit::None) {
    const auto theirs = why == Unfit::Ttl ? ttl : good.advert.version;
    return refuse(*router, {source, why, theirs, good.advert.interval, 0, now});
  }
  port.heard = now;
  auto& machine = router->machine;
  auto& board = router->board;
  board.counts.add(Count::AdvertsReceived);
  if (good.advert.priority == proto::kVrrpPriorityResign) board.counts.add(Count::ResignsReceived);
  if (router->undecided && good.advert.priority != proto::kVrrpPriorityResign) {
    // Somebody else is master: what may be left here goes.
    router->undecided = false;
    board.want(Want::Absent);
    wire_.wake_hands();
  }
  const bool was_master = machine.state() == State::Master;
  note_speaker(*router, source, now);
  auto actions = machine.receive(good.advert, source, now, only_other(*router, source, now));
  // A master that gives way says so by a last advertisement (keepalived: vrrp_higher_prio_send_advert). The better one
  // may not have heard it before, and announces again only behind a lesser one: neighbours that the lesser had told
  // last would stay with it.
  if (was_master && actions.transition) actions.adverts.push_back(machine.priority());
  if (was_master && actions.announce) {
    board.counts.add(Count::LowerPriority);
    if (!router->shape.answers_lower) actions.adverts.clear();
  }
  // Right behind a takeover that is only the former master's last one.
  const auto interval = router->shape.interval;
  if (was_master && actions.announce && now - router->master_since > interval && now >= router->lower_due) {
    Event event{.kind = Event::Kind::LowerHeard, .id = router->id, .at = now};
    event.source = source;
    event.priority = good.advert.priority;
    event.interval = std::max(interval, good.advert.interval);
    // One that comes once an interval, a little sooner or later, is told each time.
    if (tell(event)) router->lower_due = std::max(router->lower_due, now - interval) + interval;
  }
  act(*router, actions, now);
  // One that came to a group of masters, and only now hears of its own.
  if (machine.follows()) follow(*router, State::Backup, now);
  const auto& master = machine.master();
  if (!master || master->source != source) return;
  router->neighbor_down = false;
  board.heard.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  // Behind the word that it is a backup.
  const PacedRouter::ToldMaster its{source, master->priority, master->interval};
  if (router->told_master != its && !router->untold) {
    Event event{.kind = Event::Kind::Master, .id = router->id, .at = now};
    event.source = source;
    event.priority = master->priority;
    event.interval = master->interval;
    if (tell(event)) router->told_master = its;
  }
}

void Pacer::note_speaker(PacedRouter& router, const net::Address& source, TimePoint now) {
  if (router.speaker && *router.speaker != source) router.others_heard = now;
  router.speaker = source;
}

// Where a third router may be about, or nobody knows, a resigning master is followed by the RFC's skew: the best of
// them comes first. It is not enough that a better one would take over later, for one that does not preempt lets the
// lesser one be. By multicast the one neighbour that BFD watches on the interface is the other router, where it is that
// very master: one that watches a gateway knows nothing of routers.
bool Pacer::only_other(const PacedRouter& router, const net::Address& source, TimePoint now) const {
  const auto& shape = router.shape;
  if (router.others_heard && now - *router.others_heard < 3 * shape.interval) return false;
  if (!shape.peers.empty()) return shape.peers.size() == 1;
  const PacedSession* only = nullptr;
  for (const auto* session : sessions_) {
    if (session->ifindex != shape.ifindex || session->remote.family() != source.family()) continue;
    if (only != nullptr) return false;
    only = session;
  }
  return only != nullptr && only->up_since && means(router, *only, source);
}

// A member of a group may be master when all of them may: one that still hears its master keeps the others back,
// as keepalived does, or a broken path of one would tear the group apart.
bool Pacer::ready(const PacedRouter& router, TimePoint now) {
  if (router.machine.state() == State::Master) return true;
  if (router.machine.state() == State::Fault) return false;
  return router.neighbor_down || router.machine.due().value_or(TimePoint::max()) <= now;
}

bool Pacer::group_ready(const PacedRouter& router, TimePoint now) {
  return router.group == nullptr || std::all_of(router.group->members.begin(), router.group->members.end(),
                                                [&](const auto* one) { return ready(*one, now); });
}

// ---- what main is told

bool Pacer::tell(const Event& event) {
  if (wire_.tell(event)) return true;
  counts_.add(HostCount::EventsLost);
  return false;
}

// States: main may miss one that is over, but not the last.
void Pacer::tell(std::optional<Event>& untold, Event event) {
  if (untold) {
    event.transition.from = untold->transition.from;
    counts_.add(HostCount::EventsLost);
  }
  untold = event;
  tell_again(untold);
}

void Pacer::tell_again(std::optional<Event>& untold) {
  if (untold && wire_.tell(*untold)) untold.reset();
}

// ---- time

void Pacer::tell_of_waiting(PacedRouter& router, TimePoint now) {
  if (!router.waits || router.waits->at > now) return;
  auto event = *std::exchange(router.waits, std::nullopt);
  if (!router.neighbor_down || router.group == nullptr) return;
  for (const auto* other : router.group->members) {
    if (ready(*other, now)) continue;
    event.other = other->id;
    event.why = other->machine.state() == State::Fault ? "which may not take part" : "whose master is still believed";
    (void)tell(event);
    return;
  }
}

void Pacer::was_away(Duration time, Duration at_work, TimePoint now) {
  auto missed = Duration::max();
  for (auto* session : sessions_) {
    session->machine.was_away(time, now);
    if (session->up_since) missed = std::min(missed, session->machine.transmit_interval());
  }
  for (auto* router : routers_) {
    router->machine.was_away(time, now);
    if (router->machine.state() == State::Master) missed = std::min(missed, router->shape.interval);
  }
  if (time < missed || now + (kAwayAtOnce - 1) * kAwayDistance < away_due_) return;
  Event event{.kind = Event::Kind::Away, .at = now};
  event.interval = time;
  event.at_work = at_work;
  if (tell(event)) away_due_ = std::max(away_due_, now) + kAwayDistance;
}

void Pacer::advance(TimePoint now) {
  for (auto* session : sessions_) tell_again(session->untold);
  for (auto* router : routers_) tell_again(router->untold);
  // Sessions first: they are what may make a router's timer moot.
  for (auto* session : sessions_) {
    if (session->machine.due().value_or(TimePoint::max()) > now) continue;
    const auto before = session->machine.state();
    settle(*session, before, session->machine.advance(now), now);
  }
  for (auto* router : routers_) {
    tell_of_waiting(*router, now);
    if (router->machine.state() == State::Backup && !group_ready(*router, now)) continue;
    act(*router, router->machine.advance(now), now);
  }
}

Duration Pacer::least_interval() const {
  auto out = Duration::max();
  for (const auto* session : sessions_)
    if (session->up_since) out = std::min(out, session->machine.remote_interval());
  for (const auto* router : routers_)
    if (router->machine.state() == State::Backup) out = std::min(out, router->machine.master_interval());
  return out;
}

std::optional<TimePoint> Pacer::due(TimePoint now) const {
  std::optional<TimePoint> out;
  const auto sooner = [&](std::optional<TimePoint> at) {
    if (at && (!out || *at < *out)) out = at;
  };
  for (const auto* session : sessions_) {
    sooner(session->machine.due());
    if (session->untold) sooner(now + kTellAgain);
  }
  for (const auto* router : routers_) {
    if (router->untold) sooner(now + kTellAgain);
    if (router->waits) sooner(router->waits->at);
    auto at = router->machine.due();
    if (router->machine.state() == State::Backup) sooner(now + router->machine.master_interval());
    // A backup in a group has nothing to do before the last of them is ready.
    if (at && router->group != nullptr && router->machine.state() == State::Backup) {
      bool never = false;
      for (const auto* other : router->group->members) {
        if (other == router || ready(*other, now)) continue;
        if (other->machine.due())
          at = std::max(*at, *other->machine.due());
        else
          never = true;
      }
      if (never) continue;
    }
    sooner(at);
  }
  return out;
}

}  // namespace plenum::failover
