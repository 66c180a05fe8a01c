#include "health/connect.h"

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "rt/socket_address.h"

namespace plenum::health {

namespace {

rt::SocketAddress socket_address(const net::Endpoint& endpoint, const std::string& interface) {
  // Asked for only where it counts: there are ten thousand probes a second.
  return rt::SocketAddress(endpoint, endpoint.address.is_link_local() ? ::if_nametoindex(interface.c_str()) : 0);
}

// Says nothing about the target: this host has run out of something, or lacks a right or the source address.
bool hinders(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return true;
    default:
      return false;
  }
}

std::variant<Fd, Outcome> connected(const Target& target, int type, First first) {
  const auto& check = target.check;
  const auto to = target.asked();
  const bool v4 = to.address.is_v4();
  Fd fd(::socket(v4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return outcome_of_errno("socket", errno);
  if (type == SOCK_STREAM) {
    const linger reset{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    // One packet less each time, of which there may be ten thousand a second.
    const int acknowledge_at_once = first == First::Server ? 1 : 0;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_QUICKACK, &acknowledge_at_once, sizeof acknowledge_at_once);
  }
  // EPERM here is a right we lack; further down it is a filter's refusal.
  if (check.mark != 0 && ::setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &check.mark, sizeof check.mark) != 0)
    return Outcome::hindered(fmt::format("mark {}: {}", check.mark, std::strerror(errno)));
  if (!check.interface.empty() && ::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, check.interface.c_str(),
                                               static_cast<socklen_t>(check.interface.size())) != 0)
    return Outcome::hindered(fmt::format("interface {}: {}", check.interface, std::strerror(errno)));
  if (check.source) {
    if (check.source->port == 0) {
      // The port is chosen with the connection, so that as many fit as there are pairs of addresses and ports.
      const int on = 1;
      ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    } else {
      const int on = 1;
      ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    const auto from = socket_address(*check.source, check.interface);
    if (::bind(fd.get(), from.get(), from.size) != 0)
      return Outcome::hindered(fmt::format("source {}: {}", check.source->text(), std::strerror(errno)));
  }
  const auto peer = socket_address(to, check.interface);
  if (::connect(fd.get(), peer.get(), peer.size) != 0 && errno != EINPROGRESS)
    return outcome_of_errno("connect", errno);
  return fd;
}

}  // namespace

Outcome outcome_of_errno(const char* doing, int error) {
  auto text = fmt::format("{}: {}", doing, std::strerror(error));
  return hinders(error) ? Outcome::hindered(std::move(text)) : Outcome::failed(std::move(text));
}

bool is_here(const net::Address& address) {
  const Fd fd(::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const rt::SocketAddress from({address, 0});
  return fd && ::bind(fd.get(), from.get(), from.size) == 0;
}

std::variant<Fd, Outcome> connect_stream(const Target& target, First first) {
  return connected(target, SOCK_STREAM, first);
}
std::variant<Fd, Outcome> connect_datagram(const Target& target) { return connected(target, SOCK_DGRAM, First::Us); }

int socket_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::string late_text(const char* what, const Target& target) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(target.check.timeout).count();
  return fmt::format("{} within {}", what, ms % 1000 == 0 ? fmt::format("{} s", ms / 1000) : fmt::format("{} ms", ms));
}

}  // namespace plenum::health
