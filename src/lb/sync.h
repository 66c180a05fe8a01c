#pragma once
// The synchronisation daemons of this director: which are wanted, which run, why not. Started
// again when their interface comes late or comes back. Knows nothing of files and sockets.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "conf/sync.h"
#include "lb/data_plane.h"
#include "lb/status.h"
#include "lb/sync_backup.h"
#include "lb/sync_decision.h"
#include "lb/sync_master.h"
#include "lb/sync_role.h"
#include "lb/xdp_program.h"
#include "rt/loop.h"

namespace plenum::lb {

class Sync {
 public:
  using Log = std::function<void(const std::string&)>;
  // `held`: the data plane holds a server it did not before. Borrowed things outlive it.
  Sync(rt::Loop& loop, const Clock& clock, XdpProgram& program, DataPlane& data_plane, std::function<void()> held,
       Log log);

  // As IPVS answers: EEXIST when one of that role is there, EINVAL when it cannot run so.
  Result<> start(SyncRole role, const conf::SyncDaemon& daemon);
  // ESRCH when there is none.
  Result<> stop(SyncRole role);
  // Makes the daemons those; one that cannot run now is tried again by every_second().
  void want(const conf::Sync& daemons);
  void set(const SyncTuning& tuning);
  // Whether this host is master where Sync::follow says; the master's daemon runs while it is. On ceasing to be it says
  // everything it knows once more first, for the next master may have come back from the dead.
  void lead(bool leads);
  void every_second();

  // As they were asked for, with what was left out filled in.
  [[nodiscard]] const conf::Sync& daemons() const { return wanted_; }
  [[nodiscard]] std::vector<SyncStatus> status() const;
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  template <class Daemon>
  struct Seat {
    std::unique_ptr<Daemon> daemon;
    std::uint32_t ifindex = 0;  // it was started on
    std::string problem;        // why none runs
  };
  Result<> run(SyncRole role);
  void keep(SyncRole role, bool again);
  [[nodiscard]] bool stands_by(SyncRole role) const {
    return role == SyncRole::Master && !wanted_.follow.empty() && !leads_;
  }
  void end_last_word();
  // What is followed decides who takes over: that one must know all.
  [[nodiscard]] SyncTuning of_master() const {
    auto out = tuning_;
    out.at_once = !wanted_.follow.empty();
    return out;
  }
  [[nodiscard]] std::optional<conf::SyncDaemon>& wanted(SyncRole role) {
    return role == SyncRole::Master ? wanted_.master : wanted_.backup;
  }

  rt::Loop& loop_;
  const Clock& clock_;
  XdpProgram& program_;
  DataPlane& data_plane_;
  std::function<void()> held_;
  Log log_;
  SyncTuning tuning_;
  conf::Sync wanted_;
  bool leads_ = false;   // asked where wanted_.follow is somebody
  rt::Timer last_word_;  // while it is being said
  Seat<SyncMaster> master_;
  Seat<SyncBackup> backup_;
};

}  // namespace plenum::lb
