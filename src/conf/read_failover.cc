#include "conf/read_failover.h"

#include <algorithm>
#include <map>
#include <set>

#include "conf/read_command.h"
#include "conf/schema_failover.h"
#include "conf/takeover.h"
#include "conf/vmac_names.h"

namespace plenum::conf {
namespace {

using std::chrono::milliseconds;

Duration interval(const Fields& fields, std::string_view name) {
  return milliseconds(fields.integer(name).value_or(0));
}

template <class T>
std::optional<T> number(const Fields& fields, std::string_view name) {
  const auto value = fields.integer(name);
  if (!value) return std::nullopt;
  return static_cast<T>(*value);
}

template <class Take>
void each(const Node* list, Take take) {
  if (!list) return;
  if (list->is_mapping())
    for (std::size_t i = 0; i < list->keys.size(); ++i) take(list->keys[i].text, list->items[i]);
  else if (list->is_sequence())
    for (const auto& item : list->items) take(std::string(), item);
}

class Reader {
 public:
  explicit Reader(Diagnostics& problems) : problems_(problems) {}

  static Notify notify(const Node* node) {
    const Fields fields(node, notify_shape());
    const auto one = [&](std::string_view name) { return read_command(fields.node(name)); };
    return {.master = one("master"),
            .backup = one("backup"),
            .fault = one("fault"),
            .stop = one("stop"),
            .any = one("any"),
            .lower_priority = one("lower_priority"),
            .deleted = fields.flag("deleted")};
  }

  Announce announce(const Node* node) {
    const Fields fields(node, announce_shape());
    Announce out;
    out.repeat = number<std::uint32_t>(fields, "repeat").value_or(out.repeat);
    out.delay = interval(fields, "delay");
    out.delay_repeat = number<std::uint32_t>(fields, "delay_repeat").value_or(out.delay_repeat);
    out.refresh = interval(fields, "refresh");
    out.refresh_repeat = number<std::uint32_t>(fields, "refresh_repeat").value_or(out.refresh_repeat);
    out.lower_repeat = number<std::uint32_t>(fields, "lower_repeat").value_or(out.lower_repeat);
    out.lower_delay = interval(fields, "lower_delay");
    out.interval = interval(fields, "interval");
    return out;
  }

  std::vector<Track> tracks(const Node* list, const std::string& where) {
    std::vector<Track> out;
    each(list, [&](const std::string&, const Node& node) {
      const Fields fields(&node, track_shape());
      static constexpr std::pair<std::string_view, TrackKind> kKinds[] = {{"interface", TrackKind::Interface},
                                                                          {"script", TrackKind::Script},
                                                                          {"process", TrackKind::Process},
                                                                          {"file", TrackKind::File},
                                                                          {"bfd", TrackKind::Bfd}};
      Track track{.weight = number<std::int16_t>(fields, "weight"), .reverse = fields.flag("reverse")};
      int named = 0;
      for (const auto& [name, kind] : kKinds) {
        if (!fields.has(name)) continue;
        ++named;
        track.kind = kind;
        track.name = fields.text(name).value_or("");
      }
      if (named != 1) {
        problems_.add(node.place, where + ": track: one of interface, script, process, file or bfd in each",
                      named == 0 ? "" : "several things are several items of the list");
        return;
      }
      if (track.name.empty()) return;  // not on this node, or wrong
      places_[{where, track.kind, track.name}] = node.place;
      out.push_back(std::move(track));
    });
    return out;
  }

  std::vector<VirtualRoute> routes(const Node* list, const std::string& where) {
    std::vector<VirtualRoute> out;
    each(list, [&](const std::string&, const Node& node) {
      const Fields fields(&node, virtual_route_shape());
      VirtualRoute route;
      route.destination = fields.prefix("to");
      route.via = fields.address("via");
      route.source = fields.address("src");
      route.interface = fields.text("dev").value_or("");
      route.table = number<std::uint32_t>(fields, "table");
      route.metric = number<std::uint32_t>(fields, "metric");
      route.mtu = number<std::uint32_t>(fields, "mtu");
      route.type = fields.text("type").value_or("unicast");
      route.on_link = fields.flag("on_link");
      route.scope = number<std::uint8_t>(fields, "scope").value_or(0);
      route.protocol = number<std::uint8_t>(fields, "protocol").value_or(route.protocol);
      route.family = fields.text("family") == "ipv6" ? net::Family::V6 : net::Family::V4;
      if (route.destination)
        route.family = route.destination->address.family();
      else if (route.via)
        route.family = route.via->family();
      const auto other = [&](const std::optional<net::Address>& a) { return a && a->family() != route.family; };
      if (other(route.source) || (other(route.via) && route.family == net::Family::V6))
        problems_.add(node.place, where + ": routes: addresses of one route are of one family");
      out.push_back(std::move(route));
    });
    return out;
  }

