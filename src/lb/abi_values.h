#pragma once
// Between the values of C++ and the words of bpf/abi.h.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bpf/abi.h"
#include "conf/l4.h"
#include "lb/nexthop.h"
#include "net/address.h"

namespace plenum::lb {

pl_addr abi_address(const net::Address& address);
net::Address address_of(const pl_addr& address, std::uint8_t family);
std::uint8_t abi_family(net::Family family);
// Of the client or the virtual address of a connection: its last word and, for IPv6, the rest.
net::Address address_of(std::uint32_t last, const std::uint32_t upper[3], std::uint8_t family);

pl_service_key abi_key(const conf::ServiceKey& key);
conf::ServiceKey key_of(const pl_service_key& key);

// enum pl_scheduler by name; none for those the data plane has not.
std::optional<std::uint32_t> abi_scheduler(std::string_view name);

// 6 bytes of a MAC as struct pl_port keeps them.
std::uint64_t abi_mac(const net::Mac& mac);
pl_next_hop abi_next_hop(const NextHop& hop);

// IPVS's names for a connection's state: "ESTABLISHED", "FIN_WAIT", "UDP".
std::string state_name(std::uint8_t proto, std::uint32_t state);
// A persistence template's: "ASSURED", "NONE".
std::string template_state_name(std::uint32_t state);

inline constexpr std::uint16_t kFtpPort = 21;
// The persistence engine whose data is a Call-ID.
inline constexpr std::string_view kSipEngine = "sip";

// pl_service.persist_mask.
std::uint32_t abi_persist_mask(const conf::Persistence& persistence, net::Family family);
// pl_server.port_for of a service's server that has this port of its own.
std::uint32_t abi_port_for(const conf::Service& service, std::uint16_t server_port);
// Which of enum pl_lookups finds the service; 0: that for its port.
std::uint32_t abi_lookup(const conf::ServiceKey& key);
std::uint32_t abi_service_flags(const conf::Service& service);

}  // namespace plenum::lb
