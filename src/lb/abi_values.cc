#include "lb/abi_values.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace plenum::lb {

pl_addr abi_address(const net::Address& address) {
  pl_addr out{};
  std::memcpy(out.w, address.mapped().data(), sizeof out.w);
  return out;
}

net::Address address_of(const pl_addr& address, std::uint8_t family) {
  return family == 6 ? net::Address::v6_bytes(address.w) : net::Address::v4_bytes(&address.w[3]);
}

std::uint8_t abi_family(net::Family family) { return family == net::Family::V6 ? 6 : 4; }

net::Address address_of(std::uint32_t last, const std::uint32_t upper[3], std::uint8_t family) {
  const pl_addr whole{{upper[0], upper[1], upper[2], last}};
  return address_of(whole, family);
}

pl_service_key abi_key(const conf::ServiceKey& key) {
  pl_service_key out{};
  if (key.fwmark != 0) {
    out.family = abi_family(key.family);
    pl_mark_addr(&out.addr, key.fwmark, out.family);
    return out;
  }
  out.addr = abi_address(key.address);
  out.port = htons(key.port);
  out.proto = static_cast<std::uint8_t>(key.protocol);
  out.family = abi_family(key.family);
  return out;
}

conf::ServiceKey key_of(const pl_service_key& key) {
  conf::ServiceKey out;
  out.family = key.family == 6 ? net::Family::V6 : net::Family::V4;
  if (key.proto == 0) {
    out.fwmark = ntohl(key.family == 6 ? key.addr.w[0] : key.addr.w[3]);
    return out;
  }
  out.protocol = static_cast<conf::Protocol>(key.proto);
  out.address = address_of(key.addr, key.family);
  out.port = ntohs(key.port);
  return out;
}

std::optional<std::uint32_t> abi_scheduler(std::string_view name) {
  constexpr std::array<std::string_view, PL_SCHEDULERS> kNames{"rr",  "wrr",  "lc",    "wlc", "sed", "nq", "fo",
                                                               "ovf", "lblc", "lblcr", "dh",  "sh",  "mh", "twos"};
  for (std::uint32_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return i;
  return std::nullopt;
}

std::uint64_t abi_mac(const net::Mac& mac) {
  std::uint64_t out = 0;
  std::memcpy(&out, mac.bytes.data(), mac.bytes.size());
  return out;
}

pl_next_hop abi_next_hop(const NextHop& hop) {
  pl_next_hop out{};
  std::memcpy(out.dst_mac, hop.dst_mac.bytes.data(), sizeof out.dst_mac);
  std::memcpy(out.src_mac, hop.src_mac.bytes.data(), sizeof out.src_mac);
  out.vlan = hop.vlan;
  out.mtu = static_cast<std::uint16_t>(std::min<std::uint32_t>(hop.mtu, 0xffff));
  out.ifindex = hop.ifindex;
  if (hop.source) out.source = abi_address(*hop.source);
  return out;
}

std::string state_name(std::uint8_t proto, std::uint32_t state) {
  constexpr std::array<const char*, PL_TCP_STATES> kTcp{"NONE",     "ESTABLISHED", "SYN_SENT", "SYN_RECV",
                                                        "FIN_WAIT", "TIME_WAIT",   "CLOSE",    "CLOSE_WAIT",
                                                        "LAST_ACK", "LISTEN",      "SYNACK"};
  constexpr std::array<const char*, PL_SCTP_STATES> kSctp{
      "NONE",     "INIT1",       "INIT",   "C-SENT",     "C-REPLIED",  "C-WAIT",   "COOKIE",
      "C-ECHOED", "ESTABLISHED", "S-SENT", "S-RECEIVED", "S-ACK-SENT", "REJECTED", "CLOSED"};
  switch (static_cast<conf::Protocol>(proto)) {
    case conf::Protocol::Tcp:
      return state < kTcp.size() ? kTcp[state] : "ERR!";
    case conf::Protocol::Sctp:
      return state < kSctp.size() ? kSctp[state] : "ERR!";
    case conf::Protocol::Udp:
      return "UDP";
    case conf::Protocol::Ip:
      break;
  }
  return "NONE";
}

// IP_VS_CTPL_S_* of ip_vs_state_name().
std::string template_state_name(std::uint32_t state) { return (state & PL_TEMPLATE_ASSURED) != 0 ? "ASSURED" : "NONE"; }

std::uint32_t abi_persist_mask(const conf::Persistence& persistence, net::Family family) {
  return family == net::Family::V6 ? persistence.netmask : htonl(persistence.netmask);
}

std::uint32_t abi_port_for(const conf::Service& service, std::uint16_t server_port) {
  if (!service.persistence || server_port == 0) return 0;
  if (service.key.fwmark != 0 || service.key.port == 0) return PL_PORT_FOR_NONE;
  return service.key.port == kFtpPort ? PL_PORT_FOR(htons(kFtpPort)) : 0;
}

std::uint32_t abi_lookup(const conf::ServiceKey& key) {
  if (key.fwmark != 0) return PL_LOOKUP_MARK;
  if (key.port == 0) return PL_LOOKUP_ANY_PORT;
  return key.port == kFtpPort ? PL_LOOKUP_FTP : 0;
}

std::uint32_t abi_service_flags(const conf::Service& service) {
  std::uint32_t flags = service.one_packet ? PL_SERVICE_ONE_PACKET : 0;
  if (service.persistence && service.persistence->engine == "sip") flags |= PL_SERVICE_SIP;
  return flags;
}

}  // namespace plenum::lb
