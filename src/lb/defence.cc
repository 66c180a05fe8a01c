#include "lb/defence.h"

#include <algorithm>

namespace plenum::lb {

namespace {

constexpr std::uint64_t kConnectionsOfPage = 64;
constexpr std::uint32_t kShareOfTable = 8;
constexpr std::uint32_t kShareOfWalk = 32;

bool is_on(std::int64_t mode, bool short_of_room) { return mode == 3 || (mode != 0 && short_of_room); }

}  // namespace

std::uint64_t room_wanted(const conf::Tuning& tuning, std::uint64_t slots) {
  return std::min(static_cast<std::uint64_t>(tuning.amemthresh) * kConnectionsOfPage, slots / kShareOfTable);
}

DefenceLevel defence_level(const conf::Tuning& tuning, std::uint64_t connections, std::uint64_t slots) {
  const auto wanted = room_wanted(tuning, slots);
  const auto room = slots - std::min(connections, slots);
  const bool short_of_room = room < wanted;
  DefenceLevel level;
  level.drop_entry = is_on(tuning.drop_entry, short_of_room);
  level.secure_tcp = is_on(tuning.secure_tcp, short_of_room);
  if (tuning.drop_packet == 3)
    level.drop_rate = static_cast<std::uint32_t>(tuning.am_droprate);
  else if (is_on(tuning.drop_packet, short_of_room))
    level.drop_rate = static_cast<std::uint32_t>(std::max<std::uint64_t>(2, wanted / (wanted - room)));
  return level;
}

std::string text(const DefenceLevel& level) {
  std::string out;
  const auto add = [&out](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  if (level.drop_entry) add("drop_entry");
  if (level.drop_rate != 0) add("drop_packet 1/" + std::to_string(level.drop_rate));
  if (level.secure_tcp) add("secure_tcp");
  return out;
}

bool drop_entry_takes(const ConnTable::Entry& entry, std::uint32_t udp_timeout, std::uint32_t now) {
  const auto state = static_cast<std::uint32_t>((entry.word & PL_WORD_STATE) >> PL_WORD_STATE_SHIFT);
  if ((entry.word & PL_WORD_TEMPLATE) != 0) return (state & PL_TEMPLATE_ASSURED) == 0 && entry.conn.packets == 0;
  switch (static_cast<conf::Protocol>(entry.conn.proto)) {
    case conf::Protocol::Ip:  // templates alone, see above
      break;
    case conf::Protocol::Tcp:
      return state == PL_TCP_SYN_RECV || state == PL_TCP_SYNACK;
    case conf::Protocol::Sctp:
      return state == PL_SCTP_INIT1 || state == PL_SCTP_INIT;
    case conf::Protocol::Udp: {
      const auto left = static_cast<std::int32_t>(static_cast<std::uint32_t>(entry.word) - now);
      const auto idle = std::int64_t{udp_timeout} - left;
      return state == PL_UDP_NEW && idle >= std::int64_t{ticks_of(60)};
    }
  }
  return false;
}

std::uint32_t DropEntry::run(ConnTable& table, std::uint32_t udp_timeout, std::uint32_t now) {
  std::uint32_t removed = 0;
  const auto count = std::max<std::uint32_t>(1, table.bucket_count() / kShareOfWalk);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto bucket = static_cast<std::uint32_t>(random_()) & (table.bucket_count() - 1);
    removed += table.remove_if(
        bucket, [&](const ConnTable::Entry& entry) { return drop_entry_takes(entry, udp_timeout, now); });
  }
  return removed;
}

}  // namespace plenum::lb
