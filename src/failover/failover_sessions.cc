// BFD sessions: those of the configuration, as the host's interfaces allow them.

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/duration_text.h"
#include "failover/failover.h"
#include "failover/parts.h"

namespace plenum::failover {

namespace {

// Where the neighbour is, and which address speaks to it.
struct Way {
  std::uint32_t ifindex = 0;
  std::string interface;
  net::Address source;
  bool operator==(const Way&) const = default;
};

// Which interface virtual routers would have it on: one that names it before one whose master it can be.
int preference(const conf::BfdPeer& peer, const std::string& interface,
               const std::vector<conf::VirtualRouter>& routers) {
  int best = 0;
  for (const auto& router : routers) {
    if (router.interface != interface) continue;
    if (router.takeover_bfd == peer.name) return 2;
    if (router.takeover_bfd.empty() && router.family == peer.address.family()) best = 1;
  }
  return best;
}

// `now`: the one it has. While the session is up it stays as long as its address is there, carrier or not: the
// neighbour knows the session by its addresses. Where several would do the routers' interface is taken, then the one it
// has, then one with carrier.
std::optional<Way> way_to(const conf::BfdPeer& peer, const rt::Network& network, const conf::Vrrp& conf,
                          const std::set<net::Address>& virtual_addresses, const SocketSession* now, bool up) {
  std::optional<Way> out;
  std::tuple<int, bool, bool> best;
  for (const auto& have : network.addresses()) {
    const auto& address = have.prefix.address;
    if (address.family() != peer.address.family() || have.tentative || virtual_addresses.contains(address)) continue;
    const auto* link = network.link(have.ifindex);
    if (link == nullptr || link->loopback) continue;
    if (!peer.interface.empty() && link->name != peer.interface) continue;
    if (peer.source ? address != *peer.source : !have.prefix.contains(peer.address)) continue;
    const bool has = now != nullptr && now->ifindex == have.ifindex && now->local == address;
    Way way{have.ifindex, link->name, address};
    if (has && up) return way;
    const std::tuple rank{preference(peer, link->name, conf.routers), has, link->up && link->carrier};
    if (out && rank <= best) continue;
    best = rank;
    out = std::move(way);
  }
  return out;
}

std::string lacking(const conf::BfdPeer& peer) {
  if (peer.interface.empty())
    return peer.source ? "this host does not have " + peer.source->text()
                       : "no interface has the network of " + peer.address.text();
  return peer.interface + (peer.source ? " does not have " + peer.source->text()
                                       : " has no address in the network of " + peer.address.text());
}

bfd::SessionSettings settings_of(const conf::BfdPeer& peer, std::uint32_t discriminator) {
  return {.discriminator = discriminator,
          .desired_min_tx = peer.transmit,
          .required_min_rx = peer.receive,
          .detect_multiplier = peer.multiplier,
          .passive = peer.passive,
          .idle_tx = peer.idle_transmit};
}

}  // namespace

Result<BfdPort*> Failover::bfd_port(std::uint32_t ifindex, const std::string& name, net::Family family) {
  auto& use = bfd_ports_[{ifindex, family}];
  if (!use) {
    auto receiver = bfd::Receiver::open(name, family);
    if (!receiver) {
      bfd_ports_.erase({ifindex, family});
      return tl::unexpected(std::move(receiver).error());
    }
    use = std::make_unique<BfdPortUse>(BfdPortUse{{ifindex, *std::move(receiver)}, 0});
    pacer_->orders().give([port = &use->port](PacerThread& pacer) { pacer.listen(*port); });
  }
  ++use->users;
  return &use->port;
}

void Failover::release_port(BfdPort* port) {
  const auto at =
      std::find_if(bfd_ports_.begin(), bfd_ports_.end(), [&](const auto& one) { return &one.second->port == port; });
  if (at == bfd_ports_.end() || --at->second->users > 0) return;
  std::shared_ptr<BfdPortUse> owned = std::move(at->second);
  bfd_ports_.erase(at);
  pacer_->orders().give([port](PacerThread& pacer) { pacer.ignore(*port); }, [owned]() mutable { owned.reset(); });
}

void Failover::reconcile_sessions() {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    auto& session = **at;
    const auto wanted = std::find_if(conf_.bfd.begin(), conf_.bfd.end(),
                                     [&](const conf::BfdPeer& one) { return one.name == session.conf.name; });
    // Its addresses and how it sends are the socket's; its times alone may change under way.
    auto same = session.conf;
    if (wanted != conf_.bfd.end()) {
      same.transmit = wanted->transmit;
      same.receive = wanted->receive;
      same.idle_transmit = wanted->idle_transmit;
      same.multiplier = wanted->multiplier;
      same.weight = wanted->weight;
      same.reverse = wanted->reverse;
    }
    if (wanted == conf_.bfd.end() || same != *wanted) {
      const bool goes_on = wanted != conf_.bfd.end();
      stop_session(session, goes_on ? "its configuration is another one" : "it is in the configuration no more",
                   goes_on);
      at = sessions_.erase(at);
      continue;
    }
    if (session.conf != *wanted && session.paced)
      pacer_->orders().give([paced = session.paced.get(), settings = settings_of(*wanted, 0)](PacerThread&) {
        paced->machine.change(settings, PacerThread::now());
      });
    session.conf = *wanted;
    ++at;
  }
  const auto nobodys = virtual_addresses(conf_);
  for (const auto& peer : conf_.bfd) {
    const auto have =
        std::find_if(sessions_.begin(), sessions_.end(), [&](const auto& one) { return one->conf.name == peer.name; });
    auto* session = have == sessions_.end() ? nullptr : have->get();
    if (session == nullptr) {
      session = sessions_.emplace_back(std::make_unique<Session>()).get();
      session->conf = peer;
      session->since = PacerThread::now();
    }
    const auto way =
        way_to(peer, network_, conf_, nobodys, session->paced.get(), session->state == proto::BfdState::Up);
    if (session->paced && !way)
      stop_session(*session, lacking(peer));
    else if (session->paced && (way->ifindex != session->paced->ifindex || way->source != session->paced->local))
      stop_session(*session, "it goes by " + way->interface + " from " + way->source.text() + " now");
    if (session->paced) {
      // The sockets are the interface's, whatever it is called.
      session->paced->interface = way->interface;
      tell_carrier(*session);
      continue;
    }
    if (way)
      start_session(*session, way->ifindex, way->interface, way->source);
    else
      session->fault = lacking(peer);
  }
}

