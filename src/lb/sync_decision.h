#pragma once
// Whether the other directors should hear of a connection now, as IPVS decides it
// (ip_vs_sync_conn_needed(), Linux 6.1): by state, number of packets and time. Remembers what
// it let through for each slot of the table. Knows neither sockets nor layouts.

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace plenum::lb {

// IPVS's sysctls of these names, with its defaults.
struct SyncTuning {
  std::uint32_t threshold = 3, period = 50;  // sync_threshold
  std::uint32_t refresh = 0;                 // sync_refresh_period, seconds
  std::uint32_t retries = 0;                 // sync_retries, 0..3
  bool persist_mode = false;                 // sync_persist_mode: templates instead of their connections
  std::uint32_t ports = 1;                   // sync_ports: a power of two
  std::uint32_t queue = 0;                   // sync_qlen_max, datagrams; 0: kSyncQueue
  int socket_size = 0;                       // sync_sock_size, bytes
  // None of IPVS's: a connection is told as soon as it stands, not with its threshold-th packet, which one that waits
  // for the other side may never send. Directors that take over from each other want that.
  bool at_once = false;
  bool operator==(const SyncTuning&) const = default;
};

// A connection as it is at the moment.
struct SyncCandidate {
  std::uint32_t slot = 0;      // bucket * PL_SLOTS + slot
  std::uint32_t identity = 0;  // tells connections of one slot apart; never 0
  std::uint8_t protocol = 0, state = 0;
  bool is_template = false;
  bool persistent = false;    // controlled by a template
  std::uint32_t timeout = 0;  // ticks
};

class SyncDecision {
 public:
  // `slots` of the connection table; memory is taken as slots are used.
  SyncDecision(std::uint32_t slots, SyncTuning tuning);

  void set(const SyncTuning& tuning) { tuning_ = tuning; }
  [[nodiscard]] const SyncTuning& tuning() const { return tuning_; }

  // `counted`: the number of its packets is one of those that count; of a template: it has just
  // been used. Remembers that it is sent when the answer is yes.
  bool needed(const SyncCandidate& candidate, bool counted, std::uint32_t now);
  // The same when nobody knows which packets were seen: yes for what was never sent as it is.
  bool missed(const SyncCandidate& candidate, std::uint32_t now);
  // The slot holds a new connection.
  void forget(std::uint32_t slot);

 private:
  struct Sent {
    std::uint32_t identity;
    std::uint32_t ends;  // tick
    std::uint8_t state;
    std::uint8_t retries;
    bool sent;
  };
  struct Free {
    void operator()(Sent* memory) const { std::free(memory); }
  };
  Sent* of(const SyncCandidate& candidate, std::uint32_t now);

  SyncTuning tuning_;
  std::uint32_t slots_;
  std::unique_ptr<Sent[], Free> sent_;
};

}  // namespace plenum::lb
