#include "lb/explain/text.h"

#include <arpa/inet.h>

#include <bit>

#include "lb/abi_values.h"
#include "lb/timeouts.h"

namespace plenum::lb {

std::string server_text(const PlaneView& view, std::uint32_t id, std::uint16_t virtual_port) {
  const auto& server = view.servers[id];
  return net::Endpoint{address_of(server.addr, server.family), ntohs(pl_server_port(&server, htons(virtual_port)))}
      .text();
}

std::string refusal_text(const pl_load& load) {
  if (load.weight == 0) return "has weight 0";
  if ((load.flags & PL_LOAD_OVERLOADED) == 0) return "";
  if (load.upper == 0) return "is overloaded until one of its connections ends";
  return "is overloaded: had " + std::to_string(load.upper) + " connections, takes more when they are below " +
         std::to_string(load.clear_below);
}

std::string network_text(const pl_addr& address, const pl_addr& mask, std::uint8_t family) {
  int bits = 0;
  for (int i = family == 6 ? 0 : 3; i < 4; ++i) bits += std::popcount(mask.w[i]);
  const int all = family == 6 ? 128 : 32;
  return address_of(address, family).text() + (bits == all ? "" : "/" + std::to_string(bits));
}

std::string mark_rule_text(const pl_mark_rule& rule, std::uint8_t family,
                           const std::function<std::string(std::uint32_t)>& interface) {
  constexpr std::uint16_t kLastPort = 65535;
  const auto any = [](const pl_addr& mask) { return (mask.w[0] | mask.w[1] | mask.w[2] | mask.w[3]) == 0; };
  std::string out = rule.proto != 0 ? conf::name_of(static_cast<conf::Protocol>(rule.proto)) : "all";
  if (!any(rule.destination_mask)) out += " to " + network_text(rule.destination, rule.destination_mask, family);
  if (rule.first_port == rule.last_port)
    out += " port " + std::to_string(rule.first_port);
  else if (rule.first_port > 1 || rule.last_port != kLastPort)
    out += " ports " + std::to_string(rule.first_port) + "-" + std::to_string(rule.last_port);
  if (!any(rule.source_mask)) out += " from " + network_text(rule.source, rule.source_mask, family);
  if (rule.ifindex != 0) out += " in by " + interface(rule.ifindex);
  return out;
}

std::string time_text(std::uint32_t ticks) { return std::to_string(seconds_of(ticks)) + " s"; }

}  // namespace plenum::lb
