#include "failover/plan.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "base/text.h"
#include "conf/vmac_names.h"
#include "vrrp/announcement.h"

namespace plenum::failover {

namespace {

std::uint8_t scope_number(const std::string& text) {
  if (text.empty() || text == "global") return RT_SCOPE_UNIVERSE;
  if (text == "site") return RT_SCOPE_SITE;
  if (text == "link") return RT_SCOPE_LINK;
  if (text == "host") return RT_SCOPE_HOST;
  return parse_number<std::uint8_t>(text).value_or(RT_SCOPE_UNIVERSE);
}

std::uint8_t route_type(const std::string& text) {
  if (text == "local") return RTN_LOCAL;
  if (text == "blackhole") return RTN_BLACKHOLE;
  if (text == "unreachable") return RTN_UNREACHABLE;
  if (text == "prohibit") return RTN_PROHIBIT;
  return RTN_UNICAST;
}

std::uint8_t rule_action(const std::string& text) {
  if (text == "blackhole") return FR_ACT_BLACKHOLE;
  if (text == "unreachable") return FR_ACT_UNREACHABLE;
  if (text == "prohibit") return FR_ACT_PROHIBIT;
  return FR_ACT_TO_TBL;
}

// The address that adverts come from. IPv6's is link-local (RFC 9568 section 5.1.2.2), but towards peers beyond it.
// Peers refuse what comes from another address than the one they know, which is the one in their own network; then
// one that is in use stays; then the first that was there, which the kernel would take, too.
std::optional<net::Address> source_of(const conf::VirtualRouter& conf, std::uint32_t ifindex, const Host& host) {
  const bool v4 = conf.family == net::Family::V4;
  const bool link_local = !v4 && (conf.peers.empty() || conf.peers.front().address.is_link_local());
  std::optional<net::Address> found, owned;
  int best = -1;
  const auto used = host.sources.find(conf.name);
  for (const auto& have : host.network.addresses(ifindex)) {
    const auto& address = have.prefix.address;
    if (address.family() != conf.family || have.tentative) continue;
    if (host.virtual_addresses.contains(address)) {
      // Their owner has them as its own, and may have no other.
      if (conf.priority == proto::kVrrpPriorityOwner && !owned) owned = address;
      continue;
    }
    if (!v4 && address.is_link_local() != link_local) continue;
    const bool in_use = used != host.sources.end() && used->second == address;
    if (have.secondary && !in_use) continue;
    const bool near = std::any_of(conf.peers.begin(), conf.peers.end(),
                                  [&](const auto& peer) { return have.prefix.contains(peer.address); });
    const int rank = (near ? 2 : 0) + (in_use ? 1 : 0);
    if (rank <= best) continue;
    best = rank;
    found = address;
  }
  return found ? found : owned;
}

// All directors may have the same list, with themselves in it. (Every interface has a network of link-local addresses.)
bool is_here(const net::Address& peer, std::uint32_t ifindex, const Host& host) {
  const auto addresses = host.network.addresses(peer.is_link_local() ? ifindex : 0);
  return std::any_of(addresses.begin(), addresses.end(), [&](const auto& one) { return one.prefix.address == peer; });
}

Shape shape_of(const conf::VirtualRouter& conf, const conf::VrrpGlobals& globals, const net::Address& source,
               const net::Address& group, std::uint32_t ifindex, const Host& host) {
  Shape out;
  out.ifindex = ifindex;
  out.version = conf.version;
  out.vrid = conf.vrid;
  out.interval = conf.advert;
  for (const auto& address : conf.addresses)
    if (address.prefix.address.family() == conf.family) out.addresses.push_back(address.prefix.address);
  if (out.addresses.size() > proto::kVrrpMostAddresses) out.addresses.resize(proto::kVrrpMostAddresses);
  if (conf.version == 2 && !conf.password.empty()) {
    out.password.emplace();
    std::copy_n(conf.password.begin(), std::min(conf.password.size(), proto::kVrrpPassword), out.password->begin());
  }
  out.checksum = conf.pseudo_header ? proto::VrrpChecksum::PseudoHeader : proto::VrrpChecksum::MessageOnly;
  out.source = source;
  out.check_source = conf.check_source;
  out.check_addresses = conf.check_addresses && !globals.skip_check_address;
  out.answers_lower = globals.lower_priority_announce;
  if (conf.peers.empty()) {
    out.destinations.push_back(group);
    return out;
  }
  out.ttl = conf.ttl;
  const bool alone = std::all_of(conf.peers.begin(), conf.peers.end(),
                                 [&](const auto& peer) { return is_here(peer.address, ifindex, host); });
  for (const auto& peer : conf.peers) {
    if (!alone && is_here(peer.address, ifindex, host)) continue;
    out.destinations.push_back(peer.address);
    out.peers.push_back({peer.address, peer.min_ttl, peer.max_ttl});
  }
  return out;
}

class Planner {
 public:
  Planner(const conf::VirtualRouter& conf, const conf::VrrpGlobals& globals, const Host& host)
      : globals_(globals), host_(host) {
    plan_.conf = conf;
  }

