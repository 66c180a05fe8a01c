#pragma once
// The director and the driver loaded side by side: one service, a few servers, and packets
// by the million through BPF_PROG_TEST_RUN. Knows how to fill the table and how long a
// packet took; what to measure is its caller's business.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/l4_driver.h"
#include "bpf/abi.h"
#include "lb/member_lists.h"
#include "tests/packet/maps.h"

struct director_bpf;
struct l4_driver_bpf;

namespace plenum::bench {

enum class Mode { Dr, Tun, Nat };
inline constexpr Mode kModes[] = {Mode::Dr, Mode::Tun, Mode::Nat};
const char* name_of(Mode mode);

class Rig {
 public:
  // Throws std::runtime_error where a program cannot be loaded (root is needed).
  explicit Rig(std::uint32_t slots);
  ~Rig();

  // An empty table, and so many servers of this mode under this scheduler, of seven different
  // weights where `weighted`.
  void begin(Mode mode, pl_scheduler scheduler = PL_SCHED_RR, std::uint32_t servers = 4, bool weighted = false);
  // Flows 0..n-1 in the table, established.
  void establish(std::uint64_t n);

  // ns per packet, driver included. Each throws where packets did not go where they should:
  // then the figure would be of something else.
  double hit(std::uint32_t flows, std::uint32_t packets);    // random ones of the first flows, a power of two
  double fresh(std::uint64_t first, std::uint32_t packets);  // SYNs of flows first, first + 1, ...
  double null(std::uint32_t packets);

  // The same on these CPUs at once, each with a thread, a driver and as many packets of its own:
  // packets a second of all together. Of fresh flows each CPU has its own.
  double hit_on(const std::vector<int>& cpus, std::uint32_t flows, std::uint32_t packets);
  double fresh_on(const std::vector<int>& cpus, std::uint64_t first, std::uint32_t packets);
  // Connections that servers' loads say there are, and those that stand in the table.
  [[nodiscard]] std::uint64_t counted_connections();
  [[nodiscard]] std::uint64_t live_connections();

  [[nodiscard]] double bytes_per_connection() const;

 private:
  struct Unload {
    void operator()(director_bpf* skeleton) const;
    void operator()(l4_driver_bpf* skeleton) const;
  };
  static director_bpf* load_director(std::uint32_t slots);
  static l4_driver_bpf* load_driver();
  void put_under_test(int program);
  double run(std::uint32_t packets) { return run(*driver_, packets); }
  static double run(const l4_driver_bpf& driver, std::uint32_t packets);
  double run_on(const std::vector<int>& cpus, std::uint64_t flows_each, std::uint32_t packets, pl_reason counted);
  std::uint64_t count(pl_reason reason) const;
  void expect_counted(pl_reason reason, std::uint64_t before, std::uint64_t packets) const;

  std::unique_ptr<director_bpf, Unload> director_;
  std::unique_ptr<l4_driver_bpf, Unload> driver_;
  packet::MappedArray<pl_settings> settings_;
  packet::MappedArray<pl_port> ports_;
  packet::MappedArray<pl_service> services_;
  packet::MappedArray<pl_row> members_;
  packet::MappedArray<pl_hash_slots> slots_;
  packet::MappedArray<pl_server> servers_;
  packet::MappedArray<pl_load> loads_;
  packet::MappedArray<pl_next_hop> hops_;
  packet::MappedArray<pl_bucket> conns_;
  packet::MappedArray<l4_driver_order> order_;
  std::unique_ptr<lb::MemberLists> lists_;
  pl_reason forwarded_ = PL_FORWARD_DR;
};

}  // namespace plenum::bench
