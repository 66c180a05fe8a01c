#include "cli/ipvsadm/draft.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "cli/ipvsadm/numbers.h"

namespace plenum::cli::ipvsadm {

namespace {

// inet_aton(3) takes what net::Address does not: "10.1", "0x0a000001", "012.1.1.1".
std::optional<net::Address> ipv4(const std::string& text, const Names& names) {
  in_addr parsed{};
  if (::inet_aton(text.c_str(), &parsed) != 0) return net::Address::v4_bytes(&parsed);
  return names.host_to_address(text);
}

std::optional<net::Address> ipv6(const std::string& text) {
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, text.c_str(), &parsed) <= 0) return std::nullopt;
  return net::Address::v6_bytes(&parsed);
}

bool all_digits(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

AddressParts parse_address(const std::string& text, const Names& names, ServiceDraft& draft) {
  if (all_digits(text)) return AddressParts::None;  // the empty text too
  std::string host = text;
  std::optional<std::string> port;
  if (host[0] == '[') {
    const auto closing = host.find(']');
    if (closing == std::string::npos || closing + 1 >= host.size() || host[closing + 1] != ':')
      return AddressParts::None;
    port = host.substr(closing + 2);
    host = host.substr(1, closing - 1);
  }
  if (const auto address = ipv6(host)) {
    draft.address = *address;
    draft.family = DraftFamily::V6;
    draft.netmask = 128;
  } else {
    // A port after brackets that hold no IPv6 address is lost here, as in ipvsadm.
    port.reset();
    if (const auto colon = host.rfind(':'); colon != std::string::npos) {
      port = host.substr(colon + 1);
      host.resize(colon);
    }
    const auto v4 = ipv4(host, names);
    if (!v4) return AddressParts::None;
    draft.address = *v4;
    draft.family = DraftFamily::V4;
  }
  if (!port) return AddressParts::Address;
  if (const auto number = to_number(*port, 0, 65535)) {
    draft.port = static_cast<std::uint16_t>(*number);
  } else if (const auto named = draft.protocol_known ? names.service_to_port(*port, draft.protocol) : std::nullopt) {
    draft.port = *named;
  } else {
    return AddressParts::None;
  }
  return AddressParts::AddressAndPort;
}

conf::ServiceKey ServiceDraft::key() const {
  const auto key_family = family == DraftFamily::V6 ? net::Family::V6 : net::Family::V4;
  if (fwmark != 0) return {.fwmark = fwmark, .family = key_family};
  return {.family = key_family, .protocol = protocol, .address = address, .port = port};
}

conf::Service ServiceDraft::service() const {
  conf::Service service{
      .key = key(), .scheduler = scheduler, .scheduler_flags = scheduler_flags, .one_packet = one_packet};
  if (persistent) service.persistence = conf::Persistence{.timeout = timeout, .netmask = netmask, .engine = engine};
  return service;
}

}  // namespace plenum::cli::ipvsadm
