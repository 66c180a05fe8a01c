#include "lb/director.h"

#include <algorithm>
#include <fstream>
#include <random>
#include <utility>

#include "conf/reader.h"
#include "lb/abi_values.h"
#include "lb/health_changes.h"
#include "lb/mapped_array.h"
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

}  // namespace

Director::Director(rt::Loop& loop, const Clock& clock, DirectorOptions options, Log log, Plan plan)
    : loop_(loop),
      clock_(clock),
      options_(std::move(options)),
      log_(std::move(log)),
      plan_(std::move(plan)),
      started_(clock.now()),
      state_file_(state_path(options_.run_dir)),
      drop_entry_(std::random_device{}()) {}

Director::~Director() = default;

Result<conf::Config> Director::read_config(const std::string& path) const {
  if (path == options_.config_path && options_.config_optional && !std::ifstream(path)) return conf::Config{};
  conf::Diagnostics warnings;
  auto config = conf::load(path, conf::process_environment, &warnings);
  for (const auto& warning : warnings.list()) log_("warning: " + warning.line_text());
  return config;
}

Result<std::unique_ptr<Director>> Director::open(rt::Loop& loop, const Clock& clock, DirectorOptions options, Log log,
                                                 Plan plan) {
  std::unique_ptr<Director> director(new Director(loop, clock, std::move(options), std::move(log), std::move(plan)));
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
    director->keep_config(**state);
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
  mark_way_ = std::make_unique<MarkWay>(loop_, clock_, [this] { schedule_ports(); });
  const Room room{.services = program_->services.size() - 1, .servers = program_->servers.size() - 1};
  table_ = Table(room);
  PLENUM_CHECK(load_table(state, room), options_.config_path);
  if (state) words_ = state->words;
  restarted_ = state.has_value();
  plan();
  tune(program_->adopted() && state ? state->director.timeouts : conf::Timeouts{});
  PLENUM_CHECK(follow_network(), "netlink");
  sync_all();
  running_ = true;
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
  keep_config(*state);
  return {};
}

// The file cannot be used: what ran goes on. Its checks are not among that.
void Director::keep_config(const RuntimeState& state) {
  config_ = {};
  config_.director = state.director;
  config_.vips = state.vips;
  config_.services = state.last_file;
  health_unknown_ = true;
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
  words_due_.erase(key);
  const auto* entry = table_.find(key);
  const auto service = entry != nullptr ? std::optional(in_force(*entry, word_about(key))) : std::nullopt;
  auto done = data_plane_->sync(key, service ? &*service : nullptr, clock_.now());
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

std::set<net::Address> Director::destinations() const {
  auto out = data_plane_->destinations();
  // Whoever comes back is reachable from its first packet on.
  for (const auto& entry : table_.services())
    for (const auto& server : entry.servers) out.insert(server.spec.key.address);
  for (const auto& health : config_.health)
    if (health.sorry) out.insert(health.sorry->key.address);
  return out;
}

void Director::follow_servers() {
  std::set<net::Address> never = data_plane_->held_addresses();
  for (const auto& entry : table_.services())
    if (entry.spec.key.fwmark == 0) never.insert(entry.spec.key.address);
  for (const auto& vip : config_.vips)
    for (const auto& prefix : vip.addresses) never.insert(prefix.address);
  next_hops_->never_source(std::move(never));
  const auto destinations = this->destinations();
  next_hops_->want(destinations);
  data_plane_->forget_next_hops_except(destinations);
  schedule_ports();
}

void Director::changed() {
  schedule_plan();
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
  state.words = words_;
  if (const auto done = state_file_.write(state, clock_.now()); !done) log_("save state: " + done.error().what);
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
  auto checks = health_changes(config_.health, config.health, config.services);
  next->lines.insert(next->lines.end(), std::make_move_iterator(checks.begin()), std::make_move_iterator(checks.end()));
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
  health_unknown_ = false;
  table_ = std::move(next.table);
  plan();
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

// Long enough for a master's last word about a million connections.
void Director::taken_over() {
  constexpr std::uint64_t kSeconds = 1;
  const auto until = current_tick() + ticks_of(kSeconds);
  shared(program_->settings[0].takeover).store(until != 0 ? until : 1);
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
  // In the past for half of the ticks there are, it would be in the future again.
  auto takeover = shared(program_->settings[0].takeover);
  if (const auto until = takeover.load(); until != 0 && static_cast<std::int32_t>(until - current_tick()) <= 0)
    takeover.store(0);
  defend();
  // An address that somebody removed, or whose interface came late, is put back.
  vip_problems_ = vips_->add(config_.vips, next_hops_->network());
  if (data_plane_->collect(now)) {
    follow_servers();
    changed();
  }
  retry();
  if (mark_way_->due()) schedule_ports();
  sync_->every_second();
  cut_drains(now);
  const auto steps = table_.expire(now, connections_of());
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

}  // namespace plenum::lb
