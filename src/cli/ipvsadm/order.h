#pragma once
// The order of services and servers in a listing, ipvsadm's to the letter: it compares 32-bit
// numbers by the sign of their wrapped difference, so 192.168.0.0 comes before 10.0.0.0, and
// mark 4294967295 before 0. Not an ordering in the strict sense; sorted() does not mind.

#include <cstddef>
#include <iterator>
#include <vector>

#include "conf/l4.h"

namespace plenum::cli::ipvsadm {

// Negative, zero or positive, as strcmp. By mark, family, protocol, address, port.
int compare(const conf::ServiceKey& a, const conf::ServiceKey& b);
// By address and port; servers of both families may stand in one service.
int compare(const conf::ServerKey& a, const conf::ServerKey& b);

// A stable merge sort over pointers: defined for a comparison that is no ordering, where
// std::sort is not, and the way the C library sorts.
template <class T, class Compare>
std::vector<const T*> sorted(std::vector<const T*> items, Compare compare_items) {
  if (items.size() < 2) return items;
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(items.size() / 2);
  const auto first = sorted(std::vector<const T*>(items.begin(), middle), compare_items);
  const auto second = sorted(std::vector<const T*>(middle, items.end()), compare_items);
  std::vector<const T*> merged;
  merged.reserve(items.size());
  auto a = first.begin();
  auto b = second.begin();
  while (a != first.end() && b != second.end()) merged.push_back(compare_items(**a, **b) <= 0 ? *a++ : *b++);
  merged.insert(merged.end(), a, first.end());
  merged.insert(merged.end(), b, second.end());
  return merged;
}

}  // namespace plenum::cli::ipvsadm
