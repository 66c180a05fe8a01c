#include "lb/slot_table.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "bpf/maglev.h"

namespace plenum::lb {

namespace {

// Bits of a weight that count, of the table's CONFIG_IP_VS_MH_TAB_INDEX 12.
constexpr int kMaglevWeightBits = 6;

// One server's walk through the slots in its own order of preference.
struct Walk {
  std::uint32_t slot = 0, skip = 0, turns = 0;
};

std::vector<Walk> walks(std::span<const HashedServer> list) {
  std::uint32_t gcd = 0, greatest = 0;
  for (const auto& s : list) {
    gcd = std::gcd(gcd, s.last_weight);
    greatest = std::max(greatest, s.last_weight);
  }
  if (gcd == 0) return {};
  const int shift = std::max(0, static_cast<int>(std::bit_width(greatest / gcd)) - kMaglevWeightBits);
  std::vector<Walk> out;
  for (const auto& s : list) {
    const auto turns = (s.last_weight / gcd) >> shift;
    out.push_back({pl_maglev_hash(s.key, PL_MAGLEV_KEY_1) % PL_MAGLEV_SLOTS,
                   pl_maglev_hash(s.key, PL_MAGLEV_KEY_2) % (PL_MAGLEV_SLOTS - 1) + 1,
                   turns != 0 ? turns : (s.last_weight != 0 ? 1u : 0u)});
  }
  return out;
}

}  // namespace

std::uint32_t server_hash_key(const pl_server& server, std::uint8_t service_family) {
  // IPVS reads the address as one of the service's family, whatever it is.
  std::uint32_t folded = server.addr.w[3];
  if (server.family == 6)
    folded = service_family == 6 ? server.addr.w[0] ^ server.addr.w[1] ^ server.addr.w[2] ^ server.addr.w[3]
                                 : server.addr.w[0];
  return __builtin_bswap16(server.port) + __builtin_bswap32(folded);
}

std::vector<std::uint32_t> dh_slots(std::span<const HashedServer> list) {
  std::vector<std::uint32_t> slots(PL_HASH_SLOTS);
  if (list.empty()) return slots;
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = list[i % list.size()].server;
  return slots;
}

std::vector<std::uint32_t> sh_slots(std::span<const HashedServer> list) {
  std::vector<std::uint32_t> slots(PL_HASH_SLOTS);
  if (list.empty()) return slots;
  std::size_t at = 0;
  std::uint32_t filled = 0;
  for (auto& slot : slots) {
    slot = list[at].server;
    if (++filled < list[at].weight) continue;
    at = (at + 1) % list.size();
    filled = 0;
  }
  return slots;
}

std::vector<std::uint32_t> mh_slots(std::span<const HashedServer> list) {
  std::vector<std::uint32_t> slots(PL_MAGLEV_SLOTS);
  if (list.size() > PL_MAGLEV_SLOTS) list = list.last(PL_MAGLEV_SLOTS);
  auto walking = walks(list);
  if (walking.empty()) return slots;
  for (std::size_t taken = 0;;) {
    for (std::size_t i = 0; i < walking.size(); ++i) {
      auto& walk = walking[i];
      for (std::uint32_t turn = 0; turn < walk.turns; ++turn) {
        while (slots[walk.slot] != 0) walk.slot = (walk.slot + walk.skip) % PL_MAGLEV_SLOTS;
        slots[walk.slot] = list[i].server;
        if (++taken == PL_MAGLEV_SLOTS) return slots;
      }
    }
  }
}

std::vector<std::uint32_t> slots_of(std::uint32_t scheduler, std::span<const HashedServer> list) {
  switch (scheduler) {
    case PL_SCHED_DH:
      return dh_slots(list);
    case PL_SCHED_SH:
      return sh_slots(list);
    case PL_SCHED_MH:
      return mh_slots(list);
    default:
      return {};
  }
}

}  // namespace plenum::lb
