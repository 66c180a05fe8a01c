#pragma once
// Which options go with which command, and which with which type of tunnel: ipvsadm's tables.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/ipvsadm/command.h"
#include "conf/l4.h"

namespace plenum::cli::ipvsadm {

// The columns of ipvsadm's table: what options count as when their legality is checked (-t,
// -u, --sctp-service and -f are one, so are -m, -i and -g).
// clang-format off
enum class Column : std::uint8_t {
  Numeric, Connection, Service, Scheduler, Persistent, Netmask, Server, Forward, Weight, UpperThreshold,
  LowerThreshold, Mcast, Timeout, Daemon, Stats, Rate, Thresholds, PersistentConn, NoSort, SyncId, Exact, OnePacket,
  PersistenceEngine, SchedulerFlags, McastGroup, McastPort, McastTtl, SyncMaxlen, TunInfo, TunType, TunPort, TunNoCsum,
  TunCsum, TunRemCsum,
};
// clang-format on
inline constexpr std::size_t kColumns = 34;

std::string_view name_of(Column column);

// The options a command line has given, as a set of columns.
class Given {
 public:
  // False when it was there already.
  bool add(Column column) {
    if (has(column)) return false;
    bits_ |= bit(column);
    return true;
  }
  [[nodiscard]] bool has(Column column) const { return (bits_ & bit(column)) != 0; }

 private:
  static std::uint64_t bit(Column column) { return std::uint64_t{1} << static_cast<unsigned>(column); }
  std::uint64_t bits_ = 0;
};

// The first complaint about the combination, without a newline; none when it is legal.
std::optional<std::string> check_command(Verb verb, const Given& given);
std::optional<std::string> check_tunnel(conf::TunnelType type, const Given& given);

}  // namespace plenum::cli::ipvsadm
