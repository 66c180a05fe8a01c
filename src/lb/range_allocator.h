#pragma once
// Ranges of an array handed out and taken back. What is given back is handed out again only
// after a rest: a packet under way may still read the old content.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "base/clock.h"

namespace plenum::lb {

class RangeAllocator {
 public:
  RangeAllocator(std::uint32_t first, std::uint32_t count, Duration rest) : rest_(rest) {
    if (count != 0) free_[first] = count;
  }

  // First index of `count` (> 0) elements in a row; nullopt when there is no such room.
  std::optional<std::uint32_t> take(std::uint32_t count, TimePoint now);
  // Marks a range as in use, as found in adopted maps. False when part of it is taken.
  bool claim(std::uint32_t first, std::uint32_t count);
  void give(std::uint32_t first, std::uint32_t count, TimePoint now);

 private:
  struct Resting {
    TimePoint until;
    std::uint32_t first, count;
  };
  void wake(TimePoint now);
  void merge(std::uint32_t first, std::uint32_t count);

  Duration rest_;
  std::map<std::uint32_t, std::uint32_t> free_;  // first -> count, never adjacent
  std::deque<Resting> resting_;
};

}  // namespace plenum::lb
