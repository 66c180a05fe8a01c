#pragma once
// The director as a whole: what the file and operators want, kept true in the data plane.
// Holds the table, the program, the ways to the servers and the timers that age, sample and
// reconcile. One thread, the loop's. Knows nothing of sockets and JSON.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "conf/config.h"
#include "lb/data_plane.h"
#include "lb/defence.h"
#include "lb/explain/explanation.h"
#include "lb/frame_keeper.h"
#include "lb/health_source.h"
#include "lb/in_force.h"
#include "lb/mark_way.h"
#include "lb/nexthop.h"
#include "lb/ports.h"
#include "lb/reload.h"
#include "lb/runtime_state.h"
#include "lb/state_file.h"
#include "lb/status.h"
#include "lb/step.h"
#include "lb/sync.h"
#include "lb/table.h"
#include "lb/timeouts.h"
#include "lb/trace/tracer.h"
#include "lb/vips.h"
#include "lb/xdp_program.h"
#include "rt/loop.h"
#include "rt/netlink.h"
#include "rt/paced.h"

namespace plenum::lb {

struct DirectorOptions {
  std::string config_path;
  bool config_optional = false;  // a missing file counts as an empty one
  std::string run_dir;
  std::string bpf_dir;
};

class Director {
 public:
  using Log = std::function<void(const std::string&)>;
  // The services, or what the file says of their health, are others: time to say words about them. Called before a
  // file is carried out (the first one, too), so that words for new servers hold from their first moment on; and
  // soon after operators' changes.
  using Plan = std::function<void(Director&)>;

  // Reads the file, adopts or makes the data plane and brings it in line. A file with errors
  // is fatal at a first start only; over a running data plane it is reported and the last
  // good state goes on. `loop` and `clock` outlive the director.
  static Result<std::unique_ptr<Director>> open(rt::Loop& loop, const Clock& clock, DirectorOptions options, Log log,
                                                Plan plan = {});
  ~Director();

  // Errors as Table::apply; the steps before the one that failed stay.
  Result<> change(const std::vector<Step>& steps, const std::string& author, const std::string& reason);
  // Goes on where a step fails; `reasons` has one for each step, or is empty.
  struct StepFailure {
    std::size_t step = 0;
    Error error;
  };
  std::vector<StepFailure> change_each(const std::vector<Step>& steps, const std::string& author,
                                       const std::vector<std::string>& reasons);
  // ESRCH when `key` is given and there is no such service.
  Result<std::vector<ServiceStatus>> list(const std::optional<conf::ServiceKey>& key) const;
  [[nodiscard]] std::uint32_t table_size() const { return data_plane_->table().bucket_count(); }

  struct Connections {
    std::vector<ConnectionStatus> connections;
    std::optional<std::uint64_t> next;
  };
  // Whole buckets from number `cursor` on, until at least `limit` connections or the end.
  [[nodiscard]] Connections connections(std::uint64_t cursor, std::uint32_t limit) const;

  struct ServerAction {
    std::string service, server, action;
    std::optional<std::int32_t> weight;
    std::string author, reason;
    std::optional<std::uint64_t> seconds;
  };
  Result<ServerStatus> act(const ServerAction& action);

  [[nodiscard]] Status status() const;
  [[nodiscard]] std::vector<ReasonCount> reasons() const { return data_plane_->reasons(); }
  // Lines of what a reload would do, or does. An empty path is the director's own file.
  Result<std::vector<std::string>> diff(const std::string& path) const;
  Result<std::vector<std::string>> reload(const std::string& path);
  // Sets those given and not 0; returns what is in force.
  Timeouts timeouts(std::optional<std::uint32_t> tcp, std::optional<std::uint32_t> tcp_fin,
                    std::optional<std::uint32_t> udp);

  // What would become of a packet now. EINVAL: addresses of two families; ENODEV: no such interface.
  Result<Explanation> explain(Probe probe, const std::string& interface) const;
  [[nodiscard]] Tracer& tracer() { return *tracer_; }
  // This host has become master: for a moment what would be strays are dropped (bpf/takeover.h), for what the former
  // master tells of its connections may be under way.
  void taken_over();
  // Whom `director: sync: follow` names; empty: nobody. And whether this host is master there.
  [[nodiscard]] const std::string& followed() const { return config_.director.sync.follow; }
  void lead(bool leads);
  // Whether a backup sync daemon runs, which `tuning: backup_only` asks.
  void set_backup(bool running);

  // Synchronisation daemons: EEXIST, ESRCH and EINVAL as IPVS answers; see director_sync.cc.
  Result<> start_sync(SyncRole role, const conf::SyncDaemon& daemon);
  Result<> stop_sync(SyncRole role);
  [[nodiscard]] std::vector<SyncStatus> sync_status() const { return sync_->status(); }

