#include "rt/socket_option.h"

#include <net/if.h>
#include <netinet/in.h>

#include <cstring>

namespace plenum::rt {

namespace {

Result<> set_buffer(const Fd& fd, int forced, int plain, int bytes, const char* what) {
  if (set_option(fd, SOL_SOCKET, forced, bytes, what)) return {};
  return set_option(fd, SOL_SOCKET, plain, bytes, what);
}

}  // namespace

Result<> bind_to_interface(const Fd& fd, const std::string& interface) {
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                   static_cast<socklen_t>(interface.size())) != 0)
    return fail_errno("bind to " + interface);
  return {};
}

Result<> set_receive_buffer(const Fd& fd, int bytes) {
  return set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, bytes, "receive buffer");
}
Result<> set_send_buffer(const Fd& fd, int bytes) {
  return set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, bytes, "send buffer");
}

Result<> send_multicast_by(const Fd& fd, net::Family family, unsigned ifindex) {
  if (family == net::Family::V4) {
    ip_mreqn request{};
    request.imr_ifindex = static_cast<int>(ifindex);
    PLENUM_CHECK(set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, request, "IP_MULTICAST_IF"), "multicast");
    return set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP");
  }
  PLENUM_CHECK(set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex, "IPV6_MULTICAST_IF"), "multicast");
  return set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP");
}

Result<> join_group(const Fd& fd, const net::Address& group, unsigned ifindex) {
  if (group.is_v4()) {
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group.data(), sizeof request.imr_multiaddr);
    request.imr_ifindex = static_cast<int>(ifindex);
    return set_option(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request, "join the group");
  }
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, group.data(), sizeof request.ipv6mr_multiaddr);
  request.ipv6mr_interface = ifindex;
  return set_option(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, request, "join the group");
}

Result<unsigned> interface_index(const std::string& interface) {
  const auto index = ::if_nametoindex(interface.c_str());
  if (index == 0) return fail(std::errc::no_such_device, "there is no interface " + interface);
  return index;
}

}  // namespace plenum::rt
