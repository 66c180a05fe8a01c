#include "lb/director.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <utility>

#include "conf/reader.h"
#include "lb/abi_values.h"
#include "lb/explain/live_view.h"
#include "lb/mapped_array.h"
#include "lb/mark_rules.h"
#include "lb/ports.h"
#include "lb/reload.h"
#include "lb/tuning.h"

namespace plenum::lb {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The whole connection table is looked over every kSweep, in slices.
constexpr Duration kSlice = milliseconds(100);
constexpr Duration kSweep = seconds(1);
constexpr std::uint32_t kSweptAtOnce = 1u << 21;  // buckets

constexpr std::uint32_t kMostConnections = 1u << 27;

PlaneSizes sizes_of(const conf::Director& director) {
  PlaneSizes sizes;
  sizes.connections = std::min(director.connections, kMostConnections);
  sizes.servers = director.servers;
  sizes.services = director.servers;
  return sizes;
}

bool sysctl_is(const std::string& name, char value) {
  std::ifstream file("/proc/sys/" + name);
  return file.get() == value;
}

void set_sysctl(const std::string& name, char value) {
  if (sysctl_is(name, value)) return;
  std::ofstream file("/proc/sys/" + name);
  file << value;
}

}  // namespace

Director::Director(rt::Loop& loop, const Clock& clock, DirectorOptions options, Log log)
    : loop_(loop),
      clock_(clock),
      options_(std::move(options)),
      log_(std::move(log)),
      started_(clock.now()),
      state_file_(state_path(options_.run_dir)),
      drop_entry_(std::random_device{}()) {}

Director::~Director() = default;

Result<conf::Config> Director::read_config(const std::string& path) const {
  if (path == options_.config_path && options_.config_optional && !std::ifstream(path)) return conf::Config{};
  return conf::load(path);
}

Result<std::unique_ptr<Director>> Director::open(rt::Loop& loop, const Clock& clock, DirectorOptions options, Log log) {
  std::unique_ptr<Director> director(new Director(loop, clock, std::move(options), std::move(log)));
  auto state = director->state_file_.read(clock.now());
  if (!state) {
    // What ran is still in the maps; only operators' words are lost, and that is said.
    director->log_("saved state is not usable, starting from the file alone: " + state.error().what);
    state = std::optional<RuntimeState>{};
  }
  auto config = director->read_config(director->options_.config_path);
  if (!config) {
    if (!*state) return tl::unexpected(std::move(config).error());
    director->config_error_ = config.error().what;
    director->log_("the file has errors, what ran before goes on:\n" + director->config_error_);
    director->config_ = {(*state)->director, (*state)->vips, (*state)->last_file};
  } else {
    director->config_ = *std::move(config);
  }
  PLENUM_CHECK(director->start(*std::move(state)), "start");
  return director;
}

Result<> Director::start(std::optional<RuntimeState> state) {
  const auto now = clock_.now();
  PLENUM_TRY(program_, XdpProgram::open(options_.bpf_dir, sizes_of(config_.director)), options_.bpf_dir);
  data_plane_ = std::make_unique<DataPlane>(*program_, state ? state->baselines : Baselines{}, now);
  PLENUM_TRY(frame_keeper_, FrameKeeper::open(loop_, clock_, *program_), "fragments");
  tracer_ = std::make_unique<Tracer>(loop_, *program_);
  const Room room{.services = program_->services.size() - 1, .servers = program_->servers.size() - 1};
  table_ = Table(room);
  PLENUM_CHECK(load_table(state, room), options_.config_path);
  tune(program_->adopted() && state ? state->director.timeouts : conf::Timeouts{});
  PLENUM_CHECK(follow_network(), "netlink");
  sync_all();
  next_hops_->settle();
  update_ports();
  apply_vips(state ? state->vips : std::vector<conf::Vip>{});
  begin_sync(state);
  save();
  second_ = loop_.every(seconds(1), [this] { every_second(); });
  sample_ = loop_.every(seconds(2), [this] {
    if (config_.director.tuning.run_estimation != 0) data_plane_->sample();
  });
  aging_ = loop_.every(kSlice, [this] { age_slice(); });
  log_(std::string(program_->adopted() ? "data plane adopted" : "data plane made") + ": " +
       std::to_string(table_.services().size()) + " services, " + std::to_string(table_.server_count()) + " servers");
  return {};
}

