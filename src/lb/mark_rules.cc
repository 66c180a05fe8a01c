#include "lb/mark_rules.h"

#include <algorithm>

#include "lb/abi_values.h"

namespace plenum::lb {

namespace {

void fill(const std::optional<net::Prefix>& prefix, pl_addr& address, pl_addr& mask) {
  if (!prefix) return;
  address = abi_address(prefix->address);
  // IPv4 is the last 32 bits of the same 128.
  const int length = prefix->length + (prefix->address.is_v4() ? 96 : 0);
  for (int i = 0; i < 4; ++i) {
    const int bits = std::clamp(length - 32 * i, 0, 32);
    mask.w[i] = __builtin_bswap32(static_cast<std::uint32_t>(~0ULL << (32 - bits)));
  }
}

}  // namespace

std::vector<pl_mark_rule> abi_marks(const std::vector<conf::MarkRule>& rules, const rt::Network& network,
                                    std::vector<std::string>& warnings) {
  std::vector<pl_mark_rule> out;
  for (const auto& rule : rules) {
    if (out.size() == PL_MARK_RULES) break;
    pl_mark_rule one{};
    if (!rule.interface.empty()) {
      const auto* link = network.link(rule.interface);
      if (link == nullptr) {
        warnings.push_back("marks: interface " + rule.interface + ": there is none of this name");
        continue;
      }
      one.ifindex = link->ifindex;
    }
    fill(rule.source, one.source, one.source_mask);
    fill(rule.destination, one.destination, one.destination_mask);
    one.mark = rule.mark;
    one.first_port = rule.first_port;
    one.last_port = rule.last_port;
    one.proto = rule.protocol ? static_cast<std::uint8_t>(*rule.protocol) : 0;
    out.push_back(one);
  }
  return out;
}

std::set<net::Address> marked_addresses(const std::vector<conf::MarkRule>& rules, const rt::Network& network) {
  std::set<net::Address> out;
  for (const auto& rule : rules) {
    if (!rule.destination) continue;
    const auto& to = *rule.destination;
    if (to.length == (to.address.is_v4() ? 32 : 128)) out.insert(to.address);
    for (const auto& address : network.addresses())
      if (to.contains(address.prefix.address)) out.insert(address.prefix.address);
  }
  return out;
}

std::set<net::Address> addresses_of_ports(const rt::Network& network) {
  std::set<net::Address> out;
  for (const auto& address : network.addresses()) {
    const auto* link = network.link(address.ifindex);
    if (link == nullptr || !link->ethernet || link->loopback || address.link_scope) continue;
    const auto* below = link->vlan_id != 0 ? network.link(link->parent) : link;
    if (below != nullptr && (below->kind.empty() || below->kind == "veth" || below->kind == "bond"))
      out.insert(address.prefix.address);
  }
  return out;
}

Json marks_to_json(const std::vector<conf::MarkRule>& rules) {
  auto out = Json::array();
  for (const auto& rule : rules) {
    out.push_back({{"mark", rule.mark},
                   {"source", rule.source ? rule.source->text() : ""},
                   {"destination", rule.destination ? rule.destination->text() : ""},
                   {"protocol", rule.protocol ? static_cast<int>(*rule.protocol) : 0},
                   {"first_port", rule.first_port},
                   {"last_port", rule.last_port},
                   {"interface", rule.interface}});
  }
  return out;
}

std::vector<conf::MarkRule> marks_from_json(StateReader& in, const Json& json) {
  std::vector<conf::MarkRule> out;
  for (const auto& one : in.array(json, "marks")) {
    if (!one.is_object()) {
      in.fail("marks", "have something that is no rule");
      break;
    }
    conf::MarkRule rule;
    std::string source, destination;
    std::int64_t protocol = 0;
    in.get(one, "mark", rule.mark);
    in.get(one, "source", source);
    in.get(one, "destination", destination);
    in.get_integer(one, "protocol", protocol, 0, 255);
    in.get(one, "first_port", rule.first_port);
    in.get(one, "last_port", rule.last_port);
    in.get(one, "interface", rule.interface);
    rule.source = net::Prefix::parse(source);
    rule.destination = net::Prefix::parse(destination);
    // A rule that lost an end would match more than it should.
    if ((!source.empty() && !rule.source) || (!destination.empty() && !rule.destination))
      in.fail("marks", "have something that is no address");
    if (protocol != 0) rule.protocol = static_cast<conf::Protocol>(protocol);
    out.push_back(std::move(rule));
  }
  return out;
}

}  // namespace plenum::lb