  // Health: see director_health.cc. What is wanted, for whoever checks it.
  [[nodiscard]] const Table& table() const { return table_; }
  [[nodiscard]] const conf::Config& config() const { return config_; }
  // False: the file has errors at a start, and nobody knows what is to be checked. Words stay as they were.
  [[nodiscard]] bool knows_health() const { return !health_unknown_; }
  // It runs on from where an earlier daemon left it.
  [[nodiscard]] bool restarted() const { return restarted_; }
  // The words in force; at a start those of the daemon before.
  [[nodiscard]] const HealthWords& words() const { return words_; }
  // In force within a few milliseconds, together with others said meanwhile; an empty word: none. A service that is
  // not there yet may be spoken of.
  void say(const conf::ServiceKey& service, ServiceWord word);
  // Whom listings ask.
  void set_health_source(HealthSource source) { health_source_ = std::move(source); }
  [[nodiscard]] std::vector<HealthReport> health_report() const;
  // Everything of it; empty without a source.
  [[nodiscard]] HealthPicture health() const { return health_source_ ? health_source_() : HealthPicture{}; }

  // Writes what a restarted daemon needs, at once.
  void save();

 private:
  class Change;  // director_change.cc

  Director(rt::Loop& loop, const Clock& clock, DirectorOptions options, Log log, Plan plan);
  Result<conf::Config> read_config(const std::string& path) const;
  Result<> start(std::optional<RuntimeState> state);
  void keep_config(const RuntimeState& state);
  Result<> follow_network();
  Result<> load_table(const std::optional<RuntimeState>& state, Room room);
  // What could not be carried out is tried again every second; until then it is a warning.
  Result<> sync(const conf::ServiceKey& key);
  void retry();
  void plan();
  void schedule_plan();
  void carry_out_words();
  void forget_words();
  void cut_drains(TimePoint now);
  [[nodiscard]] const ServiceWord* word_about(const conf::ServiceKey& service) const;
  [[nodiscard]] static std::uint64_t connections_of(const ServerNumbers& numbers);
  [[nodiscard]] Table::ConnectionsOf connections_of() const;
  void add_health(Status& status) const;
  void explain_health(const conf::ServiceKey& service, Explanation& out) const;
  void apply_vips(const std::vector<conf::Vip>& before);
  void sync_all();
  // Addresses that packets go to, or will when somebody is well again.
  [[nodiscard]] std::set<net::Address> destinations() const;
  void follow_servers();
  void schedule_ports();
  void update_ports();
  void forget_routes();
  void attach_ports(const PortPlan& plan);
  void one_mode_for_all(const PortPlan& plan);
  void detach_ports(const PortPlan& plan);
  [[nodiscard]] MarksServed marks_served() const;
  void follow_marks(const MarksServed& marks, const PortPlan& plan);
  void changed();
  void begin_sync(const std::optional<RuntimeState>& state);
  void reload_sync(const conf::Sync& before);
  void every_second();
  void age_slice();
  void tune(const conf::Timeouts& before);
  void defend();
  [[nodiscard]] Result<Reloaded> reloaded(const conf::Config& config) const;
  [[nodiscard]] ServiceStatus status_with_numbers(const ServiceEntry& entry, const HealthPicture& health,
                                                  const DataPlane::Snapshot* snapshot = nullptr) const;
  [[nodiscard]] ServerStatus status_with_numbers(const conf::ServiceKey& service, const ServerEntry& entry) const;
  void add_numbers(const conf::ServiceKey& service, const DataPlane::Snapshot* snapshot, ServerStatus& out) const;
  [[nodiscard]] std::vector<std::string> warnings() const;
  [[nodiscard]] std::vector<std::string> tuning() const;

  rt::Loop& loop_;
  const Clock& clock_;
  DirectorOptions options_;
  Log log_;
  Plan plan_;
  HealthSource health_source_;
  TimePoint started_;
  conf::Config config_;
  std::string config_error_;
  Table table_;
  std::unique_ptr<XdpProgram> program_;
  std::unique_ptr<DataPlane> data_plane_;
  std::unique_ptr<FrameKeeper> frame_keeper_;
  std::unique_ptr<Tracer> tracer_;
  std::unique_ptr<NextHops> next_hops_;
  std::optional<Vips> vips_;
  std::unique_ptr<Sync> sync_;  // refers to the data plane
  StateFile state_file_;
  std::optional<rt::NetlinkMonitor> monitor_;
  std::unique_ptr<MarkWay> mark_way_;
  std::uint32_t marked_port_ = 0;  // its interface; 0: none
  std::vector<std::string> vip_problems_, port_problems_;
  std::map<conf::ServiceKey, std::string> unsynced_;  // and why
  std::uint32_t next_aged_ = 0;
  DefenceLevel defence_;
  DropEntry drop_entry_;
  bool backup_ = false;
  bool leads_ = false;  // where followed() is somebody
  bool ports_due_ = false;
  HealthWords words_;
  std::set<conf::ServiceKey> words_due_;  // said, and not carried out yet
  bool health_unknown_ = false, restarted_ = false;
  bool running_ = false;  // behind the first sync_all(): words are carried out when they are said
  rt::Timer second_, sample_, aging_, ports_, saving_, saving_words_;
  // Words said in one moment come together: no scheduler's list is drawn up more often than that.
  rt::Paced carrying_out_{
      loop_, clock_, {.gather = std::chrono::milliseconds(2), .longest_rest = std::chrono::seconds(1)}, [this] {
        carry_out_words();
      }};
  // As words are: many changes one by one must not cost a whole plan each.
  rt::Paced planning_{loop_, clock_, {.longest_rest = std::chrono::seconds(1)}, [this] { plan(); }};
};

}  // namespace plenum::lb
