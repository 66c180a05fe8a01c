#include "failover/failover.h"

#include <net/if.h>

#include <algorithm>

#include "failover/parts.h"
#include "rt/realtime.h"
#include "rt/sysctl.h"

namespace plenum::failover {

namespace {

// What belongs to the machine itself: a router that differs in it is another one.
bool same_router(const RouterPlan& a, const RouterPlan& b) {
  return a.in == b.in && a.conf.family == b.conf.family && a.conf.vrid == b.conf.vrid &&
         a.conf.version == b.conf.version && a.group == b.group;
}

vrrp::RouterSettings settings_of(const RouterPlan& plan, bool held) {
  auto out = plan.settings;
  if (held) out.preempt = false;
  return out;
}

}  // namespace

Failover::Failover(rt::Loop& loop, Options options, Read read, Log log)
    : loop_(loop),
      options_(std::move(options)),
      read_(std::move(read)),
      log_(std::move(log)),
      runner_(loop),
      tracker_(loop, runner_,
               [this](const std::string& name, const std::string& text) {
                 Happening told{.kind = "track", .name = name};
                 told.text = text;
                 happen(std::move(told));
                 reconcile_soon();
               }),
      notifier_(runner_, [this](bool warning, const std::string& line) { log_(warning, line); }) {}

Result<std::unique_ptr<Failover>> Failover::open(rt::Loop& loop, const Options& options, Read read, Log log) {
  std::unique_ptr<Failover> out(new Failover(loop, options, std::move(read), std::move(log)));
  PLENUM_TRY(auto config, out->read_(options.config_path), "configuration");
  PLENUM_CHECK(out->begin(std::move(config.vrrp)), "start");
  return out;
}

Failover::~Failover() {
  // Both before anything that one of them may still hold is freed; the pacer first, which rings the hands.
  if (pacer_) pacer_->halt();
  if (hands_) hands_->halt();
}

Result<> Failover::begin(conf::Vrrp first) {
  conf_ = std::move(first);
  const int priority = conf_.globals.realtime_priority;
  if (priority > 0)
    if (const auto done = rt::lock_memory(); !done) log_(true, done.error().what);
  PLENUM_TRY(auto bell, rt::Bell::make(), "bell");
  bell_ = std::make_unique<rt::Bell>(std::move(bell));
  PLENUM_TRY(bell_watch_, loop_.on_readable(bell_->fd(), [this] { collect(); }), "bell");
  PLENUM_TRY(netlink_, rt::Netlink::open(), "netlink");
  PLENUM_TRY(monitor_, rt::NetlinkMonitor::open(loop_, [this](const auto& event) { on_network(event); }), "netlink");
  PLENUM_TRY(auto links, netlink_->links(), "links");
  PLENUM_TRY(auto addresses, netlink_->addresses(), "addresses");
  network_.reset(std::move(links), std::move(addresses), {});
  PLENUM_TRY(auto hands_bell, rt::Bell::make(), "bell");
  PLENUM_TRY(hands_, Hands::start(priority > 1 ? priority - 1 : priority, std::move(hands_bell), *bell_), "hands");
  PLENUM_TRY(pacer_, PacerThread::start(priority, counts_, *bell_, hands_->bell()), "pacer");
  pacer_->orders().give([](PacerThread&) {},
                        [this] {
                          complaint_ = pacer_->complaint();
                          if (!complaint_.empty()) log_(true, "adverts are not sent in real time: " + complaint_);
                        });
  footprint_.emplace(options_.run_dir, *netlink_, network_, log_);
  footprint_->take_over(conf_);
  if (conf_.globals.startup_delay > Duration::zero()) {
    waits_ = true;
    startup_timer_ = loop_.after(conf_.globals.startup_delay, [this] {
      waits_ = false;
      reconcile();
    });
  }
  take_settings();
  // Behind the routers, so that what is refused for one of them is not taken for a moment.
  hands_->orders().give([table = footprint_->table_name(), left = footprint_->tables_left()](Hands& hands) {
    hands.refuse_by(table, left);
  });
  return {};
}

// ---- what is to be

void Failover::take_settings() {
  runner_.configure(conf_.globals);
  notifier_.configure(conf_.globals);
  tracker_.configure(conf_);
  reconcile();
}

Host Failover::host() const {
  Host out{
      network_, virtual_addresses(conf_), {}, rt::sysctl_is("net/ipv6/conf/all/forwarding", '1'), footprint_->own()};
  for (const auto& [name, prefix] : out.own) out.virtual_addresses.erase(prefix.address);
  for (const auto& router : routers_)
    if (router->paced) out.sources[router->name()] = router->plan.settings.source;
  return out;
}

void Failover::reconcile_soon() {
  if (std::exchange(reconcile_pending_, true)) return;
  loop_.post([this] {
    reconcile_pending_ = false;
    if (!stopping_) reconcile();
  });
}

void Failover::reconcile() {
  drop_gone_routers();
  watch_tables();
  make_macvlans();
  footprint_->note_own(conf_);
  reconcile_sessions();
  const auto here = host();
  for (const auto& conf : conf_.routers) {
    auto* router = find(conf.name);
    if (router == nullptr) {
      router = routers_.emplace_back(std::make_unique<Router>()).get();
      router->since = PacerThread::now();
    }
    settle(*router, plan_router(conf, conf_.globals, here));
  }
  remember();
  tell_groups();
  tell_standings();
  // What has no router any more; its addresses went before.
  footprint_->drop_macvlans(conf_);
}

void Failover::drop_gone_routers() {
  for (auto at = routers_.begin(); at != routers_.end();) {
    auto& router = **at;
    const auto named = [&](const conf::VirtualRouter& one) { return one.name == router.name(); };
    if (std::any_of(conf_.routers.begin(), conf_.routers.end(), named)) {
      ++at;
      continue;
    }
    stop_router(router, "deleted", "is in the configuration no more");
    at = routers_.erase(at);
  }
}

void Failover::settle(Router& router, RouterPlan plan) {
  if (!plan.lacking.empty()) {
    if (router.paced) stop_router(router, "fault", plan.lacking);
    if (router.fault != plan.lacking) log_(true, plan.conf.name + ": " + plan.lacking);
    router.fault = plan.lacking;
    router.plan = std::move(plan);
    return;
  }
  if (router.paced && same_router(router.plan, plan) && ports_are_there(router))
    return change_router(router, std::move(plan));
  if (!router.paced) return start_router(router, std::move(plan));
  stop_router(router, "fault", "is another router now", [&] { start_router(router, std::move(plan)); });
}

Result<SocketPort*> Failover::port(std::uint32_t ifindex, const std::string& name, net::Family family,
                                   const std::optional<net::Address>& group) {
  const auto fits = [&](const auto& one) {
    return !one->gone && one->port.ifindex == ifindex && one->port.family == family && one->group == group;
  };
  auto at = std::find_if(ports_.begin(), ports_.end(), fits);
  if (at == ports_.end()) {
    auto socket = vrrp::Socket::open(name, family, group);
    if (!socket) return tl::unexpected(std::move(socket).error());
    at = ports_.insert(
        at, std::make_unique<PortUse>(PortUse{SocketPort(*std::move(socket), group.value_or(net::Address())), group}));
    // One that only sends is not read, and takes nothing in.
    if (group) pacer_->orders().give([port = &(*at)->port](PacerThread& pacer) { pacer.listen(*port); });
  }
  ++(*at)->users;
  return &(*at)->port;
}

// The pacer may know it until the order is back.
void Failover::release_port(SocketPort* port) {
  const auto at = std::find_if(ports_.begin(), ports_.end(), [&](const auto& one) { return &one->port == port; });
  if (at == ports_.end() || --(*at)->users > 0) return;
  std::shared_ptr<PortUse> owned = std::move(*at);
  ports_.erase(at);
  pacer_->orders().give([port](PacerThread& pacer) { pacer.ignore(*port); }, [owned]() mutable { owned.reset(); });
}

void Failover::mark_ports_gone(std::uint32_t ifindex) {
  for (const auto& use : ports_)
    if (use->port.ifindex == ifindex) use->gone = true;
}

bool Failover::ports_are_there(const Router& router) const {
  return std::none_of(ports_.begin(), ports_.end(), [&](const auto& use) {
    return use->gone && (router.in == &use->port || router.out == &use->port);
  });
}

void Failover::start_router(Router& router, RouterPlan plan) {
  auto in = port(plan.in, plan.in_name, plan.conf.family, plan.group);
  Result<SocketPort*> out = in;
  if (in)
    out = plan.out == plan.in ? port(plan.in, plan.in_name, plan.conf.family, plan.group)
                              : port(plan.out, plan.out_name, plan.conf.family, std::nullopt);
  if (!in || !out) {
    const auto what = (in ? out : in).error().what;
    if (in) release_port(*in);
    if (router.fault != what) log_(true, plan.conf.name + ": " + what);
    router.fault = what;
    router.plan = std::move(plan);
    return;
  }
  router.fault.clear();
  // Else an address that goes takes those of its subnet along that came behind it.
  if (plan.conf.promote_secondaries.value_or(false))
    rt::set_sysctl("net/ipv4/conf/" + plan.conf.interface + "/promote_secondaries", '1');
  router.takeover = takeover_sessions(plan.conf.takeover_bfd);
  router.id = next_id_++;
  router.state = vrrp::State::Fault;
  router.since = PacerThread::now();
  router.told.reset();
  router.master.reset();
  router.unfit.clear();
  router.failures.clear();
  router.gone.clear();
  router.restore = router.restoring = false;
  router.send_error.clear();
  router.board = std::make_unique<RouterBoard>();
  router.paced = std::make_unique<PacedRouter>(router.id, settings_of(plan, router.held), *router.board);
  router.paced->shape = shape_of(plan);
  router.paced->shape.in = router.in = *in;
  router.paced->shape.out = router.out = *out;
  const auto carried = [&](const rt::AddressSpec& address) {
    const auto have = network_.addresses(address.ifindex);
    return std::any_of(have.begin(), have.end(), [&](const auto& one) { return one.prefix == address.prefix; });
  };
  const bool left_over = std::any_of(plan.kit.addresses.begin(), plan.kit.addresses.end(), carried);
  hands_->orders().give([id = router.id, board = router.board.get(), kit = plan.kit, left_over](Hands& hands) {
    hands.learn(id, *board, kit, left_over);
  });
  pacer_->orders().give([paced = router.paced.get()](PacerThread& pacer) { pacer.pacer().add(*paced); });
  router.plan = std::move(plan);
  router.adopts = left_over;
  if (!left_over) return;
  log_(false, router.name() + ": its addresses are here already; they stay if no master is heard");
}

Shape Failover::shape_of(const RouterPlan& plan) const {
  auto out = plan.shape;
  out.takeover = takeover_sessions(plan.conf.takeover_bfd);
  return out;
}

// `next`: another one in its place, which the hands know before they take away what this one had, so that what the next
// one found here stays.
void Failover::stop_router(Router& router, const char* to, const std::string& why, const std::function<void()>& next) {
  Happening told{.kind = "router", .name = router.name(), .from = std::string(state_text(router.state)), .to = to};
  told.priority = router.plan.conf.priority;
  told.text = why;
  if (told.from != told.to) {
    happen(std::move(told));
    notifier_.tell(false, router.name(), router.plan.conf.notify, to, router.plan.conf.priority);
  }
  if (!router.paced) return;
  router.failures.clear();
  router.unfit.clear();
  // Freed behind the last thread that knows them.
  const std::shared_ptr<PacedRouter> paced = std::move(router.paced);
  const std::shared_ptr<RouterBoard> board = std::move(router.board);
  auto* const in = router.in;
  auto* const out = router.out;
  router.state = vrrp::State::Fault;
  router.since = PacerThread::now();
  const auto interfaces = interfaces_of(router);
  leaving_.insert(interfaces.begin(), interfaces.end());
  const auto id = router.id;
  if (next) next();
  pacer_->orders().give([raw = paced.get()](PacerThread& pacer) { pacer.pacer().remove(*raw, PacerThread::now()); },
                        [this, paced, board, in, out, interfaces, id] {
                          release_port(in);
                          release_port(out);
                          hands_->orders().give([id](Hands& hands) { hands.forget(id); },
                                                [this, board, interfaces] { left(interfaces); });
                        });
}

void Failover::change_router(Router& router, RouterPlan plan) {
  if (plan.kit != router.plan.kit)
    hands_->orders().give([id = router.id, kit = plan.kit](Hands& hands) { hands.change(id, kit); });
  const bool settings = plan.settings != router.plan.settings || plan.conf != router.plan.conf ||
                        plan.out != router.plan.out || router.takeover != takeover_sessions(plan.conf.takeover_bfd);
  if (!settings) {
    router.plan = std::move(plan);
    return;
  }
  router.takeover = takeover_sessions(plan.conf.takeover_bfd);
  auto* const before = router.out;
  auto out = plan.out == plan.in ? port(plan.in, plan.in_name, plan.conf.family, plan.group)
                                 : port(plan.out, plan.out_name, plan.conf.family, std::nullopt);
  if (!out)
    log_(true, router.name() + ": " + out.error().what);
  else if (*out == before)
    release_port(before);  // one use of it is enough
  else
    router.out = *out;
  auto shape = std::make_shared<Shape>(shape_of(plan));
  shape->in = router.in;
  shape->out = router.out;
  const auto settings_now = settings_of(plan, router.held);
  // What goes on is told anew.
  if (router.plan.conf != plan.conf) router.unfit.clear();
  router.plan = std::move(plan);
  router.told.reset();
  pacer_->orders().give(
      [raw = router.paced.get(), shape, settings_now](PacerThread& pacer) {
        pacer.pacer().reshape(*raw, *shape, settings_now, PacerThread::now());
      },
      [this, shape, before, moved = router.out != before] {
        if (moved) release_port(before);
      });
}

// ---- groups, and what keeps routers out

const conf::SyncGroup* Failover::group_of(const std::string& router) const {
  for (const auto& group : conf_.groups)
    if (std::find(group.members.begin(), group.members.end(), router) != group.members.end()) return &group;
  return nullptr;
}

void Failover::tell_groups() {
  std::vector<std::vector<std::string>> names;
  auto groups = std::make_shared<std::vector<PacedGroup>>();
  for (const auto& conf : conf_.groups) {
    PacedGroup group;
    std::vector<std::string> members;
    for (const auto& name : conf.members) {
      const auto* router = find(name);
      if (router == nullptr || !router->paced) continue;
      group.members.push_back(router->paced.get());
      members.push_back(name + "/" + std::to_string(router->id));
    }
    names.push_back(std::move(members));
    groups->push_back(std::move(group));
  }
  if (names == told_groups_) return;
  told_groups_ = std::move(names);
  pacer_->orders().give([groups](PacerThread& pacer) { pacer.pacer().set_groups(*groups, PacerThread::now()); },
                        [groups] {});
}

std::optional<vrrp::Tracked> Failover::tracked(const conf::Track& track) const {
  vrrp::Tracked out{.name = track.name, .weight = track.weight.value_or(0), .reverse = track.reverse};
  if (track.kind == conf::TrackKind::Interface) {
    const auto* link = network_.link(track.name);
    out.name = "interface " + track.name;
    out.well = link != nullptr && link->up && link->carrier;
    return out;
  }
  if (track.kind != conf::TrackKind::Bfd) return tracker_.tracked(track);
  out.name = "bfd " + track.name;
  out.well = false;
  for (const auto& session : sessions_) {
    if (session->conf.name != track.name) continue;
    out.weight = track.weight.value_or(session->conf.weight);
    out.reverse = track.reverse != session->conf.reverse;
    out.well = session->state == proto::BfdState::Up;
  }
  return out;
}

std::vector<vrrp::Tracked> Failover::tracks_of(const Router& router, bool* all_known) const {
  std::vector<vrrp::Tracked> out;
  const auto add = [&](const conf::Track& track) {
    auto one = tracked(track);
    if (!one && all_known != nullptr) *all_known = false;
    // The same thing tracked by several counts once.
    if (one && std::none_of(out.begin(), out.end(), [&](const auto& have) { return have.name == one->name; }))
      out.push_back(*std::move(one));
  };
  const auto add_all = [&](const conf::VirtualRouter& conf) {
    if (conf.track_own_interface) add({conf::TrackKind::Interface, conf.interface, 0, false});
    for (const auto& track : conf.tracks) add(track);
  };
  add_all(router.plan.conf);
  const auto* group = group_of(router.name());
  if (group == nullptr) return out;
  for (const auto& track : group->tracks) add(track);
  // The priorities of a group go up and down together, or its members would be drawn apart.
  if (!group->keep_priorities)
    for (const auto& other : routers_)
      if (group_of(other->name()) == group) add_all(other->plan.conf);
  return out;
}

vrrp::Standing Failover::own_standing(const Router& router, bool* all_known) const {
  auto out = vrrp::standing(router.plan.conf.priority, tracks_of(router, all_known));
  if (router.fault.empty()) return out;
  out.able = false;
  out.because = router.fault;
  return out;
}

vrrp::Standing Failover::standing_of(const Router& router, bool* all_known) const {
  auto out = own_standing(router, all_known);
  const auto* group = group_of(router.name());
  if (!out.able || group == nullptr) return out;
  for (const auto& other : routers_) {
    if (other.get() == &router || group_of(other->name()) != group) continue;
    const auto its = own_standing(*other, all_known);
    if (its.able) continue;
    out.able = false;
    out.because = other->name() + " of its group: " + its.because;
    return out;
  }
  return out;
}

void Failover::tell_standings() {
  if (waits_) return;
  for (auto& router : routers_) {
    if (!router->paced) continue;
    bool all_known = true;
    const auto standing = standing_of(*router, &all_known);
    // Who has taken part so far goes on until more is known; who has not waits for it.
    if (!all_known || router->told == standing) continue;
    if (router->told && router->told->priority != standing.priority) {
      Happening told{.kind = "priority", .name = router->name(), .priority = standing.priority};
      told.text = "priority " + std::to_string(standing.priority) + ", was " + std::to_string(router->told->priority);
      happen(std::move(told));
    }
    router->told = standing;
    pacer_->orders().give(
        [paced = router->paced.get(), standing, adopts = std::exchange(router->adopts, false)](PacerThread& pacer) {
          const auto now = PacerThread::now();
          pacer.pacer().set_standing(*paced, standing.able, standing.priority, now);
          if (adopts) pacer.pacer().adopt(*paced, now);
        });
  }
}

// ---- what people ask for

std::vector<std::string> Failover::changes(const conf::Vrrp& next) const {
  std::vector<std::string> out;
  const auto list = [&](const char* what, const auto& before, const auto& after) {
    for (const auto& one : before)
      if (std::none_of(after.begin(), after.end(), [&](const auto& other) { return other.name == one.name; }))
        out.push_back(std::string("remove ") + what + " " + one.name);
    for (const auto& one : after) {
      const auto was =
          std::find_if(before.begin(), before.end(), [&](const auto& other) { return other.name == one.name; });
      if (was == before.end())
        out.push_back(std::string("add ") + what + " " + one.name);
      else if (!(*was == one))
        out.push_back(std::string("change ") + what + " " + one.name);
    }
  };
  list("router", conf_.routers, next.routers);
  list("group", conf_.groups, next.groups);
  list("script", conf_.scripts, next.scripts);
  list("process", conf_.processes, next.processes);
  list("file", conf_.files, next.files);
  list("bfd", conf_.bfd, next.bfd);
  // These two are the start's.
  auto rest = next.globals;
  rest.realtime_priority = conf_.globals.realtime_priority;
  rest.startup_delay = conf_.globals.startup_delay;
  if (!(conf_.globals == rest)) out.emplace_back("change settings of the whole");
  if (rest.realtime_priority != next.globals.realtime_priority)
    out.emplace_back("realtime_priority is another one from the next start of the daemon on");
  if (rest.startup_delay != next.globals.startup_delay)
    out.emplace_back("startup_delay is another one from the next start of the daemon on");
  return out;
}

Result<std::vector<std::string>> Failover::diff(const std::string& path) {
  PLENUM_TRY(const auto next, read_(path.empty() ? options_.config_path : path), "configuration");
  return changes(next.vrrp);
}

Result<std::vector<std::string>> Failover::reload(const std::string& path) {
  // What would be begun now would stay behind.
  if (stopping_) return fail(std::errc::operation_canceled, "plenum-vrrpd is ending");
  PLENUM_TRY(auto next, read_(path.empty() ? options_.config_path : path), "configuration");
  auto lines = changes(next.vrrp);
  conf_ = std::move(next.vrrp);
  take_settings();
  return lines;
}

Result<std::vector<Failover::Router*>> Failover::named(const std::string& name) {
  std::vector<Router*> out;
  for (const auto& router : routers_) {
    const auto* group = group_of(router->name());
    if (name.empty() || router->name() == name || (group != nullptr && group->name == name))
      out.push_back(router.get());
  }
  if (out.empty())
    return fail(std::errc::no_such_process,
                name.empty() ? "there are no routers" : "there is no router or group " + name);
  return out;
}

Result<std::vector<std::string>> Failover::resign(const std::string& name, const std::string& author) {
  PLENUM_TRY(const auto routers, named(name), "failover");
  std::vector<std::string> out;
  for (auto* router : routers) {
    if (router->state != vrrp::State::Master || !router->paced) continue;
    router->held = true;
    pacer_->orders().give(
        [paced = router->paced.get(), settings = settings_of(router->plan, true)](PacerThread& pacer) {
          const auto now = PacerThread::now();
          paced->machine.change(settings, now);
          pacer.pacer().resign(*paced, now);
        });
    out.push_back(router->name() + " gives up");
    Happening told{.kind = "operator", .name = router->name()};
    told.text = "told to give up by " + author;
    happen(std::move(told));
  }
  if (out.empty())
    return fail(std::errc::invalid_argument, (name.empty() ? "no router" : name) + " is not master here");
  return out;
}

Result<std::vector<std::string>> Failover::failback(const std::string& name, const std::string& author) {
  PLENUM_TRY(const auto routers, named(name), "failback");
  std::vector<std::string> out;
  for (auto* router : routers) {
    if (!std::exchange(router->held, false) || !router->paced) continue;
    pacer_->orders().give([paced = router->paced.get(), settings = settings_of(router->plan, false)](PacerThread&) {
      paced->machine.change(settings, PacerThread::now());
    });
    out.push_back(router->name() + " may preempt again");
    Happening told{.kind = "operator", .name = router->name()};
    told.text = "let take part again by " + author;
    happen(std::move(told));
  }
  if (out.empty()) out.emplace_back("nothing was held");
  return out;
}

void Failover::stop(std::function<void()> done) {
  if (std::exchange(stopping_, true)) return;
  startup_timer_.cancel();
  const auto over = std::make_shared<std::function<void()>>(std::move(done));
  const auto end = [this, over](bool all_gone) {
    stop_timer_.cancel();
    if (!*over) return;
    // Else it is remembered for the next daemon, as behind a crash.
    if (all_gone) footprint_->clear();
    notifier_.end();
    std::exchange(*over, {})();
  };
  stop_timer_ = loop_.after(std::chrono::seconds(2), [end] { end(false); });
  pacer_->orders().give([](PacerThread& pacer) { pacer.pacer().stop(PacerThread::now()); },
                        [this, end] {
                          // Rung by the pacer already; behind this order they have looked once more.
                          hands_->orders().give([](Hands& hands) { hands.look_now(); }, [end] { end(true); });
                        });
  for (const auto& router : routers_) notify(router->name(), "stop", router->plan.conf.priority);
  for (const auto& group : conf_.groups) notifier_.tell(true, group.name, group.notify, "stop", 0);
}

Failover::Router* Failover::find(std::uint32_t id) {
  for (const auto& router : routers_)
    if (router->id == id && router->paced) return router.get();
  return nullptr;
}

Failover::Router* Failover::find(const std::string& name) {
  for (const auto& router : routers_)
    if (router->name() == name) return router.get();
  return nullptr;
}

}  // namespace plenum::failover
