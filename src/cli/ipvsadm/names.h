#pragma once
// Host and service names, as ipvsadm resolves them both ways. An interface, so that listings
// can be tested without the machine's own hosts file.

#include <cstdint>
#include <optional>
#include <string>

#include "conf/l4.h"
#include "net/address.h"

namespace plenum::cli::ipvsadm {

class Names {
 public:
  virtual ~Names() = default;
  // IPv4 only: ipvsadm never asks for an IPv6 address by name.
  [[nodiscard]] virtual std::optional<net::Address> host_to_address(const std::string& host) const = 0;
  [[nodiscard]] virtual std::optional<std::string> address_to_host(const net::Address& address) const = 0;
  [[nodiscard]] virtual std::optional<std::uint16_t> service_to_port(const std::string& service,
                                                                     conf::Protocol protocol) const = 0;
  [[nodiscard]] virtual std::optional<std::string> port_to_service(std::uint16_t port,
                                                                   conf::Protocol protocol) const = 0;
};

// What the C library answers: /etc/hosts, DNS, /etc/services, as nsswitch.conf says. May
// block for as long as a name server takes.
class SystemNames final : public Names {
 public:
  [[nodiscard]] std::optional<net::Address> host_to_address(const std::string& host) const override;
  [[nodiscard]] std::optional<std::string> address_to_host(const net::Address& address) const override;
  [[nodiscard]] std::optional<std::uint16_t> service_to_port(const std::string& service,
                                                             conf::Protocol protocol) const override;
  [[nodiscard]] std::optional<std::string> port_to_service(std::uint16_t port, conf::Protocol protocol) const override;
};

}  // namespace plenum::cli::ipvsadm
