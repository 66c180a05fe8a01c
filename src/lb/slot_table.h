#pragma once
// Whom the hashes of dh, sh and mh stand for: the tables IPVS builds (ip_vs_dh.c, ip_vs_sh.c,
// ip_vs_mh.c of Linux 6.1), bit for bit. Pure; bpf/scheduler/hash.h reads them.

#include <cstdint>
#include <span>
#include <vector>

#include "bpf/abi.h"

namespace plenum::lb {

// A server as it is hashed; lists stand in IPVS's order, newest first, those of weight 0 too.
struct HashedServer {
  std::uint32_t server = 0;
  std::uint32_t weight = 0;
  std::uint32_t last_weight = 0;  // the last one that was not 0, for mh
  std::uint32_t key = 0;          // mh: server_hash_key()
};

// What mh hashes of a server of a service of this family (4 or 6).
std::uint32_t server_hash_key(const pl_server& server, std::uint8_t service_family);

// PL_HASH_SLOTS servers, each in turn, whatever its weight. Empty list: all 0.
std::vector<std::uint32_t> dh_slots(std::span<const HashedServer> list);
// PL_HASH_SLOTS servers, each in as many slots in a row as its weight; weight 0 takes one.
std::vector<std::uint32_t> sh_slots(std::span<const HashedServer> list);
// PL_MAGLEV_SLOTS servers by last_weight, so that draining one moves no client of another. Of
// more servers than slots the oldest are taken, as IPVS does when they are added one by one.
std::vector<std::uint32_t> mh_slots(std::span<const HashedServer> list);

// The table of PL_SCHED_DH, _SH or _MH; empty for other schedulers.
std::vector<std::uint32_t> slots_of(std::uint32_t scheduler, std::span<const HashedServer> list);

}  // namespace plenum::lb