// What the file says on top of what ran. A file the table refuses is one with errors: over a
// running data plane what ran goes on.
Result<> Director::load_table(const std::optional<RuntimeState>& state, Room room) {
  std::vector<conf::Service> last_file;
  if (state) {
    last_file = state->last_file;
    auto saved = table_of(*state, room);
    if (saved)
      table_ = *std::move(saved);
    else
      log_("saved state is not usable, starting from the file alone: " + saved.error().what);
  }
  auto next = lb::reload(table_, last_file, config_.services, clock_.now());
  if (next) {
    table_ = std::move(next->table);
    return {};
  }
  if (!state) return tl::unexpected(std::move(next).error());
  config_error_ = next.error().what;
  log_("the file is refused, what ran before goes on: " + config_error_);
  config_ = {state->director, state->vips, state->last_file};
  return {};
}

Result<> Director::follow_network() {
  PLENUM_TRY(next_hops_,
             NextHops::open(loop_,
                            [this](const net::Address& address, const NextHop& hop) {
                              data_plane_->set_next_hop(address, hop, clock_.now());
                              schedule_ports();
                            }),
             "next hops");
  PLENUM_TRY(auto netlink, rt::Netlink::open(), "addresses");
  vips_.emplace(std::move(netlink));
  next_hops_->settle();
  // Interfaces that come, go or change their address on the clients' side lead to no server.
  PLENUM_TRY(monitor_,
             rt::NetlinkMonitor::open(loop_,
                                      [this](const rt::NetlinkEvent& event) {
                                        // Whatever it was, the ways to clients are asked for anew.
                                        forget_routes();
                                        if (!std::holds_alternative<rt::NeighbourChanged>(event) &&
                                            !std::holds_alternative<rt::NeighbourGone>(event) &&
                                            !std::holds_alternative<rt::RouteChanged>(event))
                                          schedule_ports();
                                      }),
             "links");
  return {};
}

Result<> Director::sync(const conf::ServiceKey& key) {
  auto done = data_plane_->sync(key, table_.find(key), clock_.now());
  if (!done) {
    log_("data plane: " + key.text() + ": " + done.error().what);
    unsynced_[key] = done.error().what;
    return tl::unexpected(std::move(done).error().in(key.text() + " is accepted but not in force yet"));
  }
  unsynced_.erase(key);
  return {};
}

void Director::retry() {
  if (unsynced_.empty()) return;
  for (const auto& [key, why] : std::exchange(unsynced_, {}))
    if (sync(key)) log_("data plane: " + key.text() + " is in force now");
  follow_servers();
}

void Director::apply_vips(const std::vector<conf::Vip>& before) {
  vip_problems_ = vips_->remove(before, config_.vips, next_hops_->network());
  for (auto& problem : vips_->add(config_.vips, next_hops_->network())) vip_problems_.push_back(std::move(problem));
}

void Director::sync_all() {
  // A failure is kept in unsynced_, to be tried again.
  for (const auto& key : data_plane_->services())
    if (table_.find(key) == nullptr) (void)sync(key);
  for (const auto& entry : table_.services()) (void)sync(entry.spec.key);
  follow_servers();
}

void Director::follow_servers() {
  std::set<net::Address> never = data_plane_->held_addresses();
  for (const auto& entry : table_.services())
    if (entry.spec.key.fwmark == 0) never.insert(entry.spec.key.address);
  for (const auto& vip : config_.vips)
    for (const auto& prefix : vip.addresses) never.insert(prefix.address);
  next_hops_->never_source(std::move(never));
  const auto destinations = data_plane_->destinations();
  next_hops_->want(destinations);
  data_plane_->forget_next_hops_except(destinations);
  schedule_ports();
}

void Director::schedule_ports() {
  if (ports_due_) return;
  ports_due_ = true;
  // Later than the picture of the network, which gathers events for NextHops::kBatch.
  ports_ = loop_.after(3 * NextHops::kBatch, [this] { update_ports(); });
}

void Director::forget_routes() { shared(program_->settings[0].route_epoch).fetch_add(1); }