void Failover::start_session(Session& session, std::uint32_t ifindex, const std::string& interface,
                             const net::Address& source) {
  const auto& conf = session.conf;
  const auto refuse = [&](const Error& error) {
    if (session.fault != error.what) log_(true, "bfd " + conf.name + ": " + error.what);
    session.fault = error.what;
  };
  auto sender = bfd::Sender::open(interface, source, conf.address, conf.ttl);
  if (!sender) return refuse(sender.error());
  auto port = bfd_port(ifindex, interface, conf.address.family());
  if (!port) return refuse(port.error());
  session.fault.clear();
  // What the pacer has yet to tell of the one before is not this one's.
  session.id = next_id_++;
  session.port = *port;
  session.board = std::make_unique<SessionBoard>();
  session.since = PacerThread::now();
  std::uint32_t discriminator = 0;
  while (discriminator == 0) discriminator = random_();
  // The jitter's own source, which nobody else draws from.
  auto jitter = [engine = std::minstd_rand(random_())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
  session.paced = std::make_unique<SocketSession>(session.id, settings_of(conf, discriminator), PacerThread::now(),
                                                  std::move(jitter), *session.board);
  auto& paced = *session.paced;
  paced.sender = std::make_unique<bfd::Sender>(*std::move(sender));
  paced.local = source;
  paced.remote = conf.address;
  paced.interface = interface;
  paced.ifindex = ifindex;
  paced.least_ttl = static_cast<std::uint8_t>(255 - conf.max_hops);
  tell_carrier(session);
  pacer_->orders().give([raw = session.paced.get()](PacerThread& pacer) { pacer.pacer().add(*raw); });
}

void Failover::tell_carrier(const Session& session) const {
  const auto* link = network_.link(session.paced->ifindex);
  session.board->carrier.store(link != nullptr && link->up && link->carrier, std::memory_order_relaxed);
}

Happening Failover::Session::change(proto::BfdState to, const std::string& why) const {
  Happening told{.kind = "bfd", .name = conf.name};
  told.from = proto::bfd_state_text(state);
  told.to = proto::bfd_state_text(to);
  told.neighbor = conf.address.text();
  told.text = "neighbour " + told.neighbor + (why.empty() ? "" : ": " + why);
  return told;
}

void Failover::take_session(const Event& event) {
  for (const auto& session : sessions_) {
    if (session->id != event.id || !session->paced) continue;
    std::string why;
    // The one of before stays while it comes up again, and is no reason for that.
    if (event.diagnostic != proto::BfdDiagnostic::None && event.state != proto::BfdState::Init)
      why = proto::bfd_diagnostic_text(event.diagnostic);
    if (event.interval > Duration::zero()) why += ", nothing heard for " + milliseconds_text(event.interval);
    auto told = session->change(event.state, why);
    session->state = event.state;
    session->diagnostic = event.diagnostic;
    session->since = event.at;
    happen(std::move(told), event.at);
    reconcile_soon();
  }
}

// Who watches the neighbour hears that it ended by this host's doing; and, where it is still wanted, that it is down
// from there on: a next one that never comes up has nothing to tell.
void Failover::stop_session(Session& session, const std::string& why, bool wanted) {
  if (!session.paced) return;
  if (session.state != proto::BfdState::Down) {
    happen(session.change(proto::BfdState::AdminDown, "this host ended it: " + why));
    session.state = proto::BfdState::AdminDown;
    if (wanted) happen(session.change(proto::BfdState::Down, "not heard yet"));
  }
  const std::shared_ptr<SocketSession> paced = std::move(session.paced);
  const std::shared_ptr<SessionBoard> board = std::move(session.board);
  session.state = proto::BfdState::Down;
  session.diagnostic = proto::BfdDiagnostic::None;
  session.since = PacerThread::now();
  pacer_->orders().give([raw = paced.get()](PacerThread& pacer) { pacer.pacer().remove(*raw, PacerThread::now()); },
                        [this, paced, board, port = session.port] { release_port(port); });
}

std::vector<std::uint32_t> Failover::takeover_sessions(const std::string& name) const {
  if (name.empty()) return {};
  for (const auto& session : sessions_)
    if (session->conf.name == name) return {session->id};
  // One that is not there takes over nothing.
  return {UINT32_MAX};
}

std::vector<SessionStatus> Failover::session_status() const {
  std::vector<SessionStatus> out;
  const auto now = PacerThread::now();
  for (const auto& session : sessions_) {
    SessionStatus one;
    one.name = session->conf.name;
    one.neighbor = session->conf.address.text();
    one.state = proto::bfd_state_text(session->state);
    one.because = session->fault;
    one.seconds = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - session->since).count()));
    if (session->diagnostic != proto::BfdDiagnostic::None)
      one.diagnostic = proto::bfd_diagnostic_text(session->diagnostic);
    if (session->paced) {
      const auto& board = *session->board;
      one.interface = session->paced->interface;
      one.transmit_us = board.transmit_us.load(std::memory_order_relaxed);
      one.detection_us = board.detection_us.load(std::memory_order_relaxed);
      one.counts = {{"sent", board.sent.load(std::memory_order_relaxed)},
                    {"received", board.received.load(std::memory_order_relaxed)},
                    {"send_errors", board.send_errors.load(std::memory_order_relaxed)},
                    {"downs", board.downs.load(std::memory_order_relaxed)}};
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace plenum::failover
