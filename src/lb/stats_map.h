#pragma once
// The data plane's statistics by server: read one by one, or all in a few system calls, which is
// what listings and rates of thousands of servers need.

#include <cstdint>
#include <vector>

#include "lb/status.h"

namespace plenum::lb {

class StatsMap {
 public:
  // `fd`: a per-CPU array of struct pl_stats with `servers` elements; stays open meanwhile.
  StatsMap(int fd, std::uint32_t servers);

  [[nodiscard]] Counters read(std::uint32_t server) const;
  // Elements 0 to `count` - 1; all zero where the kernel refuses.
  [[nodiscard]] std::vector<Counters> read_front(std::uint32_t count) const;

 private:
  int fd_;
  std::uint32_t servers_;
  std::size_t cpus_;
};

}  // namespace plenum::lb