void Director::update_ports() {
  ports_due_ = false;
  std::set<net::Address> vips = data_plane_->held_addresses();
  bool marks = false;
  for (const auto& entry : table_.services()) {
    if (entry.spec.key.fwmark == 0)
      vips.insert(entry.spec.key.address);
    else
      marks = true;
  }
  vips.merge(marked_addresses(config_.director.marks, next_hops_->network()));
  show_fragment_targets(program_->vip_filter, vips, marks);
  std::set<std::uint32_t> ways_out;
  for (const auto& destination : data_plane_->destinations())
    if (const auto* hop = next_hops_->find(destination); hop != nullptr && hop->state == NextHop::State::Resolved)
      ways_out.insert(hop->ifindex);
  const auto plan = plan_ports(config_.director.interfaces, vips, ways_out, next_hops_->network());
  port_problems_ = plan.warnings;
  data_plane_->set_marks(abi_marks(config_.director.marks, next_hops_->network(), port_problems_));
  for (const auto& port : plan.ports) {
    auto& slot = program_->ports[port.ifindex % PL_PORTS];
    for (std::size_t i = 0; i < PL_PORT_MACS; ++i) shared(slot.mac[i]).store(port.mac[i]);
    slot.macs = port.macs;
    slot.parent = port.parent;
    slot.vlan = port.vlan;
    slot.flags = port.flags;
    shared(slot.ifindex).store(port.ifindex);
  }
  for (const auto& port : plan.ports) {
    // Packets that the stack is to send on carry the host's own address as their source.
    if (const auto* link = next_hops_->network().link(port.ifindex))
      set_sysctl("net/ipv4/conf/" + link->name + "/accept_local", '1');
  }
  forget_routes();
  attach_ports(plan);
  one_mode_for_all(plan);
  detach_ports(plan);
  frame_keeper_->listen(
      std::ranges::all_of(program_->attachments(), [](const auto& row) { return row.second.native; }));
}

void Director::attach_ports(const PortPlan& plan) {
  for (const auto ifindex : plan.attach) {
    const auto* link = next_hops_->network().link(ifindex);
    if (link == nullptr) continue;
    const bool fresh = !program_->attachments().contains(ifindex);
    if (const auto done = program_->attach(ifindex, link->name, config_.director.xdp); !done) {
      port_problems_.push_back(done.error().what);
      if (fresh) log_(done.error().what);
      continue;
    }
    if (const auto& attachment = program_->attachments().at(ifindex); fresh)
      log_("attached to " + link->name + (attachment.native ? "" : " in generic mode: " + attachment.note));
  }
}

// A device without native XDP takes no frames that a native program redirects to it: they
// would be lost after they were counted as sent. So all are generic when one is.
void Director::one_mode_for_all(const PortPlan& plan) {
  std::string generic;
  for (const auto& [ifindex, attachment] : program_->attachments())
    if (!attachment.native && plan.attach.contains(ifindex)) generic = attachment.name;
  if (generic.empty() || config_.director.xdp != conf::XdpMode::Auto) return;
  for (const auto ifindex : plan.attach) {
    const auto it = program_->attachments().find(ifindex);
    if (it == program_->attachments().end() || !it->second.native) continue;
    const auto name = it->second.name;
    auto done = program_->detach(ifindex);
    if (done) done = program_->attach(ifindex, name, conf::XdpMode::Generic);
    if (!done) port_problems_.push_back(done.error().what);
    log_(done ? name + " in generic mode too, since " + generic + " has no native XDP" : done.error().what);
  }
}

// Interfaces that are gone, and those a file that names interfaces no longer names. Without
// names one may be needed again in a moment, when its neighbour answers.
void Director::detach_ports(const PortPlan& plan) {
  std::vector<std::uint32_t> leave;
  for (const auto& [ifindex, attachment] : program_->attachments()) {
    const bool gone = next_hops_->network().link(ifindex) == nullptr;
    const bool unnamed = !config_.director.interfaces.empty() && !plan.attach.contains(ifindex);
    if (gone || unnamed) leave.push_back(ifindex);
  }
  for (const auto ifindex : leave) {
    const auto name = program_->attachments().at(ifindex).name;
    if (const auto done = program_->detach(ifindex); !done) {
      port_problems_.push_back(done.error().what);
      continue;
    }
    auto& slot = program_->ports[ifindex % PL_PORTS];
    if (slot.ifindex == ifindex) shared(slot.ifindex).store(0);
    log_("left " + (name.empty() ? "interface " + std::to_string(ifindex) : name));
  }
}

void Director::changed() {
  // A large state takes time to write: then not after each of many changes.
  if (saving_.active()) return;
  const auto entries = table_.services().size() + table_.server_count();
  if (entries < 200) return save();
  saving_ = loop_.after(milliseconds(100), [this] { save(); });
}

