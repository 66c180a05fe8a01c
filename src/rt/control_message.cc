#include "rt/control_message.h"

#include <netinet/in.h>

namespace plenum::rt {

void ControlMessages::add_way(net::Family family, unsigned ifindex, const std::optional<net::Address>& source) {
  if (family == net::Family::V4) {
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(ifindex);
    if (source) std::memcpy(&info.ipi_spec_dst, source->data(), sizeof info.ipi_spec_dst);
    add(IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    info.ipi6_ifindex = ifindex;
    if (source) std::memcpy(&info.ipi6_addr, source->data(), sizeof info.ipi6_addr);
    add(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

void ControlMessages::add_ttl(net::Family family, std::uint8_t ttl) {
  const int hops = ttl;
  if (family == net::Family::V4)
    add(IPPROTO_IP, IP_TTL, hops);
  else
    add(IPPROTO_IPV6, IPV6_HOPLIMIT, hops);
}

void ControlMessages::add_mark(std::uint32_t mark) { add(SOL_SOCKET, SO_MARK, mark); }

void ControlMessages::attach(msghdr& message) {
  if (size_ == 0) return;
  message.msg_control = bytes_.data();
  message.msg_controllen = size_;
}

}  // namespace plenum::rt
