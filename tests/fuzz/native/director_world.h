#pragma once
// A director's world for its program compiled here: services of both families and of every
// protocol, servers of every forwarding method behind next hops of every kind, and a routing
// table. Knows what must hold whatever packets come: sums, verdicts, table and loads.

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "bpf/abi.h"
#include "lb/conn_table.h"
#include "lb/member_lists.h"
#include "tests/fuzz/native/judge.h"
#include "tests/fuzz/native/machine.h"

struct director_bpf;

namespace plenum::native {

class DirectorWorld {
 public:
  DirectorWorld();
  ~DirectorWorld();

  // Everything as at first: no connection, second 1000.
  void reset();

  // One frame, and everything that must hold afterwards; aborts with a word about what does not.
  Run send(const Bytes& frame, std::uint32_t ifindex);

  // Fragments that were handed to user space come back.
  void send_held();

  void pass_ticks(std::uint32_t ticks);
  // User space's sweep over the whole table.
  void age();
  // What an operator may do to a server, by `how`: remove it, add it again, give its slot
  // away, change its method, tunnel, checksum or next hop.
  void change_server(std::uint32_t which, std::uint32_t how);
  // Settings as `choice` has its bits: enum pl_tuning, synchronisation, dropping under load.
  void tune(std::uint32_t choice);

  // Addresses frames are made of.
  static constexpr std::uint8_t kDirectorMac[6] = {2, 0, 0, 0, 0, 1};
  static constexpr std::uint32_t kIngress = 1, kEgress = 2, kVlanDevice = 3;

 private:
  void add_ports();
  void add_next_hops();
  void add_services();
  std::uint32_t add_service(const pl_addr& address, std::uint8_t family, std::uint16_t port, std::uint8_t protocol,
                            std::uint32_t scheduler);
  void add_server(std::uint32_t service, const pl_addr& address, std::uint8_t family, std::uint8_t forward,
                  std::uint8_t tunnel, std::uint32_t next_hop);
  void publish(std::uint32_t service);
  [[nodiscard]] lb::SchedulerMaps schedulers() const;
  void check_verdict(const Bytes& frame, const Run& run);
  void check_frame(const Bytes& frame, const Run& run, pl_reason reason) const;
  void check_table() const;

  struct Unload {
    void operator()(director_bpf* skeleton) const;
  };
  std::unique_ptr<director_bpf, Unload> skeleton_;
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
  std::unique_ptr<lb::MemberLists> lists_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> servers_of_;  // servers by service, newest first
  std::uint32_t last_service_ = 0, last_server_ = 0;
  std::vector<__u64> counted_;  // reasons as they were before the frame
  std::vector<std::pair<Bytes, std::uint32_t>> held_;
};

}  // namespace plenum::native