void Director::save() {
  RuntimeState state;
  state.last_file = config_.services;
  state.director = config_.director;
  state.sync = sync_->daemons();
  state.vips = config_.vips;
  for (const auto& entry : table_.services()) state.running.push_back(entry);
  state.baselines = data_plane_->baselines();
  if (const auto done = state_file_.write(state, clock_.now()); !done) log_("save state: " + done.error().what);
}

ServerStatus Director::status_with_numbers(const conf::ServiceKey& service, const ServerEntry& entry,
                                           const DataPlane::Snapshot* snapshot) const {
  auto status = status_of(entry, clock_.now());
  const auto numbers = data_plane_->numbers(service, entry.spec.key, snapshot);
  status.counters = numbers.counters;
  status.rates = numbers.rates;
  status.active = numbers.active;
  status.inactive = numbers.inactive;
  status.persistent = numbers.persistent;
  if (const auto* hop = next_hops_->find(entry.spec.key.address)) status.next_hop = hop->text();
  return status;
}

ServiceStatus Director::status_with_numbers(const ServiceEntry& entry, const DataPlane::Snapshot* snapshot) const {
  auto status = status_of(entry, clock_.now());
  const auto numbers = data_plane_->numbers(entry.spec.key, snapshot);
  status.counters = numbers.counters;
  status.rates = numbers.rates;
  status.servers.clear();
  for (const auto& server : entry.servers)
    status.servers.push_back(status_with_numbers(entry.spec.key, server, snapshot));
  return status;
}

Result<std::vector<ServiceStatus>> Director::list(const std::optional<conf::ServiceKey>& key) const {
  std::vector<ServiceStatus> out;
  if (!key) {
    out.reserve(table_.services().size());
    const auto snapshot = data_plane_->snapshot();
    for (const auto& entry : table_.services()) out.push_back(status_with_numbers(entry, &snapshot));
    return out;
  }
  const auto* entry = table_.find(*key);
  if (entry == nullptr) return fail(std::errc::no_such_process, "no such service");
  out.push_back(status_with_numbers(*entry));
  return out;
}

Director::Connections Director::connections(std::uint64_t cursor, std::uint32_t limit) const {
  Connections out;
  const auto buckets = data_plane_->table().bucket_count();
  while (cursor < buckets && out.connections.size() < limit)
    data_plane_->list(static_cast<std::uint32_t>(cursor++), out.connections);
  if (cursor < buckets) out.next = cursor;
  return out;
}

Result<ServerStatus> Director::act(const ServerAction& action) {
  const auto services = table_.services_called(action.service);
  if (services.empty()) return fail(std::errc::no_such_process, "there is no service " + action.service);
  const auto now = clock_.now();
  const Origin by{now, action.author.empty() ? "operator" : action.author, action.reason};
  std::optional<TimePoint> expires;
  if (action.seconds) expires = now + seconds(*action.seconds);
  std::optional<ServerStatus> done;
  for (const auto& key : services) {
    const auto server = table_.server_called(*table_.find(key), action.server);
    if (!server) continue;
    Result<> outcome;
    if (action.action == "drain")
      outcome = table_.drain(key, *server, by, expires);
    else if (action.action == "enable")
      outcome = table_.enable(key, *server, by);
    else if (action.action == "weight" && action.weight)
      outcome = table_.set_weight(key, *server, *action.weight, by, expires);
    else
      return fail(std::errc::invalid_argument, "a server can be drained, enabled, or given a weight");
    if (outcome) outcome = sync(key);
    if (!outcome) {
      if (done) changed();
      return tl::unexpected(std::move(outcome).error());
    }
    done = status_with_numbers(key, *table_.find(key, *server));
  }
  if (!done)
    return fail(std::errc::no_such_file_or_directory, "service " + action.service + " has no server " + action.server);
  changed();
  return *done;
}