  std::vector<VirtualRule> rules(const Node* list, const std::string& where) {
    std::vector<VirtualRule> out;
    each(list, [&](const std::string&, const Node& node) {
      const Fields fields(&node, virtual_rule_shape());
      VirtualRule rule;
      rule.from = fields.prefix("from");
      rule.to = fields.prefix("to");
      rule.iif = fields.text("iif").value_or("");
      rule.oif = fields.text("oif").value_or("");
      rule.fwmark = number<std::uint32_t>(fields, "fwmark");
      rule.fwmask = number<std::uint32_t>(fields, "fwmask");
      rule.priority = number<std::uint32_t>(fields, "priority");
      rule.table = number<std::uint32_t>(fields, "table");
      rule.action = fields.text("action").value_or("lookup");
      rule.family = fields.text("family") == "ipv6" ? net::Family::V6 : net::Family::V4;
      if (rule.from)
        rule.family = rule.from->address.family();
      else if (rule.to)
        rule.family = rule.to->address.family();
      if (rule.from && rule.to && rule.from->address.family() != rule.to->address.family())
        problems_.add(node.place, where + ": rules: from and to are of one address family");
      if (rule.action == "lookup" && !rule.table)
        problems_.add(node.place, where + ": rules: a table to look in is missing", "table: 100");
      out.push_back(std::move(rule));
    });
    return out;
  }

  void address_options(const Node* list, VirtualRouter& router, const std::string& where) {
    each(list, [&](const std::string&, const Node& node) {
      const Fields fields(&node, address_options_shape());
      const auto address = fields.address("address");
      if (!address) return;
      bool found = false;
      for (auto* addresses : {&router.addresses, &router.excluded}) {
        for (auto& one : *addresses) {
          if (one.prefix.address != *address) continue;
          found = true;
          one.interface = fields.text("interface").value_or(one.interface);
          one.label = fields.text("label").value_or("");
          one.scope = fields.text("scope").value_or("");
          one.broadcast = fields.address("broadcast");
          one.preferred = fields.flag("preferred");
          one.duplicate_detection = fields.flag("duplicate_detection");
        }
      }
      if (!found)
        problems_.add(fields.place("address"),
                      where + ": address_options: " + address->text() + " is none of its addresses");
    });
  }

  std::optional<VirtualRouter> router(const Fields& fields, const Vip& vip) {
    const auto where = "vip " + vip.name + ": vrrp";
    if (vip.addresses.empty()) return std::nullopt;
    VirtualRouter out;
    out.name = vip.name;
    out.interface = fields.text("interface").value_or("");
    out.version = number<std::uint8_t>(fields, "version").value_or(3);
    out.vrid = number<std::uint8_t>(fields, "id").value_or(0);
    out.advert = interval(fields, "advert");
    out.preempt = fields.flag("preempt");
    out.preempt_delay = interval(fields, "preempt_delay");
    out.password = fields.text("password").value_or("");
    out.pseudo_header = fields.text("checksum") != "message";
    out.source = fields.address("source");
    out.ttl = number<std::uint8_t>(fields, "ttl").value_or(255);
    out.family = vip.addresses.front().address.family();
    for (const auto& prefix : vip.addresses)
      (prefix.address.family() == out.family ? out.addresses : out.excluded)
          .push_back({.prefix = prefix, .interface = vip.interface});
    for (const auto& [prefix, node] : fields.list<net::Prefix>("excluded"))
      out.excluded.push_back({.prefix = prefix, .interface = vip.interface});
    address_options(fields.node("address_options"), out, where);
    if (fields.has("promote_secondaries")) out.promote_secondaries = fields.flag("promote_secondaries");
    out.check_source = fields.flag("check_source");
    out.check_addresses = fields.flag("check_addresses");
    const auto least = number<std::uint8_t>(fields, "peer_ttl").value_or(255);
    for (const auto& [peer, node] : fields.list<net::Address>("peers")) {
      if (peer.family() != out.family)
        problems_.add(node->place, where + ": peers are of the family of the vip's first address");
      if (peer != out.source) out.peers.push_back({peer, least, 255});
    }
    out.routes = routes(fields.node("routes"), where);
    out.rules = rules(fields.node("rules"), where);
    if (fields.flag("vmac"))
      out.vmac =
          VirtualRouter::Vmac{fields.text("vmac_interface").value_or(""), fields.text("vmac_transmit") == "base"};
    else if (fields.has("vmac_interface") || fields.has("vmac_transmit"))
      problems_.add(fields.place(fields.has("vmac_interface") ? "vmac_interface" : "vmac_transmit"),
                    where + ": is of no use without vmac: true");
    out.accept = fields.flag("accept");
    out.tracks = tracks(fields.node("track"), where);
    out.track_own_interface = fields.flag("track_interface");
    out.takeover_bfd = fields.text("bfd").value_or("");
    out.announce = announce(fields.node("announce"));
    out.notify = notify(fields.node("notify"));
    check(out, fields, where);
    // A node that `priority` does not name.
    const auto priority = number<std::uint8_t>(fields, "priority");
    if (!priority) return std::nullopt;
    out.priority = *priority;
    if (out.interface.empty() && fields.has("interface"))
      problems_.add(fields.place("interface"), where + ": interface has no value for this node");
    return out;
  }

