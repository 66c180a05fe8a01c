// vrrp_instance: a virtual router.

#include <algorithm>

#include "conf/keepalived/addresses.h"
#include "conf/keepalived/begin.h"
#include "conf/keepalived/takes.h"
#include "conf/keepalived/tracking.h"

namespace plenum::conf::keepalived {
namespace {

// The name of a virtual MAC's interface of which only vmac_xmit_base was said: no interface has it.
constexpr const char* kNotSaid = "/";

RouterDraft& router(Context& c) { return c.draft.routers.back(); }
VirtualRouter& out(Context& c) { return c.draft.routers.back().out; }
std::string about(Context& c) { return "(" + out(c).name + ") "; }

template <TrackKind kind>
void track(Context& c) {
  take_track(c, kind, out(c).name, router(c).tracks);
}
template <Command Notify::*field>
void notify(Context& c) {
  take_notify(c, out(c).name, out(c).notify.*field);
}
template <Maybe<std::uint32_t> GarpDraft::*field>
void garp_number(Context& c) {
  if (const auto n = c.number(1, 0, 4294967295)) router(c).garp.*field = static_cast<std::uint32_t>(*n);
}
// keepalived takes 0, says so, and makes it 1.
template <Maybe<std::uint32_t> GarpDraft::*field>
void garp_at_least_one(Context& c) {
  const auto n = c.number(1, 0, 4294967295);
  if (!n) return;
  if (*n == 0) c.warn(about(c) + c.words[0] + " must be greater than 0, setting to 1");
  router(c).garp.*field = static_cast<std::uint32_t>(std::max<std::int64_t>(*n, 1));
}
template <Maybe<std::uint32_t> GarpDraft::*field>
void garp_seconds(Context& c) {
  if (const auto n = c.number(1, 0, 4294)) router(c).garp.*field = static_cast<std::uint32_t>(*n);
}
template <Maybe<bool> RouterDraft::*field>
void flag(Context& c) {
  if (const auto on = c.flag(1)) router(c).*field = *on;
}

void state(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  auto& r = router(c);
  if (word == "MASTER") {
    r.state_master = true;
  } else if (word != "BACKUP") {
    c.warn(about(c) + "unknown state '" + word + "', defaulting to BACKUP", "state is MASTER or BACKUP");
    r.state_master = false;
  } else if (r.state_said && r.state_master) {
    c.warn(about(c) + "state previously set as MASTER - ignoring BACKUP");
  }
  r.state_said = true;
}

void interface(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal) return;
  out(c).interface = name;
  if (c.host.has_interface && !c.host.has_interface(name))
    c.warn("WARNING - interface " + name + " for vrrp_instance " + out(c).name + " doesn't exist",
           "`ip link` lists those there are");
}

void source(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto address = net::Address::parse(word);
  if (!address)
    return c.warn("Configuration error: VRRP instance[" + out(c).name + "] malformed src address[" + word +
                  "]. Skipping...");
  out(c).source = *address;
  if (c.words[0] == "unicast_src_ip") router(c).unicast_keyword = true;
}

void peer(Context& c) {
  const auto address = net::Address::parse(c.words[0]);
  if (!address)
    return c.warn("Configuration error: VRRP instance[" + out(c).name + "] malformed unicast peer address[" +
                  c.words[0] + "]. Skipping...");
  VirtualRouter::Peer one{*address, 1, 255};
  for (std::size_t i = 1; i < c.count(); ++i) {
    if (c.words[i] != "min_ttl" && c.words[i] != "max_ttl") {
      c.warn(about(c) + "unknown unicast_peer option " + c.words[i]);
      continue;
    }
    auto& ttl = c.words[i] == "min_ttl" ? one.min_ttl : one.max_ttl;
    const auto n = c.number(++i, 0, 255);
    if (c.fatal) return;
    if (n) ttl = static_cast<std::uint8_t>(*n);
    router(c).check_source = true;
  }
  if (one.min_ttl > one.max_ttl)
    c.warn(about(c) + "min_ttl " + std::to_string(one.min_ttl) + " > max_ttl " + std::to_string(one.max_ttl) +
           " - all packets will be discarded");
  out(c).peers.push_back(one);
}

void vmac(Context& c) {
  auto& v = out(c).vmac;
  if (!v) v = VirtualRouter::Vmac{"", false};
  if (v->name == kNotSaid) v->name.clear();
  for (std::size_t i = 1; i < c.count(); ++i) {
    if (c.words[i].find(':') != std::string::npos) {
      c.findings.lost(c.place, "a MAC address other than VRRP's own is not carried out");
    } else if (c.words[i].size() > 15 || c.words[i].find('/') != std::string::npos) {
      c.warn("VMAC interface name '" + c.words[i] + "' too long or invalid characters - ignoring");
    } else {
      v->name = c.words[i];
    }
  }
}

void transmit_base(Context& c) {
  // use_vmac itself may come behind.
  if (!out(c).vmac) out(c).vmac = VirtualRouter::Vmac{kNotSaid, false};
  out(c).vmac->transmit_base = true;
}

void multicast(Context& c) {
  const auto& word = c.word(1);
  if (c.fatal) return;
  const auto address = net::Address::parse(word);
  if (!address)
    c.warn(about(c) + "malformed mcast dest address " + word + ". Skipping...");
  else if (!address->is_multicast())
    c.warn(about(c) + "mcast_dst_ip " + word + " not multicast. Skipping...");
}

void checksum(Context& c) {
  router(c).unicast_keyword = true;
  if (c.count() > 1 && c.words[1] != "never")
    return c.warn(about(c) + "Unknown old_unicast_chksum mode " + c.words[1] + " - ignoring");
  if (c.count() < 2) c.findings.lost(c.place, "old_unicast_checksum: the checksum is the RFC's");
}

void priority(Context& c) { out(c).priority = static_cast<std::uint8_t>(c.number(1, 1, 255).value_or(100)); }

void advert(Context& c) {
  const auto n = c.decimal(1, 0.01, 255);
  if (!n) return;
  router(c).advert = seconds_of(*n);
  router(c).advert_text = c.words[1];
}

void extra_garp(Context& c) {
  if (c.words[0] == "vmac_garp_intvl")
    c.warn("Keyword \"vmac_garp_intvl\" is deprecated - please use \"garp_extra_if\"");
  const std::size_t at = c.count() > 1 && c.words[1] == "all" ? 2 : 1;
  if (c.count() <= at) return c.warn(about(c) + c.words[0] + " specified without time - ignoring");
  c.number(at, 0, 86400);
}

void sync_interface(Context& c) {
  const auto& name = c.word(1);
  if (c.fatal) return;
  c.warn(about(c) + "Specifying lvs_sync_daemon_interface against a vrrp is deprecated.",
         "write lvs_sync_daemon " + name + " " + out(c).name + " into global_defs");
  router(c).sync_interface = name;
}

void deleted(Context& c) {
  out(c).notify.deleted = true;
  if (c.count() > 1) c.findings.lost(c.place, "a script of notify_deleted is not run; `notify` is, with DELETED");
  if (c.count() < 2) return;
  if (auto command = c.script(); !command.empty()) c.draft.globals.unused.emplace_back(std::move(command), c.place);
}

}  // namespace