Result<Reloaded> Director::reloaded(const conf::Config& config) const {
  auto next = lb::reload(table_, config_.services, config.services, clock_.now());
  if (!next) return next;
  auto lines = tuning_changes(config_.director, config.director);
  next->lines.insert(next->lines.begin(), std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
  return next;
}

Result<std::vector<std::string>> Director::diff(const std::string& path) const {
  const auto& file = path.empty() ? options_.config_path : path;
  auto config = read_config(file);
  if (!config) return tl::unexpected(std::move(config).error());
  PLENUM_TRY(auto next, reloaded(*config), file);
  return std::move(next.lines);
}

Result<std::vector<std::string>> Director::reload(const std::string& path) {
  const auto& file = path.empty() ? options_.config_path : path;
  auto config = read_config(file);
  if (!config) {
    config_error_ = config.error().what;
    return tl::unexpected(std::move(config).error());
  }
  PLENUM_TRY(auto next, reloaded(*config), file);
  const auto before = config_.vips;
  const auto timeouts_before = config_.director.timeouts;
  const auto sync_before = config_.director.sync;
  config_ = *std::move(config);
  config_error_.clear();
  table_ = std::move(next.table);
  tune(timeouts_before);
  // Addresses come last: one that answers before its service is there would refuse clients.
  (void)vips_->remove(before, config_.vips, next_hops_->network());
  sync_all();
  next_hops_->settle();
  update_ports();
  apply_vips(before);
  reload_sync(sync_before);
  save();
  return std::move(next.lines);
}

// `before` is what the file that was in force said of timeouts.
void Director::tune(const conf::Timeouts& before) {
  auto& settings = program_->settings[0];
  set_timeouts(settings, changed_timeouts(timeouts_of(settings), before, config_.director.timeouts));
  data_plane_->set_pmtu_disc(config_.director.tuning.pmtu_disc != 0);
  data_plane_->set_nat_icmp_send(config_.director.tuning.nat_icmp_send != 0);
  defend();
}

// Levels of the defences as the table stands, and all that tuning governs with them.
void Director::defend() {
  const auto& tuning = config_.director.tuning;
  auto& settings = program_->settings[0];
  auto& conns = data_plane_->table();
  const auto used = data_plane_->connections();
  const auto level = defence_level(tuning, used, conns.slot_count());
  set_tuning(settings, tuning, {level.secure_tcp, level.drop_rate, backup_});
  if (text(level).empty() != text(defence_).empty()) {
    log_(text(level).empty() ? "defence over"
                             : "defence: " + text(level) + ": " + std::to_string(used) + " of " +
                                   std::to_string(conns.slot_count()) + " connections");
  }
  defence_ = level;
  if (level.drop_entry)
    data_plane_->count(PL_EVENT_DROP_ENTRY, drop_entry_.run(conns, settings.udp_timeout, current_tick()));
}

void Director::set_backup(bool running) {
  backup_ = running;
  defend();
}

// What differs from IPVS's defaults, and what is on at the moment.
std::vector<std::string> Director::tuning() const {
  auto out = conf::differences(config_.director.tuning);
  const auto now = timeouts_of(program_->settings[0]);
  const auto usual = default_timeouts();
  const auto timeout = [&out](const char* name, std::uint32_t value, std::uint32_t fallback) {
    if (value != fallback)
      out.push_back(std::string("timeout ") + name + " " + std::to_string(value) + " s (default " +
                    std::to_string(fallback) + " s)");
  };
  timeout("tcp", now.tcp, usual.tcp);
  timeout("tcp_fin", now.tcp_fin, usual.tcp_fin);
  timeout("udp", now.udp, usual.udp);
  if (const auto on = text(defence_); !on.empty()) out.push_back("defence on now: " + on);
  return out;
}

Timeouts Director::timeouts(std::optional<std::uint32_t> tcp, std::optional<std::uint32_t> tcp_fin,
                            std::optional<std::uint32_t> udp) {
  auto& settings = program_->settings[0];
  auto now = timeouts_of(settings);
  if (tcp.value_or(0) != 0) now.tcp = *tcp;
  if (tcp_fin.value_or(0) != 0) now.tcp_fin = *tcp_fin;
  if (udp.value_or(0) != 0) now.udp = *udp;
  set_timeouts(settings, now);
  return now;
}

void Director::every_second() {
  const auto now = clock_.now();
  defend();
  // An address that somebody removed, or whose interface came late, is put back.
  vip_problems_ = vips_->add(config_.vips, next_hops_->network());
  if (data_plane_->collect(now)) {
    follow_servers();
    changed();
  }
  retry();
  sync_->every_second();
  const auto steps = table_.expire(now, [this](const conf::ServiceKey& service, const conf::ServerKey& server) {
    const auto numbers = data_plane_->numbers(service, server);
    return std::uint64_t{numbers.active} + numbers.inactive + numbers.persistent;
  });
  if (steps.empty()) return;
  for (const auto& step : steps) {
    log_(describe(step));
    if (const auto key = service_of(step)) (void)sync(*key);
  }
  follow_servers();
  changed();
}

void Director::age_slice() {
  auto& conns = data_plane_->table();
  // Longer for a table so large that this would cost more than a few percent of a CPU.
  const auto slices = static_cast<std::uint32_t>(kSweep / kSlice) * (1 + conns.bucket_count() / (kSweptAtOnce + 1));
  const auto count = std::max<std::uint32_t>(1, (conns.bucket_count() + slices - 1) / slices);
  conns.age(next_aged_, count, current_tick());
  next_aged_ = next_aged_ + count >= conns.bucket_count() ? 0 : next_aged_ + count;
}

std::vector<std::string> Director::warnings() const {
  std::vector<std::string> out = vip_problems_;
  out.insert(out.end(), port_problems_.begin(), port_problems_.end());
  for (auto& warning : sync_->warnings()) out.push_back(std::move(warning));
  for (const auto& [key, why] : unsynced_) out.push_back(key.text() + ": not in force as listed: " + why);
  if (config_.director.connections != program_->conns.size() * PL_SLOTS ||
      config_.director.servers != program_->servers.size())
    out.push_back("director: connections and servers keep the sizes the data plane was made with (" +
                  std::to_string(program_->conns.size() * PL_SLOTS) + ", " + std::to_string(program_->servers.size()) +
                  ") until `plenum-lbd --unload`");
  bool nat4 = false, nat6 = false;
  for (const auto& entry : table_.services()) {
    for (const auto& server : entry.servers) {
      const auto* hop = next_hops_->find(server.spec.key.address);
      if (hop != nullptr && hop->state != NextHop::State::Resolved && hop->state != NextHop::State::Local)
        out.push_back(entry.spec.key.text() + ": server " + server.spec.key.text() + ": " + hop->text());
      if (server.spec.forward == conf::Forward::Masq) (server.spec.key.address.is_v4() ? nat4 : nat6) = true;
    }
  }
  if (nat4 && !sysctl_is("net/ipv4/ip_forward", '1'))
    out.push_back("NAT needs net.ipv4.ip_forward=1: `plenum director setup` sets it");
  if (nat6 && !sysctl_is("net/ipv6/conf/all/forwarding", '1'))
    out.push_back("NAT needs net.ipv6.conf.all.forwarding=1: `plenum director setup` sets it");
  return out;
}

Result<Explanation> Director::explain(Probe probe, const std::string& interface) const {
  const auto& network = next_hops_->network();
  if (probe.source.address.family() != probe.destination.address.family())
    return fail(std::errc::invalid_argument, "both addresses must be of one family");
  if (!interface.empty()) {
    const auto* link = network.link(interface);
    if (link == nullptr) return fail(std::errc::no_such_device, "no interface " + interface);
    probe.ifindex = link->ifindex;
  }
  return lb::explain(live_view(*program_), probe, current_tick(),
                     {[&](std::uint32_t index) {
                        const auto* link = network.link(index);
                        return link != nullptr ? link->name : "#" + std::to_string(index);
                      },
                      [this](const net::Address& address) {
                        const auto* hop = next_hops_->find(address);
                        return hop != nullptr ? hop->text() : std::string("not looked for");
                      }});
}

Status Director::status() const {
  Status s;
  const auto now = clock_.now();
  const auto whole = [](Duration d) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<seconds>(d).count());
  };
  s.version = PLENUM_VERSION;
  s.uptime = whole(now - started_);
  s.data_plane_uptime = whole(now.time_since_epoch() - Duration(program_->settings[0].born));
  s.config_path = options_.config_path;
  s.config_error = config_error_;
  s.services = table_.services().size();
  s.servers = table_.server_count();
  s.connections = data_plane_->connections();
  s.connection_room = data_plane_->table().slot_count();
  for (const auto& [ifindex, attachment] : program_->attachments()) {
    const auto* link = next_hops_->network().link(ifindex);
    s.interfaces.push_back(
        {link != nullptr ? link->name : attachment.name, attachment.native ? "native" : "generic", attachment.note});
  }
  s.vips = Vips::status(config_.vips, next_hops_->network());
  s.tuning = tuning();
  s.sync = sync_->status();
  s.warnings = warnings();
  return s;
}

}  // namespace plenum::lb
