#include "health/virtual_socket.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "health/connect.h"
#include "rt/datagram.h"
#include "rt/netlink.h"
#include "rt/socket_address.h"

namespace plenum::health {

namespace {

constexpr int kUdpTunnel = 0;  // a sender's "protocol" for GUE

int key_of(net::Family family, int protocol) { return static_cast<int>(family) << 16 | protocol; }

// Segments with SYN and ACK or with RST to one of our ports; everything else of the host does not come here.
// Fragments do not matter: what we wait for is short.
std::vector<sock_filter> answers_to(bool v4, std::uint16_t first, std::uint16_t count) {
  const std::uint32_t last = first + count - 1U;
  if (v4) {
    return {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 11),
            BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
            BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 9, 0),
            BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
            BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
            BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 6),
            BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 5, 0),
            BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
            BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x04, 2, 0),
            BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x12, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, 0xffff),
            BPF_STMT(BPF_RET | BPF_K, 0)};
  }
  return {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 8),
          BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42),
          BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 6),
          BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 5, 0),
          BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 53),
          BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x04, 2, 0),
          BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x12, 0, 1),
          BPF_STMT(BPF_RET | BPF_K, 0xffff),
          BPF_STMT(BPF_RET | BPF_K, 0)};
}

}  // namespace

Result<std::unique_ptr<VirtualSocket>> VirtualSocket::open(Reactor& reactor, net::Family family) {
  std::unique_ptr<VirtualSocket> out(new VirtualSocket(family));
  PLENUM_CHECK(out->hold_ports(), "ports for probes to virtual addresses");
  PLENUM_CHECK(out->listen(reactor), "packet socket (needs CAP_NET_RAW)");
  return out;
}

// One behind the other, above those that connections are given.
Result<> VirtualSocket::hold_ports() {
  const bool v4 = family_ == net::Family::V4;
  for (int tries = 0; tries < 64; ++tries) {
    first_port_ = static_cast<std::uint16_t>(61000 + random_() % (65535 - kPorts - 61000));
    ports_.clear();
    for (std::uint16_t i = 0; i < kPorts; ++i) {
      Fd fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (!fd) return fail_errno("socket");
      const int on = 1;
      if (!v4) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
      const auto at = rt::SocketAddress::any(family_, static_cast<std::uint16_t>(first_port_ + i));
      if (::bind(fd.get(), at.get(), at.size) != 0) break;
      ports_.push_back(std::move(fd));
    }
    if (ports_.size() == kPorts) return {};
  }
  return fail(std::errc::address_in_use, "no run of free ports");
}

Result<> VirtualSocket::listen(Reactor& reactor) {
  // Protocol 0: nothing is received before the filter is set and bind() names it.
  Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("open");
  auto code = answers_to(family_ == net::Family::V4, first_port_, kPorts);
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) return fail_errno("filter");
  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_protocol = htons(family_ == net::Family::V4 ? ETH_P_IP : ETH_P_IPV6);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return fail_errno("bind");
  PLENUM_TRY(listener_, reactor.add(std::move(fd), EPOLLIN, *this), "listen");
  return {};
}

