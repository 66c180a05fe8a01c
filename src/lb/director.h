#pragma once
// The director as a whole: what the file and operators want, kept true in the data plane.
// Holds the table, the program, the ways to the servers and the timers that age, sample and
// reconcile. One thread, the loop's. Knows nothing of sockets and JSON.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "conf/config.h"
#include "lb/data_plane.h"
#include "lb/defence.h"
#include "lb/explain/explanation.h"
#include "lb/frame_keeper.h"
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

  // Reads the file, adopts or makes the data plane and brings it in line. A file with errors
  // is fatal at a first start only; over a running data plane it is reported and the last
  // good state goes on. `loop` and `clock` outlive the director.
  static Result<std::unique_ptr<Director>> open(rt::Loop& loop, const Clock& clock, DirectorOptions options, Log log);
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
  // Whether a backup sync daemon runs, which `tuning: backup_only` asks.
  void set_backup(bool running);

  // Synchronisation daemons: EEXIST, ESRCH and EINVAL as IPVS answers; see director_sync.cc.
  Result<> start_sync(SyncRole role, const conf::SyncDaemon& daemon);
  Result<> stop_sync(SyncRole role);
  [[nodiscard]] std::vector<SyncStatus> sync_status() const { return sync_->status(); }

  // Writes what a restarted daemon needs, at once.
  void save();

 private:
  class Change;  // director_change.cc

  Director(rt::Loop& loop, const Clock& clock, DirectorOptions options, Log log);
  Result<conf::Config> read_config(const std::string& path) const;
  Result<> start(std::optional<RuntimeState> state);
  Result<> follow_network();
  Result<> load_table(const std::optional<RuntimeState>& state, Room room);
  // What could not be carried out is tried again every second; until then it is a warning.
  Result<> sync(const conf::ServiceKey& key);
  void retry();
  void apply_vips(const std::vector<conf::Vip>& before);
  void sync_all();
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
  [[nodiscard]] ServiceStatus status_with_numbers(const ServiceEntry& entry,
                                                  const DataPlane::Snapshot* snapshot = nullptr) const;
  [[nodiscard]] ServerStatus status_with_numbers(const conf::ServiceKey& service, const ServerEntry& entry,
                                                 const DataPlane::Snapshot* snapshot = nullptr) const;
  [[nodiscard]] std::vector<std::string> warnings() const;
  [[nodiscard]] std::vector<std::string> tuning() const;

  rt::Loop& loop_;
  const Clock& clock_;
  DirectorOptions options_;
  Log log_;
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
  bool ports_due_ = false;
  rt::Timer second_, sample_, aging_, ports_, saving_;
};

}  // namespace plenum::lb
