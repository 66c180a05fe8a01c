#pragma once
// A director's world for its program compiled here: services of both families, of every
// protocol, scheduler and kind, servers of every forwarding method behind next hops of every
// kind (director_services.cc), and a routing table. Knows what must hold whatever packets come:
// sums, verdicts, table, loads, lists and what user space is told (director_checks.cc).

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bpf/abi.h"
#include "lb/conn_table.h"
#include "lb/member_lists.h"
#include "tests/fuzz/native/judge.h"
#include "tests/fuzz/native/machine.h"
#include "tests/fuzz/native/marked.h"

struct bpf_fib_lookup;
struct director_trace_bpf;
struct sync_bpf;

namespace plenum::native {

class DirectorWorld {
 public:
  DirectorWorld();
  ~DirectorWorld();

  // Everything as at first: no connection, second 1000.
  void reset();

  // One frame, and everything that must hold afterwards; aborts with a word about what does not.
  Run send(const Bytes& frame, std::uint32_t ifindex);

  // What was handed to user space comes back: fragments as they are, packets too large in pieces.
  void send_held();

  void pass_ticks(std::uint32_t ticks);
  // User space's sweep over the whole table.
  void age();
  // What an operator may do to a server, by `how`: remove it, add it again, give its slot
  // away, change its method, tunnel, checksum, next hop, weight or thresholds.
  void change_server(std::uint32_t which, std::uint32_t how);
  // Settings as `choice` has its bits: enum pl_tuning, and enum Choice.
  void tune(std::uint32_t choice);
  // Connections and templates that another director tells of, 8 octets each: service, server,
  // client, client's port, what it is, its time, virtual port, call.
  void enter(View told);

  // Addresses frames are made of.
  static constexpr std::uint8_t kDirectorMac[6] = {2, 0, 0, 0, 0, 1};
  static constexpr std::uint32_t kIngress = 1, kEgress = 2, kVlanDevice = 3, kMarkedPort = 4;
  static constexpr MacBytes kMarkedPortMac = {2, 0, 0, 0, 0, 4};

  // Bits of tune() besides enum pl_tuning's 2 to 12.
  enum Choice : std::uint32_t {
    kSync = 1 << 13,        // connections are noted for other directors: when their number of packets is 1,
    kMarks = 1 << 14,       // services of marks are there
    kSyncPeriod = 1 << 15,  // with kSync: every second packet counts
    kDropShift = 16,        // two bits: drop_rate
    kNoKeeper = 1 << 18,    // user space takes no frames
    kTraced = 1 << 19,
    kNoXmit = 1 << 20,     // an interface takes no redirected frames
    kFullRings = 1 << 21,  // ring buffers have no room
    kIgnoreDf = 1 << 22,   // pmtu_disc is off
    kSyncTime = 1 << 23,   // with kSync and no period: time counts, too
  };

 private:
  // A service, as far as it is not like all others.
  struct Service {
    std::uint8_t family = 4;
    std::uint8_t protocol = 6;
    pl_addr address{};
    std::uint16_t port = 0;
    std::uint32_t scheduler = PL_SCHED_RR;
    std::uint32_t persist = 0;  // seconds
    bool network = false;       // persistent for clients of one network
    std::uint32_t flags = 0;    // enum pl_service_flags
    std::uint32_t mark = 0;     // instead of protocol, address and port
    std::uint32_t scheduler_flags = 0;
  };
  struct Server {
    std::uint8_t family = 4;
    std::uint8_t forward = PL_FWD_MASQ;
    std::uint8_t tunnel = 0;
    std::uint32_t hop = 0;
    std::uint16_t port = 0;  // host order; 0: the virtual one
    lb::LoadLimits limits{1, 0, 0};
  };

