#pragma once
// The real director program with maps of its own, one packet at a time through
// BPF_PROG_TEST_RUN. Knows how user space fills the maps; knows nothing of what a verdict
// should be, save what holds for every packet: one verdict reason is counted, it fits the
// XDP action, and what goes up the stack or is dropped has not been changed.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bpf/abi.h"
#include "lb/explain/plane_view.h"
#include "lb/member_lists.h"
#include "net/address.h"
#include "tests/packet/frame.h"
#include "tests/packet/maps.h"

struct bpf_object;
struct director_bpf;

namespace plenum::packet {

// What the packets of test_run arrive on: the loopback interface of the test's namespace.
inline constexpr std::uint32_t kIngress = 1;
inline constexpr net::Mac kDirectorMac{{2, 0, 0, 0, 0, 1}};

// Map sizes; fixed when the program is loaded.
struct Sizes {
  std::uint32_t buckets = 1024, services = 16, servers = 64, members = 1024, slots = 1024, next_hops = 64;
};

struct Service {
  std::uint8_t protocol = kTcp;
  net::Address address;
  std::uint16_t port = 80;
  pl_scheduler scheduler = PL_SCHED_RR;
  std::uint32_t scheduler_flags = 0;
  double persist = 0;                   // seconds; 0: not persistent
  std::optional<unsigned> prefix = {};  // of the client; none: all of its address
  std::uint32_t flags = 0;              // enum pl_service_flags
  std::uint32_t mark = 0;               // instead of protocol, address (of which the family counts) and port
};

// A rule that gives packets a mark; addresses with prefix length.
struct MarkRule {
  std::uint32_t mark = 0;
  std::optional<net::Prefix> source = {}, destination = {};
  std::uint8_t protocol = 0;  // 0: any
  std::uint16_t first_port = 0, last_port = 65535;
  std::uint32_t ifindex = 0;  // 0: any
};

struct Server {
  net::Address address;
  std::uint16_t port = 0;  // 0: the virtual port
  pl_forward forward = PL_FWD_ROUTE;
  std::uint32_t weight = 1;
  std::uint32_t next_hop = 0;
  pl_tunnel tunnel = PL_TUN_IPIP;
  std::uint16_t tunnel_port = 6080;
  unsigned tunnel_flags = 0;  // enum pl_tunnel_flags
  std::uint32_t flags = PL_SERVER_AVAILABLE;
  std::uint32_t upper = 0, lower = 0;  // thresholds
};

struct NextHop {
  net::Mac to, from = kDirectorMac;
  std::uint32_t ifindex = kIngress;  // the ingress: XDP_TX; another: XDP_REDIRECT
  std::uint16_t vlan = 0, mtu = 1500;
  net::Address source;  // of tunnels
};

// One packet's way through the program.
struct Outcome {
  std::uint32_t action = 0;  // enum xdp_action
  pl_reason reason = PL_REASON_COUNT;
  Bytes frame;  // as it was left
  std::map<pl_reason, std::uint64_t> events;
};

// What the program handed to user space (bpf/fragment_abi.h).
struct Handed {
  pl_frame head{};
  Bytes frame;
};

// An entry of the connection table, with where it stands.
struct Entry {
  std::uint32_t bucket = 0, slot = 0;
  std::uint64_t word = 0;
  pl_conn conn{};
  [[nodiscard]] unsigned state() const { return static_cast<unsigned>((word & PL_WORD_STATE) >> PL_WORD_STATE_SHIFT); }
  [[nodiscard]] bool active() const { return word & PL_WORD_ACTIVE; }
  [[nodiscard]] std::uint32_t expires() const { return static_cast<std::uint32_t>(word); }
};

const char* name_of(pl_reason reason);
std::uint32_t ticks(double seconds);
std::uint32_t now_tick();
pl_addr to_abi(const net::Address& address);

class Director {
 public:
  explicit Director(const Sizes& sizes = {});
  ~Director();

  // Forgets services, servers, connections and counters; defaults of the settings again.
  void reset();

  // Indexes of what was added. A server is put at the head of its service, as IPVS does.
  std::uint32_t add(const Service& service);
  std::uint32_t add(std::uint32_t service, const Server& server);
  std::uint32_t add(const NextHop& hop);
  void set_marks(const std::vector<MarkRule>& rules);
  void set_weight(std::uint32_t server, std::uint32_t weight);
  void set_limits(std::uint32_t server, std::uint32_t upper, std::uint32_t lower);
  // Takes a server out of its service's list; its slot stays.
  void remove(std::uint32_t server);
  // add() sets the filter's bit for servers behind NAT.
  void set_nat_filter(std::uint32_t server, bool on);
  // What nat_icmp_send knows a NAT server's packets by.
  void add_real(std::uint32_t server);

