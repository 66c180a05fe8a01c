#pragma once
// Tells other directors of connections: reads what the program noted, asks SyncDecision,
// packs and sends. One thread, the loop's. Knows nothing of files and operators.

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "conf/sync.h"
#include "lb/data_plane.h"
#include "lb/sync_decision.h"
#include "lb/xdp_program.h"
#include "proto/ipvs_sync.h"
#include "rt/loop.h"

namespace plenum::lb {

// Datagrams that may wait to be sent where sync_qlen_max does not say: 10 MB.
inline constexpr std::uint32_t kSyncQueue = 8192;

// Since the daemon was started.
struct SyncSent {
  std::uint64_t connections = 0, datagrams = 0;
  std::uint64_t queue_full = 0;  // datagrams thrown away
  std::uint64_t failed = 0;      // datagrams the kernel would not send
  std::uint64_t overruns = 0;    // times notes were lost and the whole table was looked over
};

class SyncMaster {
 public:
  // All borrowed things outlive it. What is in the table already is told first.
  static Result<std::unique_ptr<SyncMaster>> open(rt::Loop& loop, XdpProgram& program, const DataPlane& data_plane,
                                                  const conf::SyncDaemon& daemon, const SyncTuning& tuning);
  ~SyncMaster();
  SyncMaster(const SyncMaster&) = delete;
  SyncMaster& operator=(const SyncMaster&) = delete;

  void set(const SyncTuning& tuning);
  // Tells everything once more, as fast as it goes: this host is about to tell nothing, and whoever comes behind it
  // may not have been there before.
  void last_word();
  // Everything that is known was told.
  [[nodiscard]] bool caught_up() const { return !walk_ && waiting_.empty(); }
  [[nodiscard]] const SyncSent& sent() const { return sent_; }

 private:
  // One of sync_ports: a datagram being filled, and a socket for each that listens.
  struct Lane {
    proto::SyncWriter writer;
    std::uint32_t since = 0;  // tick of the first connection in it
    std::vector<Fd> sockets;
  };
  struct Waiting {
    std::size_t lane;
    std::vector<std::uint8_t> bytes;
  };

  SyncMaster(rt::Loop& loop, XdpProgram& program, const DataPlane& data_plane, const SyncTuning& tuning);
  void publish();
  bool read_notes();  // whether there were any
  void walk_on();
  void consider(std::uint32_t index, bool counted, bool walking);
  void tell(std::uint32_t index, const proto::SyncConnection& connection);
  void queue(std::size_t lane, std::vector<std::uint8_t> bytes);
  void flush(bool all);
  void send_some();
  void tick();

  rt::Loop& loop_;
  XdpProgram& program_;
  const DataPlane& data_plane_;
  SyncDecision decision_;
  std::vector<std::uint64_t> read_;  // notes read of each CPU's ring
  std::vector<Lane> lanes_;
  std::deque<Waiting> waiting_;
  std::optional<std::uint32_t> walk_;  // next bucket, while the table is looked over
  bool in_haste_ = false;
  SyncSent sent_;
  std::uint32_t now_ = 0;
  rt::Timer timer_;
};

}  // namespace plenum::lb
