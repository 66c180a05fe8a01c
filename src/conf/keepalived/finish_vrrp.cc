// vrrp_instance, vrrp_sync_group and what they track, from Draft to Config.

#include <algorithm>
#include <cmath>
#include <set>

#include "conf/keepalived/finish.h"
#include "conf/vmac_names.h"

namespace plenum::conf::keepalived {
namespace {

std::string text_of(double seconds, int digits) {
  std::string text = std::to_string(seconds);
  return text.substr(0, text.find('.') + 1 + static_cast<std::size_t>(digits));
}

template <class List>
auto find_named(List& list, const std::string& name) {
  return std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.out.name == name; });
}

class Finisher {
 public:
  Finisher(Draft& draft, const Host& host, Findings& findings, Config& config)
      : draft_(draft),
        findings_(findings),
        vrrp_(config.vrrp),
        config_(config),
        scripts_(draft.globals, host, findings) {}

  void run() {
    vrrp_.globals = draft_.globals.out;
    vrrp_.globals.lower_priority_announce = !draft_.globals.lower_no_advert.value_or(false);
    tracked_things();
    for (auto& r : draft_.routers) {
      if (router(r)) vrrp_.routers.push_back(r.out);
    }
    twins();
    neighbours();
    macvlans();
    groups();
    same_group_weights();
    statics();
    for (auto& [command, place] : draft_.globals.unused) scripts_.settle(command, place, "script is not run", false);
    if (scripts_.unguarded())
      findings_.add(Severity::Security, {},
                    "SECURITY VIOLATION - scripts are being executed but script_security not enabled.",
                    "write enable_script_security and script_user into global_defs");
  }

 private:
  void tracked_things() {
    for (auto& s : draft_.scripts) {
      const bool used = std::any_of(draft_.routers.begin(), draft_.routers.end(),
                                    [&](const auto& r) { return uses(r.tracks, TrackKind::Script, s.out.name); }) ||
                        std::any_of(draft_.groups.begin(), draft_.groups.end(),
                                    [&](const auto& g) { return uses(g.tracks, TrackKind::Script, s.out.name); });
      scripts_.settle(s.out.command, s.place, "Disabling track script " + s.out.name, true, used);
      if (!s.out.command.empty()) vrrp_.scripts.push_back(s.out);
    }
    for (const auto& p : draft_.processes) vrrp_.processes.push_back(p.out);
    for (const auto& f : draft_.files) vrrp_.files.push_back(f.out);
    for (const auto& b : draft_.bfd) vrrp_.bfd.push_back(b.out);
  }

  static bool uses(const std::vector<TrackDraft>& tracks, TrackKind kind, const std::string& name) {
    return std::any_of(tracks.begin(), tracks.end(),
                       [&](const auto& t) { return t.track.kind == kind && t.track.name == name; });
  }

  // What is tracked must stand in front of it, except BFD sessions.
  template <class List>
  static bool stands_before(const List& list, const TrackDraft& t) {
    const auto found = find_named(list, t.track.name);
    if (found == list.end()) return false;
    return found->place.source != t.place.source || found->place.line <= t.place.line;
  }

  struct Weight {
    std::int16_t value = 0;
    bool reverse = false;
  };
  template <class List>
  static Weight weight_in(const List& list, const std::string& name) {
    const auto found = find_named(list, name);
    return found == list.end() ? Weight{} : Weight{found->out.weight, found->out.reverse};
  }
  [[nodiscard]] Weight own_weight(const Track& t) const {
    switch (t.kind) {
      case TrackKind::Script:
        return weight_in(draft_.scripts, t.name);
      case TrackKind::Process:
        return weight_in(draft_.processes, t.name);
      case TrackKind::File:
        return weight_in(draft_.files, t.name);
      case TrackKind::Bfd:
        return weight_in(draft_.bfd, t.name);
      case TrackKind::Interface:
        break;
    }
    return {};
  }

  bool known(const TrackDraft& t, const char*& what) {
    switch (t.track.kind) {
      case TrackKind::Script:
        what = "track script";
        return stands_before(draft_.scripts, t);
      case TrackKind::Process:
        what = "track process";
        return stands_before(draft_.processes, t);
      case TrackKind::File:
        what = "track file";
        return stands_before(draft_.files, t);
      case TrackKind::Bfd:
        what = "track bfd";
        return find_named(draft_.bfd, t.track.name) != draft_.bfd.end();
      case TrackKind::Interface:
        break;
    }
    what = "track_interface";
    return true;
  }

