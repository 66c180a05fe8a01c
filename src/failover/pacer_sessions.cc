// The pacer's BFD sessions: what is heard of them, and what the end of one means for whoever follows that neighbour.
#include <algorithm>
#include <utility>

#include "failover/pacer.h"
#include "proto/bfd.h"

namespace plenum::failover {

using proto::BfdDiagnostic;
using proto::BfdState;
using vrrp::State;

// Whether it is to this neighbour that the router's master speaks by `source`. Of the other family only a session that
// was named can mean that master; and so it is with IPv6, whose advertisements have a link-local source while a session
// may be by global addresses.
bool Pacer::means(const PacedRouter& router, const PacedSession& session, const net::Address& source) {
  const auto& named = router.shape.takeover;
  if (!named.empty() && std::find(named.begin(), named.end(), session.id) == named.end()) return false;
  if (source == session.remote) return true;
  return !named.empty() &&
         (source.family() != session.remote.family() || source.is_link_local() != session.remote.is_link_local());
}

void Pacer::remove(PacedSession& session, TimePoint now) {
  const auto before = session.machine.state();
  session.machine.set_admin_down(true, now);
  settle(session, before, session.machine.advance(now), now);
  std::erase(sessions_, &session);
  // Others may have waited for its next packet.
  judge_silences(now);
}

void Pacer::heard_bfd(std::uint32_t ifindex, std::span<const std::uint8_t> payload, const net::Address& source,
                      std::uint8_t ttl, TimePoint now) {
  const auto read = proto::read_bfd(payload);
  const auto* packet = std::get_if<proto::BfdPacket>(&read);
  if (packet == nullptr) return counts_.add(HostCount::BfdErrors);
  const auto found = std::find_if(sessions_.begin(), sessions_.end(), [&](const PacedSession* one) {
    return one->ifindex == ifindex && one->remote == source &&
           (packet->your_discriminator == 0 || packet->your_discriminator == one->discriminator);
  });
  if (found == sessions_.end()) return counts_.add(HostCount::BfdUnknown);
  auto& session = **found;
  if (ttl < session.least_ttl) return counts_.add(HostCount::BfdErrors);
  session.heard = now;
  session.silence.reset();
  session.board.received.fetch_add(1, std::memory_order_relaxed);
  const auto before = session.machine.state();
  settle(session, before, session.machine.receive(*packet, now), now);
  judge_silences(now);
}

// Behind whatever a session did: what it says goes out, and what became of it is told.
void Pacer::settle(PacedSession& session, BfdState before, const std::vector<proto::BfdPacket>& packets,
                   TimePoint now) {
  for (const auto& packet : packets) {
    if (wire_.send_bfd(session, proto::write_bfd(packet)) != 0)
      session.board.send_errors.fetch_add(1, std::memory_order_relaxed);
    session.board.sent.fetch_add(1, std::memory_order_relaxed);
  }
  const auto& machine = session.machine;
  const auto micro = [](Duration d) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(d).count());
  };
  session.board.transmit_us.store(micro(machine.transmit_interval()), std::memory_order_relaxed);
  session.board.detection_us.store(micro(machine.detection_time()), std::memory_order_relaxed);
  if (machine.state() == before) return;
  const auto up_since = session.up_since;
  if (machine.state() == BfdState::Up)
    session.up_since = now;
  else
    session.up_since.reset();
  // First what it means, then the word of it.
  if (before == BfdState::Up) {
    session.board.downs.fetch_add(1, std::memory_order_relaxed);
    // A neighbour that says it is down lives, and one that was told to stop has resigned: silence alone is a death.
    if (machine.state() == BfdState::Down && machine.diagnostic() == BfdDiagnostic::TimeExpired && up_since) {
      // Whoever fell silent at the same moment was heard an interval after this one at most.
      const auto detection = machine.detection_time();
      session.silence = {*up_since, now - std::min(detection * 2 / 3, detection - machine.remote_interval())};
      judge_silences(now);
    }
  }
  Event event{.kind = Event::Kind::Session, .id = session.id, .at = now};
  event.state = machine.state();
  event.diagnostic = machine.diagnostic();
  event.source = session.remote;
  if (event.diagnostic == BfdDiagnostic::TimeExpired) event.interval = now - session.heard;
  tell(session.untold, event);
}

