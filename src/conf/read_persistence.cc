#include "conf/read_persistence.h"

#include <bit>

#include "base/text.h"

namespace plenum::conf {
namespace {

std::uint32_t host_order(const net::Address& v4) {
  const auto* d = v4.data();
  return std::uint32_t{d[0]} << 24 | std::uint32_t{d[1]} << 16 | std::uint32_t{d[2]} << 8 | d[3];
}

struct Range {
  std::uint16_t first = 0, last = 65535;
};

// "80" or "8000-8100", checked by the schema already.
Range range_of(const std::string& text) {
  const auto dash = text.find('-');
  const auto first = parse_number<std::uint16_t>(std::string_view(text).substr(0, dash)).value_or(0);
  if (dash == std::string::npos) return {first, first};
  return {first, parse_number<std::uint16_t>(std::string_view(text).substr(dash + 1)).value_or(first)};
}

std::optional<Protocol> protocol_of(const std::optional<std::string>& word) {
  if (!word) return std::nullopt;
  return *word == "udp" ? Protocol::Udp : *word == "sctp" ? Protocol::Sctp : Protocol::Tcp;
}

}  // namespace

Persistence PersistenceText::of(net::Family family) const {
  return {.timeout = timeout, .netmask = family == net::Family::V4 ? netmask : prefix, .engine = engine};
}

std::optional<PersistenceText> read_persistence(const Fields& service, const std::string& where,
                                                Diagnostics& problems) {
  const auto* node = service.node("persistence");
  if (!node || !node->is_mapping()) return std::nullopt;
  const Fields fields(node, persistence_shape());
  PersistenceText out;
  out.timeout = static_cast<std::uint32_t>(fields.integer("timeout").value_or(360));
  out.prefix = static_cast<std::uint32_t>(fields.integer("prefix").value_or(128));
  out.engine = fields.text("engine").value_or("");
  if (const auto mask = fields.address("netmask")) {
    const auto bits = mask->is_v4() ? host_order(*mask) : 0;
    // Ones, then zeros; a mask of none would make one client of all.
    if (!mask->is_v4() || bits == 0 || std::countl_one(bits) + std::countr_zero(bits) < 32) {
      problems.add(fields.place("netmask"),
                   where + ": persistence: netmask must be an IPv4 mask, like 255.255.255.0, not " + mask->text(),
                   mask->is_v4() ? "" : "for IPv6 clients there is prefix: 64");
    } else {
      out.netmask = bits;
    }
  }
  return out;
}

std::vector<MarkRule> read_marks(const Fields& director, Diagnostics& problems) {
  std::vector<MarkRule> out;
  const auto* list = director.node("marks");
  if (!list || !list->is_sequence()) return out;
  for (const auto& item : list->items) {
    const Fields fields(&item, mark_shape());
    MarkRule rule;
    rule.mark = static_cast<std::uint32_t>(fields.integer("mark").value_or(0));
    rule.source = fields.prefix("source");
    rule.destination = fields.prefix("destination");
    rule.protocol = protocol_of(fields.text("protocol"));
    rule.interface = fields.text("interface").value_or("");
    if (rule.source && rule.destination && rule.source->address.family() != rule.destination->address.family())
      problems.add(fields.place("source"), "director: marks: source and destination are of different address families");
    const auto ports = fields.list<std::string>("ports");
    if (ports.empty()) out.push_back(rule);
    for (const auto& [text, node] : ports) {
      const auto range = range_of(text);
      rule.first_port = range.first;
      rule.last_port = range.last;
      out.push_back(rule);
    }
  }
  if (out.size() > kMostMarkRules)
    problems.add(director.place("marks"), "director: marks: there is room for " + std::to_string(kMostMarkRules) +
                                              " rules, each range of ports one, not for " + std::to_string(out.size()));
  return out;
}

}  // namespace plenum::conf
