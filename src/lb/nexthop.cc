// Two halves: the decision (neighbour_of, resolve) as pure functions over rt::Network, and
// NextHops, which keeps the picture, knows what must be looked at again, and asks the
// kernel no more than that.
#include "lb/nexthop.h"

#include <linux/neighbour.h>

#include <algorithm>
#include <utility>

namespace plenum::lb {

namespace {

// Not at every event: an entry may be refused, or come and go.
constexpr Duration kRetry = std::chrono::seconds(1);

constexpr std::uint16_t kUsable = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_NOARP | NUD_PERMANENT;

// For a VLAN device the frames leave by its parent with a tag. Only one tag can be written:
// a VLAN on a VLAN is left to the device itself.
struct Egress {
  const rt::Link* device = nullptr;
  std::uint16_t vlan = 0;
};

Egress egress_of(const rt::Link& link, const rt::Network& network) {
  if (link.vlan_id == 0 || link.parent == 0) return {&link, 0};
  const rt::Link* parent = network.link(link.parent);
  if (!parent || !parent->ethernet || parent->kind == "vlan") return {&link, 0};
  return {parent, link.vlan_id};
}

bool can_send(const rt::Link& link) { return link.up && link.carrier; }

// The MAC to send to, while the kernel holds it to be valid.
std::optional<net::Mac> usable_mac(const rt::Neighbour* neighbour) {
  if (!neighbour || !(neighbour->state & kUsable)) return std::nullopt;
  return neighbour->mac;
}

// Ours, and kept fresh by the kernel: there is nothing to do.
bool is_kept(const rt::Neighbour& neighbour) {
  return (neighbour.ext_flags & NTF_EXT_MANAGED) && neighbour.protocol == rt::kPlenumProtocol;
}

// One that failed the kernel tries again by itself, but only every few seconds; a server
// whose MAC changed in silence is found by asking everybody at once.
bool needs_push(const rt::Neighbour* neighbour) {
  return !neighbour || !is_kept(*neighbour) || (neighbour->state & NUD_FAILED);
}

}  // namespace

std::optional<rt::NeighbourKey> neighbour_of(const net::Address& destination, const rt::Route& route,
                                             const rt::Network& network) {
  if (route.type != rt::RouteType::Unicast) return std::nullopt;
  const rt::Link* link = network.link(route.ifindex);
  if (!link || !link->ethernet) return std::nullopt;
  return rt::NeighbourKey{route.ifindex, route.gateway.value_or(destination)};
}

NextHop resolve(const net::Address& destination, const rt::Route& route, const rt::Network& network,
                const std::set<net::Address>& never_source) {
  NextHop hop;
  switch (route.type) {
    case rt::RouteType::Unicast:
      break;
    case rt::RouteType::Local:
      hop.state = NextHop::State::Local;
      return hop;
    case rt::RouteType::Blackhole:
      hop.state = NextHop::State::Blackhole;
      return hop;
    case rt::RouteType::Broadcast:
    case rt::RouteType::Multicast:
    case rt::RouteType::Unreachable:
    case rt::RouteType::Prohibit:
    case rt::RouteType::None:
      hop.state = NextHop::State::NoRoute;
      return hop;
  }
  const rt::Link* link = network.link(route.ifindex);
  if (!link) return hop;  // gone since the kernel answered; the event is on its way

  const Egress egress = egress_of(*link, network);
  hop.ifindex = egress.device->ifindex;
  hop.vlan = egress.vlan;
  hop.kind = egress.device->kind;
  hop.device = link->name;
  hop.src_mac = link->mac;
  hop.mtu = std::min(link->mtu, egress.device->mtu);
  if (route.mtu != 0) hop.mtu = std::min(hop.mtu, route.mtu);
  hop.via = route.gateway.value_or(destination);
  hop.source = network.source_for(destination, route,
                                  [&](const net::Address& address) { return never_source.contains(address); });
  if (!link->ethernet) {
    hop.state = NextHop::State::NoEthernet;
    return hop;
  }
  hop.state = NextHop::State::Unresolved;
  if (!can_send(*link) || !can_send(*egress.device)) return hop;
  const auto mac = usable_mac(network.neighbour({route.ifindex, *hop.via}));
  if (!mac) return hop;
  hop.dst_mac = *mac;
  hop.state = NextHop::State::Resolved;
  return hop;
}

std::string NextHop::text() const {
  switch (state) {
    case State::Resolved:
      return dst_mac.text() + " on " + device;
    case State::Unresolved:
      return (via ? via->text() : "neighbour") + " on " + device + " does not answer";
    case State::NoRoute:
      return "no route";
    case State::Local:
      return "local";
    case State::Blackhole:
      return "blackhole route";
    case State::NoEthernet:
      return device + " carries no Ethernet frames";
  }
  return {};
}

struct NextHops::State {
  State(rt::Loop& loop_, OnChange on_change_, rt::Netlink netlink_)
      : loop(loop_), on_change(std::move(on_change_)), netlink(std::move(netlink_)) {}