  void globals(const Fields& fields, VrrpGlobals& out) {
    out.router_id = fields.text("router_id").value_or("");
    out.notify_fifo = fields.text("notify_fifo").value_or("");
    out.notify_fifo_script = fields.text("notify_fifo_script").value_or("");
    out.startup_delay = interval(fields, "startup_delay");
    out.router_fifo = fields.text("router_fifo").value_or("");
    out.group_fifo = fields.text("group_fifo").value_or("");
    out.skip_check_address = fields.flag("skip_check_address");
    out.lower_priority_announce = fields.flag("lower_priority_announce");
    out.script_user = fields.text("script_user").value_or("");
    out.script_group = fields.text("script_group").value_or("");
    out.script_security = fields.flag("script_security");
    out.realtime_priority = static_cast<int>(fields.integer("realtime_priority").value_or(50));
    for (const auto& [name, to, v4] : {std::tuple{"group4", &out.group4, true}, {"group6", &out.group6, false}}) {
      *to = fields.address(name);
      if (*to && (!(*to)->is_multicast() || (*to)->is_v4() != v4))
        problems_.add(fields.place(name), std::string("failover: ") + name + ": " + (*to)->text() + " is no " +
                                              (v4 ? "IPv4" : "IPv6") + " multicast address");
    }
  }

  void failover(const Fields& fields, Vrrp& out) {
    globals(fields, out.globals);
    each(fields.node("scripts"), [&](const std::string& name, const Node& node) {
      const Fields at(&node, tracked_script_shape());
      TrackedScript script;
      script.name = name;
      script.command = read_command(at.node("run"));
      script.interval = interval(at, "interval");
      script.timeout = interval(at, "timeout");
      script.fall = number<std::uint32_t>(at, "fall").value_or(1);
      script.rise = number<std::uint32_t>(at, "rise").value_or(1);
      script.weight = number<std::int16_t>(at, "weight").value_or(0);
      script.starts_failed = at.flag("initially_failed");
      script.reverse = at.flag("reverse");
      out.scripts.push_back(std::move(script));
    });
    each(fields.node("processes"), [&](const std::string& name, const Node& node) {
      const Fields at(&node, tracked_process_shape());
      TrackedProcess process;
      process.name = name;
      process.words = read_command(at.node("program")).words;
      const auto arguments = at.text("arguments").value_or("none");
      process.full_command = arguments != "none";
      process.match_initial = arguments == "initial";
      process.least = number<std::uint32_t>(at, "least").value_or(1);
      process.most = number<std::uint32_t>(at, "most").value_or(65535);
      process.fork_delay = interval(at, "start_delay");
      process.terminate_delay = interval(at, "end_delay");
      process.weight = number<std::int16_t>(at, "weight").value_or(0);
      process.reverse = at.flag("reverse");
      out.processes.push_back(std::move(process));
    });
    each(fields.node("files"), [&](const std::string& name, const Node& node) {
      const Fields at(&node, tracked_file_shape());
      TrackedFile file;
      file.name = name;
      file.path = at.text("path").value_or("");
      file.weight = number<std::int16_t>(at, "weight").value_or(1);
      file.initial = number<std::int32_t>(at, "initial");
      file.overwrite = at.flag("overwrite");
      file.reverse = at.flag("reverse");
      out.files.push_back(std::move(file));
    });
    each(fields.node("groups"), [&](const std::string& name, const Node& node) {
      const Fields at(&node, sync_group_shape());
      SyncGroup group;
      group.name = name;
      const auto where = "failover: group " + name;
      for (const auto& [member, place] : at.list<std::string>("members")) {
        group.members.push_back(member);
        places_[{where, TrackKind::Interface, "member " + member}] = place->place;
      }
      group.keep_priorities = at.flag("keep_priorities");
      group.tracks = tracks(at.node("track"), where);
      group.notify = notify(at.node("notify"));
      out.groups.push_back(std::move(group));
    });
  }

