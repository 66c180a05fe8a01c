#include "cli/ipvsadm/columns.h"

namespace plenum::cli::ipvsadm {

namespace {
constexpr std::size_t kEndpointRoom = 59;
}

std::string left(std::string_view text, std::size_t width) {
  std::string padded(text);
  if (padded.size() < width) padded.resize(width, ' ');
  return padded;
}

std::string right(std::string_view text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + std::string(text);
}

std::string large_number(std::uint64_t number, bool exact) {
  constexpr std::uint64_t kMillion = 1'000'000, kBillion = 1'000'000'000;
  if (exact) {
    const std::string digits = std::to_string(number);
    return right(digits, digits.size() <= 8 ? 9 : digits.size() + 1);
  }
  if (number < 100 * kMillion) return right(std::to_string(number), 9);
  if (number < kBillion) return right(std::to_string(number / 1000), 8) + 'K';
  if (number < 100 * kBillion) return right(std::to_string(number / kMillion), 8) + 'M';
  if (number < 100'000 * kBillion) return right(std::to_string(number / kBillion), 8) + 'G';
  return right(std::to_string(number / (1000 * kBillion)), 8) + 'T';
}

std::string endpoint_name(const net::Address& address, std::uint16_t port, conf::Protocol protocol, bool numeric,
                          const Names& names) {
  std::string host = address.text(), service = std::to_string(port);
  if (!numeric) {
    if (auto name = names.address_to_host(address)) host = *name;
    if (auto name = names.port_to_service(port, protocol)) service = *name;
  }
  std::string text = address.is_v4() ? host + ':' + service : '[' + host + "]:" + service;
  if (text.size() > kEndpointRoom) text.resize(kEndpointRoom);
  return text;
}

std::string_view protocol_title(conf::Protocol protocol) {
  switch (protocol) {
    case conf::Protocol::Ip:
      return "IP";
    case conf::Protocol::Tcp:
      return "TCP";
    case conf::Protocol::Udp:
      return "UDP";
    case conf::Protocol::Sctp:
      return "SCTP";
  }
  return "?";
}

}  // namespace plenum::cli::ipvsadm
