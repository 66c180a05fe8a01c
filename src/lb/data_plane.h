#pragma once
// The services as the XDP program has them: makes its maps agree with the table, service by
// service, and reads counters and loads back. A server that is removed keeps its slot while
// connections refer to it, so that adding it again revives them, as IPVS's trash does.
// Knows slots and maps; does not know files, operators or routes.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bpf/abi.h"
#include "lb/conn_table.h"
#include "lb/estimator.h"
#include "lb/in_force.h"
#include "lb/member_lists.h"
#include "lb/next_hop_slots.h"
#include "lb/nexthop.h"
#include "lb/range_allocator.h"
#include "lb/real_servers.h"
#include "lb/stats_map.h"
#include "lb/status.h"
#include "lb/table.h"
#include "lb/vip_front.h"
#include "lb/xdp_program.h"
#include "proto/ipvs_sync.h"

namespace plenum::lb {

// Counters to take off what the maps count: an operator's -Z, and what slots given back had.
using Baselines = std::map<std::string, std::vector<std::uint64_t>>;

struct ServerNumbers {
  Counters counters;
  Rates rates;
  std::uint32_t active = 0, inactive = 0, persistent = 0;
};

struct ServiceNumbers {
  Counters counters;
  Rates rates;
};

class DataPlane {
 public:
  // Takes over what the maps of an adopted program hold; `program` outlives it.
  DataPlane(XdpProgram& program, const Baselines& baselines, TimePoint now);

  // Which packets carry which mark, in order; at most PL_MARK_RULES of them.
  void set_marks(const std::vector<pl_mark_rule>& rules);

  // Makes the maps agree with `service`; nullptr: it is removed. ENOSPC when a map is full: then
  // what was there goes on, and the caller tries again when slots were given back. Servers that
  // are Out keep the slots they have, with counters and what connections there are.
  Result<> sync(const conf::ServiceKey& key, const ServiceInForce* service, TimePoint now);
  // Keys of services in the maps, for a reconciliation that removes what the table has not.
  [[nodiscard]] std::vector<conf::ServiceKey> services() const;

  // Addresses of all servers that packets may be sent to.
  [[nodiscard]] std::set<net::Address> destinations() const;
  void set_next_hop(const net::Address& destination, const NextHop& hop, TimePoint now);
  // Forgets the ways to addresses that are not followed any more.
  void forget_next_hops_except(const std::set<net::Address>& followed);

  // Gives back the slots of removed servers without connections, and tries again what found
  // no room. Call every second or so. True when something was given back.
  bool collect(TimePoint now);
  // Samples rates. Call every 2 s.
  void sample();
  // Zeroes counters of one service and its servers, or of all. False: no such service.
  bool zero(const std::optional<conf::ServiceKey>& key);
  [[nodiscard]] Baselines baselines() const;

  // Counters of all server slots at one time, to be handed to numbers() for each of many.
  using Snapshot = std::vector<Counters>;
  [[nodiscard]] Snapshot snapshot() const { return stats_.read_front(slots_used()); }

  // All zero for what is not in the maps. Without a snapshot counters are read from the kernel.
  [[nodiscard]] ServerNumbers numbers(const conf::ServiceKey& service, const conf::ServerKey& server,
                                      const Snapshot* snapshot = nullptr) const;
  [[nodiscard]] ServiceNumbers numbers(const conf::ServiceKey& service, const Snapshot* snapshot = nullptr) const;
  [[nodiscard]] std::uint64_t connections() const;

  // For other directors; see data_plane_sync.cc. What they are told of a connection: nothing
  // when its server was removed.
  [[nodiscard]] std::optional<proto::SyncConnection> told(const ConnTable::Entry& entry) const;
  // The slot of the server that a connection of another director is on, found as IPVS finds
  // it (ip_vs_find_dest()). A server nobody here has is held while it has connections: packets
  // go to it, new connections do not. ENOSPC when there is no room for it.
  Result<std::uint32_t> bind(const proto::SyncConnection& connection, TimePoint now);
  // Whether bind() began to hold a server since the last call: its next hop is to be followed.
  bool take_held() { return std::exchange(held_, false); }
  // Virtual addresses of connections whose servers are held.
  [[nodiscard]] std::set<net::Address> held_addresses() const;

