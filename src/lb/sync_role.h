#pragma once
// The two roles of synchronisation, and what a daemon's values mean in them. Pure.

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "conf/sync.h"

namespace plenum::lb {

enum class SyncRole : std::uint8_t { Master, Backup };

constexpr std::string_view name_of(SyncRole role) { return role == SyncRole::Master ? "master" : "backup"; }

// What start_sync_thread() (Linux 6.1) makes of a daemon's values on an interface with that MTU:
// all that was left out filled in. EINVAL for a group that is none.
Result<conf::SyncDaemon> completed(SyncRole role, conf::SyncDaemon daemon, std::uint32_t mtu);

}  // namespace plenum::lb
