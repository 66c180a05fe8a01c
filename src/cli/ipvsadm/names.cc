#include "cli/ipvsadm/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

namespace plenum::cli::ipvsadm {

namespace {

// The resolver's functions want a buffer and say ERANGE when it is too small.
constexpr std::size_t kFirstBuffer = 1024, kLastBuffer = std::size_t{1} << 20;

// Calls `lookup(buffer, size)`, an errno, with buffers that grow until one is large enough.
template <class Lookup>
void with_buffer(Lookup lookup) {
  for (std::size_t size = kFirstBuffer; size <= kLastBuffer; size *= 2) {
    std::vector<char> buffer(size);
    if (lookup(buffer.data(), size) != ERANGE) return;
  }
}

}  // namespace

std::optional<net::Address> SystemNames::host_to_address(const std::string& host) const {
  std::optional<net::Address> address;
  with_buffer([&](char* buffer, std::size_t size) {
    hostent entry{};
    hostent* found = nullptr;
    int reason = 0;
    const int error = ::gethostbyname2_r(host.c_str(), AF_INET, &entry, buffer, size, &found, &reason);
    if (error == 0 && found != nullptr && found->h_addr_list[0] != nullptr)
      address = net::Address::v4_bytes(found->h_addr_list[0]);
    return error;
  });
  return address;
}

std::optional<std::string> SystemNames::address_to_host(const net::Address& address) const {
  std::optional<std::string> host;
  with_buffer([&](char* buffer, std::size_t size) {
    hostent entry{};
    hostent* found = nullptr;
    int reason = 0;
    const int error = ::gethostbyaddr_r(address.data(), address.size(), address.is_v4() ? AF_INET : AF_INET6, &entry,
                                        buffer, size, &found, &reason);
    if (error == 0 && found != nullptr) host = found->h_name;
    return error;
  });
  return host;
}

std::optional<std::uint16_t> SystemNames::service_to_port(const std::string& service, conf::Protocol protocol) const {
  std::optional<std::uint16_t> port;
  with_buffer([&](char* buffer, std::size_t size) {
    servent entry{};
    servent* found = nullptr;
    const int error = ::getservbyname_r(service.c_str(), conf::name_of(protocol), &entry, buffer, size, &found);
    if (error == 0 && found != nullptr) port = ntohs(static_cast<std::uint16_t>(found->s_port));
    return error;
  });
  return port;
}

std::optional<std::string> SystemNames::port_to_service(std::uint16_t port, conf::Protocol protocol) const {
  std::optional<std::string> service;
  with_buffer([&](char* buffer, std::size_t size) {
    servent entry{};
    servent* found = nullptr;
    const int error = ::getservbyport_r(htons(port), conf::name_of(protocol), &entry, buffer, size, &found);
    if (error == 0 && found != nullptr) service = found->s_name;
    return error;
  });
  return service;
}

}  // namespace plenum::cli::ipvsadm