// Without carrier nothing could be heard. And where several neighbours are watched on the interface, one of them must
// have been heard in the time in which this one was not. One that is up and was not heard meanwhile may only be a
// slower one: then nothing is known until its next packet or its own end. (By IPv4 and IPv6 apart: two sessions of both
// families may well be one neighbour.)
Pacer::Path Pacer::path_of(const PacedSession& session) const {
  if (!session.board.carrier.load(std::memory_order_relaxed)) return {true, "this host's interface has no carrier"};
  bool slower = false, others = false;
  for (const auto* other : sessions_) {
    if (other == &session || other->ifindex != session.ifindex || other->remote == session.remote ||
        other->remote.family() != session.remote.family())
      continue;
    if (other->heard >= session.silence->from) return {};
    slower |= other->up_since.has_value();
    // One that had been silent for long before says nothing about the path.
    const auto lately = std::max<Duration>(std::chrono::seconds(1), other->machine.detection_time());
    others |= session.silence->from - other->heard < lately;
  }
  if (slower) return {.known = false};
  if (others) return {true, "no other neighbour on the interface is heard, either"};
  return {};
}

void Pacer::judge_silences(TimePoint now) {
  for (auto* session : sessions_) {
    if (!session->silence) continue;
    const auto path = path_of(*session);
    if (!path.known) continue;
    neighbor_gone(*session, path.fault, now);
    session->silence.reset();
  }
}

// The master whose end the session's is: the present one, or the former one who was silent here already when a lesser
// one came in its place.
const vrrp::Router::Master* Pacer::ended(const PacedRouter& router, const PacedSession& session) {
  const auto& machine = router.machine;
  if (machine.state() != State::Backup) return nullptr;
  if (machine.master() && means(router, session, machine.master()->source)) return &*machine.master();
  const auto& succession = machine.succession();
  if (!succession || succession->at < session.heard || !means(router, session, succession->before.source))
    return nullptr;
  return &succession->before;
}

// The draft-ietf-rtgwg-vrrp-bfd-p2p way to a new master: whoever waits for this neighbour's next advertisement need
// not wait for three that do not come. What makes it safe: the session was up while that very master's
// advertisements came, none came since by which the master outlived it, this host's own path is sound, and the router
// may take part. Should it be wrong all the same, the two masters meet in one advertisement, and the session does not
// take over again before it was up.
// Of several backups each notices by itself, up to an interval of its BFD apart, and takes over: whoever is best has
// the addresses in the end, also from a lesser one that came a moment before and would be let be otherwise. For all to
// wait until the best must have noticed would cost everybody that time.
void Pacer::neighbor_gone(const PacedSession& session, const char* path_fault, TimePoint now) {
  const auto interval = session.machine.remote_interval();
  for (auto* router : routers_) {
    const auto* master = ended(*router, session);
    if (master == nullptr) continue;
    const char* why = path_fault;
    if (master->heard < session.silence->up_since) why = "no advertisement came while the session was up";
    // Of a master that died one may have come since, or what its BFD packets' interval has room for.
    if (master->heard > session.heard + std::max(master->interval, interval)) why = "its advertisements still come";
    if (why != nullptr) {
      Event event{.kind = Event::Kind::NotTakenOver, .id = router->id, .at = now};
      event.source = session.remote;
      event.why = why;
      (void)tell(event);
      continue;
    }
    router->neighbor_down = true;
  }
  // Behind all of them, for it may have been the master of several of a group. Of one over two links each has its own
  // session, and the other's end may be a moment off.
  for (auto* router : routers_) {
    const auto* master = router->neighbor_down ? ended(*router, session) : nullptr;
    if (master == nullptr) continue;
    if (group_ready(*router, now)) {
      act(*router, router->machine.neighbor_down(master->source, now), now);
      continue;
    }
    router->waits = Event{.kind = Event::Kind::NotTakenOver, .id = router->id};
    router->waits->at = now + session.machine.detection_time();
    router->waits->source = session.remote;
  }
}

}  // namespace plenum::failover
