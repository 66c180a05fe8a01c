#pragma once
// The knobs of kernel IPVS (net.ipv4.vs.*, Linux 6.1) and the connection timeouts, as values:
// the same names, ranges and defaults. One table of them gives the schema, the reader and
// every listing. Knows what they are called and may be; what they do is the data plane's.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plenum::conf {

// `director: tuning:`. A switch is 0 or 1.
struct Tuning {
  std::int64_t am_droprate = 10;
  std::int64_t amemthresh = 1024;
  std::int64_t backup_only = 0;
  std::int64_t cache_bypass = 0;
  std::int64_t conn_reuse_mode = 1;
  std::int64_t conntrack = 0;
  std::int64_t drop_entry = 0;
  std::int64_t drop_packet = 0;
  std::int64_t expire_nodest_conn = 0;
  std::int64_t expire_quiescent_template = 0;
  std::int64_t ignore_tunneled = 0;
  std::int64_t lblc_expiration = 86400;   // seconds
  std::int64_t lblcr_expiration = 86400;  // seconds
  std::int64_t nat_icmp_send = 0;
  std::int64_t pmtu_disc = 1;
  std::int64_t run_estimation = 1;
  std::int64_t schedule_icmp = 0;
  std::int64_t secure_tcp = 0;
  std::int64_t sloppy_sctp = 0;
  std::int64_t sloppy_tcp = 0;
  std::int64_t snat_reroute = 1;
  std::int64_t sync_persist_mode = 0;
  std::int64_t sync_ports = 1;
  std::int64_t sync_qlen_max = 0;        // 0: a 32nd of the machine's memory pages
  std::int64_t sync_refresh_period = 0;  // seconds
  std::int64_t sync_retries = 0;
  std::int64_t sync_sock_size = 0;  // bytes; 0: the system's own
  // The two numbers of `sync_threshold: [3, 50]`.
  std::int64_t sync_threshold = 3;
  std::int64_t sync_period = 50;
  std::int64_t sync_version = 1;
  bool operator==(const Tuning&) const = default;
};

// `director: timeouts:`, seconds: what `ipvsadm --set` sets.
struct Timeouts {
  std::int64_t tcp = 900;      // ESTABLISHED
  std::int64_t tcp_fin = 120;  // FIN_WAIT
  std::int64_t udp = 300;
  bool operator==(const Timeouts&) const = default;
};

// One knob: a whole number in a range.
struct Tunable {
  std::string_view name;
  std::string_view doc;  // one line
  std::int64_t min, max;
  std::int64_t Tuning::*value;
  // Why no value but the default is taken; empty for those that can be turned.
  std::string_view fixed{};
};

// In alphabetical order, all but sync_threshold, which is a pair.
const std::vector<Tunable>& tunables();

// "conn_reuse_mode 2 (default 1)", one for each that differs from IPVS's default.
std::vector<std::string> differences(const Tuning& tuning);

}  // namespace plenum::conf
