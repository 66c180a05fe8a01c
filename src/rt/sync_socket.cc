#include "rt/sync_socket.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

namespace plenum::rt {

namespace {

// 100,000 connections are 2,500 datagrams, each of which the kernel charges with about 2.3 kB.
constexpr int kBuffer = 8 << 20;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const net::Endpoint& endpoint, unsigned ifindex) {
  SocketAddress out;
  if (endpoint.address.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(out.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.address.data(), 4);
    out.length = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(out.storage);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    in.sin6_scope_id = ifindex;
    std::memcpy(&in.sin6_addr, endpoint.address.data(), 16);
    out.length = sizeof in;
  }
  return out;
}

template <class T>
Result<> set(const Fd& fd, int level, int name, const T& value, const char* what) {
  if (::setsockopt(fd.get(), level, name, &value, sizeof value) != 0) return fail_errno(what);
  return {};
}

Result<unsigned> index_of(const std::string& interface) {
  const auto index = ::if_nametoindex(interface.c_str());
  if (index == 0) return fail(std::errc::no_such_device, "there is no interface " + interface);
  return index;
}

Result<Fd> open_socket(const SyncChannel& channel) {
  const int family = channel.to.address.is_v4() ? AF_INET : AF_INET6;
  Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
  if (!fd) return fail_errno("socket");
  if (family == AF_INET6) PLENUM_CHECK(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"), "sync socket");
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, channel.interface.c_str(),
                   static_cast<socklen_t>(channel.interface.size())) != 0)
    return fail_errno("bind to " + channel.interface);
  return fd;
}

// Beyond what the host allows everyone where this process may; else as much as it allows.
Result<> set_buffer(const Fd& fd, int forced, int plain, int bytes) {
  if (set(fd, SOL_SOCKET, forced, bytes, "buffer")) return {};
  return set(fd, SOL_SOCKET, plain, bytes, "set the buffer");
}

Result<> set_multicast(const Fd& fd, const SyncChannel& channel, unsigned ifindex) {
  const int ttl = channel.ttl, off = 0;
  if (channel.to.address.is_v4()) {
    ip_mreqn request{};
    request.imr_ifindex = static_cast<int>(ifindex);
    PLENUM_CHECK(set(fd, IPPROTO_IP, IP_MULTICAST_IF, request, "IP_MULTICAST_IF"), channel.interface);
    PLENUM_CHECK(set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, off, "IP_MULTICAST_LOOP"), channel.interface);
    return set(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl, "IP_MULTICAST_TTL");
  }
  PLENUM_CHECK(set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex, "IPV6_MULTICAST_IF"), channel.interface);
  PLENUM_CHECK(set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, off, "IPV6_MULTICAST_LOOP"), channel.interface);
  return set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl, "IPV6_MULTICAST_HOPS");
}

// A datagram longer than the path's MTU is fragmented.
Result<> allow_fragments(const Fd& fd, bool v4) {
  return v4 ? set(fd, IPPROTO_IP, IP_MTU_DISCOVER, static_cast<int>(IP_PMTUDISC_DONT), "IP_MTU_DISCOVER")
            : set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, static_cast<int>(IPV6_PMTUDISC_DONT), "IPV6_MTU_DISCOVER");
}

Result<> join(const Fd& fd, const net::Address& group, unsigned ifindex) {
  if (group.is_v4()) {
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group.data(), 4);
    request.imr_ifindex = static_cast<int>(ifindex);
    return set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request, "join the group");
  }
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, group.data(), 16);
  request.ipv6mr_interface = ifindex;
  return set(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, request, "join the group");
}

}  // namespace

Result<Fd> open_sync_sender(const SyncChannel& channel) {
  PLENUM_TRY(const auto ifindex, index_of(channel.interface), "sync");
  PLENUM_TRY(auto fd, open_socket(channel), "sync");
  if (channel.to.address.is_multicast()) PLENUM_CHECK(set_multicast(fd, channel, ifindex), "sync");
  PLENUM_CHECK(allow_fragments(fd, channel.to.address.is_v4()), "sync");
  PLENUM_CHECK(set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, channel.buffer > 0 ? channel.buffer : kBuffer), "sync");
  const auto to = socket_address(channel.to, ifindex);
  if (::connect(fd.get(), to.get(), to.length) != 0) return fail_errno("sync: send to " + channel.to.text());
  return fd;
}

Result<Fd> open_sync_receiver(const SyncChannel& channel) {
  PLENUM_TRY(const auto ifindex, index_of(channel.interface), "sync");
  PLENUM_TRY(auto fd, open_socket(channel), "sync");
  PLENUM_CHECK(set(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"), "sync");
  PLENUM_CHECK(set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, channel.buffer > 0 ? channel.buffer : kBuffer), "sync");
  const auto at = socket_address(channel.to, ifindex);
  if (::bind(fd.get(), at.get(), at.length) != 0) return fail_errno("sync: receive at " + channel.to.text());
  if (channel.to.address.is_multicast()) PLENUM_CHECK(join(fd, channel.to.address, ifindex), "sync");
  return fd;
}

Result<std::uint32_t> mtu_of(const std::string& interface) {
  const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  if (interface.size() >= sizeof request.ifr_name) return fail(std::errc::no_such_device, "no interface " + interface);
  std::memcpy(request.ifr_name, interface.c_str(), interface.size());
  if (!fd || ::ioctl(fd.get(), SIOCGIFMTU, &request) != 0) return fail_errno("MTU of " + interface);
  return static_cast<std::uint32_t>(request.ifr_mtu);
}

}  // namespace plenum::rt
