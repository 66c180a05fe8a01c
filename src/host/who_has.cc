#include "host/who_has.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/fd.h"
#include "host/neighbour_packet.h"

namespace plenum::host {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using SteadyNow = std::chrono::steady_clock;

constexpr int kTimes = 3;

// Neighbour advertisements only: on a busy network the rest would fill the socket.
Result<> filter_advertisements(int fd) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 136, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),  BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{std::size(code), code};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) return fail_errno("filter");
  return {};
}

Result<Fd> open_socket(const net::Address& target, std::uint32_t ifindex) {
  // Protocol 0: nothing is received before the filter is set and bind() names it.
  Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("open a packet socket (needs root, or CAP_NET_RAW)");
  if (!target.is_v4()) PLENUM_CHECK(filter_advertisements(fd.get()), "packet socket");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(target.is_v4() ? ETH_P_ARP : ETH_P_IPV6);
  address.sll_ifindex = static_cast<int>(ifindex);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return fail_errno("bind");
  return fd;
}

Result<> ask(const Fd& fd, const net::Address& target, const rt::Link& link,
             const std::optional<net::Address>& source) {
  const auto packet = target.is_v4() ? arp_probe(target, link.mac) : neighbour_solicitation(target, source, link.mac);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(target.is_v4() ? ETH_P_ARP : ETH_P_IPV6);
  to.sll_ifindex = static_cast<int>(link.ifindex);
  to.sll_halen = ETH_ALEN;
  const net::Mac mac = target.is_v4() ? net::Mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}} : solicited_node_mac(target);
  std::copy(mac.bytes.begin(), mac.bytes.end(), to.sll_addr);
  if (::sendto(fd.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) < 0) {
    return fail_errno("send");
  }
  return {};
}

// Reads what is there; false when there is no more.
bool take_answer(const Fd& fd, const net::Address& target, const net::Mac& own, std::set<net::Mac>& out) {
  std::array<std::uint8_t, 2048> buffer{};
  sockaddr_ll from{};
  socklen_t size = sizeof(from);
  const ssize_t n = ::recvfrom(fd.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  if (n < 0) return false;
  net::Mac sender;
  std::copy_n(from.sll_addr, sender.bytes.size(), sender.bytes.begin());
  const auto mac =
      claimed_by(ntohs(from.sll_protocol), std::span(buffer.data(), static_cast<std::size_t>(n)), target, sender);
  if (mac && *mac != own) out.insert(*mac);
  return true;
}

}  // namespace

Result<std::set<net::Mac>> who_has(const net::Address& target, const rt::Link& link,
                                   const std::optional<net::Address>& source, Duration wait) {
  const std::string where = "ask for " + target.text() + " on " + link.name;
  PLENUM_TRY(const Fd fd, open_socket(target, link.ifindex), where);
  std::set<net::Mac> out;
  const auto start = SteadyNow::now();
  int asked = 0;
  for (auto now = start; now < start + wait; now = SteadyNow::now()) {
    if (asked < kTimes && now >= start + wait * asked / (2 * kTimes)) {
      PLENUM_CHECK(ask(fd, target, link, source), where);
      ++asked;
    }
    const auto next = asked < kTimes ? start + wait * asked / (2 * kTimes) : start + wait;
    const auto left = std::max(milliseconds(0), duration_cast<milliseconds>(next - SteadyNow::now()) + milliseconds(1));
    pollfd poll_fd{fd.get(), POLLIN, 0};
    if (::poll(&poll_fd, 1, static_cast<int>(left.count())) > 0) {
      // At most so many between two looks at the clock.
      for (int i = 0; i < 256 && take_answer(fd, target, link.mac, out); ++i) {
      }
    }
  }
  return out;
}

}  // namespace plenum::host