void begin_instance(Context& c) {
  begin_named(c, c.draft.routers, "vrrp instance", "names are unique; this one is left out");
}

void end_instance(Context& c) {
  auto& v = out(c).vmac;
  if (v && v->name == kNotSaid) {
    c.findings.warn(c.place, about(c) + "vmac_xmit_base is only valid with a vmac");
    v.reset();
  }
}

std::vector<Keyword> instance_keywords() {
  constexpr auto works = Status::Works, accepted = Status::Accepted, lost = Status::Unsupported;
  constexpr auto none = Block::None;
  return {
      {"state", works, "what it is at first; elections decide", state},
      {"interface", works, "where its adverts are", interface},
      {"virtual_router_id", works, "1 to 255",
       [](Context& c) {
         if (const auto n = c.number(1, 1, 255)) {
           out(c).vrid = static_cast<std::uint8_t>(*n);
           router(c).has_vrid = true;
         }
       }},
      {"priority", works, "1 to 255; the highest is master", priority},
      {"advert_int", works, "seconds between adverts", advert},
      {"version", works, "VRRP's version, 2 or 3",
       [](Context& c) {
         if (const auto n = c.number(1, 2, 3)) router(c).version = static_cast<std::uint8_t>(*n);
       }},
      {"authentication", works, "version 2's password", nullptr, Block::Authentication},
      {"virtual_ipaddress", works, "its addresses", nullptr, none,
       [](Context& c) {
         if (auto one = parse_virtual_address(c, "")) router(c).addresses.emplace_back(*std::move(one), c.place);
       },
       true},
      {"virtual_ipaddress_excluded", works, "addresses that are not in adverts", nullptr, none,
       [](Context& c) {
         if (auto one = parse_virtual_address(c, "")) router(c).excluded.emplace_back(*std::move(one), c.place);
       },
       true},
      {"virtual_routes", works, "routes that are there on the master", nullptr, none,
       [](Context& c) {
         if (auto one = parse_virtual_route(c)) out(c).routes.push_back(*std::move(one));
       },
       true},
      {"virtual_rules", works, "routing rules that are there on the master", nullptr, none,
       [](Context& c) {
         if (auto one = parse_virtual_rule(c)) out(c).rules.push_back(*std::move(one));
       },
       true},
      {"nopreempt", works, "a backup of higher priority lets the master be",
       [](Context& c) { router(c).nopreempt = true; }},
      {"preempt", works, "it does not", [](Context& c) { router(c).nopreempt = false; }},
      {"preempt_delay", works, "seconds before it takes over from a lesser master",
       [](Context& c) {
         if (const auto n = c.decimal(1, 0, 1000)) out(c).preempt_delay = seconds_of(*n);
       }},
      {"unicast_src_ip", works, "source of its adverts", source},
      {"mcast_src_ip", works, "source of its adverts", source},
      {"unicast_peer", works, "adverts go to these instead of the group",
       [](Context& c) { router(c).unicast_keyword = true; }, none, peer, true},
      {"unicast_ttl", works, "TTL of adverts to peers",
       [](Context& c) {
         if (const auto n = c.number(1, 0, 255)) out(c).ttl = static_cast<std::uint8_t>(*n);
       }},
      {"check_unicast_src", works, "nobody but peers is heard",
       [](Context& c) {
         router(c).check_source = true;
         router(c).unicast_keyword = true;
       }},
      {"unicast_fault_no_peer", lost, "without peers adverts go to the group",
       [](Context& c) { router(c).fault_no_peer = true; }},
      {"track_interface", works, "links that count", nullptr, none, track<TrackKind::Interface>, true},
      {"track_script", works, "scripts that count", nullptr, none, track<TrackKind::Script>, true},
      {"track_process", works, "processes that count", nullptr, none, track<TrackKind::Process>, true},
      {"track_file", works, "files that count", nullptr, none, track<TrackKind::File>, true},
      {"track_bfd", works, "BFD sessions that count", nullptr, none, track<TrackKind::Bfd>, true},
      {"dont_track_primary", works, "a fault of its own link is none",
       [](Context& c) { out(c).track_own_interface = false; }},
      {"track_src_ip", lost, "a source address that went is not a fault"},
      {"notify_master", works, "run on becoming master", notify<&Notify::master>},
      {"notify_backup", works, "run on becoming backup", notify<&Notify::backup>},
      {"notify_fault", works, "run on a fault", notify<&Notify::fault>},
      {"notify_stop", works, "run at the daemon's end", notify<&Notify::stop>},
      {"notify", works, "run on any change, with what, who, state and priority behind its arguments",
       notify<&Notify::any>},
      {"notify_master_rx_lower_pri", works, "run when a master hears a lesser one", notify<&Notify::lower_priority>},
      {"notify_deleted", works, "`notify` hears DELETED when a reload takes it away", deleted},
      {"notify_priority_changes", lost, "changes of priority are events of `plenum vrrp events`", takes_flag},
      {"smtp_alert", lost, "no mail is sent; use notify scripts", takes_flag},
      {"garp_master_delay", works, "seconds to the second round of gratuitous ARP", garp_seconds<&GarpDraft::delay>},
      {"garp_master_repeat", works, "gratuitous ARPs in a round", garp_at_least_one<&GarpDraft::repeat>},
      {"garp_master_refresh", works, "seconds between rounds while master", garp_seconds<&GarpDraft::refresh>},
      {"garp_master_refresh_repeat", works, "gratuitous ARPs in such a round",
       garp_at_least_one<&GarpDraft::refresh_repeat>},
      {"garp_lower_prio_delay", works, "seconds to the second round behind a lesser master",
       garp_seconds<&GarpDraft::lower_delay>},
      {"garp_lower_prio_repeat", works, "gratuitous ARPs behind a lesser master",
       garp_number<&GarpDraft::lower_repeat>},
      {"garp_extra_if", lost, "addresses on other interfaces are announced like the others", extra_garp},
      {"vmac_garp_intvl", lost, "a former name of garp_extra_if", extra_garp},
      {"lower_prio_no_advert", works, "a master does not answer one of lower priority",
       flag<&RouterDraft::lower_no_advert>},
      {"higher_prio_send_advert", accepted, "a master always answers one of higher priority a last time", takes_flag},
      {"use_vmac", works, "addresses on an interface with VRRP's MAC", vmac},
      {"vmac_xmit_base", works, "adverts go by the interface itself", transmit_base},
      {"use_vmac_addr", lost, "addresses on other interfaces have these' own MAC"},
      {"use_ipvlan", lost, "use use_vmac",
       [](Context& c) {
         const bool addressed = std::any_of(c.words.begin(), c.words.end(),
                                            [](const auto& w) { return net::Prefix::parse(w).has_value(); });
         if (!addressed) c.warn(about(c) + "IPv4 ipvlan requires a source ip address to be configured.");
       }},
      {"accept", works, "packets to the addresses are taken", [](Context& c) { router(c).accept = true; }},
      {"no_accept", works, "they are not, except by their owner", [](Context& c) { router(c).accept = false; }},
      {"promote_secondaries", works, "other addresses of a network stay when the first goes",
       [](Context& c) { out(c).promote_secondaries = true; }},
      {"strict_mode", works, "the RFC to the letter", flag<&RouterDraft::strict>},
      {"skip_check_adv_addr", works, "addresses in adverts of the same master are compared once",
       flag<&RouterDraft::skip_check>},
      {"native_ipv6", accepted, "the addresses say which family it is", [](Context& c) { router(c).native_v6 = true; }},
      {"down_timer_adverts", lost, "three adverts, as the RFC has it", takes_number<1, 100>},
      {"mcast_dst_ip", lost, "the group is the whole host's (vrrp_mcast_group4)", multicast},
      {"old_unicast_checksum", accepted, "the RFC's checksum is sent, and any is heard", checksum},
      {"vrf", lost, "name an interface",
       [](Context& c) {
         c.word(1);
         if (!out(c).interface.empty())
           c.warn(about(c) + "Cannot specify VRF interface and interface - ignoring", "leave vrf out");
       }},
      {"lvs_sync_daemon_interface", works, "lvs_sync_daemon's, for this instance", sync_interface},
      {"linkbeat_use_polling", accepted, "the kernel tells of links; nothing polls",
       [](Context& c) {
         c.warn(about(c) + "'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block",
                "leave it out");
       }},
      {"kernel_rx_buf_size", accepted, "buffers are sized by the daemon", wants_number<0, 4294967295>},
      {"debug", accepted, "it never did anything", takes_number<0, 4>},
  };
}

std::vector<Keyword> authentication_keywords() {
  const auto type = [](Context& c) {
    const auto& word = c.word(1);
    if (c.fatal) return;
    if (word == "AH") {
      router(c).authentication_ah = true;
    } else if (word == "PASS") {
      router(c).authentication = true;
    } else {
      c.warn(about(c) + "unknown authentication type '" + word + "'", "write PASS, or leave authentication out");
    }
  };
  const auto password = [](Context& c) {
    const auto& word = c.word(1);
    if (c.fatal) return;
    if (word.size() > 8)
      c.warn("Truncating auth_pass to 8 characters",
             "the protocol has room for 8; write \"" + word.substr(0, 8) + "\"");
    out(c).password = word.substr(0, 8);
  };
  return {
      {"auth_type", Status::Works, "PASS; AH is not carried out", type},
      {"auth_pass", Status::Works, "up to 8 characters", password},
  };
}

}  // namespace plenum::conf::keepalived