  void bfd(const Node* map, const std::string& node_name, Vrrp& out) {
    each(map, [&](const std::string& name, const Node& node) {
      const Fields at(&node, bfd_shape());
      BfdPeer peer;
      peer.name = name;
      sessions_.insert(name);
      if (const auto address = at.address("address")) peer.address = *address;
      peer.source = at.address("source");
      peer.transmit = interval(at, "transmit");
      peer.receive = interval(at, "receive");
      peer.multiplier = number<std::uint8_t>(at, "multiplier").value_or(3);
      peer.passive = at.flag("passive");
      peer.weight = number<std::int16_t>(at, "weight").value_or(0);
      peer.reverse = at.flag("reverse");
      peer.idle_transmit = interval(at, "idle_transmit");
      peer.ttl = number<std::uint8_t>(at, "ttl").value_or(255);
      peer.max_hops = number<std::uint8_t>(at, "max_hops").value_or(0);
      if (peer.source && peer.source->family() != peer.address.family())
        problems_.add(at.place("source"), "bfd " + name + ": address and source are of one family");
      peer.interface = at.text("interface").value_or("");
      if (peer.address.is_link_local() && !at.has("interface") && !at.has("source"))
        problems_.add(at.place("address"),
                      "bfd " + name + ": " + peer.address.text() +
                          " may be on every interface: a link-local address needs interface or source beside it",
                      "interface: eth0");
      else if (name != node_name && at.has("interface") && peer.interface.empty())
        problems_.add(at.place("interface"), "bfd " + name + ": interface has no value for this node");
      if (name != node_name) out.bfd.push_back(std::move(peer));
    });
  }

  // Everything that is referred to is there. `vips`: all with `vrrp:`, of other nodes, too.
  void check_references(const Config& config, const std::set<std::string>& vips) {
    std::map<TrackKind, std::set<std::string>> known;
    for (const auto& one : config.vrrp.scripts) known[TrackKind::Script].insert(one.name);
    for (const auto& one : config.vrrp.processes) known[TrackKind::Process].insert(one.name);
    for (const auto& one : config.vrrp.files) known[TrackKind::File].insert(one.name);
    known[TrackKind::Bfd] = sessions_;
    static const std::map<TrackKind, std::string> kWords{{TrackKind::Script, "failover: scripts has no "},
                                                         {TrackKind::Process, "failover: processes has no "},
                                                         {TrackKind::File, "failover: files has no "},
                                                         {TrackKind::Bfd, "bfd has no session "}};
    std::map<std::string, std::string> in_group;
    for (const auto& [key, place] : places_) {
      const auto& [where, kind, name] = key;
      if (name.starts_with("member ")) {
        const auto member = name.substr(7);
        if (!vips.contains(member)) problems_.add(place, where + ": there is no vip " + member + " with vrrp");
        const auto [first, fresh] = in_group.emplace(member, where);
        if (!fresh) problems_.add(place, where + ": vip " + member + " is in " + first->second + " already");
      } else if (kind != TrackKind::Interface && !known[kind].contains(name)) {
        problems_.add(place, where + ": track: " + kWords.at(kind) + name);
      }
    }
    for (const auto& [name, place] : takeovers_)
      if (!sessions_.contains(name)) problems_.add(place, "vrrp: bfd has no session " + name);
    std::map<std::string, std::string> macvlans;
    for (const auto& router : config.vrrp.routers) {
      if (!router.vmac || router.vmac->name.empty()) continue;
      const auto [first, fresh] = macvlans.emplace(router.vmac->name, router.name);
      if (!fresh)
        problems_.add(macvlans_[router.name],
                      "vip " + router.name + ": vrrp: vmac_interface " + router.vmac->name + " is vip " +
                          first->second + "'s already",
                      "leave it out, or another name");
    }
    // With other peers they do not hear each other.
    using Peers = std::set<net::Address>;
    std::map<std::tuple<std::string, int, net::Family, Peers>, std::string> ids;
    for (const auto& router : config.vrrp.routers) {
      Peers peers;
      for (const auto& peer : router.peers) peers.insert(peer.address);
      const auto [first, fresh] =
          ids.emplace(std::tuple{router.interface, router.vrid, router.family, std::move(peers)}, router.name);
      if (!fresh && routers_.contains(router.name))
        problems_.add(routers_[router.name], "vip " + router.name + ": vrrp: id " + std::to_string(router.vrid) +
                                                 " is vip " + first->second + "'s on " + router.interface + " already");
    }
  }

