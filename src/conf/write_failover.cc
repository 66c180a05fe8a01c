// vips, failover and bfd of write_yaml().

#include <algorithm>

#include "conf/write_parts.h"

namespace plenum::conf {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

YamlOut notify_out(const Notify& notify, const std::string& where, std::vector<std::string>& lost) {
  KeysOut out(where + ": notify", lost);
  out.command("master", notify.master);
  out.command("backup", notify.backup);
  out.command("fault", notify.fault);
  out.command("stop", notify.stop);
  out.command("any", notify.any);
  out.command("lower_priority", notify.lower_priority);
  out.flag("deleted", notify.deleted, false);
  return out.take();
}

YamlOut tracks_out(const std::vector<Track>& tracks, const std::string& where, std::vector<std::string>& lost) {
  static constexpr const char* kinds[] = {"interface", "script", "process", "file", "bfd"};
  auto list = YamlOut::list();
  for (const auto& track : tracks) {
    KeysOut out(where + ": track", lost);
    out.must(kinds[static_cast<std::size_t>(track.kind)], YamlOut::text(track.name));
    out.number("weight", track.weight, -254, 254);
    out.flag("reverse", track.reverse, false);
    list.add(out.take());
  }
  return list;
}

YamlOut announce_out(const Announce& announce, const std::string& where, std::vector<std::string>& lost) {
  static const Announce defaults;
  KeysOut out(where + ": announce", lost);
  out.number("repeat", announce.repeat, defaults.repeat, 0, 100);
  out.interval("delay", announce.delay, defaults.delay, {}, hours(1));
  out.number("delay_repeat", announce.delay_repeat, defaults.delay_repeat, 0, 100);
  out.interval("refresh", announce.refresh, defaults.refresh, {}, hours(24));
  out.number("refresh_repeat", announce.refresh_repeat, defaults.refresh_repeat, 0, 100);
  out.number("lower_repeat", announce.lower_repeat, defaults.lower_repeat, 0, 100);
  out.interval("lower_delay", announce.lower_delay, defaults.lower_delay, {}, hours(1));
  out.interval("interval", announce.interval, defaults.interval, {}, seconds(10));
  return out.take();
}

YamlOut routes_out(const std::vector<VirtualRoute>& routes, const std::string& where, std::vector<std::string>& lost) {
  static const VirtualRoute defaults;
  auto list = YamlOut::list();
  for (const auto& route : routes) {
    KeysOut out(where + ": routes", lost);
    out.prefix("to", route.destination);
    out.address("via", route.via);
    out.text("dev", route.interface);
    out.address("src", route.source);
    out.number("table", route.table, 1, UINT32_MAX);
    out.number("metric", route.metric);
    out.number("mtu", route.mtu, 68, 65535);
    out.text("type", route.type, defaults.type);
    out.number("scope", route.scope, defaults.scope);
    out.number("protocol", route.protocol, defaults.protocol);
    if (!route.destination && !route.via) out.text("family", route.family == net::Family::V6 ? "ipv6" : "ipv4", "ipv4");
    if (!route.destination && route.via && route.via->family() != route.family)
      out.lose("a default route of one family by way of the other");
    out.flag("on_link", route.on_link, false);
    list.add(out.take());
  }
  return list;
}

YamlOut rules_out(const std::vector<VirtualRule>& rules, const std::string& where, std::vector<std::string>& lost) {
  auto list = YamlOut::list();
  for (const auto& rule : rules) {
    KeysOut out(where + ": rules", lost);
    out.prefix("from", rule.from);
    out.prefix("to", rule.to);
    out.text("iif", rule.iif);
    out.text("oif", rule.oif);
    out.number("fwmark", rule.fwmark);
    out.number("fwmask", rule.fwmask, 1, UINT32_MAX);
    out.number("priority", rule.priority);
    out.number("table", rule.table, 1, UINT32_MAX);
    out.text("action", rule.action, "lookup");
    if (!rule.from && !rule.to) out.text("family", rule.family == net::Family::V6 ? "ipv6" : "ipv4", "ipv4");
    list.add(out.take());
  }
  return list;
}

// `usual`: where addresses of this router are unless one says otherwise.
YamlOut address_options(const VirtualRouter& router, const std::string& usual, const std::string& where,
                        std::vector<std::string>& lost) {
  auto list = YamlOut::list();
  for (const auto* addresses : {&router.addresses, &router.excluded}) {
    for (const auto& one : *addresses) {
      VirtualAddress plain{.prefix = one.prefix, .interface = usual};
      if (one == plain) continue;
      KeysOut out(where + ": address_options", lost);
      out.must("address", YamlOut::text(one.prefix.address.text()));
      out.text("interface", one.interface, usual);
      if (one.interface.empty() && !usual.empty()) out.lose(one.prefix.address.text() + " without an interface");
      out.text("label", one.label);
      out.text("scope", one.scope);
      out.address("broadcast", one.broadcast);
      out.flag("preferred", one.preferred, true);
      out.flag("duplicate_detection", one.duplicate_detection, false);
      list.add(out.take());
    }
  }
  return list;
}

void peers_out(const VirtualRouter& router, KeysOut& out) {
  if (router.peers.empty()) return;
  auto list = YamlOut::list();
  const auto least = router.peers.front().min_ttl;
  for (const auto& peer : router.peers) {
    list.add(YamlOut::text(peer.address.text()));
    if (peer.min_ttl != least || peer.max_ttl != 255)
      out.lose("TTLs of single peers: " + peer.address.text() + " has min_ttl " + std::to_string(peer.min_ttl) +
               ", max_ttl " + std::to_string(peer.max_ttl));
    if (peer.address == router.source) out.lose("a peer that is this host itself");
  }
  out.must("peers", std::move(list));
  out.number<int>("peer_ttl", least, 255, 1, 255);
}

YamlOut router_out(const Vip& vip, const VirtualRouter& router, std::vector<std::string>& lost) {
  static const VirtualRouter defaults;
  const auto where = "vip " + vip.name + ": vrrp";
  KeysOut out(where, lost);
  out.number<int>("id", router.vrid, 0);
  out.text("interface", router.interface);
  out.number<int>("version", router.version, 3);
  out.interval("advert", router.advert, defaults.advert, milliseconds(10), seconds(255));
  out.number<int>("priority", router.priority, 100, 1, 255);
  out.flag("preempt", router.preempt, true);
  out.interval("preempt_delay", router.preempt_delay, {}, {}, seconds(1000));
  out.text("password", router.password);
  if (!router.pseudo_header) out.text("checksum", "message");
  peers_out(router, out);
  out.flag("check_source", router.check_source, true);
  out.flag("check_addresses", router.check_addresses, false);
  out.address("source", router.source);
  out.number<int>("ttl", router.ttl, 255, 1, 255);
  // Those of the other family stand among the vip's own.
  auto excluded = YamlOut::list();
  for (const auto& one : router.excluded) {
    const bool own = std::any_of(vip.addresses.begin(), vip.addresses.end(),
                                 [&](const auto& prefix) { return prefix == one.prefix; });
    if (!own) excluded.add(YamlOut::text(one.prefix.text()));
  }
  out.part("excluded", std::move(excluded));
  // Where a vip does not say, they are where the router is.
  const auto usual = vip.interface == router.interface ? std::string() : vip.interface;
  out.part("address_options", address_options(router, usual, where, lost));
  if (router.promote_secondaries) out.must("promote_secondaries", YamlOut::flag(*router.promote_secondaries));
  out.part("routes", routes_out(router.routes, where, lost));
  out.part("rules", rules_out(router.rules, where, lost));
  if (router.vmac) {
    out.must("vmac", YamlOut::flag(true));
    out.text("vmac_interface", router.vmac->name);
    if (router.vmac->transmit_base) out.text("vmac_transmit", "base");
  }
  out.flag("accept", router.accept, true);
  out.part("track", tracks_out(router.tracks, where, lost));
  out.flag("track_interface", router.track_own_interface, true);
  out.text("bfd", router.takeover_bfd);
  out.part("announce", announce_out(router.announce, where, lost));
  out.part("notify", notify_out(router.notify, where, lost));
  return out.take();
}

YamlOut script_out(const TrackedScript& script, std::vector<std::string>& lost) {
  KeysOut out("failover: script " + script.name, lost);
  out.command("run", script.command);
  out.interval("interval", script.interval, seconds(1), milliseconds(10), hours(1));
  out.interval("timeout", script.timeout, {}, milliseconds(10), hours(1));
  out.number("fall", script.fall, 1u, 1, 255);
  out.number("rise", script.rise, 1u, 1, 255);
  out.number<int>("weight", script.weight, 0, -253, 253);
  out.flag("reverse", script.reverse, false);
  out.flag("initially_failed", script.starts_failed, false);
  return out.take();
}

YamlOut process_out(const TrackedProcess& process, std::vector<std::string>& lost) {
  KeysOut out("failover: process " + process.name, lost);
  out.must("program", texts_out(process.words));
  if (process.full_command) out.text("arguments", process.match_initial ? "initial" : "all");
  out.number("least", process.least, 1u, 0, 65535);
  if (process.most < 65535) out.number("most", process.most, 65535u);
  out.interval("start_delay", process.fork_delay, {}, {}, hours(1));
  out.interval("end_delay", process.terminate_delay, {}, {}, hours(1));
  out.number<int>("weight", process.weight, 0, -254, 254);
  out.flag("reverse", process.reverse, false);
  return out.take();
}

YamlOut file_out(const TrackedFile& file, std::vector<std::string>& lost) {
  KeysOut out("failover: file " + file.name, lost);
  out.text("path", file.path);
  out.number<int>("weight", file.weight, 1, -254, 254);
  out.number("initial", file.initial);
  out.flag("overwrite", file.overwrite, false);
  out.flag("reverse", file.reverse, false);
  return out.take();
}

}  // namespace

