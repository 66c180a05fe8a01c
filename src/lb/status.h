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

// One check of a server.
struct CheckStatus {
  std::string name;                         // what the file calls it: "tcp"
  std::string asked;                        // "192.0.2.11:80"; empty: of a script, a file, a BFD session
  std::string state;                        // "up", "down", "damped": down until it has rested
  std::uint64_t since = 0;                  // seconds ago
  std::string why;                          // it is down, or about to be
  std::optional<std::uint64_t> latency;     // of the last probe, microseconds
  std::optional<std::uint64_t> last;        // it ended so many milliseconds ago
  std::optional<std::uint64_t> damped_for;  // seconds more
  std::uint32_t against = 0;                // results in a row against the state
  std::uint64_t probes = 0, failures = 0, falls = 0;
  std::string hindrance;  // why this host cannot ask
  bool operator==(const CheckStatus&) const = default;
};

struct ServerHealthStatus {
  std::string state;        // the worst of its checks'
  std::uint64_t since = 0;  // seconds ago
  std::string why;
  std::optional<std::uint64_t> latency;     // the greatest of its checks', microseconds
  std::optional<std::uint64_t> damped_for;  // seconds more
  std::optional<std::uint64_t> slow_start;  // percent of its weight, on the way up
  std::vector<CheckStatus> checks;          // of a listing of health alone
  bool operator==(const ServerHealthStatus&) const = default;
};

struct ServiceHealthStatus {
  std::string state;         // "up", or "down": below its quorum
  std::uint64_t weight = 0;  // of servers that are well
  std::uint64_t quorum = 1, hysteresis = 0;
  std::uint64_t since = 0;  // seconds ago
  bool sorry = false;       // the sorry server takes everything
  bool operator==(const ServiceHealthStatus&) const = default;
};

struct ServerStatus {
  conf::Server server;  // with the weight in force
  std::uint32_t active = 0, inactive = 0, persistent = 0;
  Counters counters;
  Rates rates;
  bool draining = false;
  std::optional<std::uint64_t> removed_in;  // seconds until a draining server goes for good
  std::optional<Override> override_;
  std::optional<std::int32_t> wanted_weight;  // health makes it another one for now
  bool out = false;                           // health keeps it out: as removed, until it is well
  bool sorry = false;                         // stands in for the others, of the service's own accord
  std::optional<ServerHealthStatus> health;
  std::string next_hop;  // "02:00:00:00:00:11 on eth1", "local", or why there is none
  bool operator==(const ServerStatus&) const = default;
};

struct ServiceStatus {
  conf::Service service;  // without servers: those are below
  Counters counters;
  Rates rates;
  std::optional<Override> override_;
  std::optional<ServiceHealthStatus> health;
  std::vector<ServerStatus> servers;  // order of addition, oldest first
  bool operator==(const ServiceStatus&) const = default;
};

// The health of a service and its servers, everything of it.
struct HealthReport {
  struct Server {
    std::string name;  // from the file, or ADDRESS:PORT
    std::string address;
    ServerHealthStatus health;
    bool operator==(const Server&) const = default;
  };
  std::string service;  // its name, or its key's text
  std::string listens_on;
  ServiceHealthStatus health;
  std::vector<Server> servers;
  bool operator==(const HealthReport&) const = default;
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
  bool by_vrrp = false;  // plenum-vrrpd brings it, where it is master
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
  // Of servers that are checked; services below their quorum, and of these those with a sorry server at work.
  std::uint64_t checked = 0, down = 0, damped = 0, services_down = 0, sorry = 0;
  std::vector<std::string> health;  // of services with a server down, a check that cannot be asked, or no quorum
  std::vector<InterfaceStatus> interfaces;
  std::vector<VipStatus> vips;
  // What differs from IPVS's defaults ("drop_entry 3 (default 0)"), and defences that are on.
  std::vector<std::string> tuning;
  std::vector<SyncStatus> sync;
  std::vector<std::string> warnings;
  bool operator==(const Status&) const = default;
};

}  // namespace plenum::lb
