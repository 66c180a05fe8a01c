// Lines of virtual_routes and virtual_rules.

#include "base/text.h"
#include "conf/keepalived/addresses.h"

namespace plenum::conf::keepalived {
namespace {

struct Name {
  std::string_view name;
  std::uint32_t value;
};
constexpr Name kScopes[] = {{"global", 0}, {"site", 200}, {"link", 253}, {"host", 254}, {"nowhere", 255}};
constexpr Name kTables[] = {{"default", 253}, {"main", 254}, {"local", 255}};
constexpr Name kProtocols[] = {{"redirect", 1}, {"kernel", 2}, {"boot", 3},   {"static", 4},   {"gated", 8},
                               {"ra", 9},       {"mrt", 10},   {"zebra", 11}, {"bird", 12},    {"dnrouted", 13},
                               {"xorp", 14},    {"ntk", 15},   {"dhcp", 16},  {"mrouted", 17}, {"keepalived", 18},
                               {"babel", 42},   {"openr", 99}, {"bgp", 186},  {"isis", 187},   {"ospf", 188},
                               {"rip", 189},    {"eigrp", 192}};

template <std::size_t size>
Maybe<std::uint32_t> named(const Name (&names)[size], const std::string& word) {
  for (const auto& one : names)
    if (one.name == word) return one.value;
  if (word.starts_with("0x")) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(word.data() + 2, word.data() + word.size(), value, 16);
    if (error == std::errc{} && end == word.data() + word.size()) return value;
    return std::nullopt;
  }
  return parse_number<std::uint32_t>(word);
}

bool one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  for (const auto one : words)
    if (word == one) return true;
  return false;
}

Maybe<net::Prefix> destination(const std::string& word, net::Family family) {
  if (word == "default") return net::Prefix{family == net::Family::V4 ? net::Address() : *net::Address::parse("::"), 0};
  auto prefix = net::Prefix::parse(word);
  if (prefix) prefix->address = prefix->address.masked(prefix->length);
  return prefix;
}

}  // namespace

Maybe<VirtualRoute> parse_virtual_route(Context& c) {
  VirtualRoute out;
  bool forced = false, said = false, untracked = false;
  Maybe<net::Prefix> to;
  // The word behind `at`; fatal where there is none.
  const auto next = [&](std::size_t& at) -> const std::string& { return c.word(++at); };
  const auto number = [&](std::size_t& at, Maybe<std::uint32_t>& into) {
    const auto& word = next(at);
    if (c.fatal) return;
    const auto n = parse_number<std::uint32_t>(word);
    if (!n) return c.warn("invalid number '" + word + "'");
    into = n;
  };
  const auto address = [&](std::size_t& at, Maybe<net::Address>& into, const char* what) {
    const auto& word = next(at);
    if (c.fatal) return;
    const auto parsed = net::Address::parse(word);
    if (!parsed) return c.warn(std::string("invalid ") + what + " address " + word);
    into = parsed;
  };
  for (std::size_t i = 0; i < c.count() && !c.fatal; ++i) {
    const auto word = c.words[i];
    if (one_of(word, {"unicast", "blackhole", "unreachable", "prohibit", "local"})) {
      out.type = word;
    } else if (one_of(word, {"throw", "broadcast", "anycast", "multicast", "nat", "xresolve"})) {
      c.findings.lost(c.place, "routes of type " + word + " are not carried out");
      return std::nullopt;
    } else if (word == "inet6" || word == "inet") {
      out.family = word == "inet6" ? net::Family::V6 : net::Family::V4;
      forced = true;
    } else if (word == "src") {
      address(i, out.source, "route src");
    } else if (word == "via" || word == "gw") {
      if (word == "gw") c.warn("\"gw\" for routes is deprecated. Please use \"via\"", "write via");
      if (i + 1 < c.count() && (c.words[i + 1] == "inet" || c.words[i + 1] == "inet6")) ++i;
      address(i, out.via, "route via");
    } else if (word == "or" || word == "nexthop") {
      if (word == "or") c.warn("\"or\" for routes is deprecated. Please use \"nexthop\"");
      c.findings.lost(c.place, "routes of several ways are not carried out");
      return std::nullopt;
    } else if (word == "dev" || word == "oif") {
      out.interface = next(i);
      if (!c.fatal && c.host.has_interface && !c.host.has_interface(out.interface))
        c.warn("WARNING - interface " + out.interface + " for virtual route doesn't exist");
    } else if (word == "table") {
      const auto& table = next(i);
      out.table = named(kTables, table);
      if (!out.table && !c.fatal) c.warn("Routing table " + table + " not found for route", "write its number");
    } else if (one_of(word, {"metric", "priority", "preference"})) {
      number(i, out.metric);
    } else if (word == "mtu") {
      if (i + 1 < c.count() && c.words[i + 1] == "lock") ++i;
      number(i, out.mtu);
    } else if (word == "scope") {
      const auto& scope = next(i);
      const auto value = named(kScopes, scope);
      if (value && *value <= 255)
        out.scope = static_cast<std::uint8_t>(*value);
      else if (!c.fatal)
        c.warn("Scope " + scope + " not found or invalid for route");
    } else if (word == "proto" || word == "protocol") {
      const auto& protocol = next(i);
      const auto value = named(kProtocols, protocol);
      if (value && *value <= 255)
        out.protocol = static_cast<std::uint8_t>(*value);
      else if (!c.fatal)
        c.warn("Protocol " + protocol + " not found or invalid for route");
    } else if (word == "onlink") {
      out.on_link = true;
    } else if (one_of(word, {"no_track", "prepend"})) {
      untracked = untracked || word == "no_track";
    } else if (one_of(word, {"append", "pervasive"})) {
      c.findings.lost(c.place, word + " of a route is not carried out");
    } else if (one_of(
                   word,
                   {"track_group", "tos",      "dsfield",  "hoplimit", "advmss", "rtt",           "rttvar",
                    "reordering",  "window",   "cwnd",     "ssthresh", "realms", "rto_min",       "initcwnd",
                    "initrwnd",    "features", "quickack", "congctl",  "pref",   "ttl-propagate", "fastopen_no_cookie",
                    "weight",      "vrf",      "expires"})) {
      if (i + 1 < c.count() && c.words[i + 1] == "lock") ++i;
      next(i);
      if (!c.fatal) c.findings.lost(c.place, word + " of a route is not carried out");
    } else {
      if (word == "to") next(i);
      if (c.fatal) break;
      if (said) {
        c.warn("unknown route keyword " + c.words[i]);
        continue;
      }
      said = true;
      to = destination(c.words[i], out.family);
      if (!to) {
        c.warn("VRRP parsed invalid IP " + c.words[i] + ". skipping IP...");
        return std::nullopt;
      }
      if (!forced && c.words[i] != "default") out.family = to->address.family();
    }
  }
  if (c.fatal) return std::nullopt;
  if (!said) {
    c.warn("Route has no destination", "write default, or a network");
    return std::nullopt;
  }
  if (out.interface.empty() && !untracked)
    c.warn("Warning - cannot track route " + to->text() + " with no interface specified, not tracking",
           "add dev, or no_track");
  if (out.via && !forced && to->length == 0) out.family = out.via->family();
  if (to->length != 0) out.destination = to;
  if (out.destination && out.destination->address.family() != out.family) {
    c.warn("route " + to->text() + " is not of family " + (out.family == net::Family::V4 ? "inet" : "inet6"));
    return std::nullopt;
  }
  return out;
}