  void warn_of_sessions(const Config& config, Diagnostics& warnings) const {
    for (const auto& router : config.vrrp.routers)
      if (const auto* session = session_without_meaning(config, router))
        warnings.add(
            routers_.at(router.name),
            "vip " + router.name + ": vrrp: no BFD session makes it take over: masters of IPv6 speak from " +
                "link-local addresses, and session " + session->name + " is with " + session->address.text(),
            "write bfd: " + session->name + " here if that is the same neighbour, or its link-local address there");
  }

 private:
  void check(const VirtualRouter& router, const Fields& fields, const std::string& where) {
    routers_[router.name] = fields.place("id");
    if (fields.has("vmac_interface")) macvlans_[router.name] = fields.place("vmac_interface");
    if (!router.takeover_bfd.empty()) takeovers_[router.takeover_bfd] = fields.place("bfd");
    if (router.version == 2) {
      if (router.family == net::Family::V6)
        problems_.add(fields.place("version"), where + ": version 2 is IPv4's alone", "version: 3");
      if (router.advert % std::chrono::seconds(1) != Duration::zero())
        problems_.add(fields.place("advert"), where + ": version 2 has advertisements in whole seconds", "version: 3");
    } else {
      if (router.advert > milliseconds(40950))
        problems_.add(fields.place("advert"), where + ": version 3 has advertisements 40950ms apart at most");
      if (router.advert % milliseconds(10) != Duration::zero())
        problems_.add(fields.place("advert"), where + ": version 3 has advertisements in steps of 10ms");
      if (!router.password.empty())
        problems_.add(fields.place("password"), where + ": version 3 has no passwords", "leave it out, or version: 2");
    }
    if (router.password.size() > 8) problems_.add(fields.place("password"), where + ": password has 8 bytes at most");
    if (router.source && router.source->family() != router.family)
      problems_.add(fields.place("source"), where + ": source is of the family of the vip's first address");
  }

  Diagnostics& problems_;
  // Of what is referred to: by whom, kind and name; of sessions; of routers' ids.
  std::map<std::tuple<std::string, TrackKind, std::string>, Place> places_;
  std::map<std::string, Place> takeovers_, routers_, macvlans_;
  std::set<std::string> sessions_;  // of bfd, the node's own, too
};

}  // namespace

void read_failover(const Fields& file, Config& config, Diagnostics& problems, Diagnostics& warnings) {
  Reader reader(problems);
  std::set<std::string> vips;
  each(file.node("vips"), [&](const std::string& name, const Node& node) {
    const auto* vrrp = node.find("vrrp");
    const auto vip =
        std::find_if(config.vips.begin(), config.vips.end(), [&](const auto& v) { return v.name == name; });
    if (!vrrp || !vrrp->is_mapping() || vip == config.vips.end()) return;
    vips.insert(name);
    auto router = reader.router(Fields(vrrp, vrrp_shape()), *vip);
    vip->by_vrrp = true;
    if (!router) return;
    if (vip->interface.empty()) vip->interface = router->vmac ? std::string() : router->interface;
    config.vrrp.routers.push_back(*std::move(router));
  });
  reader.failover(Fields(file.node("failover"), failover_shape()), config.vrrp);
  reader.bfd(file.node("bfd"), config.node, config.vrrp);
  reader.check_references(config, vips);
  name_vmacs(config.vrrp);
  reader.warn_of_sessions(config, warnings);
  if (const auto& follow = config.director.sync.follow; !follow.empty()) {
    const bool group = std::any_of(config.vrrp.groups.begin(), config.vrrp.groups.end(),
                                   [&](const auto& g) { return g.name == follow; });
    if (!group && !vips.contains(follow)) {
      const Fields sync(Fields(file.node("director"), director_shape()).node("sync"), sync_shape());
      problems.add(sync.place("follow"), "director: sync: there is no vip " + follow + " with vrrp, and no group");
    }
  }
  // Members that are on other nodes alone are nobody here.
  for (auto& group : config.vrrp.groups)
    std::erase_if(group.members, [&](const auto& member) {
      return std::none_of(config.vrrp.routers.begin(), config.vrrp.routers.end(),
                          [&](const auto& router) { return router.name == member; });
    });
}

}  // namespace plenum::conf