YamlOut vip_out(const Vip& vip, const VirtualRouter* router, std::vector<std::string>& lost) {
  KeysOut out("vip " + vip.name, lost);
  auto addresses = YamlOut::list();
  for (const auto& prefix : vip.addresses) addresses.add(YamlOut::text(prefix.text()));
  out.must("addresses", std::move(addresses));
  if (!router || vip.interface != router->interface) out.text("interface", vip.interface);
  if (router) out.must("vrrp", router_out(vip, *router, lost));
  if (!router && vip.by_vrrp) out.lose("its virtual router is on other nodes");
  return out.take();
}

YamlOut failover_out(const Vrrp& vrrp, std::vector<std::string>& lost) {
  static const VrrpGlobals defaults;
  KeysOut out("failover", lost);
  const auto& g = vrrp.globals;
  out.text("router_id", g.router_id);
  out.text("notify_fifo", g.notify_fifo);
  out.text("notify_fifo_script", g.notify_fifo_script);
  out.text("router_fifo", g.router_fifo);
  out.text("group_fifo", g.group_fifo);
  out.interval("startup_delay", g.startup_delay, {}, {}, hours(1));
  out.text("script_user", g.script_user);
  out.text("script_group", g.script_group);
  out.flag("skip_check_address", g.skip_check_address, false);
  out.flag("lower_priority_announce", g.lower_priority_announce, true);
  out.number("realtime_priority", g.realtime_priority, defaults.realtime_priority, 0, 99);
  out.address("group4", g.group4);
  out.address("group6", g.group6);
  auto groups = YamlOut::map();
  for (const auto& group : vrrp.groups) {
    const auto where = "failover: group " + group.name;
    KeysOut one(where, lost);
    one.must("members", texts_out(group.members));
    one.flag("keep_priorities", group.keep_priorities, false);
    one.part("track", tracks_out(group.tracks, where, lost));
    one.part("notify", notify_out(group.notify, where, lost));
    groups.add(group.name, one.take());
  }
  out.part("groups", std::move(groups));
  auto scripts = YamlOut::map(), processes = YamlOut::map(), files = YamlOut::map();
  for (const auto& script : vrrp.scripts) scripts.add(script.name, script_out(script, lost));
  for (const auto& process : vrrp.processes) processes.add(process.name, process_out(process, lost));
  for (const auto& file : vrrp.files) files.add(file.name, file_out(file, lost));
  out.part("scripts", std::move(scripts));
  out.part("processes", std::move(processes));
  out.part("files", std::move(files));
  out.flag("script_security", g.script_security, true);
  return out.take();
}

YamlOut bfd_out(const Vrrp& vrrp, std::vector<std::string>& lost) {
  static const BfdPeer defaults;
  auto out = YamlOut::map();
  for (const auto& peer : vrrp.bfd) {
    KeysOut one("bfd " + peer.name, lost);
    one.must("address", YamlOut::text(peer.address.text()));
    one.address("source", peer.source);
    one.text("interface", peer.interface);
    one.interval("transmit", peer.transmit, defaults.transmit, milliseconds(3), seconds(60));
    one.interval("receive", peer.receive, defaults.receive, milliseconds(3), seconds(60));
    one.interval("idle_transmit", peer.idle_transmit, defaults.idle_transmit, seconds(1), seconds(60));
    one.number<int>("multiplier", peer.multiplier, 3, 1, 255);
    one.flag("passive", peer.passive, false);
    one.number<int>("ttl", peer.ttl, 255, 1, 255);
    one.number<int>("max_hops", peer.max_hops, 0, 0, 255);
    one.number<int>("weight", peer.weight, 0, -253, 253);
    one.flag("reverse", peer.reverse, false);
    out.add(peer.name, one.take());
  }
  return out;
}

}  // namespace plenum::conf
