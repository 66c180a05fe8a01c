#include "rt/datagram.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "rt/socket_address.h"
#include "rt/socket_option.h"

namespace plenum::rt {

namespace {

template <class Value>
Value value_of(const cmsghdr& header) {
  Value out{};
  std::memcpy(&out, CMSG_DATA(&header), sizeof out);
  return out;
}

void take(const cmsghdr& header, Datagram& out) {
  if (header.cmsg_level == IPPROTO_IP) {
    if (header.cmsg_type == IP_TTL) {
      out.ttl = static_cast<std::uint8_t>(value_of<int>(header));
    } else if (header.cmsg_type == IP_PKTINFO) {
      const auto info = value_of<in_pktinfo>(header);
      out.destination = net::Address::v4_bytes(&info.ipi_addr);
      out.ifindex = static_cast<std::uint32_t>(info.ipi_ifindex);
    }
  } else if (header.cmsg_level == IPPROTO_IPV6) {
    if (header.cmsg_type == IPV6_HOPLIMIT) {
      out.ttl = static_cast<std::uint8_t>(value_of<int>(header));
    } else if (header.cmsg_type == IPV6_PKTINFO) {
      const auto info = value_of<in6_pktinfo>(header);
      out.destination = net::Address::v6_bytes(&info.ipi6_addr);
      out.ifindex = info.ipi6_ifindex;
    }
  }
}

}  // namespace

Result<> ask_for_details(const Fd& fd, net::Family family) {
  if (family == net::Family::V4) {
    PLENUM_CHECK(set_option(fd, IPPROTO_IP, IP_RECVTTL, 1, "IP_RECVTTL"), "IPv4");
    return set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
  }
  PLENUM_CHECK(set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT"), "IPv6");
  return set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
}

std::optional<Datagram> receive_datagram(int fd, std::span<std::uint8_t> buffer) {
  SocketAddress from;
  alignas(cmsghdr) char control[256];
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = from.get();
  message.msg_namelen = from.size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto got = ::recvmsg(fd, &message, MSG_DONTWAIT);
  if (got < 0) return std::nullopt;
  Datagram out;
  out.payload = std::span<const std::uint8_t>(buffer).first(static_cast<std::size_t>(got));
  out.source = from.endpoint().address;
  if (!out.source.is_v4()) out.destination = net::Address::v6_bytes(&in6addr_any);
  for (auto* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) take(*at, out);
  return out;
}

int send_datagram(int fd, std::span<const std::uint8_t> payload, const net::Endpoint& to, unsigned link,
                  ControlMessages& control) {
  SocketAddress address(to, link);
  iovec part{const_cast<std::uint8_t*>(payload.data()), payload.size()};
  msghdr message{};
  message.msg_name = address.get();
  message.msg_namelen = address.size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  control.attach(message);
  return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

}  // namespace plenum::rt
