#include "conf/tuning.h"

namespace plenum::conf {
namespace {

constexpr std::int64_t kInt = 2147483647;

}  // namespace

const std::vector<Tunable>& tunables() {
  using T = Tuning;
  static const std::vector<Tunable> rows{
      {"am_droprate", "drop_packet: 3 drops every so many-th packet that begins a connection.", 0, kInt,
       &T::am_droprate},
      {"amemthresh",
       "Automatic defences begin when the connection table has room for fewer than so many pages of 64 "
       "connections; an eighth of the table at most.",
       0, kInt, &T::amemthresh},
      {"backup_only", "While a backup sync daemon runs, balance nothing: packets go up the stack.", 0, 1,
       &T::backup_only},
      {"cache_bypass",
       "Packets for a firewall-mark service without a server go where they were addressed, instead of being refused.",
       0, 1, &T::cache_bypass},
      {"conn_reuse_mode",
       "A SYN on a closed connection's ports: 0 its old server, 1 scheduled anew, 2 from FIN_WAIT too where answers "
       "do not pass here.",
       0, 3, &T::conn_reuse_mode},
      {"conntrack", "Netfilter connection tracking.", 0, 1, &T::conntrack,
       "balanced packets never meet netfilter, so there is nothing for it to track"},
      {"drop_entry", "Remove half-open connections at random: 0 never, 1 and 2 when the table runs full, 3 always.", 0,
       3, &T::drop_entry},
      {"drop_packet", "Drop packets that begin connections: 0 never, 1 and 2 when the table runs full, 3 always.", 0, 3,
       &T::drop_packet},
      {"expire_nodest_conn",
       "End a connection whose server was removed at its next packet, instead of dropping its packets.", 0, 1,
       &T::expire_nodest_conn},
      {"expire_quiescent_template", "Persistent clients of a server of weight 0 are scheduled anew.", 0, 1,
       &T::expire_quiescent_template},
      {"ignore_tunneled",
       "Taken for compatibility: packets that this host takes out of a tunnel itself are never balanced again.", 0, 1,
       &T::ignore_tunneled},
      {"lblc_expiration", "lblc: seconds an unused destination keeps its server.", 0, kInt, &T::lblc_expiration},
      {"lblcr_expiration", "lblcr: seconds an unused destination keeps its servers.", 0, kInt, &T::lblcr_expiration},
      {"nat_icmp_send", "Tell a NAT server that sends without a connection: port unreachable.", 0, 1,
       &T::nat_icmp_send},
      {"pmtu_disc", "0: packets too big for a tunnel are fragmented even where DF is set.", 0, 1, &T::pmtu_disc},
      {"run_estimation", "0: rates are not measured.", 0, 1, &T::run_estimation},
      {"schedule_icmp", "An ICMP error of no known connection is scheduled as the packet that it quotes.", 0, 1,
       &T::schedule_icmp},
      {"secure_tcp", "The stricter table of TCP states: 0 never, 1 and 2 when the table runs full, 3 always.", 0, 3,
       &T::secure_tcp},
      {"sloppy_sctp", "Any SCTP packet but ABORT may begin a connection.", 0, 1, &T::sloppy_sctp},
      {"sloppy_tcp", "Any TCP segment but RST may begin a connection.", 0, 1, &T::sloppy_tcp},
      {"snat_reroute", "Answers of NAT servers are routed as the director's own.", 0, 1, &T::snat_reroute,
       "answers of NAT servers are always routed from the virtual address"},
      {"sync_persist_mode", "1: of persistent services only the templates are synchronised.", 0, 1,
       &T::sync_persist_mode},
      {"sync_ports", "UDP ports that sync daemons use; a power of two.", 1, 64, &T::sync_ports},
      {"sync_qlen_max", "Sync messages that may wait to be sent; 0: a 32nd of the memory's pages.", 0, kInt,
       &T::sync_qlen_max},
      {"sync_refresh_period",
       "Seconds by which a connection's timer must differ to be sent again; 0: the packets alone decide.", 0, kInt,
       &T::sync_refresh_period},
      {"sync_retries", "How often a synchronised connection is sent again, an eighth of sync_refresh_period apart.", 0,
       3, &T::sync_retries},
      {"sync_sock_size", "Send or receive buffer of sync sockets, bytes; 0: the system's.", 0, kInt,
       &T::sync_sock_size},
      {"sync_version", "Version of the sync protocol that is sent.", 0, 1, &T::sync_version},
  };
  return rows;
}

std::vector<std::string> differences(const Tuning& tuning) {
  static const Tuning defaults;
  std::vector<std::string> out;
  for (const auto& row : tunables()) {
    if (tuning.*row.value == defaults.*row.value) continue;
    out.push_back(std::string(row.name) + " " + std::to_string(tuning.*row.value) + " (default " +
                  std::to_string(defaults.*row.value) + ")");
  }
  if (tuning.sync_threshold != defaults.sync_threshold || tuning.sync_period != defaults.sync_period) {
    out.push_back("sync_threshold " + std::to_string(tuning.sync_threshold) + " " + std::to_string(tuning.sync_period) +
                  " (default 3 50)");
  }
  return out;
}

}  // namespace plenum::conf
