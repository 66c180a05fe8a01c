#include "lb/range_allocator.h"

#include <iterator>

namespace plenum::lb {

void RangeAllocator::merge(std::uint32_t first, std::uint32_t count) {
  auto next = free_.lower_bound(first);
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == first) {
      first = before->first;
      count += before->second;
      free_.erase(before);
    }
  }
  if (next != free_.end() && first + count == next->first) {
    count += next->second;
    free_.erase(next);
  }
  free_[first] = count;
}

void RangeAllocator::wake(TimePoint now) {
  while (!resting_.empty() && resting_.front().until <= now) {
    merge(resting_.front().first, resting_.front().count);
    resting_.pop_front();
  }
}

std::optional<std::uint32_t> RangeAllocator::take(std::uint32_t count, TimePoint now) {
  wake(now);
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    if (it->second < count) continue;
    const auto first = it->first;
    const auto left = it->second - count;
    free_.erase(it);
    if (left != 0) free_[first + count] = left;
    return first;
  }
  return std::nullopt;
}

bool RangeAllocator::claim(std::uint32_t first, std::uint32_t count) {
  if (count == 0) return true;
  auto it = free_.upper_bound(first);
  if (it == free_.begin()) return false;
  --it;
  const auto [start, length] = *it;
  if (start > first || start + length < first + count) return false;
  free_.erase(it);
  if (first > start) free_[start] = first - start;
  if (start + length > first + count) free_[first + count] = start + length - first - count;
  return true;
}

void RangeAllocator::give(std::uint32_t first, std::uint32_t count, TimePoint now) {
  if (count != 0) resting_.push_back({now + rest_, first, count});
}

}  // namespace plenum::lb