  std::vector<Track> tracks(const std::string& who, const std::vector<TrackDraft>& drafts) {
    std::vector<Track> out;
    for (const auto& t : drafts) {
      const char* what = "";
      if (!known(t, what)) {
        findings_.warn(t.place, "(" + who + ") " + what + " " + t.track.name + " not found, ignoring...",
                       "it must stand in front of what tracks it");
        continue;
      }
      const bool disabled =
          t.track.kind == TrackKind::Script && std::none_of(vrrp_.scripts.begin(), vrrp_.scripts.end(),
                                                            [&](const auto& s) { return s.name == t.track.name; });
      if (disabled) continue;
      auto track = t.track;
      const auto own = own_weight(track);
      if (track.weight || t.reverse) {
        if (!track.weight) track.weight = own.value;
        track.reverse = t.reverse.value_or(own.reverse);
      }
      out.push_back(std::move(track));
    }
    return out;
  }

  // Where the one of this name was defined.
  template <class Drafts>
  static Place place_of(const Drafts& drafts, const std::string& name) {
    const auto at =
        std::find_if(drafts.begin(), drafts.end(), [&](const auto& draft) { return draft.out.name == name; });
    return at == drafts.end() ? Place{} : at->place;
  }

  // Those whose weight must not count are left out, with a word.
  void without_weights(const std::string& who, std::vector<Track>& list, const char* why) {
    std::erase_if(list, [&](const Track& t) {
      const auto weight = t.weight.value_or(own_weight(t).value);
      if (weight == 0) return false;
      static constexpr const char* kinds[] = {"interface", "script", "process", "file", "bfd"};
      findings_.warn(Near{place_of(draft_.routers, who)},
                     "(" + who + ") ignoring tracked " + kinds[static_cast<int>(t.kind)] + " " + t.name +
                         " with weights due to " + why,
                     "weight 0 makes its failure a fault");
      return true;
    });
  }

  // False: it is left out.
  bool router(RouterDraft& r) {
    auto& out = r.out;
    const auto about = "(" + out.name + ") ";
    if (!r.has_vrid) {
      findings_.warn(Near{r.place}, about + "the virtual router id must be set", "add virtual_router_id 1 to 255");
      return false;
    }
    if (out.interface.empty()) findings_.warn(Near{r.place}, about + "Unknown interface!", "add interface");
    strict_or_not(r);
    family(r);
    addresses(r);
    version(r);
    authentication(r);
    advert(r);
    unicast(r);
    preemption(r);
    if (out.interface.empty() && !out.peers.empty()) out.interface = interface_of(r);
    if (out.interface.empty()) return false;
    out.accept = r.accept.value_or(!r.strict.value_or(false) || out.priority == 255);
    announce(r);
    out.tracks = tracks(out.name, r.tracks);
    std::erase_if(out.tracks, [&](const Track& t) {
      if (t.kind != TrackKind::Interface || t.name != out.interface || !out.track_own_interface) return false;
      findings_.warn(Near{r.place}, about + "Ignoring track_interface " + t.name + " since own interface",
                     "leave it out");
      return true;
    });
    if (out.priority == 255) without_weights(out.name, out.tracks, "address_owner");
    const auto notify = [&](Command& command, const char* what) {
      scripts_.settle(command, r.place, about + what + " script is not run", false);
    };
    notify_all(out.notify, notify);
    return true;
  }

  template <class Settle>
  static void notify_all(Notify& n, Settle settle) {
    settle(n.master, "notify_master");
    settle(n.backup, "notify_backup");
    settle(n.fault, "notify_fault");
    settle(n.stop, "notify_stop");
    settle(n.any, "notify");
    settle(n.lower_priority, "notify_master_rx_lower_pri");
  }

  void strict_or_not(RouterDraft& r) {
    if (!r.strict) r.strict = draft_.globals.strict.value_or(false);
    if (!r.lower_no_advert) r.lower_no_advert = draft_.globals.lower_no_advert;
    if (*r.strict) r.lower_no_advert = true;
  }

