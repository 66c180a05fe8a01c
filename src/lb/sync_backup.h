#pragma once
// Hears of other directors' connections and enters them into the table as IPVS does
// (ip_vs_process_message(), ip_vs_proc_conn()). One thread, the loop's.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "conf/sync.h"
#include "lb/data_plane.h"
#include "lb/sync_decision.h"
#include "lb/sync_program.h"
#include "proto/ipvs_sync.h"
#include "rt/loop.h"

namespace plenum::lb {

// Since the daemon was started.
struct SyncHeard {
  std::uint64_t connections = 0, datagrams = 0;
  std::uint64_t made = 0, updated = 0, moved = 0, ignored = 0;
  std::uint64_t refused = 0;  // of a protocol, state or kind this director has not
  std::uint64_t no_room = 0;  // in the table, or for the server
  std::uint64_t foreign = 0;  // datagrams of another syncid, or of no peer
  std::uint64_t damaged = 0;  // datagrams that could not be read to their end
};

class SyncBackup {
 public:
  // `held` is called when the data plane holds a server it did not before. All borrowed things
  // outlive it.
  static Result<std::unique_ptr<SyncBackup>> open(rt::Loop& loop, const Clock& clock, XdpProgram& program,
                                                  DataPlane& data_plane, const conf::SyncDaemon& daemon,
                                                  const SyncTuning& tuning, std::function<void()> held);
  SyncBackup(const SyncBackup&) = delete;
  SyncBackup& operator=(const SyncBackup&) = delete;

  void set(const SyncTuning& tuning) { tuning_ = tuning; }
  [[nodiscard]] const SyncHeard& heard() const { return heard_; }

 private:
  struct Lane {
    Fd socket;
    rt::Watch watch;
  };
  SyncBackup(const Clock& clock, XdpProgram& program, DataPlane& data_plane, conf::SyncDaemon daemon, SyncTuning tuning,
             std::function<void()> held);
  void read(const Fd& socket);
  void take(std::span<const std::uint8_t> bytes);
  void take(const proto::SyncConnection& connection);
  [[nodiscard]] bool is_peer(const net::Address& address) const;
  void enter();

  const Clock& clock_;
  const pl_settings& settings_;
  DataPlane& data_plane_;
  conf::SyncDaemon daemon_;
  SyncTuning tuning_;
  std::function<void()> held_;
  std::unique_ptr<SyncProgram> program_;
  std::vector<Lane> lanes_;
  std::vector<std::uint8_t> buffer_;
  std::vector<pl_sync_record> batch_;
  std::vector<std::string> calls_;  // the Call-IDs of batch_
  SyncHeard heard_;
};

}  // namespace plenum::lb
