#include "vrrp/socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "proto/vrrp.h"
#include "rt/socket_option.h"

namespace plenum::vrrp {

namespace {

// A burst of all 255 virtual routers, several times over.
constexpr int kReceiveBuffer = 1 << 20;
constexpr int kInternetControl = 0xc0;   // TOS and traffic class: CS6, as routing protocols have it
constexpr int kInteractivePriority = 6;  // of queueing disciplines

Result<> set_up(const Fd& fd, net::Family family, unsigned ifindex, const std::optional<net::Address>& group) {
  const bool v4 = family == net::Family::V4;
  const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  const auto* where = v4 ? "IPv4" : "IPv6";
  PLENUM_CHECK(rt::set_option(fd, level, v4 ? IP_TOS : IPV6_TCLASS, kInternetControl, v4 ? "IP_TOS" : "IPV6_TCLASS"),
               where);
  PLENUM_CHECK(rt::ask_for_details(fd, family), where);
  // Only of groups that this socket joined.
  PLENUM_CHECK(rt::set_option(fd, level, v4 ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL, 0, "MULTICAST_ALL"), where);
  PLENUM_CHECK(rt::send_multicast_by(fd, family, ifindex), where);
  // By a macvlan with the virtual MAC, which has no link-local address of its own, the interface's is sent.
  if (!v4) PLENUM_CHECK(rt::set_option(fd, level, IPV6_FREEBIND, 1, "IPV6_FREEBIND"), where);
  if (!group) return {};
  return rt::join_group(fd, *group, ifindex);
}

// The IP header's own words (IPv4: raw sockets give it); false where there is no sense in it.
bool take_v4(std::span<const std::uint8_t> packet, rt::Datagram& out) {
  if (packet.size() < 20 || packet[0] >> 4 != 4) return false;
  const std::size_t header = (packet[0] & 0xfu) * 4, total = static_cast<std::size_t>(packet[2]) << 8 | packet[3];
  if (header < 20 || total < header || total > packet.size()) return false;
  out.ttl = packet[8];
  out.source = net::Address::v4_bytes(packet.data() + 12);
  out.destination = net::Address::v4_bytes(packet.data() + 16);
  out.payload = packet.subspan(header, total - header);
  return true;
}

}  // namespace

Result<Socket> Socket::open(const std::string& interface, net::Family family,
                            const std::optional<net::Address>& group) {
  const auto ifindex = rt::interface_index(interface);
  if (!ifindex) return tl::unexpected(ifindex.error());
  const bool v4 = family == net::Family::V4;
  Fd fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, proto::kVrrpProtocol));
  if (!fd) return fail_errno("socket of protocol 112");
  // Before anything else: from now on only that interface's packets come.
  PLENUM_CHECK(rt::bind_to_interface(fd, interface), interface);
  PLENUM_CHECK(rt::set_option(fd, SOL_SOCKET, SO_PRIORITY, kInteractivePriority, "SO_PRIORITY"), interface);
  PLENUM_CHECK(rt::set_receive_buffer(fd, kReceiveBuffer), interface);
  PLENUM_CHECK(set_up(fd, family, *ifindex, group), interface);
  return Socket(std::move(fd), family, *ifindex);
}

std::optional<rt::Datagram> Socket::receive(std::span<std::uint8_t> buffer) {
  auto heard = rt::receive_datagram(fd_.get(), buffer);
  if (heard && family_ == net::Family::V4 && !take_v4(heard->payload, *heard)) heard->payload = {};
  return heard;
}

int Socket::send(std::span<const std::uint8_t> payload, const net::Address& source, const net::Address& destination,
                 std::uint8_t ttl) {
  rt::ControlMessages control;
  control.add_way(family_, ifindex_, source);
  control.add_ttl(family_, ttl);
  return rt::send_datagram(fd_.get(), payload, {destination, 0}, ifindex_, control);
}

}  // namespace plenum::vrrp