Maybe<VirtualRule> parse_virtual_rule(Context& c) {
  VirtualRule out;
  bool family_said = false;
  const auto number = [&](std::size_t& at, Maybe<std::uint32_t>& into) {
    const auto& word = c.word(++at);
    if (c.fatal) return;
    const auto n = named(kTables, word);
    if (!n) return c.warn("invalid number '" + word + "'");
    into = n;
  };
  for (std::size_t i = 0; i < c.count() && !c.fatal; ++i) {
    const auto word = c.words[i];
    if (word == "from" || word == "to") {
      const auto& text = c.word(++i);
      if (c.fatal || text == "all" || text == "any" || text == "default") continue;
      const auto prefix = destination(text, out.family);
      if (!prefix) {
        c.warn("invalid rule " + word + " address " + text);
        return std::nullopt;
      }
      (word == "from" ? out.from : out.to) = prefix;
      out.family = prefix->address.family();
      family_said = true;
    } else if (word == "inet6" || word == "inet") {
      out.family = word == "inet6" ? net::Family::V6 : net::Family::V4;
      family_said = true;
    } else if (word == "table" || word == "lookup") {
      number(i, out.table);
    } else if (one_of(word, {"priority", "preference", "order", "pref"})) {
      number(i, out.priority);
    } else if (word == "fwmark") {
      const auto& mark = c.word(++i);
      if (c.fatal) break;
      const auto slash = mark.find('/');
      out.fwmark = named(kTables, mark.substr(0, slash));
      if (slash != std::string::npos) out.fwmask = named(kTables, mark.substr(slash + 1));
      if (!out.fwmark || (slash != std::string::npos && !out.fwmask)) {
        c.warn("invalid fwmark '" + mark + "'");
        return std::nullopt;
      }
    } else if (word == "iif" || word == "dev") {
      out.iif = c.word(++i);
    } else if (word == "oif") {
      out.oif = c.word(++i);
    } else if (one_of(word, {"blackhole", "unreachable", "prohibit"})) {
      out.action = word;
    } else if (word == "no_track" || word == "type" || word == "unicast") {
    } else if (one_of(word, {"tos", "dsfield", "realms", "goto", "tun_id", "suppress_prefixlength", "suppress_ifgroup",
                             "suppress_group", "uidrange", "protocol", "ip_proto", "ipproto", "sport", "dport",
                             "track_group"})) {
      c.word(++i);
      if (!c.fatal) {
        c.findings.lost(c.place, word + " of a rule is not carried out, and so the rule is left out");
        return std::nullopt;
      }
    } else if (one_of(word, {"not", "nop", "l3mdev"})) {
      c.findings.lost(c.place, word + " of a rule is not carried out, and so the rule is left out");
      return std::nullopt;
    } else {
      c.warn("Unknown rule option " + word);
      return std::nullopt;
    }
  }
  if (c.fatal) return std::nullopt;
  if ((out.from && out.from->address.family() != out.family) || (out.to && out.to->address.family() != out.family)) {
    c.warn("rule with addresses of both families");
    return std::nullopt;
  }
  if (!family_said && !out.table && !out.fwmark && out.iif.empty() && out.oif.empty()) {
    c.warn("Rule matches everything");
  }
  if (out.action == "lookup" && !out.table) {
    c.warn("Rule has no table");
    return std::nullopt;
  }
  if (!out.priority)
    c.warn("Rule has no preference specified. This is probably not what you want.", "add `priority N`");
  return out;
}

}  // namespace plenum::conf::keepalived
