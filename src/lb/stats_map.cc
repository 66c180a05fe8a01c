#include "lb/stats_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>

#include "bpf/abi.h"
#include "lb/counters.h"

namespace plenum::lb {

namespace {

// Elements a system call reads: enough that the calls cost nothing, few enough for the cache.
constexpr std::uint32_t kBatch = 2048;

Counters sum_of(const pl_stats* each, std::size_t cpus) {
  Counters sum;
  for (std::size_t i = 0; i < cpus; ++i)
    sum += Counters{each[i].connections, each[i].in_packets, each[i].out_packets, each[i].in_bytes, each[i].out_bytes};
  return sum;
}

}  // namespace

StatsMap::StatsMap(int fd, std::uint32_t servers)
    : fd_(fd), servers_(servers), cpus_(static_cast<std::size_t>(libbpf_num_possible_cpus())) {}

Counters StatsMap::read(std::uint32_t server) const {
  std::vector<pl_stats> values(cpus_);
  return bpf_map_lookup_elem(fd_, &server, values.data()) == 0 ? sum_of(values.data(), cpus_) : Counters{};
}

std::vector<Counters> StatsMap::read_front(std::uint32_t count) const {
  count = std::min(count, servers_);
  std::vector<Counters> out(count);
  std::vector<std::uint32_t> keys(kBatch);
  std::vector<pl_stats> values(kBatch * cpus_);
  std::uint32_t position = 0, done = 0;
  while (done < count) {
    std::uint32_t got = std::min(kBatch, count - done);
    // At the map's end the call fails with ENOENT and has read what there was.
    const int failed = bpf_map_lookup_batch(fd_, done == 0 ? nullptr : &position, &position, keys.data(), values.data(),
                                            &got, nullptr);
    if (failed != 0 && failed != -ENOENT) break;
    for (std::uint32_t i = 0; i < got; ++i)
      if (keys[i] < count) out[keys[i]] = sum_of(&values[i * cpus_], cpus_);
    done += got;
    if (failed != 0 || got == 0) break;
  }
  return out;
}

}  // namespace plenum::lb
