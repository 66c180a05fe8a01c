#pragma once
// plenum-vrrpd's work, seen from its main loop: the routers, groups and BFD sessions of a configuration,
// kept as the host's links and addresses allow; orders to the pacer and the hands; what they tell, as
// happenings and status. Reloads touch what changed and nothing else.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "conf/config.h"
#include "failover/footprint.h"
#include "failover/hands.h"
#include "failover/notifier.h"
#include "failover/pacer_thread.h"
#include "failover/plan.h"
#include "failover/runner.h"
#include "failover/status.h"
#include "failover/tracker.h"
#include "rt/loop.h"
#include "rt/netlink.h"
#include "rt/network.h"
#include "rt/nftables.h"
#include "vrrp/tracking.h"

namespace plenum::failover {

struct Options {
  std::string config_path;
  std::string run_dir;
};

class Failover {
 public:
  using Log = std::function<void(bool warning, const std::string& line)>;
  using OnHappening = std::function<void(const Happening&)>;
  // Reads the file again and again; the daemon's way to do it.
  using Read = std::function<Result<conf::Config>(const std::string& path)>;

  // Loop thread only, as all of it; `loop` outlives it.
  static Result<std::unique_ptr<Failover>> open(rt::Loop& loop, const Options& options, Read read, Log log);
  Failover(const Failover&) = delete;
  Failover& operator=(const Failover&) = delete;
  ~Failover();

  // Lines that say what was done, or would be. `path` empty: the own file.
  Result<std::vector<std::string>> reload(const std::string& path);
  Result<std::vector<std::string>> diff(const std::string& path);
  // A master gives up and does not preempt until failback() or until it is needed: "" for all. Errors: ESRCH for
  // no such router, EINVAL for one that is not master.
  Result<std::vector<std::string>> resign(const std::string& name, const std::string& author);
  Result<std::vector<std::string>> failback(const std::string& name, const std::string& author);

  [[nodiscard]] Status status() const;
  // The last thousand, oldest first.
  [[nodiscard]] const std::deque<Happening>& happenings() const { return happenings_; }
  void on_happening(OnHappening fn) { on_happening_ = std::move(fn); }

  // Gives up everything, takes all addresses away, and calls `done` when that is so, or after two seconds.
  void stop(std::function<void()> done);

 private:
  struct Router;
  struct Session;
  struct PortUse;
  struct BfdPortUse;

  Failover(rt::Loop& loop, Options options, Read read, Log log);
  Result<> begin(conf::Vrrp first);

  // What the configuration and the host mean now, carried out.
  void take_settings();
  void reconcile();
  void reconcile_soon();
  void settle(Router& router, RouterPlan plan);
  void start_router(Router& router, RouterPlan plan);
  // `to`: "fault" or "deleted".
  void stop_router(Router& router, const char* to, const std::string& why, const std::function<void()>& next = {});
  void change_router(Router& router, RouterPlan plan);
  void drop_gone_routers();
  // On which a router has sockets or addresses; and what one had that was stopped, and is free of it now.
  [[nodiscard]] static std::set<std::uint32_t> interfaces_of(const Router& router);
  void left(const std::set<std::uint32_t>& interfaces);
  void make_macvlans();
  void tell_groups();
  void tell_standings();
  // None, and in the list of them left out: not known yet.
  [[nodiscard]] std::optional<vrrp::Tracked> tracked(const conf::Track& track) const;
  [[nodiscard]] std::vector<vrrp::Tracked> tracks_of(const Router& router, bool* all_known = nullptr) const;
  [[nodiscard]] const conf::SyncGroup* group_of(const std::string& router) const;
  [[nodiscard]] vrrp::Standing own_standing(const Router& router, bool* all_known = nullptr) const;
  // With its group's.
  [[nodiscard]] vrrp::Standing standing_of(const Router& router, bool* all_known = nullptr) const;
  [[nodiscard]] Shape shape_of(const RouterPlan& plan) const;
  Result<SocketPort*> port(std::uint32_t ifindex, const std::string& name, net::Family family,
                           const std::optional<net::Address>& group);
  void release_port(SocketPort* port);
  void mark_ports_gone(std::uint32_t ifindex);
  [[nodiscard]] bool ports_are_there(const Router& router) const;
  Host host() const;

  void reconcile_sessions();
  void start_session(Session& session, std::uint32_t ifindex, const std::string& interface, const net::Address& source);
  // `why`, for people; `wanted`: the configuration still has it.
  void stop_session(Session& session, const std::string& why, bool wanted = true);
  void tell_carrier(const Session& session) const;
  Result<BfdPort*> bfd_port(std::uint32_t ifindex, const std::string& name, net::Family family);
  void release_port(BfdPort* port);
  [[nodiscard]] std::vector<std::uint32_t> takeover_sessions(const std::string& name) const;
  [[nodiscard]] std::vector<SessionStatus> session_status() const;

  void watch_tables();
  void remember();

  void collect();
  void take(const Event& event);
  void take(const Report& report);
  void on_network(const rt::NetlinkEvent& event);
  void restore_soon();
  void restore(Router& router);
  void restore_paths_soon();
  void take_session(const Event& event);
  void take_unfit(Router& router, const Event& event);
  void take_away(const Event& event);
  // `at`: when; else now.
  void happen(Happening happening);
  void happen(Happening happening, TimePoint at);
  void notify(const std::string& router, const std::string& state, unsigned priority);
  void notify_groups();
  Router* find(std::uint32_t id);
  Router* find(const std::string& name);
  Result<std::vector<Router*>> named(const std::string& name);
  std::vector<std::string> changes(const conf::Vrrp& next) const;

  rt::Loop& loop_;
  const Options options_;
  const Read read_;
  const Log log_;
  OnHappening on_happening_;
  conf::Vrrp conf_;
  HostCounts counts_;
  std::unique_ptr<rt::Bell> bell_;  // of this loop
  rt::Watch bell_watch_;
  rt::Network network_;
  std::optional<rt::Netlink> netlink_;
  std::optional<Footprint> footprint_;
  std::optional<rt::NetlinkMonitor> monitor_;
  std::vector<std::unique_ptr<PortUse>> ports_;
  std::map<std::pair<std::uint32_t, net::Family>, std::unique_ptr<BfdPortUse>> bfd_ports_;
  std::vector<std::unique_ptr<Router>> routers_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::mt19937 random_{std::random_device{}()};
  Runner runner_;
  Tracker tracker_;
  Notifier notifier_;
  std::map<std::string, std::string> group_states_;  // as they were told last
  std::unique_ptr<rt::NftMonitor> tables_monitor_;
  std::uint32_t next_id_ = 1;
  std::deque<Happening> happenings_;
  std::uint64_t next_happening_ = 1;
  std::optional<TimePoint> away_logged_;
  TimePoint unfit_from_{};  // a while in which so many kinds of refused advertisements were told of
  int unfit_told_ = 0;
  std::string complaint_;  // why the pacer is not in real time
  std::vector<std::vector<std::string>> told_groups_;
  std::multiset<std::uint32_t> leaving_;  // interfaces that stopped routers still have something on
  bool reconcile_pending_ = false, stopping_ = false;
  bool waits_ = false;  // startup_delay is not over
  bool restore_pending_ = false, paths_pending_ = false;
  TimePoint paths_restored_{};
  rt::Timer stop_timer_, startup_timer_, paths_timer_;
  // Last: their threads end first.
  std::unique_ptr<Hands> hands_;
  std::unique_ptr<PacerThread> pacer_;
};

}  // namespace plenum::failover
