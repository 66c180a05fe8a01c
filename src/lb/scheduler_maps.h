#pragma once
// The maps that schedulers read, as memory: of a data plane, or of a test's program. Borrowed.

#include <cstdint>
#include <span>

#include "bpf/abi.h"
#include "bpf/ranking.h"

namespace plenum::lb {

struct SchedulerMaps {
  std::span<pl_service> services{};
  std::span<pl_row> rows{};
  std::span<pl_hash_slots> slots{};
  std::span<pl_server> servers{};
  std::span<pl_load> loads{};  // as many as servers

  // What the functions of bpf/ranking.h are given.
  [[nodiscard]] pl_maps view() const {
    return {rows.data(),
            loads.data(),
            servers.data(),
            services.data(),
            static_cast<std::uint32_t>(rows.size()),
            static_cast<std::uint32_t>(servers.size()),
            static_cast<std::uint32_t>(services.size())};
  }
};

}  // namespace plenum::lb