// Raw sockets of IPPROTO_RAW send what they are given, header and all; of others the kernel writes the header.
Result<int> VirtualSocket::sender(net::Family family, int protocol) {
  auto& fd = senders_[key_of(family, protocol)];
  if (!fd) {
    const int domain = family == net::Family::V4 ? AF_INET : AF_INET6;
    fd = Fd(protocol == kUdpTunnel ? ::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
                                   : ::socket(domain, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    if (!fd) return fail_errno("raw socket");
    // Of what the kernel hands to every raw socket of a protocol nothing is wanted.
    sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &none};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  }
  return fd.get();
}

std::optional<Outcome> VirtualSocket::source_for(const Target& target, net::Address& source) const {
  if (target.check.source) {
    source = target.check.source->address;
    if (source.family() != family_) return Outcome::hindered("the source is not of the virtual address's family");
    if (!is_here(source)) return Outcome::hindered("source " + source.text() + " is not here");
    return std::nullopt;
  }
  const auto& vip = target.path->vip.address;
  if (target.server.address.family() == family_) {
    auto asked = target;
    asked.check.address = target.server.address;
    auto begun = connect_datagram(asked);
    if (auto* outcome = std::get_if<Outcome>(&begun)) return std::move(*outcome);
    rt::SocketAddress own;
    ::getsockname(std::get<Fd>(begun).get(), own.get(), &own.size);
    source = own.endpoint().address;
    if (source != vip) return std::nullopt;
  }
  // The kernel would take the virtual address itself, or has nothing to say: any other address that is usable.
  auto netlink = rt::Netlink::open();
  if (!netlink) return Outcome::hindered(netlink.error().what);
  const auto addresses = netlink->addresses();
  if (!addresses) return Outcome::hindered(addresses.error().what);
  for (const auto& own : *addresses) {
    const auto& address = own.prefix.address;
    if (address.family() != family_ || address == vip || own.link_scope || own.tentative || own.deprecated) continue;
    source = address;
    return std::nullopt;
  }
  return Outcome::hindered("no source address but the virtual one");
}

std::optional<Outcome> VirtualSocket::send(const Target& target, const proto::TcpSegment& segment) {
  const auto& server = target.server.address;
  const auto packet = proto::write_tcp(segment);
  auto payload = packet;
  int protocol = IPPROTO_RAW;
  std::uint16_t port = 0;
  if (target.path->forward == conf::Forward::Tunnel) {
    const auto& tunnel = target.path->tunnel;
    switch (tunnel.type) {
      case conf::TunnelType::Ipip:
        protocol = proto::ip_in_ip_protocol(packet);
        break;
      case conf::TunnelType::Gre:
        protocol = IPPROTO_GRE;
        payload = proto::gre_around(packet, tunnel.checksum != conf::TunnelChecksum::None);
        break;
      case conf::TunnelType::Gue:
        protocol = kUdpTunnel;
        port = tunnel.port;
        payload = proto::gue_around(packet);
        break;
    }
  }
  const auto fd = sender(server.family(), protocol);
  if (!fd) return Outcome::hindered(fd.error().what);
  const auto& check = target.check;
  const unsigned interface = check.interface.empty() ? 0 : ::if_nametoindex(check.interface.c_str());
  if (interface == 0 && !check.interface.empty())
    return Outcome::hindered("interface " + check.interface + ": " + std::strerror(errno));
  rt::ControlMessages control;
  if (interface != 0) control.add_way(server.family(), interface, std::nullopt);
  if (check.mark != 0) control.add_mark(check.mark);
  if (const int error = rt::send_datagram(*fd, payload, {server, port}, interface, control))
    return outcome_of_errno("send", error);
  return std::nullopt;
}

std::optional<Outcome> VirtualSocket::ask(const Target& target, User& user, std::uint32_t& key) {
  net::Address source;
  if (auto outcome = source_for(target, source)) return outcome;
  do {
    key = static_cast<std::uint32_t>(random_());
  } while (waiting_.contains(key));
  proto::TcpSegment syn;
  syn.source = {source, static_cast<std::uint16_t>(first_port_ + turn_++ % kPorts)};
  syn.destination = {target.path->vip.address,
                     target.path->vip.port != 0 ? target.path->vip.port : target.asked().port};
  syn.sequence = key - 1;
  syn.syn = true;
  if (auto outcome = send(target, syn)) return outcome;
  waiting_.emplace(key, Waiting{&user, &target, syn});
  return std::nullopt;
}

void VirtualSocket::ask_again(std::uint32_t key) {
  const auto found = waiting_.find(key);
  if (found != waiting_.end()) static_cast<void>(send(*found->second.target, found->second.syn));
}

void VirtualSocket::on_ready(std::uint32_t /*events*/) {
  std::array<std::uint8_t, 2048> block;
  while (true) {
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const auto n = ::recvfrom(listener_.fd(), block.data(), block.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0) {
      if (errno == EAGAIN) return;
      continue;  // ENETDOWN of an interface that went: said once
    }
    if (from.sll_pkttype == PACKET_OUTGOING) continue;
    const auto segment = proto::read_tcp({block.data(), static_cast<std::size_t>(n)});
    if (!segment || !segment->ack) continue;
    const auto found = waiting_.find(segment->acknowledged);
    if (found == waiting_.end() || segment->source != found->second.syn.destination ||
        segment->destination != found->second.syn.source)
      continue;
    const auto waiting = found->second;
    waiting_.erase(found);
    if (segment->syn) {
      auto reset = waiting.syn;
      reset.sequence = segment->acknowledged;
      reset.syn = false;
      reset.rst = true;
      static_cast<void>(send(*waiting.target, reset));  // lost or not, the server forgets in a minute
    }
    waiting.user->on_answer(segment->syn);
  }
}

}  // namespace plenum::health
