#pragma once
// NAT servers by address, port and protocol, as the program looks up the sender of a packet of
// no connection (nat_icmp_send). Keeps one entry of the map pl_reals for all servers of one
// key, and none at all while the setting is off. Knows the map alone.

#include <cstdint>
#include <map>
#include <set>

#include "conf/l4.h"

namespace plenum::lb {

class RealServers {
 public:
  // `map_fd`: pl_reals; outlives this.
  explicit RealServers(int map_fd) : map_fd_(map_fd) {}

  // Servers of index > 0. One without a port of its own cannot be told by its packets.
  void add(const conf::ServiceKey& service, const conf::ServerKey& server, std::uint32_t index);
  void remove(const conf::ServiceKey& service, const conf::ServerKey& server, std::uint32_t index);
  // Fills the map or empties it.
  void enable(bool on);

 private:
  struct Key {
    conf::ServerKey server;
    std::uint8_t protocol = 0;  // 0: of a mark's service
    auto operator<=>(const Key&) const = default;
  };
  static Key key_of(const conf::ServiceKey& service, const conf::ServerKey& server);
  void show(const Key& key, const std::set<std::uint32_t>& indexes) const;

  int map_fd_;
  bool on_ = false;
  std::map<Key, std::set<std::uint32_t>> servers_;
};

}  // namespace plenum::lb
