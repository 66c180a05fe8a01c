#include "rt/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace plenum::rt {

SocketAddress::SocketAddress(const net::Endpoint& endpoint, unsigned link) {
  if (endpoint.address.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.address.data(), sizeof in.sin_addr);
    size = sizeof in;
  } else {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(endpoint.port);
    in6.sin6_scope_id = link;
    std::memcpy(&in6.sin6_addr, endpoint.address.data(), sizeof in6.sin6_addr);
    size = sizeof in6;
  }
}

SocketAddress SocketAddress::any(net::Family family, std::uint16_t port) {
  return SocketAddress({family == net::Family::V4 ? net::Address() : net::Address::v6_bytes(&in6addr_any), port});
}

net::Endpoint SocketAddress::endpoint() const {
  if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    return {net::Address::v4_bytes(&in.sin_addr), ntohs(in.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
    return {net::Address::v6_bytes(&in6.sin6_addr), ntohs(in6.sin6_port)};
  }
  return {};
}

}  // namespace plenum::rt
