#include "conf/keepalived/addresses.h"

#include "base/text.h"

namespace plenum::conf::keepalived {
namespace {

bool scope_known(const std::string& word) {
  static constexpr std::string_view names[] = {"global", "link", "host", "site", "nowhere"};
  for (const auto name : names)
    if (word == name) return true;
  return parse_number<std::uint8_t>(word).has_value();
}

// The host bits of an IPv4 network all set, or all clear.
net::Address edge_of(const net::Prefix& prefix, bool ones) {
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 4; ++i) bits = bits << 8 | prefix.address.data()[i];
  const std::uint32_t host = prefix.length == 0 ? ~0u : prefix.length >= 32 ? 0 : (1u << (32 - prefix.length)) - 1;
  return net::Address::v4(ones ? bits | host : bits & ~host);
}

}  // namespace

Maybe<VirtualAddress> parse_virtual_address(Context& c, const std::string& default_interface) {
  const auto prefix = net::Prefix::parse(c.words[0]);
  if (!prefix) {
    c.warn("VRRP parsed invalid IP " + c.words[0] + ". skipping IP...", "write an address, or address/length");
    return std::nullopt;
  }
  VirtualAddress out;
  out.prefix = *prefix;
  out.interface = default_interface;
  const bool v4 = prefix->address.is_v4();
  if (!v4 && prefix->length == 128) out.preferred = false;
  std::string broadcast;
  for (std::size_t i = 1; i < c.count(); ++i) {
    const auto& word = c.words[i];
    const bool takes = word == "dev" || word == "scope" || word == "label" || word == "brd" || word == "broadcast" ||
                       word == "peer" || word == "preferred_lft" || word == "track_group";
    if (takes && i + 1 >= c.count()) {
      c.word(i + 1);
      return std::nullopt;
    }
    if (word == "dev") {
      out.interface = c.words[++i];
      if (c.host.has_interface && !c.host.has_interface(out.interface)) {
        c.warn("WARNING - interface " + out.interface + " for ip address " + c.words[0] + " doesn't exist",
               "`ip link` lists those there are");
      }
    } else if (word == "scope") {
      if (scope_known(c.words[++i]))
        out.scope = c.words[i] == "global" ? "" : c.words[i];
      else
        c.warn("Invalid scope '" + c.words[i] + "' specified for " + c.words[0] + " - ignoring");
    } else if (word == "label") {
      out.label = c.words[++i];
    } else if (word == "brd" || word == "broadcast") {
      broadcast = c.words[++i];
    } else if (word == "preferred_lft") {
      const auto& time = c.words[++i];
      if (time == "forever" || time == "0") {
        out.preferred = time == "forever";
      } else if (parse_number<std::uint32_t>(time)) {
        out.preferred = true;
        c.findings.lost(c.place, "preferred_lft " + time + " is taken as forever");
      } else {
        c.warn("preferred_lft " + time + " is invalid");
      }
    } else if (word == "peer") {
      ++i;
      c.findings.lost(c.place, "peer of an address is not carried out", "use /32 and a route");
    } else if (word == "track_group") {
      ++i;
      c.findings.lost(c.place, "track_group is not carried out");
    } else if (word == "-nodad") {
      out.duplicate_detection = true;
    } else if (word == "nodad" || word == "no_track" || word == "home" || word == "mngtmpaddr" ||
               word == "noprefixroute" || word == "autojoin" || word == "use_vmac") {
      if (word == "use_vmac" || word == "noprefixroute" || word == "autojoin")
        c.findings.lost(c.place, word + " of an address is not carried out");
    } else {
      c.warn("Unknown configuration entry '" + word + "' for ip address - ignoring",
             "one address on a line, its options behind it");
    }
  }
  if (!broadcast.empty() && v4) {
    const auto address = net::Address::parse(broadcast);
    if (broadcast == "+" || broadcast == "-") {
      out.broadcast = edge_of(out.prefix, broadcast == "+");
    } else if (address && address->is_v4()) {
      out.broadcast = *address;
    } else {
      c.warn("VRRP is trying to assign invalid broadcast " + broadcast + ". skipping VIP...");
      return std::nullopt;
    }
  } else if (!broadcast.empty()) {
    c.warn("VRRP is trying to assign a broadcast " + broadcast + " to the IPv6 address " + c.words[0] +
           "; skipping VIP...");
    return std::nullopt;
  }
  return out;
}

}  // namespace plenum::conf::keepalived
