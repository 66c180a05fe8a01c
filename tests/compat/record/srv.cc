// The real server of the recorded scenarios: `srv NAME PORT...` answers every TCP connection and
// every datagram on these ports, IPv4 and IPv6, with "NAME CLIENT". A connection is kept until the
// client closes it, and what comes on it is answered with "NAME" and the same; a datagram is answered
// from the address it was sent to.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace {

enum class Kind { Listener, Datagrams, Connection };

std::string text_of(const sockaddr_in6& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::string port = std::to_string(ntohs(peer.sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr)) {
    ::inet_ntop(AF_INET, &peer.sin6_addr.s6_addr[12], text.data(), text.size());
    return std::string(text.data()) + ":" + port;
  }
  ::inet_ntop(AF_INET6, &peer.sin6_addr, text.data(), text.size());
  return "[" + std::string(text.data()) + "]:" + port;
}

class Server {
 public:
  explicit Server(std::string name) : name_(std::move(name)), epoll_(::epoll_create1(0)) {}

  bool serve(int port) { return open(port, SOCK_STREAM, Kind::Listener) && open(port, SOCK_DGRAM, Kind::Datagrams); }

  [[noreturn]] void run() {
    for (;;) {
      epoll_event event{};
      if (::epoll_wait(epoll_, &event, 1, -1) != 1) continue;
      const int fd = event.data.fd;
      switch (kinds_[fd]) {
        case Kind::Listener:
          accept(fd);
          break;
        case Kind::Datagrams:
          answer_datagram(fd);
          break;
        case Kind::Connection:
          read(fd);
          break;
      }
    }
  }

 private:
  bool open(int port, int type, Kind kind) {
    const int fd = ::socket(AF_INET6, type, 0), one = 1, zero = 0;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        (kind == Kind::Listener && ::listen(fd, 1024) != 0)) {
      std::perror("srv: listen");
      return false;
    }
    watch(fd, kind);
    return true;
  }

  void watch(int fd, Kind kind) {
    kinds_[fd] = kind;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept(int listener) {
    sockaddr_in6 peer{};
    socklen_t length = sizeof(peer);
    const int fd = ::accept(listener, reinterpret_cast<sockaddr*>(&peer), &length);
    if (fd < 0) return;
    const std::string answer = name_ + " " + text_of(peer) + "\n";
    if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) std::perror("srv: send");
    watch(fd, Kind::Connection);
  }

  void read(int fd) {
    std::array<char, 2048> buffer;
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) {
      ::close(fd);
      return;
    }
    const std::string answer = name_ + " " + std::string(buffer.data(), static_cast<std::size_t>(got));
    if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) std::perror("srv: send");
  }

  void answer_datagram(int fd) const {
    sockaddr_in6 peer{};
    std::array<char, 2048> data;
    alignas(cmsghdr) std::array<char, 256> control{};
    iovec part{data.data(), data.size()};
    msghdr message{};
    message.msg_name = &peer;
    message.msg_namelen = sizeof(peer);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(fd, &message, 0) < 0) return;
    // The control data says where it was sent to; given back, where the answer comes from.
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header))
      if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO)
        reinterpret_cast<in6_pktinfo*>(CMSG_DATA(header))->ipi6_ifindex = 0;
    std::string answer = name_ + " " + text_of(peer) + "\n";
    part = {answer.data(), answer.size()};
    if (::sendmsg(fd, &message, 0) < 0) std::perror("srv: sendmsg");
  }

  std::string name_;
  int epoll_;
  std::map<int, Kind> kinds_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  Server server(argv[1]);
  for (int i = 2; i < argc; ++i)
    if (!server.serve(std::atoi(argv[i]))) return 1;
  std::puts("ready");
  std::fflush(stdout);
  server.run();
}
