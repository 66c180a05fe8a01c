#include "bfd/socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "proto/bfd.h"
#include "rt/socket_address.h"
#include "rt/socket_option.h"

namespace plenum::bfd {

namespace {

constexpr int kInternetControl = 0xc0;  // TOS and traffic class: CS6
constexpr int kInteractivePriority = 6;
constexpr std::uint16_t kPortsTried = 256;

Result<Fd> open_on(const std::string& interface, net::Family family) {
  Fd fd(::socket(family == net::Family::V4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("socket");
  if (family == net::Family::V6) PLENUM_CHECK(rt::set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"), "BFD");
  PLENUM_CHECK(rt::bind_to_interface(fd, interface), "BFD");
  return fd;
}

}  // namespace

Result<Receiver> Receiver::open(const std::string& interface, net::Family family) {
  if (const auto index = rt::interface_index(interface); !index) return tl::unexpected(index.error());
  PLENUM_TRY(auto fd, open_on(interface, family), "BFD");
  PLENUM_CHECK(rt::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"), "BFD");
  PLENUM_CHECK(rt::ask_for_details(fd, family), "BFD");
  const auto at = rt::SocketAddress::any(family, proto::kBfdPort);
  if (::bind(fd.get(), at.get(), at.size) != 0) return fail_errno("BFD: port 3784 on " + interface);
  return Receiver(std::move(fd));
}

Result<Sender> Sender::open(const std::string& interface, const net::Address& source, const net::Address& neighbor,
                            std::uint8_t ttl) {
  const auto ifindex = rt::interface_index(interface);
  if (!ifindex) return tl::unexpected(ifindex.error());
  PLENUM_TRY(auto fd, open_on(interface, source.family()), "BFD");
  const int hops = ttl;
  if (source.is_v4()) {
    PLENUM_CHECK(rt::set_option(fd, IPPROTO_IP, IP_TTL, hops, "IP_TTL"), "BFD");
    PLENUM_CHECK(rt::set_option(fd, IPPROTO_IP, IP_TOS, kInternetControl, "IP_TOS"), "BFD");
  } else {
    PLENUM_CHECK(rt::set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops, "IPV6_UNICAST_HOPS"), "BFD");
    PLENUM_CHECK(rt::set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, kInternetControl, "IPV6_TCLASS"), "BFD");
  }
  PLENUM_CHECK(rt::set_option(fd, SOL_SOCKET, SO_PRIORITY, kInteractivePriority, "SO_PRIORITY"), "BFD");
  // RFC 5881 section 4: of the session's own, the same all its life.
  bool bound = false;
  for (std::uint16_t i = 0; i < kPortsTried && !bound; ++i) {
    const rt::SocketAddress from({source, static_cast<std::uint16_t>(proto::kBfdSourceFrom + i)}, *ifindex);
    bound = ::bind(fd.get(), from.get(), from.size) == 0;
    if (!bound && errno != EADDRINUSE) return fail_errno("BFD: send from " + source.text());
  }
  if (!bound) return fail(std::errc::address_in_use, "BFD: no port is free at " + source.text());
  const rt::SocketAddress to({neighbor, proto::kBfdPort}, *ifindex);
  if (::connect(fd.get(), to.get(), to.size) != 0) return fail_errno("BFD: send to " + neighbor.text());
  return Sender(std::move(fd));
}

int Sender::send(std::span<const std::uint8_t> payload) {
  const auto once = [&] {
    return ::send(fd_.get(), payload.data(), payload.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
  };
  const int error = once();
  // The neighbour's refusal of an earlier packet is told with the next one, which was not sent then.
  return error == ECONNREFUSED ? once() : error;
}

}  // namespace plenum::bfd
