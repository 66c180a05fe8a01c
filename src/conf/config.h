#pragma once
// The immutable value a whole configuration file reads into. Every program of the suite
// reads the same file and takes its own part.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/check.h"
#include "conf/l4.h"
#include "conf/mark_rule.h"
#include "conf/sync.h"
#include "conf/tuning.h"
#include "conf/vrrp.h"
#include "net/address.h"

namespace plenum::conf {

struct Vip {
  std::string name;
  std::vector<net::Prefix> addresses;
  // Where the addresses are added. Empty: on the interface whose subnet holds the address.
  std::string interface;
  // plenum-vrrpd adds the addresses, where it is master, and takes them away.
  bool by_vrrp = false;
  bool operator==(const Vip&) const = default;
};

enum class XdpMode : std::uint8_t { Auto, Native, Generic };

// How this director runs; `director:` in the file, all of it optional.
struct Director {
  // Interfaces that carry the data plane. Empty: every one that carries a VIP or leads to
  // a server.
  std::vector<std::string> interfaces;
  XdpMode xdp = XdpMode::Auto;
  // Room in the connection table, a power of two, 1024..134217728.
  std::uint32_t connections = 1u << 20;
  // Room for servers over all services, those still draining included, 64..1048576.
  std::uint32_t servers = 1u << 16;
  // In order; which packets carry which firewall mark.
  std::vector<MarkRule> marks;
  // Whether marks of nftables and iptables count, too.
  bool nftables_marks = true;
  Tuning tuning;
  Timeouts timeouts;
  Sync sync;  // connections kept in step with other directors
  bool operator==(const Director&) const = default;
};

struct Config {
  std::string node;  // which this host is
  Director director;
  std::vector<Vip> vips;
  std::vector<Service> services;
  std::vector<ServiceHealth> health;  // of services that are checked
  Vrrp vrrp;
  bool operator==(const Config&) const = default;
};

}  // namespace plenum::conf
