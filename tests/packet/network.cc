#include "tests/packet/network.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

namespace plenum::packet {

namespace {

void write_file(const char* path, const char* text) {
  const Fd fd(::open(path, O_WRONLY | O_CLOEXEC));
  const auto length = static_cast<ssize_t>(std::strlen(text));
  if (!fd || ::write(fd.get(), text, static_cast<std::size_t>(length)) != length)
    throw std::runtime_error(std::string("write ") + path + ": " + std::strerror(errno));
}

}  // namespace

unsigned egress() { return ::if_nametoindex("out"); }

void ip_batch(const char* lines) {
  FILE* ip = ::popen("ip -batch -", "w");
  if (ip == nullptr) throw std::runtime_error("start ip(8)");
  std::fputs(lines, ip);
  if (::pclose(ip) != 0) throw std::runtime_error(std::string("ip refused: ") + lines);
}

PrivateNetwork::PrivateNetwork() : outside_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  if (!outside_ || ::unshare(CLONE_NEWNET) != 0)
    throw std::runtime_error(std::string("make a network namespace (root is needed): ") + std::strerror(errno));
  // /proc/sys/net shows the namespace of whoever opens it.
  write_file("/proc/sys/net/ipv4/ip_forward", "1");
  write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  ip_batch(R"(link set lo up
link add out address 02:00:00:00:00:02 type veth peer name far
link set far up
link set out up
addr add 192.0.2.1/24 dev out
addr add 2001:db8:2::1/64 dev out nodad
neigh add 192.0.2.254 lladdr 02:00:00:00:0c:01 nud permanent dev out
neigh add 2001:db8:2::fe lladdr 02:00:00:00:0c:01 nud permanent dev out
route add 198.51.100.0/24 via 192.0.2.254 dev out
route add 2001:db8:c::/64 via 2001:db8:2::fe dev out
)");
}

PrivateNetwork::~PrivateNetwork() {
  if (::setns(outside_.get(), CLONE_NEWNET) != 0) std::perror("leave the test's network namespace");
}

}  // namespace plenum::packet
