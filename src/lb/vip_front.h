#pragma once
// The shortcut in front of the data plane's service map (PL_FRONT_BITS in bpf/abi.h): which
// services stand in it. Knows nothing of what a service does.

#include <cstdint>
#include <span>

#include "bpf/abi.h"

namespace plenum::lb {

class VipFront {
 public:
  // `places` counts 1 << PL_FRONT_BITS, is shared with the data plane and outlives this.
  explicit VipFront(std::span<__u64> places) : places_(places) {}

  // Of two services that meet in a place the later one has it. Ignores services the shortcut is
  // not for: IPv6's, a mark's, those for every port.
  void show(const pl_service_key& key, std::uint32_t service);
  void hide(const pl_service_key& key, std::uint32_t service);
  void clear();

 private:
  std::span<__u64> places_;
};

}  // namespace plenum::lb