  [[nodiscard]] ConnTable& table() { return conns_; }
  [[nodiscard]] const ConnTable& table() const { return conns_; }
  // One entry as listings show it, without the time it has left.
  [[nodiscard]] ConnectionStatus status_of(const ConnTable::Entry& entry) const;
  // Of a SIP template; none when it has just ended.
  [[nodiscard]] std::optional<std::string> call_id_of(const ConnTable::Entry& entry) const;
  // The connections of one bucket, as listings show them.
  void list(std::uint32_t bucket, std::vector<ConnectionStatus>& out) const;
  [[nodiscard]] std::vector<ReasonCount> reasons() const;
  // Adds to an event that user space alone counts.
  void count(pl_reason event, std::uint64_t more);

  // `tuning: pmtu_disc`, 1 until told otherwise: whether tunnels keep the DF bit.
  void set_pmtu_disc(bool on);
  // `tuning: nat_icmp_send`, off until told otherwise.
  void set_nat_icmp_send(bool on) { reals_.enable(on); }

 private:
  struct ServerSlot {
    conf::ServerKey key;
    std::uint32_t service = 0;  // 0: the slot is free
    bool removed = false;
    bool kept = false;  // removed, and to come back: given back only when the service drops it
    TimePoint removed_at{};
    std::uint64_t seen = 0;  // by the last sync() of its service
    Counters baseline;
    Estimator estimator;
    bool nat = false;
    conf::Server spec;  // as written last
  };
  struct ServiceSlot {
    conf::ServiceKey key;
    bool used = false;
    bool removed = false;
    std::map<conf::ServerKey, std::uint32_t> servers;  // removed ones too
    Counters carry;                                    // of servers whose slots were given back
    Counters baseline;
    Estimator estimator;
  };

  void adopt();
  Result<std::uint32_t> service_slot(const conf::ServiceKey& key, TimePoint now);
  Result<std::uint32_t> server_slot(std::uint32_t service, const conf::ServerKey& key, TimePoint now);
  void write_server(std::uint32_t index, std::uint32_t service, const conf::Server& spec, TimePoint now);
  void remove_server(std::uint32_t index, TimePoint now);
  void keep_server(std::uint32_t index, TimePoint now);
  void remove_service(std::uint32_t index, TimePoint now);
  Result<> set_members(std::uint32_t index, const ServiceInForce& service, TimePoint now);
  void point(std::uint32_t index, const NextHop& hop, TimePoint now);
  void release_server(std::uint32_t index, TimePoint now);
  void release_service(std::uint32_t index, TimePoint now);
  void forget_orphans();
  void write_service(std::uint32_t index, const conf::Service& spec);
  void count_lookup(const conf::ServiceKey& key, int by);
  void set_nat(std::uint32_t index, const net::Address& address, bool nat);
  [[nodiscard]] std::uint32_t slots_used() const;
  [[nodiscard]] Counters read_stats(std::uint32_t server, const Snapshot* snapshot = nullptr) const;
  [[nodiscard]] Counters total(const ServiceSlot& slot, const Snapshot* snapshot = nullptr) const;
  [[nodiscard]] const ServiceSlot* serving(const conf::ServiceKey& key) const;
  Result<std::uint32_t> hold(const conf::ServiceKey& service, const conf::ServerKey& server, std::uint8_t forward,
                             TimePoint now);

  XdpProgram& program_;
  ConnTable conns_;
  VipFront front_;
  StatsMap stats_;
  int cpus_;
  std::vector<ServiceSlot> services_;
  std::vector<ServerSlot> servers_;
  std::unordered_map<conf::ServiceKey, std::uint32_t, KeyHash> by_key_;
  std::map<net::Address, std::set<std::uint32_t>> by_address_;
  std::map<net::Address, NextHop> next_hops_;
  RangeAllocator free_services_, free_servers_;
  MemberLists lists_;
  NextHopSlots hop_slots_;
  std::vector<std::uint16_t> nat_uses_;
  std::map<std::uint32_t, std::uint32_t> lookups_;  // enum pl_lookups to services found by it
  std::set<std::uint32_t> removed_;
  bool held_ = false;
  std::uint64_t syncs_ = 0;
  std::set<net::Address> hops_due_;  // their next hop found no room
  RealServers reals_;
  bool pmtu_disc_ = true;
};

}  // namespace plenum::lb