  void family(RouterDraft& r) {
    auto& out = r.out;
    if (!r.addresses.empty()) {
      out.family = r.addresses[0].first.prefix.address.family();
    } else if (out.source) {
      out.family = out.source->family();
    } else if (!out.peers.empty()) {
      out.family = out.peers[0].address.family();
    } else if (r.native_v6) {
      out.family = net::Family::V6;
    }
    if (r.native_v6 && out.family == net::Family::V4)
      findings_.warn(r.place, "(" + out.name + ") Cannot specify native_ipv6 with IPv4 addresses", "leave it out");
    if (out.source && out.source->family() != out.family) {
      findings_.warn(r.place, "Configuration error: VRRP instance[" + out.name + "] and src address[" +
                                  out.source->text() + "] MUST be of the same family !!! Skipping...");
      out.source.reset();
    }
    std::erase_if(out.peers, [&](const auto& peer) {
      if (peer.address.family() == out.family) return false;
      findings_.warn(r.place, "Configuration error: VRRP instance[" + out.name + "] and unicast peer address[" +
                                  peer.address.text() + "] MUST be of the same family !!! Skipping...");
      return true;
    });
  }

  // An address is one router's, once.
  bool fresh(const RouterDraft& r, const VirtualAddress& address, const Place& place) {
    if (addresses_.insert(address.prefix.address).second) return true;
    findings_.lost(place, "(" + r.out.name + ") " + address.prefix.address.text() + " stands twice; the first counts",
                   "an address belongs to one vrrp_instance");
    return false;
  }

  void addresses(RouterDraft& r) {
    for (auto& [address, place] : r.addresses) {
      if (address.prefix.address.family() != r.out.family) {
        findings_.warn(place,
                       "(" + r.out.name + "): address family must match VRRP instance [" +
                           r.addresses[0].first.prefix.address.text() + "] - ignoring",
                       "virtual_ipaddress_excluded takes the other family's");
      } else if (fresh(r, address, place)) {
        r.out.addresses.push_back(std::move(address));
      }
    }
    for (auto& [address, place] : r.excluded)
      if (fresh(r, address, place)) r.out.excluded.push_back(std::move(address));
    if (r.addresses.empty())
      findings_.warn(Near{r.place}, "(" + r.out.name + ") No VIP specified; at least one is sensible",
                     "add virtual_ipaddress");
  }

  void version(RouterDraft& r) {
    const bool v6 = r.out.family == net::Family::V6;
    r.out.version = r.version.value_or(v6 ? 3 : draft_.globals.version.value_or(2));
    if (v6 && r.out.version == 2) {
      findings_.lost(r.place, "(" + r.out.name + ") VRRP version 2 has no IPv6; it speaks version 3");
      r.out.version = 3;
    }
    r.out.check_addresses = r.out.version == 2 && !r.skip_check.value_or(draft_.globals.out.skip_check_address);
  }

  void authentication(RouterDraft& r) {
    auto& out = r.out;
    const auto about = "(" + out.name + ") ";
    if (r.authentication_ah) {
      findings_.lost(r.place, about + "auth_type AH is not carried out: nothing is authenticated",
                     "leave authentication out on all machines");
    } else if (r.authentication && out.password.empty()) {
      findings_.warn(Near{r.place}, about + "Authentication specified but no password given. Ignoring");
    } else if (r.authentication && *r.strict) {
      findings_.warn(Near{r.place}, about + "Strict mode does not support authentication. Ignoring.");
    } else if (r.authentication && out.version == 3) {
      findings_.warn(Near{r.place}, about + "VRRP version 3 does not support authentication. Ignoring.",
                     "leave authentication out");
    } else if (r.authentication) {
      return;
    }
    out.password.clear();
  }

