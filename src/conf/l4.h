#pragma once
// L4 services as values: what the YAML file, an ipvsadm command line and a foreign config
// all read into. Nothing here knows how packets are forwarded or what runs at the moment.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"

namespace plenum::conf {

// Values are the IP protocol numbers. Ip: any, of connections that belong to a mark's service.
enum class Protocol : std::uint8_t { Ip = 0, Tcp = 6, Udp = 17, Sctp = 132 };
// Values are the kernel's IP_VS_CONN_F_* and PL_FWD_* of bpf/abi.h.
enum class Forward : std::uint8_t { Masq = 0, Local = 1, Tunnel = 2, Route = 3 };
// Values are the kernel's IP_VS_CONN_F_TUNNEL_TYPE_* and PL_TUN_*.
enum class TunnelType : std::uint8_t { Ipip = 0, Gue = 1, Gre = 2 };
enum class TunnelChecksum : std::uint8_t { None = 0, Full = 1, Remote = 2 };

struct Tunnel {
  TunnelType type = TunnelType::Ipip;
  std::uint16_t port = 0;  // GUE only: UDP destination port, host order
  TunnelChecksum checksum = TunnelChecksum::None;
  auto operator<=>(const Tunnel&) const = default;
};

// What traffic a service takes: either a firewall mark (fwmark != 0; then only family
// counts of the rest, address is unspecified and port 0) or protocol, address and port.
// Port 0 with an address is "every port without a service of its own".
struct ServiceKey {
  std::uint32_t fwmark = 0;
  net::Family family = net::Family::V4;
  Protocol protocol = Protocol::Tcp;
  net::Address address;
  std::uint16_t port = 0;
  auto operator<=>(const ServiceKey&) const = default;
  // "TCP 192.0.2.10:80", "FWM 7", "FWM 7 IPv6".
  [[nodiscard]] std::string text() const;
};

struct ServerKey {
  net::Address address;
  std::uint16_t port = 0;
  auto operator<=>(const ServerKey&) const = default;
  [[nodiscard]] std::string text() const { return net::Endpoint{address, port}.text(); }
};

struct Server {
  std::string name;  // from the file; empty for one added by ipvsadm
  ServerKey key;
  Forward forward = Forward::Route;
  std::int32_t weight = 1;  // 0: quiesced, keeps its connections, takes no new ones
  std::uint32_t upper = 0;  // connections at which the server is overloaded; 0: none
  std::uint32_t lower = 0;  // below which it takes new ones again; 0: 75 % of upper
  Tunnel tunnel;            // meaningful with Forward::Tunnel
  bool operator==(const Server&) const = default;
};

struct Persistence {
  std::uint32_t timeout = 360;  // seconds, 1..2678400 (31 days)
  // As IPVS keeps it: IPv4 a mask in host order, IPv6 a prefix length 1..128.
  std::uint32_t netmask = 0xffffffff;
  std::string engine;  // "" or "sip"
  bool operator==(const Persistence&) const = default;
};

// Scheduler flags: IP_VS_SVC_F_SCHED1..3 shifted down. sh: 1 fallback, 2 port; mh the same.
inline constexpr std::uint32_t kSchedulerFlag1 = 1, kSchedulerFlag2 = 2, kSchedulerFlag3 = 4;

struct Service {
  std::string name;  // from the file; empty for one added by ipvsadm
  ServiceKey key;
  std::string scheduler = "wlc";
  std::uint32_t scheduler_flags = 0;
  std::optional<Persistence> persistence;
  // A netmask given without -p is kept and shown by nothing; IPVS does the same.
  bool one_packet = false;
  std::uint32_t drain = 600;  // seconds a removed server keeps its connections
  // In the order they were added, oldest first. IPVS inserts at the head, so its own list
  // order, which the schedulers follow, is the reverse of this.
  std::vector<Server> servers;
  bool operator==(const Service&) const = default;
};

const char* name_of(Protocol protocol);        // "ip", "tcp", "udp", "sctp"
const char* name_of(Forward forward);          // "nat", "local", "tun", "dr"
const char* name_of(TunnelType type);          // "ipip", "gue", "gre"
const char* name_of(TunnelChecksum checksum);  // "none", "full", "remote"
std::string text_of(const Tunnel& tunnel);     // "ipip", "gue:6080 with checksum full"

}  // namespace plenum::conf