  void add_ports();
  void add_next_hops();
  void add_plain_services(std::uint8_t family);
  void add_scheduled_services(std::uint8_t family);
  void add_persistent_services(std::uint8_t family);
  void add_marks();
  std::uint32_t add_service(const Service& service);
  void add_server(std::uint32_t service, const pl_addr& address, const Server& server);
  // The same at the next address of its family.
  void add_server(std::uint32_t service, const Server& server);
  // A NAT, a direct and a tunnel server.
  void add_trio(std::uint32_t service, const lb::LoadLimits& limits);
  void publish(std::uint32_t service);
  [[nodiscard]] lb::SchedulerMaps schedulers() const;
  [[nodiscard]] pl_sync_record told_record(View told, pl_call_id& call) const;
  void take_records(const Bytes& frame, const Run& run);

  // What was there before a frame.
  struct Before {
    std::vector<__u64> reasons;
    std::vector<pl_load> loads;
    std::vector<pl_stats> stats;
    __u64 notes = 0;
  };
  void look();
  std::uint32_t check_verdict(const Bytes& frame, const Run& run, std::uint32_t ifindex) const;
  void check_frame(const Bytes& frame, const Run& run, pl_reason reason) const;
  void check_hop(const Parsed& in, const Parsed& out, pl_reason reason) const;
  void check_error(const Parsed& in, const Parsed& out) const;
  void check_length(const Parsed& in, const Parsed& out, pl_reason reason) const;
  void check_stats(const Parsed& in, pl_reason reason) const;
  // director_marked.cc: of what came in by the port of marked packets, `frame`, which was `came` before.
  void check_marked(const Bytes& frame, const Bytes& came, const Run& run, pl_reason reason) const;
  void check_mark(const Bytes& came, pl_reason reason) const;
  void check_answer_way(const Bytes& came, const Run& run) const;
  void check_trace(const Bytes& frame, const Run& run, std::uint32_t verdict) const;
  void check_thresholds() const;
  void check_notes() const;
  void check_table() const;
  void check_templates(const std::map<std::uint32_t, std::uint32_t>& controlled) const;
  void check_lists() const;

  struct Unload {
    void operator()(director_trace_bpf* skeleton) const;
    void operator()(sync_bpf* skeleton) const;
  };
  std::unique_ptr<director_trace_bpf, Unload> skeleton_;
  std::unique_ptr<sync_bpf, Unload> sync_skeleton_;
  Machine machine_;
  std::span<pl_settings> settings_;
  std::span<pl_port> ports_;
  std::span<pl_service> services_;
  std::span<pl_row> members_;
  std::span<pl_hash_slots> slots_;
  std::span<pl_server> servers_;
  std::span<pl_load> loads_;
  std::span<pl_next_hop> hops_;
  std::span<__u64> nat_filter_;
  std::span<pl_bucket> conns_;
  std::span<__u64> reasons_;
  std::span<pl_stats> stats_;
  std::span<pl_sync_ring> notes_;
  Map* calls_;                                                      // Call-IDs
  std::map<std::uint32_t, std::vector<std::uint32_t>> servers_of_;  // servers by service, newest first
  std::map<std::uint32_t, lb::LoadLimits> limits_;                  // by server
  std::unique_ptr<lb::MemberLists> lists_, first_lists_;
  std::map<std::uint32_t, lb::LoadLimits> first_limits_;
  std::uint32_t last_service_ = 0, last_server_ = 0;
  bool traced_ = false;
  Before before_;
  std::vector<std::pair<Bytes, std::uint32_t>> held_;
};

// Values of the world, for its files.
const std::string& reason_kind(std::uint32_t reason);
// What the kernel's routing table would say, by the last bits of the destination, so that frames choose it.
long world_route(bpf_fib_lookup& fib);
[[noreturn]] void wrong(const std::string& what);
pl_addr world_v4(std::uint32_t host_order);
pl_addr world_v6(std::uint32_t net, std::uint32_t host);
std::uint32_t world_ticks(std::uint64_t seconds);
inline constexpr std::uint32_t kWorldBuckets = 16, kWorldHops = 5;
// Kinds of next hops, for each family, and where the map has them.
enum WorldHop : std::uint32_t { kUnresolved = 0, kPlain = 1, kOther = 2, kVlan = 3, kNarrow = 4 };
std::uint32_t world_hop(std::uint8_t family, std::uint32_t kind);

}  // namespace plenum::native
