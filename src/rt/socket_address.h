#pragma once
// An endpoint as socket calls take and give it: a sockaddr of either family of the Internet's.

#include <sys/socket.h>

#include "net/address.h"

namespace plenum::rt {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);  // of what is in it; before the kernel fills it in, of the room for that

  // Room for what the kernel says.
  SocketAddress() = default;
  // `link`, an interface's index, counts where an address means something on one link only (fe80::/10, ff02::/16); of
  // other addresses the kernel does not look at it.
  explicit SocketAddress(const net::Endpoint& endpoint, unsigned link = 0);
  // A port of every address of the family.
  static SocketAddress any(net::Family family, std::uint16_t port);

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  // 0.0.0.0 port 0 where it is neither IPv4's nor IPv6's.
  [[nodiscard]] net::Endpoint endpoint() const;
};

}  // namespace plenum::rt
