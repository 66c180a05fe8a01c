#include "lb/explain/explanation.h"

#include <arpa/inet.h>

#include <algorithm>

#include "lb/abi_values.h"
#include "lb/timeouts.h"
#include "lb/trace/reasons.h"

namespace plenum::lb {

namespace {

std::string endpoint(const PlaneView& view, std::uint32_t id, std::uint16_t virtual_port) {
  const auto& server = view.servers[id];
  return net::Endpoint{address_of(server.addr, server.family), ntohs(pl_server_port(&server, htons(virtual_port)))}
      .text();
}

std::string service_text(const pl_service_key& key) {
  if (key.proto != 0) return key_of(key).text();
  const auto mark = ntohl(key.addr.w[key.family == 6 ? 0 : 3]);
  return "FWM " + std::to_string(mark) + (key.family == 6 ? " IPv6" : "");
}

std::string found_text(const Decision& decision) {
  const auto mark = std::to_string(decision.mark);
  switch (decision.found_by) {
    case FoundBy::Mark:
      return "firewall mark " + mark +
             (decision.mark_rule != 0 ? " of mark rule " + std::to_string(decision.mark_rule) : " as given");
    case FoundBy::Port:
      return "its address and port";
    case FoundBy::Ftp:
      return "FTP's control port, for what may be its data";
    case FoundBy::AnyPort:
      return "its address, for every port without a service of its own";
    case FoundBy::Nothing:
      break;
  }
  return decision.mark != 0 ? "no service for firewall mark " + mark + " nor for its address" : "no service";
}

std::string connection_text(const PlaneView& view, const Probe& probe, const Decision& decision, std::uint32_t now) {
  const auto& entry = *decision.connection;
  auto text = state_name(entry.conn.proto, entry.state());
  const auto id = entry.conn.server;
  if (id != 0 && id < view.servers.size() && view.servers[id].generation == entry.conn.generation)
    text += " on " + endpoint(view, id, ntohs(entry.conn.vport));
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

std::string persistence_text(const PlaneView& view, const Probe& probe, const Decision& decision, std::uint32_t now) {
  const auto& service = view.services[decision.service];
  if (service.persist_ticks == 0) return "";
  if ((service.flags & PL_SERVICE_SIP) != 0) return "by SIP Call-ID, which stands in the packet";
  const auto time = std::to_string(seconds_of(service.persist_ticks)) + " s";
  if (!decision.affinity) return "no template of this client yet; it gets one for " + time;
  const auto& entry = *decision.affinity;
  if (decision.affinity_gone) return "the template's server is gone; the client gets another for " + time;
  return "template on " + endpoint(view, entry.conn.server, probe.destination.port) + ", ends in " +
         std::to_string(seconds_of(static_cast<std::uint32_t>(std::max(entry.left(now), 0)))) + " s, controls " +
         std::to_string(entry.conn.packets) + " connections";
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

// "768/3" where loads are divided by weights, "768" where they are compared as they are.
std::string load_text(std::uint32_t scheduler, const Candidate& candidate) {
  switch (scheduler) {
    case PL_SCHED_LC:
      return std::to_string(candidate.load);
    case PL_SCHED_WLC:
    case PL_SCHED_SED:
    case PL_SCHED_NQ:
      return std::to_string(candidate.load) + "/" + std::to_string(candidate.weight);
    default:
      return "";
  }
}

}  // namespace

Explanation explain(const PlaneView& view, const Probe& probe, std::uint32_t now, const ExplainNames& names) {
  Explanation out;
  const auto decision = decide(view, probe, now);
  if (decision.connection) out.connection = connection_text(view, probe, decision, now);
  const bool asked_for_service = !decision.connection || decision.reused || decision.expired;
  if (asked_for_service) out.found_by = found_text(decision);
  if (decision.service != 0) {
    out.service = service_text(view.services[decision.service].key);
    out.persistence = persistence_text(view, probe, decision, now);
  }
  if (decision.choice) {
    out.rule = decision.choice->rule;
    out.why = decision.choice->why;
    for (const auto& c : decision.choice->candidates)
      out.candidates.push_back({endpoint(view, c.server, probe.destination.port), c.weight, c.active, c.inactive,
                                c.overloaded, load_text(view.services[decision.service].scheduler, c), c.chosen});
  }
  if (decision.server != 0 && decision.server < view.servers.size()) {
    const auto& server = view.servers[decision.server];
    out.server = endpoint(view, decision.server, decision.answer ? probe.source.port : probe.destination.port);
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
  return out;
}

}  // namespace plenum::lb
