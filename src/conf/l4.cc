// Names and text forms of L4 values.

#include "conf/l4.h"

namespace plenum::conf {

std::string ServiceKey::text() const {
  if (fwmark != 0) return "FWM " + std::to_string(fwmark) + (family == net::Family::V6 ? " IPv6" : "");
  const char* upper = protocol == Protocol::Tcp ? "TCP " : protocol == Protocol::Udp ? "UDP " : "SCTP ";
  return upper + net::Endpoint{address, port}.text();
}

const char* name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::Ip:
      return "ip";
    case Protocol::Tcp:
      return "tcp";
    case Protocol::Udp:
      return "udp";
    case Protocol::Sctp:
      return "sctp";
  }
  return "?";
}

const char* name_of(Forward forward) {
  switch (forward) {
    case Forward::Masq:
      return "nat";
    case Forward::Local:
      return "local";
    case Forward::Tunnel:
      return "tun";
    case Forward::Route:
      return "dr";
  }
  return "?";
}

const char* name_of(TunnelType type) {
  switch (type) {
    case TunnelType::Ipip:
      return "ipip";
    case TunnelType::Gue:
      return "gue";
    case TunnelType::Gre:
      return "gre";
  }
  return "?";
}

const char* name_of(TunnelChecksum checksum) {
  switch (checksum) {
    case TunnelChecksum::None:
      return "none";
    case TunnelChecksum::Full:
      return "full";
    case TunnelChecksum::Remote:
      return "remote";
  }
  return "?";
}

std::string text_of(const Tunnel& tunnel) {
  std::string out = name_of(tunnel.type);
  if (tunnel.port != 0) out += ":" + std::to_string(tunnel.port);
  if (tunnel.checksum != TunnelChecksum::None) out += std::string(" with checksum ") + name_of(tunnel.checksum);
  return out;
}

}  // namespace plenum::conf