  struct Entry {
    bool stale_route = true;         // the kernel is to be asked
    bool stale_value = true;         // the decision is to be made again
    std::optional<rt::Route> route;  // the kernel's last answer
    std::optional<rt::NeighbourKey> neighbour;
    std::optional<NextHop> value;  // the last one told
  };
  // A neighbour that entries need.
  struct Need {
    std::set<net::Address> users;
    TimePoint next_try{};  // not before: a refused or ignored request is not repeated at once
    bool kept = false;     // we asked the kernel to keep it
  };

  void on_event(const rt::NetlinkEvent& event);
  void on_neighbour(const rt::NeighbourKey& key, const rt::NetlinkEvent& event);
  void stale_routes(const net::Prefix& prefix);
  void stale_all();
  void schedule();
  void turn();
  void settle();
  Result<> resync();
  Result<> look_up_routes();
  void decide();
  void set_neighbour(const net::Address& destination, Entry& entry, std::optional<rt::NeighbourKey> key);
  void keep_neighbours();
  void release(const rt::NeighbourKey& key);
  void release_strays();
  void failed(const Error& error);

  rt::Loop& loop;
  OnChange on_change;
  rt::Netlink netlink;
  SteadyClock clock;
  rt::Network network;
  std::map<net::Address, Entry> entries;
  std::map<rt::NeighbourKey, Need> needs;
  std::set<net::Address> never_source;
  Counts counts;
  Pace pace;
  bool synced = false;  // the picture is the kernel's
  bool needs_resync = true;
  bool some_route_stale = false, some_value_stale = false, some_neighbour_unkept = false;
  std::optional<rt::NetlinkMonitor> monitor;
  rt::Timer batch, paced, refresh, resync_timer;
};

void NextHops::State::failed(const Error& error) {
  ++counts.errors;
  counts.last_error = error.what;
}

void NextHops::State::on_event(const rt::NetlinkEvent& event) {
  ++counts.events;
  if (const auto* neighbour = std::get_if<rt::NeighbourChanged>(&event))
    return on_neighbour(neighbour->neighbour.key, event);
  if (const auto* gone = std::get_if<rt::NeighbourGone>(&event)) return on_neighbour(gone->key, event);
  if (const auto* route = std::get_if<rt::RouteChanged>(&event))
    return route->destination ? stale_routes(*route->destination) : stale_all();
  if (std::holds_alternative<rt::Overflow>(event)) {
    ++counts.overflows;
    needs_resync = true;
    return schedule();
  }
  if (!network.apply(event)) return;
  // A link or an address. Routes that go with them are not announced one by one.
  for (auto& [key, need] : needs) need.next_try = {};
  some_neighbour_unkept = true;
  stale_all();
}

// Thousands of neighbours go between reachable and stale all day: only what matters is followed up.
void NextHops::State::on_neighbour(const rt::NeighbourKey& key, const rt::NetlinkEvent& event) {
  const auto before = usable_mac(network.neighbour(key));
  if (!network.apply(event)) return;
  const auto need = needs.find(key);
  if (need == needs.end()) return;
  const rt::Neighbour* known = network.neighbour(key);
  const bool unkept = needs_push(known);
  const bool moved = usable_mac(known) != before;
  if (moved)
    for (const auto& destination : need->second.users) entries.at(destination).stale_value = true;
  some_neighbour_unkept = some_neighbour_unkept || unkept;
  some_value_stale = some_value_stale || moved;
  if (unkept || moved) schedule();
}

void NextHops::State::stale_routes(const net::Prefix& prefix) {
  bool any = false;
  for (auto at = entries.lower_bound(prefix.address.masked(prefix.length));
       at != entries.end() && prefix.contains(at->first); ++at)
    any = at->second.stale_route = true;
  if (!any) return;
  some_route_stale = true;
  schedule();
}

void NextHops::State::stale_all() {
  // Values too: what the link or address says about itself need not wait for the routes.
  for (auto& [destination, entry] : entries) entry.stale_route = entry.stale_value = true;
  some_route_stale = some_value_stale = true;
  schedule();
}

void NextHops::State::schedule() {
  if (!batch.active()) batch = loop.after(kBatch, [this] { turn(); });
}

// What costs waits for its pace; what does not is done now.
void NextHops::State::turn() {
  const bool costs = needs_resync || some_route_stale;
  const Duration wait = costs ? pace.due(clock.now()) : Duration::zero();
  if (wait <= Duration::zero()) return settle();
  if (!paced.active()) paced = loop.after(wait, [this] { turn(); });
  if (!synced) return;
  keep_neighbours();
  decide();
}

void NextHops::State::settle() {
  batch.cancel();
  paced.cancel();
  const TimePoint from = clock.now();
  const bool again = synced && needs_resync;
  // Whatever fails stays to be done, and kRefresh comes back to it.
  Result<> asked;
  if (needs_resync) asked = resync();
  if (asked && some_route_stale) asked = look_up_routes();
  if (asked && again) release_strays();
  if (!asked) failed(asked.error());
  if (!synced) return;  // nothing is known: no answer is better than a wrong one
  keep_neighbours();
  pace.worked(from, clock.now());  // before the callbacks: what they cost is not ours to judge
  decide();
}

Result<> NextHops::State::resync() {
  ++counts.resyncs;
  PLENUM_TRY(auto links, netlink.links(), "read links");
  PLENUM_TRY(auto addresses, netlink.addresses(), "read addresses");
  PLENUM_TRY(auto neighbours, netlink.neighbours(), "read neighbours");
  network.reset(std::move(links), std::move(addresses), std::move(neighbours));
  synced = true;
  needs_resync = false;
  for (auto& [destination, entry] : entries) entry.stale_route = entry.stale_value = true;
  some_route_stale = some_value_stale = some_neighbour_unkept = true;
  return {};
}

Result<> NextHops::State::look_up_routes() {
  std::vector<net::Address> stale;
  for (const auto& [destination, entry] : entries)
    if (entry.stale_route) stale.push_back(destination);
  counts.route_lookups += stale.size();
  PLENUM_TRY(const auto routes, netlink.route_get_many(stale), "look up routes");
  for (std::size_t i = 0; i < stale.size(); ++i) {
    Entry& entry = entries.at(stale[i]);
    entry.stale_route = false;
    entry.stale_value = true;
    entry.route = routes[i];
    set_neighbour(stale[i], entry, neighbour_of(stale[i], routes[i], network));
  }
  some_route_stale = false;
  some_value_stale = true;
  return {};
}

void NextHops::State::set_neighbour(const net::Address& destination, Entry& entry,
                                    std::optional<rt::NeighbourKey> key) {
  if (entry.neighbour == key) return;
  if (entry.neighbour) {
    const auto old = needs.find(*entry.neighbour);
    old->second.users.erase(destination);
    if (old->second.users.empty()) {
      if (old->second.kept) release(old->first);
      needs.erase(old);
    }
  }
  entry.neighbour = key;
  if (!key) return;
  needs[*key].users.insert(destination);
  some_neighbour_unkept = true;
}

void NextHops::State::keep_neighbours() {
  if (!std::exchange(some_neighbour_unkept, false)) return;
  const TimePoint now = clock.now();
  for (auto& [key, need] : needs) {
    const rt::Link* link = network.link(key.ifindex);
    if (!link || !link->up) continue;  // its coming up is an event
    const rt::Neighbour* known = network.neighbour(key);
    if (known && is_kept(*known)) need.kept = true;  // also by this program before a restart
    if (!needs_push(known)) continue;
    if (now < need.next_try || (known && !rt::may_refresh(*known))) continue;
    need.next_try = now + kRetry;
    if (const auto kept = netlink.keep_neighbour(key); kept)
      need.kept = true;
    else
      failed(kept.error());
  }
}

void NextHops::State::release(const rt::NeighbourKey& key) {
  const rt::Neighbour* known = network.neighbour(key);
  if (!known || !rt::may_refresh(*known)) return;
  if (const auto released = netlink.release_neighbour(key); !released) failed(released.error());
}

// Those that a daemon kept which ended before its configuration changed.
void NextHops::State::release_strays() {
  std::vector<rt::NeighbourKey> strays;
  for (const auto& [key, neighbour] : network.neighbours())
    if (is_kept(neighbour) && !needs.contains(key)) strays.push_back(key);
  for (const auto& key : strays) release(key);
}

void NextHops::State::decide() {
  if (!std::exchange(some_value_stale, false)) return;
  std::vector<std::pair<net::Address, NextHop>> changed;
  for (auto& [destination, entry] : entries) {
    if (!entry.stale_value || !entry.route) continue;
    entry.stale_value = false;
    NextHop hop = resolve(destination, *entry.route, network, never_source);
    if (entry.value == hop) continue;
    entry.value = std::move(hop);
    changed.emplace_back(destination, *entry.value);
  }
  // Told last: a callback may call want() or settle().
  for (const auto& [destination, hop] : changed) {
    const auto at = entries.find(destination);
    if (at == entries.end() || at->second.value != hop) continue;
    ++counts.changes;
    on_change(destination, hop);
  }
}

Result<std::unique_ptr<NextHops>> NextHops::open(rt::Loop& loop, OnChange on_change) {
  PLENUM_TRY(auto netlink, rt::Netlink::open(), "next hops");
  auto state = std::make_unique<State>(loop, std::move(on_change), std::move(netlink));
  State* const raw = state.get();
  // Listening first, the dump of the first settle() after it: nothing falls in between.
  PLENUM_TRY(auto monitor,
             rt::NetlinkMonitor::open(loop, [raw](const rt::NetlinkEvent& event) { raw->on_event(event); }),
             "next hops");
  state->monitor.emplace(std::move(monitor));
  state->refresh = loop.every(kRefresh, [raw] {
    raw->some_neighbour_unkept = true;
    raw->schedule();
  });
  state->resync_timer = loop.every(kResync, [raw] {
    raw->needs_resync = true;
    raw->schedule();
  });
  state->schedule();
  return std::unique_ptr<NextHops>(new NextHops(std::move(state)));
}

NextHops::NextHops(std::unique_ptr<State> state) : state_(std::move(state)) {}
NextHops::~NextHops() = default;

void NextHops::want(std::set<net::Address> destinations) {
  auto& entries = state_->entries;
  for (auto at = entries.begin(); at != entries.end();) {
    if (destinations.contains(at->first)) {
      ++at;
      continue;
    }
    state_->set_neighbour(at->first, at->second, std::nullopt);
    at = entries.erase(at);
  }
  bool added = false;
  for (const auto& destination : destinations) added = entries.try_emplace(destination).second || added;
  if (!added) return;
  state_->some_route_stale = true;
  state_->schedule();
}

void NextHops::want_also(const net::Address& destination) {
  if (!state_->entries.try_emplace(destination).second) return;
  state_->some_route_stale = true;
  state_->schedule();
}

void NextHops::never_source(std::set<net::Address> addresses) {
  if (state_->never_source == addresses) return;
  state_->never_source = std::move(addresses);
  for (auto& [destination, entry] : state_->entries) entry.stale_value = true;
  state_->some_value_stale = true;
  state_->schedule();
}

void NextHops::settle() { state_->settle(); }

const NextHop* NextHops::find(const net::Address& destination) const {
  const auto at = state_->entries.find(destination);
  return at == state_->entries.end() || !at->second.value ? nullptr : &*at->second.value;
}

const rt::Network& NextHops::network() const { return state_->network; }
const NextHops::Counts& NextHops::counts() const { return state_->counts; }

}  // namespace plenum::lb