  RouterPlan plan() && {
    const auto& conf = plan_.conf;
    const auto* in = host_.network.link(conf.interface);
    if (in == nullptr) return lacking("there is no interface " + conf.interface);
    plan_.in = in->ifindex;
    plan_.in_name = conf.interface;
    const auto* own = in;
    if (conf.vmac) {
      own = host_.network.link(vmac_name(conf));
      if (own == nullptr || own->parent != in->ifindex)
        return lacking("there is no macvlan " + vmac_name(conf) + " on " + conf.interface);
      if (const auto mac = proto::vrrp_mac(conf.family, conf.vrid); own->mac != mac)
        return lacking(vmac_name(conf) + " has another MAC than " + mac.text());
    }
    const auto* out = conf.vmac && !conf.vmac->transmit_base ? own : in;
    plan_.out = out->ifindex;
    plan_.out_name = out->name;
    // What comes to the group with our own virtual MAC as its source, from another router of this number, the kernel
    // gives to the macvlan that has it, and to nobody else; what comes with another one it gives to that as well.
    if (conf.vmac && conf.peers.empty()) {
      plan_.in = own->ifindex;
      plan_.in_name = own->name;
    }
    const auto source = conf.source ? conf.source : source_of(conf, in->ifindex, host_);
    if (!source)
      return lacking("there is no " + std::string(conf.family == net::Family::V4 ? "IPv4" : "link-local IPv6") +
                     " address on " + conf.interface + " to send from");
    if (!host_.network.carries(*source)) return lacking("this host does not have the source " + source->text());
    plan_.group =
        (conf.family == net::Family::V4 ? globals_.group4 : globals_.group6).value_or(proto::vrrp_group(conf.family));
    plan_.shape = shape_of(conf, globals_, *source, plan_.group, in->ifindex, host_);
    plan_.settings = {.version = conf.version,
                      .vrid = conf.vrid,
                      .priority = conf.priority,
                      .interval = conf.advert,
                      .preempt = conf.preempt,
                      .preempt_delay = conf.preempt_delay,
                      .source = *source};
    kit(*own);
    return std::move(plan_);
  }

 private:
  RouterPlan lacking(std::string what) {
    plan_.lacking = std::move(what);
    return std::move(plan_);
  }

  void kit(const rt::Link& own) {
    const auto& conf = plan_.conf;
    plan_.kit.announce = conf.announce;
    for (const auto* list : {&conf.addresses, &conf.excluded})
      for (const auto& address : *list) add(address, own);
    for (const auto& route : conf.routes) add(route);
    for (const auto& rule : conf.rules)
      plan_.kit.rules.push_back({.family = rule.family,
                                 .from = rule.from,
                                 .to = rule.to,
                                 .iif = rule.iif,
                                 .oif = rule.oif,
                                 .priority = rule.priority,
                                 .fwmark = rule.fwmark,
                                 .fwmask = rule.fwmask,
                                 .table = rule.table,
                                 .action = rule_action(rule.action)});
    plan_.kit.accept = conf.accept || conf.priority == proto::kVrrpPriorityOwner;
  }

  void add(const conf::VirtualAddress& address, const rt::Link& own) {
    const auto* link = address.interface.empty() ? &own : host_.network.link(address.interface);
    if (link == nullptr) {
      plan_.lacking = "there is no interface " + address.interface;
      return;
    }
    const auto& ip = address.prefix.address;
    const bool is_own = host_.own.contains({link->name, address.prefix});
    (is_own ? plan_.kit.own : plan_.kit.addresses)
        .push_back({.ifindex = link->ifindex,
                    .prefix = address.prefix,
                    .label = address.label,
                    .scope = scope_number(address.scope),
                    .broadcast = address.broadcast,
                    .preferred = address.preferred,
                    .duplicate_detection = address.duplicate_detection});
    if (!link->ethernet) return;
    plan_.kit.announcements.push_back({link->ifindex,
                                       ip.is_v4() ? vrrp::gratuitous_arp(ip, link->mac)
                                                  : vrrp::unsolicited_advertisement(ip, link->mac, host_.forwards_v6),
                                       ip});
  }

  void add(const conf::VirtualRoute& route) {
    rt::RouteSpec spec{.family = route.family,
                       .destination = route.destination,
                       .via = route.via,
                       .source = route.source,
                       .metric = route.metric,
                       .mtu = route.mtu,
                       .scope = route.scope,
                       .protocol = route.protocol,
                       .type = route_type(route.type),
                       .on_link = route.on_link};
    spec.table =
        route.table.value_or(spec.type == RTN_LOCAL ? std::uint32_t{RT_TABLE_LOCAL} : std::uint32_t{RT_TABLE_MAIN});
    if (!route.interface.empty()) {
      const auto* link = host_.network.link(route.interface);
      if (link == nullptr) {
        plan_.lacking = "there is no interface " + route.interface;
        return;
      }
      spec.oif = link->ifindex;
    }
    plan_.kit.routes.push_back(std::move(spec));
  }

  const conf::VrrpGlobals& globals_;
  const Host& host_;
  RouterPlan plan_;
};

}  // namespace

std::set<net::Address> virtual_addresses(const conf::Vrrp& conf) {
  std::set<net::Address> out;
  for (const auto& router : conf.routers)
    for (const auto* list : {&router.addresses, &router.excluded})
      for (const auto& address : *list) out.insert(address.prefix.address);
  return out;
}

RouterPlan plan_router(const conf::VirtualRouter& conf, const conf::VrrpGlobals& globals, const Host& host) {
  return Planner(conf, globals, host).plan();
}

}  // namespace plenum::failover
