#pragma once
// Elements of the next-hop map: one for each different way out, shared by the servers behind
// it. An element is never changed while a server refers to it.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "base/clock.h"
#include "bpf/abi.h"
#include "lb/range_allocator.h"

namespace plenum::lb {

class NextHopSlots {
 public:
  NextHopSlots(std::span<pl_next_hop> slots, Duration rest);

  // The element with this content, one reference more. nullopt: the map is full.
  std::optional<std::uint32_t> acquire(const pl_next_hop& hop, TimePoint now);
  // One reference less; 0 is nobody's and ignored.
  void release(std::uint32_t index, TimePoint now);
  // An adopted server refers to `index`.
  void adopt(std::uint32_t index);

 private:
  using Bytes = std::array<char, sizeof(pl_next_hop)>;
  struct Use {
    Bytes content{};
    std::uint32_t references = 0;
  };
  static Bytes bytes_of(const pl_next_hop& hop);

  std::span<pl_next_hop> slots_;
  RangeAllocator free_;
  std::map<Bytes, std::uint32_t> by_content_;
  std::map<std::uint32_t, Use> uses_;
};

}  // namespace plenum::lb
