#pragma once
// A service and a server while their options are being read, in the form of ipvsadm's own
// structures: options act on them in the order they are typed, and some of them overwrite
// what others set (an IPv6 address resets the netmask), which this form keeps.

#include <cstdint>
#include <string>

#include "cli/ipvsadm/names.h"
#include "conf/l4.h"
#include "net/address.h"

namespace plenum::cli::ipvsadm {

enum class DraftFamily : std::uint8_t { None, V4, V6 };

struct ServiceDraft {
  DraftFamily family = DraftFamily::None;
  bool protocol_known = false;
  conf::Protocol protocol = conf::Protocol::Tcp;
  net::Address address;
  std::uint16_t port = 0;
  std::uint32_t fwmark = 0;
  // IPv4: a mask in host order; IPv6: a prefix length. Which of both, `family` says at the end.
  std::uint32_t netmask = 0xffffffff;
  bool persistent = false, one_packet = false;
  std::uint32_t timeout = 0;  // seconds
  std::string scheduler, engine;
  std::uint32_t scheduler_flags = 0;

  [[nodiscard]] conf::ServiceKey key() const;
  [[nodiscard]] conf::Service service() const;
};

enum class AddressParts : std::uint8_t { None, Address, AddressAndPort };

// "host[:port]", "[v6]:port" or "v6" into address, family and port; an IPv6 address resets
// the netmask to 128. Host names are IPv4 ones, service names those of draft.protocol. None:
// the text is no address, or its port no port; part of `draft` may be overwritten then.
AddressParts parse_address(const std::string& text, const Names& names, ServiceDraft& draft);

}  // namespace plenum::cli::ipvsadm
