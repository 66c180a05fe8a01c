#pragma once
// The daemons that keep connections in step between directors, as values: what the file and
// `ipvsadm --start-daemon` say. Knows nothing of sockets.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"

namespace plenum::conf {

// One daemon: sends (master) or receives (backup).
struct SyncDaemon {
  std::string interface;
  std::uint8_t syncid = 0;                            // a backup with 0 takes every master's
  net::Address group = net::Address::v4(0xe0000051);  // 224.0.0.81, IPVS's
  std::uint16_t port = 8848;
  std::uint8_t ttl = 1;
  // Bytes of UDP payload in a datagram; 0: as IPVS counts it, 1472 for IPv4.
  std::uint16_t maxlen = 0;
  // Directors spoken to one by one, instead of the group.
  std::vector<net::Address> peers;
  bool operator==(const SyncDaemon&) const = default;
};

struct Sync {
  std::optional<SyncDaemon> master, backup;
  // The virtual router (Vrrp::routers) or sync group whose mastership decides: the master's daemon runs while this
  // host is master, the backup's always. Empty: both always.
  std::string follow;
  bool operator==(const Sync&) const = default;
};

}  // namespace plenum::conf
