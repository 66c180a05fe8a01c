#pragma once
// IPVS's three defences against floods (drop_entry, drop_packet, secure_tcp): whether each is
// on, by its mode and by how full the connection table is. Kernel IPVS measures free memory;
// here all memory is taken at the start, so what runs out is room in the table. Pure.

#include <cstdint>
#include <random>
#include <string>

#include "conf/tuning.h"
#include "lb/conn_table.h"
#include "lb/tuning.h"

namespace plenum::lb {

struct DefenceLevel {
  bool drop_entry = false;
  bool secure_tcp = false;
  std::uint32_t drop_rate = 0;  // of drop_packet; 0: off
  bool operator==(const DefenceLevel&) const = default;
};

// Connections for which there must be room, or automatic defences begin: amemthresh pages of
// 64, at most an eighth of the table.
std::uint64_t room_wanted(const conf::Tuning& tuning, std::uint64_t slots);

// Modes 1 and 2 are on while room is short, 3 always. Automatic drop_packet drops one in
// wanted / (wanted - room) packets that begin a connection, as IPVS does, but never more than
// every second: whoever is let in finds a place, for something half-open gives way.
DefenceLevel defence_level(const conf::Tuning& tuning, std::uint64_t connections, std::uint64_t slots);

// "drop_entry, drop_packet 1/3"; empty when all are off.
std::string text(const DefenceLevel& level);

// Whether drop_entry removes this connection (ip_vs_random_dropentry): half-open TCP and SCTP,
// templates that nothing established has assured and that have no connection, and UDP flows of
// one packet that have been idle for a minute. What is established stays:
// IPVS takes some of those with up to eight packets too, which are not counted here.
bool drop_entry_takes(const ConnTable::Entry& entry, std::uint32_t udp_timeout, std::uint32_t now);

// The drop_entry defence's walk: one bucket in 32, chosen at random, each second.
class DropEntry {
 public:
  explicit DropEntry(std::uint64_t seed) : random_(seed) {}
  // Times are ticks. How many connections were removed.
  std::uint32_t run(ConnTable& table, std::uint32_t udp_timeout, std::uint32_t now);

 private:
  std::mt19937_64 random_;
};

}  // namespace plenum::lb