  void advert(RouterDraft& r) {
    if (!r.advert) return;
    auto seconds = std::chrono::duration<double>(*r.advert).count();
    const auto about = "(" + r.out.name + ") VRRPv" + std::to_string(r.out.version) + " advertisement interval ";
    if (r.out.version == 2) {
      if (seconds != std::floor(seconds)) {
        findings_.warn(Near{r.place}, about + text_of(seconds, 6) + "s must be an integer. rounding",
                       "version 3 knows hundredths of a second");
        seconds = std::max(1.0, std::floor(seconds + 0.5));
      }
      r.out.advert = std::chrono::seconds(static_cast<std::int64_t>(seconds));
      return;
    }
    auto hundredths = static_cast<std::int64_t>(seconds * 100 + 0.5);
    if (seconds > 40.95) {
      findings_.warn(Near{r.place},
                     about + text_of(seconds, 2) + "s is out of range. Must be less than 40.96s. Setting to 40.95s");
      hundredths = 4095;
    } else if (std::chrono::milliseconds(hundredths * 10) != *r.advert) {
      findings_.warn(Near{r.place}, about + text_of(seconds, 6) + "s must be in units of 10ms - rounding");
    }
    r.out.advert = std::chrono::milliseconds(hundredths * 10);
  }

  void unicast(RouterDraft& r) {
    auto& out = r.out;
    const auto about = "(" + out.name + ") ";
    // unicast_src_ip alone is only a source.
    if (out.peers.empty() && r.unicast_keyword && !r.fault_no_peer) {
      findings_.warn(Near{r.place},
                     about +
                         "A unicast keyword has been specified without any unicast peers. Defaulting to multicast. "
                         "This usage is deprecated - please update your configuration.",
                     "add unicast_peer, or write mcast_src_ip");
    }
    if (out.peers.empty() && out.ttl != 255) {
      findings_.warn(Near{r.place}, about + "Cannot use unicast_ttl without unicast peers - resetting");
      out.ttl = 255;
    }
    out.check_source = r.check_source.value_or(draft_.globals.check_unicast_source.value_or(false));
    if (out.peers.empty()) out.check_source = true;
    if (out.vmac && !out.peers.empty() && !out.vmac->transmit_base) {
      findings_.warn(r.place, about + "unicast with use_vmac requires vmac_xmit_base - setting", "add vmac_xmit_base");
      out.vmac->transmit_base = true;
    }
  }

  void preemption(RouterDraft& r) {
    auto& out = r.out;
    const auto about = "(" + out.name + ") ";
    out.preempt = !r.nopreempt.value_or(false);
    if (!out.preempt && out.priority == 255) {
      findings_.warn(Near{r.place}, about + "nopreempt is incompatible with priority 255. resetting nopreempt");
      out.preempt = true;
    } else if (!out.preempt && r.state_master) {
      findings_.warn(Near{r.place}, about + "Warning - nopreempt will not work with initial state MASTER - clearing",
                     "write state BACKUP on all machines");
      out.preempt = true;
    }
    if (out.preempt_delay == Duration{}) return;
    if (*r.strict) {
      findings_.warn(Near{r.place}, about + "preempt_delay is incompatible with strict mode - resetting");
    } else if (!out.preempt) {
      findings_.warn(Near{r.place}, about + "preempt_delay is incompatible with nopreempt mode - resetting",
                     "leave preempt_delay out");
    } else if (r.state_master) {
      findings_.warn(Near{r.place},
                     about + "Warning - preempt delay will not work with initial state MASTER - clearing",
                     "write state BACKUP on all machines");
    } else {
      return;
    }
    out.preempt_delay = {};
  }

  [[nodiscard]] std::string interface_of(const RouterDraft& r) const {
    for (const auto& a : r.out.addresses)
      if (!a.interface.empty()) return a.interface;
    return draft_.globals.default_interface;
  }

