#include "rt/sync_socket.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "rt/socket_address.h"
#include "rt/socket_option.h"

namespace plenum::rt {

namespace {

// 100,000 connections are 2,500 datagrams, each of which the kernel charges with about 2.3 kB.
constexpr int kBuffer = 8 << 20;

Result<Fd> open_socket(const SyncChannel& channel) {
  const int family = channel.to.address.is_v4() ? AF_INET : AF_INET6;
  Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
  if (!fd) return fail_errno("socket");
  if (family == AF_INET6) PLENUM_CHECK(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"), "sync socket");
  PLENUM_CHECK(bind_to_interface(fd, channel.interface), "sync socket");
  return fd;
}

Result<> set_multicast(const Fd& fd, const SyncChannel& channel, unsigned ifindex) {
  const bool v4 = channel.to.address.is_v4();
  const int ttl = channel.ttl;
  PLENUM_CHECK(send_multicast_by(fd, channel.to.address.family(), ifindex), channel.interface);
  return v4 ? set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl, "IP_MULTICAST_TTL")
            : set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl, "IPV6_MULTICAST_HOPS");
}

// A datagram longer than the path's MTU is fragmented.
Result<> allow_fragments(const Fd& fd, bool v4) {
  return v4 ? set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, static_cast<int>(IP_PMTUDISC_DONT), "IP_MTU_DISCOVER")
            : set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, static_cast<int>(IPV6_PMTUDISC_DONT),
                         "IPV6_MTU_DISCOVER");
}

}  // namespace

Result<Fd> open_sync_sender(const SyncChannel& channel) {
  PLENUM_TRY(const auto ifindex, interface_index(channel.interface), "sync");
  PLENUM_TRY(auto fd, open_socket(channel), "sync");
  if (channel.to.address.is_multicast()) PLENUM_CHECK(set_multicast(fd, channel, ifindex), "sync");
  PLENUM_CHECK(allow_fragments(fd, channel.to.address.is_v4()), "sync");
  PLENUM_CHECK(set_send_buffer(fd, channel.buffer > 0 ? channel.buffer : kBuffer), "sync");
  const SocketAddress to(channel.to, ifindex);
  if (::connect(fd.get(), to.get(), to.size) != 0) return fail_errno("sync: send to " + channel.to.text());
  return fd;
}

Result<Fd> open_sync_receiver(const SyncChannel& channel) {
  PLENUM_TRY(const auto ifindex, interface_index(channel.interface), "sync");
  PLENUM_TRY(auto fd, open_socket(channel), "sync");
  PLENUM_CHECK(set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"), "sync");
  PLENUM_CHECK(set_receive_buffer(fd, channel.buffer > 0 ? channel.buffer : kBuffer), "sync");
  const SocketAddress at(channel.to, ifindex);
  if (::bind(fd.get(), at.get(), at.size) != 0) return fail_errno("sync: receive at " + channel.to.text());
  if (channel.to.address.is_multicast()) PLENUM_CHECK(join_group(fd, channel.to.address, ifindex), "sync");
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
