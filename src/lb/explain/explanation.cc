#include "lb/explain/explanation.h"

#include <arpa/inet.h>

#include <algorithm>

#include "lb/abi_values.h"
#include "lb/explain/text.h"
#include "lb/timeouts.h"
#include "lb/trace/reasons.h"

namespace plenum::lb {

namespace {

const pl_mark_rule& mark_rule(const PlaneView& view, std::uint32_t number) {
  return view.marks[static_cast<std::uint32_t>(view.settings->mark_rules >> 32) + number - 1];
}

// Whether a rule marked the packet, and which would if it were known where it comes in.
std::string mark_text(const PlaneView& view, const Decision& decision, std::uint8_t family, const ExplainNames& names) {
  std::string out;
  if (decision.mark != 0) {
    out = "firewall mark " + std::to_string(decision.mark);
    out += decision.mark_rule == 0
               ? " as asked"
               : " of mark rule (" + mark_rule_text(mark_rule(view, decision.mark_rule), family, names.interface) + ")";
  }
  if (decision.interface_rule != 0) {
    const auto& rule = mark_rule(view, decision.interface_rule);
    out += (out.empty() ? "no firewall mark" : "") + std::string("; by --interface ") + names.interface(rule.ifindex) +
           " it were mark " + std::to_string(rule.mark);
  }
  return out;
}

std::string found_text(const PlaneView& view, const Decision& decision, std::uint8_t family,
                       const ExplainNames& names) {
  const auto mark = mark_text(view, decision, family, names);
  const auto besides = mark.empty() ? "" : " (" + mark + (decision.mark != 0 ? ", which has no service)" : ")");
  switch (decision.found_by) {
    case FoundBy::Mark:
      return mark;
    case FoundBy::Port:
      return "its address and port" + besides;
    case FoundBy::Ftp:
      return "FTP's control port, for what may be its data" + besides;
    case FoundBy::AnyPort:
      return "its address, for every port without a service of its own" + besides;
    case FoundBy::Nothing:
      break;
  }
  std::string marked;
  if (names.nftables_marks && decision.mark == 0)
    marked = "; a mark of nftables, which is not known here, may bring it to the mark's (--mark N asks for that)";
  return "no service" + besides + marked;
}

std::string connection_text(const PlaneView& view, const Probe& probe, const Decision& decision, std::uint32_t now) {
  const auto& entry = *decision.connection;
  auto text = state_name(entry.conn.proto, entry.state());
  const auto id = entry.conn.server;
  if (id != 0 && id < view.servers.size() && view.servers[id].generation == entry.conn.generation)
    text += " on " + server_text(view, id, ntohs(entry.conn.vport));
  text += ", ends in " + std::to_string(seconds_of(static_cast<std::uint32_t>(std::max(entry.left(now), 0)))) +
          " s without a packet";
  if (decision.answer)
    text += "; this is its server's answer to " + probe.destination.text();
  else if (decision.reused)
    text += "; this packet begins another in its place";
  else if (decision.expired)
    text += "; its server is gone, and it ends with this packet";
  return text;
}

// Whose template it is: "192.0.2.0/24 on TCP 192.0.2.10:80".
std::string template_text(const Decision& decision, const pl_service& service, const Probe& probe) {
  const bool six = service.key.family == 6;
  pl_addr mask{};
  if (six)
    for (std::uint32_t i = 0; i < 4; ++i) {
      const auto kept = service.persist_mask > i * 32 ? std::min(service.persist_mask - i * 32, 32u) : 0;
      mask.w[i] = kept != 0 ? htonl(~0u << (32 - kept)) : 0;
    }
  else
    mask.w[3] = service.persist_mask;
  auto key = service.key;
  if (key.proto != 0) key.addr = abi_address(probe.destination.address);
  std::string text = "template of " + network_text(decision.client, mask, service.key.family) + " for ";
  if (key.proto != 0 && (key.port == 0 || ntohs(key.port) == kFtpPort))
    return text + "all ports of " + address_of(key.addr, key.family).text();
  return text + (key.proto == 0 ? "all of " : "") + key_of(key).text();
}

std::string persistence_text(const PlaneView& view, const Probe& probe, const Decision& decision, std::uint32_t now) {
  const auto& service = view.services[decision.service];
  if (decision.affinity == Affinity::None) return "";
  const auto time = time_text(service.persist_ticks);
  if (decision.affinity == Affinity::CallId)
    return "by the SIP Call-ID in the packet: a call that is known keeps its server, this is said of a new one, kept " +
           time;
  if (decision.affinity == Affinity::CallIdWrong) return "by SIP Call-ID, which only UDP packets can have";
  const auto name = template_text(decision, service, probe);
  const auto anew = "; the next is for " + time;
  if (decision.affinity == Affinity::New) return "no " + name + " yet; it is made for " + time;
  const auto& entry = *decision.persistent;
  const auto left = entry.left(now);
  if (decision.affinity == Affinity::Over) {
    if ((entry.state() & PL_TEMPLATE_INVALID) != 0) return name + " counts no more, since its server did not" + anew;
    return name + " ended " + time_text(static_cast<std::uint32_t>(-left)) + " ago" + anew;
  }
  if (decision.affinity == Affinity::ServerGone) return name + ": its server is gone" + anew;
  const auto on = name + " on " + server_text(view, entry.conn.server, probe.destination.port);
  if (decision.affinity == Affinity::Quiescent)
    return on + ", which has weight 0, and so counts no more (expire_quiescent_template)" + anew;
  return on +
         (left >= 0 ? ", ends in " + time_text(static_cast<std::uint32_t>(left))
                    : ", kept past its time by its connections") +
         ", controls " + std::to_string(entry.conn.packets) + " connections";
}

// What else decided.
std::string note_text(const Decision& decision) {
  if (decision.one_packet) return "one packet: each is scheduled alone, and no connection is made";
  if (decision.other_port) return "only a persistent service takes packets to other ports than its own";
  if (decision.bypassed) return "without a server, packets of a mark go where they were addressed (cache_bypass)";
  return "";
}

std::string forward_text(const pl_server& server, const pl_next_hop* hop) {
  std::string text = conf::name_of(static_cast<conf::Forward>(server.forward));
  if (server.forward != PL_FWD_TUNNEL) return text;
  text += std::string(" ") + conf::name_of(static_cast<conf::TunnelType>(server.tunnel));
  if (server.tunnel == PL_TUN_GUE) text += ":" + std::to_string(ntohs(server.tunnel_port));
  if (server.tunnel_flags != 0)
    text += std::string(" with checksum ") + conf::name_of(static_cast<conf::TunnelChecksum>(server.tunnel_flags));
  if (hop != nullptr) text += " from " + address_of(hop->source, server.family).text();
  return text + ", " + std::to_string(tunnel_overhead(server)) + " bytes around the packet";
}

std::string hop_text(const pl_next_hop& hop, const ExplainNames& names) {
  net::Mac mac;
  std::copy(std::begin(hop.dst_mac), std::end(hop.dst_mac), mac.bytes.begin());
  return mac.text() + " on " + names.interface(hop.ifindex) +
         (hop.vlan != 0 ? " VLAN " + std::to_string(hop.vlan) : "");
}

}  // namespace

Explanation explain(const PlaneView& view, const Probe& probe, std::uint32_t now, const ExplainNames& names) {
  Explanation out;
  const auto decision = decide(view, probe, now);
  if (decision.connection) out.connection = connection_text(view, probe, decision, now);
  const bool asked_for_service = !decision.connection || decision.reused || decision.expired;
  if (asked_for_service)
    out.found_by = found_text(view, decision, abi_family(probe.destination.address.family()), names);
  if (decision.service != 0) {
    out.service = key_of(view.services[decision.service].key).text();
    out.note = note_text(decision);
    out.persistence = persistence_text(view, probe, decision, now);
  }
  if (decision.choice) {
    out.rule = decision.choice->rule;
    out.why = decision.choice->why;
    for (const auto& c : decision.choice->candidates)
      out.candidates.push_back({server_text(view, c.server, probe.destination.port), c.weight, c.active, c.inactive,
                                c.overloaded, c.compared, c.chosen, c.note});
  }
  if (decision.server != 0 && decision.server < view.servers.size()) {
    const auto& server = view.servers[decision.server];
    out.server = server_text(view, decision.server, decision.answer ? probe.source.port : probe.destination.port);
    if (!decision.answer) {
      const auto* hop = server.next_hop < view.next_hops.size() ? &view.next_hops[server.next_hop] : nullptr;
      if (hop != nullptr && hop->ifindex == 0) hop = nullptr;
      out.forward = forward_text(server, hop);
      if ((server.flags & PL_SERVER_LOCAL) != 0)
        out.next_hop = "this director itself";
      else
        out.next_hop =
            hop != nullptr ? hop_text(*hop, names) : names.unreachable(address_of(server.addr, server.family));
      if (hop != nullptr) out.mtu = decision.mtu;
    }
  }
  const auto& reason = reason_names()[decision.verdict];
  out.verdict = reason.name;
  out.kind = reason.kind;
  out.text = reason.text;
  if (decision.verdicts_differ) out.text += "; not so with every one of these servers";
  return out;
}

}  // namespace plenum::lb