  void announce(RouterDraft& r) {
    const auto& g = draft_.globals.garp;
    const bool least = draft_.globals.min_garp;
    auto& out = r.out.announce;
    const auto either = [](const Maybe<std::uint32_t>& one, const Maybe<std::uint32_t>& other, std::uint32_t none) {
      return one ? *one : other.value_or(none);
    };
    const auto delay = either(r.garp.delay, g.delay, least ? 0 : 5);
    out.repeat = either(r.garp.repeat, g.repeat, least ? 1 : 5);
    out.delay = std::chrono::seconds(delay);
    out.delay_repeat = out.repeat;
    out.refresh = std::chrono::seconds(either(r.garp.refresh, g.refresh, 0));
    out.refresh_repeat = std::max(1u, either(r.garp.refresh_repeat, g.refresh_repeat, 1));
    const auto global_delay = g.delay.value_or(least ? 0 : 5), global_repeat = g.repeat.value_or(least ? 1 : 5);
    out.lower_delay = std::chrono::seconds(either(r.garp.lower_delay, g.lower_delay, global_delay));
    out.lower_repeat = either(r.garp.lower_repeat, g.lower_repeat, global_repeat);
    if (*r.strict) {
      out.lower_delay = {};
      out.lower_repeat = 0;
    }
    const auto v4 = r.out.family == net::Family::V4;
    auto pace = v4 ? draft_.globals.garp_interval : draft_.globals.gna_interval;
    for (const auto& group : draft_.garp_groups) {
      if (std::find(group.interfaces.begin(), group.interfaces.end(), r.out.interface) != group.interfaces.end())
        pace = v4 ? group.garp : group.gna;
    }
    out.interval = pace.value_or(Duration{});
  }

  // Two of one id on one interface and family, to the same peers, would take one another for the master.
  void twins() {
    auto& all = vrrp_.routers;
    const auto peers = [](const VirtualRouter& router) {
      std::set<net::Address> out;
      for (const auto& peer : router.peers) out.insert(peer.address);
      return out;
    };
    for (auto it = all.begin(); it != all.end();) {
      const auto twin = std::find_if(all.begin(), it, [&](const VirtualRouter& other) {
        return other.vrid == it->vrid && other.interface == it->interface && other.family == it->family &&
               peers(other) == peers(*it);
      });
      if (twin == it) {
        ++it;
        continue;
      }
      findings_.warn(Near{place_of(draft_.routers, it->name)},
                     it->name + " and " + twin->name + " both use VRID " + std::to_string(it->vrid) + " with IPv" +
                         (it->family == net::Family::V4 ? "4" : "6") + " on interface " + it->interface,
                     "give each an id of its own; the second is left out");
      it = all.erase(it);
    }
  }

  // keepalived's file has no interface for a neighbour, and every interface has the network of link-local addresses: it
  // is taken to be where the instances are, first of all those of IPv6.
  void neighbours() {
    for (auto& peer : vrrp_.bfd) {
      if (!peer.address.is_link_local() || peer.source) continue;
      std::set<std::string> interfaces;
      for (const auto& router : vrrp_.routers) {
        if (peer.interface.empty() && router.family == net::Family::V6) peer.interface = router.interface;
        interfaces.insert(router.interface);
      }
      if (peer.interface.empty()) peer.interface = draft_.globals.default_interface;
      if (peer.interface.empty()) peer.interface = interfaces.empty() ? "eth0" : *interfaces.begin();
      if (interfaces.size() == 1) continue;
      findings_.warn(Near{place_of(draft_.bfd, peer.name)},
                     "BFD instance " + peer.name + ": nothing says which interface " + peer.address.text() +
                         " is on; it is taken to be " + peer.interface,
                     "add source_ip, or take the neighbour's global address");
    }
  }

  void macvlans() {
    std::set<std::string> taken;
    for (auto& router : vrrp_.routers) {
      if (!router.vmac || router.vmac->name.empty() || taken.insert(router.vmac->name).second) continue;
      findings_.warn(Near{place_of(draft_.routers, router.name)},
                     "(" + router.name + ") VMAC interface name '" + router.vmac->name +
                         "' is another instance's already - ignoring name",
                     "give each a name of its own, or none");
      router.vmac->name.clear();
    }
    name_vmacs(vrrp_);
  }

  void groups() {
    std::set<std::string> taken;
    for (auto& g : draft_.groups) {
      auto& out = g.out;
      std::vector<std::string> members;
      for (const auto& name : out.members) {
        const bool there =
            std::any_of(vrrp_.routers.begin(), vrrp_.routers.end(), [&](const auto& r) { return r.name == name; });
        if (!there) {
          findings_.warn(Near{g.place}, "Virtual router " + name + " specified in sync group " + out.name +
                                            " doesn't exist - ignoring");
        } else if (!taken.insert(name).second) {
          findings_.warn(Near{g.place},
                         "Virtual router " + name + " cannot exist in more than one sync group; ignoring " + out.name);
        } else {
          members.push_back(name);
        }
      }
      out.members = std::move(members);
      if (out.members.empty()) {
        findings_.warn(Near{g.place}, "Sync group " + out.name + " has no virtual router(s). removing",
                       "add group { ... }");
        continue;
      }
      if (out.members.size() == 1)
        findings_.warn(Near{g.place},
                       "Sync group " + out.name + " has only 1 virtual router(s) - this probably isn't what you want");
      out.tracks = tracks(out.name, g.tracks);
      notify_all(out.notify, [&](Command& command, const char* what) {
        scripts_.settle(command, g.place, "(" + out.name + ") " + what + " script is not run", false);
      });
      vrrp_.groups.push_back(out);
    }
  }