  // Whether user space says that it takes frames; it does not after reset().
  void set_keeper(bool listens);
  // What was handed over since the last call.
  std::vector<Handed> handed_over();
  // The datagrams noted by their fragments.
  [[nodiscard]] std::vector<pl_fragment_key> datagrams() const;
  [[nodiscard]] pl_datagram datagram(const pl_fragment_key& key) const;
  void set_datagram(const pl_fragment_key& key, const pl_datagram& datagram);

  // Sends one frame in. gtest failures are added where one of the invariants is broken.
  Outcome run(const Bytes& frame);
  Outcome run(const Frame& frame) { return run(frame.bytes()); }
  // Without the bookkeeping, for several threads at once: the XDP action only, of the last time. `times`
  // in a row: each finds the frame as the one before left it.
  std::uint32_t run_only(const Bytes& frame, int times = 1);

  [[nodiscard]] std::uint64_t count(pl_reason reason) const;
  [[nodiscard]] pl_stats stats(std::uint32_t server) const;
  // stats() of every CPU.
  [[nodiscard]] std::vector<pl_stats> stats_per_cpu(std::uint32_t server) const;
  pl_load load(std::uint32_t server) { return loads_[server]; }
  struct Connections {
    std::uint32_t active = 0, inactive = 0;
  };
  // As though the server had so many connections.
  void set_load(std::uint32_t server, Connections connections);

  // The live entries of the first bucket_mask + 1 buckets.
  [[nodiscard]] std::vector<Entry> entries();
  // The one entry of this client; nothing when there is none, a failure when there are two.
  [[nodiscard]] std::optional<Entry> entry(const net::Address& client, std::uint16_t port);
  pl_bucket& bucket(std::uint32_t index) { return conns_[index]; }
  // Call-IDs kept, by PL_PLACE of their template.
  [[nodiscard]] std::map<std::uint32_t, std::string> call_ids() const;
  // Puts a connection into a state with its load counted accordingly, as though packets had.
  void force_state(const Entry& entry, unsigned state, bool active);
  void set_expiry(const Entry& entry, std::uint32_t tick);

  // The maps as explanations are made from them.
  [[nodiscard]] lb::PlaneView view() const;

  // How many buckets of those loaded are used: a power of two.
  void use_buckets(std::uint32_t buckets) { settings_[0].bucket_mask = buckets - 1; }
  pl_settings& settings() { return settings_[0]; }
  // As user space says that routes, neighbours or links changed.
  void forget_routes() { ++settings_[0].route_epoch; }
  pl_server& server(std::uint32_t index) { return servers_[index]; }
  pl_service& service(std::uint32_t index) { return services_[index]; }
  pl_next_hop& next_hop(std::uint32_t index) { return hops_[index]; }
  pl_port& port(std::uint32_t ifindex) { return ports_[ifindex % PL_PORTS]; }

  // What was noted for other directors since the last call, CPU by CPU.
  struct Note {
    std::uint32_t bucket, slot;
    pl_sync_note why;
    bool operator==(const Note&) const = default;
  };
  std::vector<Note> take_notes();
  // For programs that share the maps.
  [[nodiscard]] const bpf_object* object() const;

 private:
  void publish(std::uint32_t service);
  lb::SchedulerMaps schedulers();
  std::vector<std::uint64_t> counts() const;

  struct Unload {
    void operator()(director_bpf* skeleton) const;
  };
  static director_bpf* load(const Sizes& sizes);

  std::unique_ptr<director_bpf, Unload> skeleton_;
  MappedArray<pl_settings> settings_;
  MappedArray<pl_port> ports_;
  MappedArray<pl_mark_rule> marks_;
  MappedArray<pl_service> services_;
  MappedArray<pl_row> members_;
  MappedArray<pl_hash_slots> slots_;
  MappedArray<pl_server> servers_;
  MappedArray<pl_load> loads_;
  MappedArray<pl_next_hop> hops_;
  MappedArray<std::uint64_t> nat_filter_;
  MappedArray<__u64> vip_filter_;
  MappedArray<__u64> vip_front_;
  MappedArray<pl_frame_keeper> keeper_;
  MappedArray<pl_bucket> conns_;
  MappedArray<pl_sync_ring> rings_;
  std::vector<std::uint64_t> taken_;
  std::vector<pl_service_key> keys_, reals_;
  std::unique_ptr<lb::MemberLists> lists_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> servers_of_;  // by service, newest first
  std::map<std::uint32_t, std::uint8_t> protocols_;                 // by service
  std::map<std::uint32_t, Service> specs_;                          // by service
  std::map<std::uint32_t, lb::LoadLimits> limits_;                  // by server
  std::uint32_t next_service_ = 1, next_server_ = 1, next_hop_ = 1;
};

}  // namespace plenum::packet
