#include "rt/netlink_socket.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "rt/socket_option.h"

namespace plenum::rt {

Result<Fd> open_netlink_socket(int receive_buffer, int protocol) {
  Fd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol)};
  if (!fd) return fail_errno("socket");
  // Without CAP_NET_ADMIN the first is refused and the second stops at net.core.rmem_max.
  PLENUM_CHECK(set_receive_buffer(fd, receive_buffer), "netlink");
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) return fail_errno("bind");
  return fd;
}

Result<NetlinkRead> receive_netlink(int fd, std::vector<char>& buffer) {
  for (;;) {
    sockaddr_nl from{};
    iovec part{buffer.data(), buffer.size()};
    msghdr incoming{};
    incoming.msg_name = &from;
    incoming.msg_namelen = sizeof from;
    incoming.msg_iov = &part;
    incoming.msg_iovlen = 1;
    const auto size = ::recvmsg(fd, &incoming, 0);
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return NetlinkRead{};
      if (errno == ENOBUFS) return NetlinkRead{NetlinkRead::Status::Overflow, 0};
      return fail_errno("receive");
    }
    if (from.nl_pid != 0) continue;
    if (incoming.msg_flags & MSG_TRUNC) return NetlinkRead{NetlinkRead::Status::Overflow, 0};
    return NetlinkRead{NetlinkRead::Status::Data, static_cast<std::size_t>(size)};
  }
}

}  // namespace plenum::rt