  void same_group_weights() {
    for (const auto& g : vrrp_.groups) {
      if (g.keep_priorities) continue;
      for (auto& r : vrrp_.routers) {
        if (std::find(g.members.begin(), g.members.end(), r.name) != g.members.end())
          without_weights(r.name, r.tracks, "SYNC group");
      }
    }
  }

  // Addresses of routers and those that stay here.
  void statics() {
    rename();
    for (const auto& r : vrrp_.routers) {
      Vip vip{r.name, {}, r.vmac ? std::string() : r.interface, true};
      for (const auto& a : r.addresses) vip.addresses.push_back(a.prefix);
      if (!vip.addresses.empty()) config_.vips.push_back(std::move(vip));
    }
    for (const auto& [address, place] : draft_.static_addresses) {
      if (!addresses_.insert(address.prefix.address).second) {
        findings_.lost(place, address.prefix.address.text() + " stands twice; the first counts");
        continue;
      }
      const auto interface = address.interface.empty() ? draft_.globals.default_interface : address.interface;
      const auto name = fit_name("static-" + (interface.empty() ? "eth0" : interface));
      auto vip = std::find_if(config_.vips.begin(), config_.vips.end(), [&](const auto& v) { return v.name == name; });
      if (vip == config_.vips.end())
        vip = config_.vips.insert(vip, Vip{name, {}, interface.empty() ? "eth0" : interface, false});
      vip->addresses.push_back(address.prefix);
    }
  }

  // Names that a file of ours could not have are made so.
  void rename() {
    std::set<std::string> names;
    for (auto& r : vrrp_.routers) {
      auto name = fit_name(r.name);
      for (int i = 2; !names.insert(name).second; ++i) name = fit_name(r.name).substr(0, 60) + std::to_string(i);
      if (name == r.name) continue;
      findings_.note(place_of(draft_.routers, r.name), "vrrp_instance " + r.name + " is called " + name + " here");
      for (auto& g : vrrp_.groups) std::replace(g.members.begin(), g.members.end(), r.name, name);
      if (draft_.globals.sync && draft_.globals.sync->instance == r.name) draft_.globals.sync->instance = name;
      r.name = name;
    }
    const auto all_fit = [](auto& list, const auto& renamed) {
      for (auto& one : list) {
        const auto name = fit_name(one.name);
        if (name != one.name) renamed(one.name, name);
        one.name = name;
      }
    };
    const auto tracked = [&](TrackKind kind) {
      return [this, kind](const std::string& from, const std::string& to) {
        const auto each = [&](std::vector<Track>& list) {
          for (auto& t : list)
            if (t.kind == kind && t.name == from) t.name = to;
        };
        for (auto& r : vrrp_.routers) each(r.tracks);
        for (auto& g : vrrp_.groups) each(g.tracks);
      };
    };
    all_fit(vrrp_.scripts, tracked(TrackKind::Script));
    all_fit(vrrp_.processes, tracked(TrackKind::Process));
    all_fit(vrrp_.files, tracked(TrackKind::File));
    all_fit(vrrp_.bfd, tracked(TrackKind::Bfd));
    all_fit(vrrp_.groups, [](const std::string&, const std::string&) {});
  }

  Draft& draft_;
  Findings& findings_;
  Vrrp& vrrp_;
  Config& config_;
  Scripts scripts_;
  std::set<net::Address> addresses_;
};

}  // namespace

void finish_vrrp(Draft& draft, const Host& host, Findings& findings, Config& config) {
  Finisher(draft, host, findings, config).run();
}

}  // namespace plenum::conf::keepalived
