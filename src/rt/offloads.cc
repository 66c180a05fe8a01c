#include "rt/offloads.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/fd.h"

namespace plenum::rt {

Result<> switch_send_offloads_off(const std::string& device) {
  if (device.empty() || device.size() >= IFNAMSIZ) return fail(std::errc::no_such_device, device);
  const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("open a socket");
  // Segmentation first: it needs checksums.
  for (const std::uint32_t command : {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_STXCSUM}) {
    ethtool_value value{command, 0};
    ifreq request{};
    std::copy(device.begin(), device.end(), request.ifr_name);
    request.ifr_data = reinterpret_cast<char*>(&value);
    if (::ioctl(fd.get(), SIOCETHTOOL, &request) < 0) return fail_errno("offloads of " + device);
  }
  return {};
}

}  // namespace plenum::rt
