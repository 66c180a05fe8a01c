#pragma once
// What runs at the moment, as values: answers of the table and the data plane that the
// control socket carries and listings print.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conf/l4.h"
#include "conf/sync.h"

namespace plenum::lb {

// Totals since creation or the last zero. Bytes are those of the IP packet, as IPVS counts.
struct Counters {
  std::uint64_t connections = 0, in_packets = 0, out_packets = 0, in_bytes = 0, out_bytes = 0;
  bool operator==(const Counters&) const = default;
};

// IPVS's estimator: a moving average per second, sampled every 2 s.
struct Rates {
  std::uint64_t connections = 0, in_packets = 0, out_packets = 0, in_bytes = 0, out_bytes = 0;
  bool operator==(const Rates&) const = default;
};

// An operator's word that differs from the file: who, why, until when.
struct Override {
  std::string what;  // "weight 0", "drained", "added", "removed"
  std::string author;
  std::string reason;
  std::optional<std::uint64_t> expires_in;  // seconds from now; none: for good
  bool operator==(const Override&) const = default;
};

struct ServerStatus {
  conf::Server server;  // with the weight in force
  std::uint32_t active = 0, inactive = 0, persistent = 0;
  Counters counters;
  Rates rates;
  bool draining = false;
  std::optional<std::uint64_t> removed_in;  // seconds until a draining server goes for good
  std::optional<Override> override_;
  std::string next_hop;  // "02:00:00:00:00:11 on eth1", "local", or why there is none
  bool operator==(const ServerStatus&) const = default;
};

struct ServiceStatus {
  conf::Service service;  // without servers: those are below
  Counters counters;
  Rates rates;
  std::optional<Override> override_;
  std::vector<ServerStatus> servers;  // order of addition, oldest first
  bool operator==(const ServiceStatus&) const = default;
};

struct ConnectionStatus {
  conf::Protocol protocol = conf::Protocol::Tcp;
  net::Endpoint client, virtual_, server;
  std::string state;             // IPVS's names: ESTABLISHED, FIN_WAIT, UDP ...
  std::uint32_t expires_in = 0;  // seconds
  // A persistence template: protocol Ip and virtual_ a mark (0.0.0.5, 0:5::) for a mark's
  // service, port 0 for all ports; state ASSURED once a connection of it was established.
  bool is_template = false;
  std::string engine, engine_data;  // "sip" and the Call-ID; empty without an engine
  bool operator==(const ConnectionStatus&) const = default;
};

// One named verdict of the data plane and how often it fell.
struct ReasonCount {
  std::string name;  // "no_server"
  std::string kind;  // "drop", "pass", "forward", "reply", "hold", "event"
  std::string text;  // one line for people
  std::uint64_t packets = 0;
  bool operator==(const ReasonCount&) const = default;
};

struct InterfaceStatus {
  std::string name;
  std::string mode;  // "native", "generic"
  std::string note;  // why generic, or empty
  bool operator==(const InterfaceStatus&) const = default;
};

struct VipStatus {
  std::string name;
  std::string address;  // "192.0.2.10/24"
  std::string interface;
  bool present = false;
  bool operator==(const VipStatus&) const = default;
};

// A synchronisation daemon and what it did since it was started.
struct SyncCount {
  std::string name;  // "connections", "datagrams", "overruns"
  std::uint64_t value = 0;
  bool operator==(const SyncCount&) const = default;
};
struct SyncStatus {
  std::string role;  // "master" or "backup"
  conf::SyncDaemon daemon;
  bool running = false;
  std::string problem;  // why it does not run
  std::vector<SyncCount> counters;
  bool operator==(const SyncStatus&) const = default;
};

struct Status {
  std::string version;
  std::uint64_t uptime = 0;             // seconds the daemon runs
  std::uint64_t data_plane_uptime = 0;  // seconds the data plane runs; it outlives daemons
  std::string config_path;
  std::string config_error;  // why the last reload was refused; empty when it was not
  std::uint64_t services = 0, servers = 0, connections = 0, connection_room = 0;
  std::vector<InterfaceStatus> interfaces;
  std::vector<VipStatus> vips;
  // What differs from IPVS's defaults ("drop_entry 3 (default 0)"), and defences that are on.
  std::vector<std::string> tuning;
  std::vector<SyncStatus> sync;
  std::vector<std::string> warnings;
  bool operator==(const Status&) const = default;
};

}  // namespace plenum::lb
