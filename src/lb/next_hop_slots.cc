#include "lb/next_hop_slots.h"

#include <cstring>

namespace plenum::lb {

// Element 0 stays "none".
NextHopSlots::NextHopSlots(std::span<pl_next_hop> slots, Duration rest)
    : slots_(slots), free_(1, static_cast<std::uint32_t>(slots.size()) - 1, rest) {}

NextHopSlots::Bytes NextHopSlots::bytes_of(const pl_next_hop& hop) {
  Bytes bytes{};
  std::memcpy(bytes.data(), &hop, sizeof hop);
  return bytes;
}

std::optional<std::uint32_t> NextHopSlots::acquire(const pl_next_hop& hop, TimePoint now) {
  const auto content = bytes_of(hop);
  if (const auto it = by_content_.find(content); it != by_content_.end()) {
    ++uses_[it->second].references;
    return it->second;
  }
  const auto index = free_.take(1, now);
  if (!index) return std::nullopt;
  slots_[*index] = hop;
  by_content_[content] = *index;
  uses_[*index] = {content, 1};
  return index;
}

void NextHopSlots::release(std::uint32_t index, TimePoint now) {
  const auto it = uses_.find(index);
  if (it == uses_.end() || --it->second.references != 0) return;
  by_content_.erase(it->second.content);
  uses_.erase(it);
  free_.give(index, 1, now);
}

void NextHopSlots::adopt(std::uint32_t index) {
  if (index == 0 || index >= slots_.size()) return;
  auto& use = uses_[index];
  if (use.references++ != 0) return;
  use.content = bytes_of(slots_[index]);
  by_content_[use.content] = index;
  free_.claim(index, 1);
}

}  // namespace plenum::lb
