#pragma once
// Fragments that came before their first one, kept by datagram until it has come or their time
// is over. Bounded in every direction: what finds no room is refused, and nothing that is kept
// goes for it. Knows neither ring nor clock.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/clock.h"
#include "bpf/abi.h"

namespace plenum::lb {

using Frame = std::vector<std::uint8_t>;

// As bytes: a key has no padding, and no order of its own.
using FragmentKey = std::array<std::uint8_t, sizeof(pl_fragment_key)>;
FragmentKey fragment_key(const pl_fragment_key& key);

struct HeldFragment {
  Frame frame;
  std::uint32_t ifindex = 0;  // it came in by
  TimePoint until{};          // kept no longer
};

class FragmentStore {
 public:
  struct Limits {
    std::size_t fragments = 4096;
    std::size_t bytes = 8u << 20;
    std::size_t of_one_datagram = 64;  // 64 KiB in fragments of 1,480 bytes are 45
  };

  FragmentStore() = default;
  explicit FragmentStore(const Limits& limits) : limits_(limits) {}

  // False: no room.
  bool keep(const FragmentKey& key, HeldFragment fragment);
  // The datagram's fragments in the order they came; none are kept any longer.
  [[nodiscard]] std::vector<HeldFragment> take(const FragmentKey& key);
  // Forgets those whose time is over; how many.
  std::size_t expire(TimePoint now);

  [[nodiscard]] std::vector<FragmentKey> keys() const;
  [[nodiscard]] std::size_t size() const { return fragments_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void forget(const HeldFragment& fragment);

  Limits limits_;
  std::map<FragmentKey, std::vector<HeldFragment>> datagrams_;
  std::size_t fragments_ = 0, bytes_ = 0;
};

}  // namespace plenum::lb
