#include "lb/sync_role.h"

#include <algorithm>

namespace plenum::lb {

Result<conf::SyncDaemon> completed(SyncRole role, conf::SyncDaemon daemon, std::uint32_t mtu) {
  constexpr std::uint32_t headers4 = 28, headers6 = 48, longest = 65535, ethernet = 1500, least_backup = 1024;
  if (daemon.peers.empty() && !daemon.group.is_multicast())
    return fail(std::errc::invalid_argument, daemon.group.text() + " is no multicast group");
  const bool v4 = daemon.peers.empty() ? daemon.group.is_v4() : daemon.peers.front().is_v4();
  const auto headers = v4 ? headers4 : headers6;
  const auto least = role == SyncRole::Backup ? least_backup : 1u;
  const auto usual = role == SyncRole::Backup ? std::clamp(mtu, ethernet, longest) : ethernet;
  const auto length =
      daemon.maxlen != 0 ? std::clamp<std::uint32_t>(daemon.maxlen, least, longest - headers) : usual - headers;
  daemon.maxlen = static_cast<std::uint16_t>(length);
  if (daemon.port == 0) daemon.port = conf::SyncDaemon{}.port;
  if (daemon.ttl == 0) daemon.ttl = 1;
  return daemon;
}

}  // namespace plenum::lb
