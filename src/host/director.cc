#include "host/director.h"

#include <algorithm>

namespace plenum::host {

namespace {

constexpr char kAllFilter[] = "net/ipv4/conf/all/rp_filter";

std::string mend_of(const DirectorSpec& spec) {
  std::string out = "plenum";
  for (const std::string& word : director_setup_words(spec)) out += " " + word;
  return out;
}

std::string v4_conf(const std::string& interface, const char* name) {
  return "net/ipv4/conf/" + interface + "/" + name;
}
std::string v6_conf(const std::string& interface, const char* name) {
  return "net/ipv6/conf/" + interface + "/" + name;
}

}  // namespace

const std::vector<std::string>& unwanted_offloads() {
  static const std::vector<std::string> kNames{"rx-lro", "rx-gro-hw", "rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"};
  return kNames;
}

std::vector<SysctlWish> director_wishes(const DirectorSpec& spec, const Sysctls& now) {
  const std::string forward = "or the kernel gives the data plane no next hop";
  const std::string redirect = "or clients and servers are told of ways around the director";
  const std::string filter = "or the kernel drops what comes in by another interface than it would answer by";
  std::vector<SysctlWish> out;
  // First of all: it resets others.
  out.push_back({"net/ipv4/ip_forward", 1, {}, forward});
  out.push_back({"net/ipv6/conf/all/forwarding", 1, {2}, forward});
  out.push_back({"net/ipv4/conf/all/accept_redirects", 0, {}, "as for every router"});
  out.push_back({"net/ipv4/conf/all/send_redirects", 0, {}, redirect});
  const auto all = now.find(kAllFilter);
  const long all_now = all == now.end() ? 0 : all->second;
  for (const std::string& interface : spec.interfaces) {
    out.push_back({v4_conf(interface, "forwarding"), 1, {}, forward});
    out.push_back({v4_conf(interface, "send_redirects"), 0, {}, redirect});
    // The greater of "all" and the interface's holds: 0 off, 1 strict, 2 loose.
    SysctlWish loose{v4_conf(interface, "rp_filter"), 2, {}, filter};
    if (all_now == 0) loose.fine = {0};
    if (all_now == 2) loose.fine = {0, 1};
    out.push_back(std::move(loose));
    out.push_back({v6_conf(interface, "forwarding"), 1, {2}, forward});
    out.push_back(
        {v6_conf(interface, "accept_ra"), 2, {0}, "or forwarding makes the host forget its own default route"});
  }
  return out;
}

std::vector<std::string> director_sysctls(const DirectorSpec& spec) {
  std::vector<std::string> out{kAllFilter};
  for (const SysctlWish& wish : director_wishes(spec, {})) out.push_back(wish.path);
  return out;
}

std::vector<Action> plan_director(const DirectorSpec& spec, const View& view, const Persistence* persistence) {
  std::vector<Action> out;
  const std::vector<SysctlWish> wishes = director_wishes(spec, view.sysctls);
  for (const SysctlWish& wish : wishes) {
    const auto now = view.sysctls.find(wish.path);
    if (now != view.sysctls.end() && !wish.holds(now->second)) {
      out.emplace_back(SetSysctl{wish.path, now->second, wish.value});
    }
  }
  for (const std::string& interface : spec.interfaces) {
    const auto features = view.offloads.find(interface);
    if (features == view.offloads.end()) continue;
    for (const std::string& name : unwanted_offloads()) {
      const auto feature = features->second.find(name);
      if (feature != features->second.end() && feature->second.on && !feature->second.fixed) {
        out.emplace_back(SetOffload{interface, name, false});
      }
    }
  }
  if (persistence) {
    for (Action& action : persist(*persistence, wishes, view)) out.push_back(std::move(action));
  }
  return out;
}

std::vector<std::string> director_setup_words(const DirectorSpec& spec) {
  std::vector<std::string> out{"director", "setup"};
  if (spec.nat) out.emplace_back("--nat");
  for (const std::string& interface : spec.interfaces) out.insert(out.end(), {"--interface", interface});
  return out;
}

std::vector<Finding> check_director(const DirectorSpec& spec, const View& view) {
  std::vector<Finding> out;
  const std::string mend = mend_of(spec);
  for (const SysctlWish& wish : director_wishes(spec, view.sysctls)) {
    const auto now = view.sysctls.find(wish.path);
    if (now == view.sysctls.end() || wish.holds(now->second)) continue;
    out.push_back({dotted(wish.path) + " is " + std::to_string(now->second) + ", must be " +
                       std::to_string(wish.value) + ", " + wish.why,
                   mend});
  }
  for (const std::string& interface : spec.interfaces) {
    const rt::Link* link = view.link(interface);
    if (link && !link->up) out.push_back({interface + " is down", "ip link set " + interface + " up"});
    const auto features = view.offloads.find(interface);
    if (features == view.offloads.end()) continue;
    for (const std::string& name : unwanted_offloads()) {
      const auto feature = features->second.find(name);
      if (feature == features->second.end() || !feature->second.on) continue;
      const std::string what = name + " of " + interface + " is on: XDP does not see packets as they were on the wire";
      if (feature->second.fixed) {
        out.push_back({what + ", and its driver cannot turn it off", "another network card, or a driver that can"});
      } else {
        out.push_back({what, mend});
      }
    }
  }
  return out;
}

std::optional<std::string> interface_of(const net::Address& vip, const std::set<std::string>& interfaces,
                                        const View& view) {
  std::optional<std::string> best;
  int best_length = -1;
  for (const rt::InterfaceAddress& one : view.addresses) {
    const std::string name = view.name_of(one.ifindex);
    if (one.link_scope || !interfaces.contains(name) || !one.prefix.contains(vip)) continue;
    // A VIP's own /32 says where it is only when nothing else does.
    const int length = one.prefix.length == vip.bits() ? 0 : one.prefix.length;
    if (length > best_length) {
      best = name;
      best_length = length;
    }
  }
  return best;
}

std::vector<Finding> check_answers(const std::vector<Answers>& answers, const View& view) {
  std::vector<Finding> out;
  for (const Answers& one : answers) {
    const std::string vip = one.vip.text();
    if (one.interface.empty()) {
      out.push_back({"no interface of this host is in the subnet of VIP " + vip + ": cannot ask who has it",
                     "plenum director check --vip " + vip + " --interface NAME"});
      continue;
    }
    std::set<net::Mac> macs = one.macs;
    const auto holders = view.holders(one.vip);
    std::string named;
    for (const View::Holder& holder : holders) {
      const rt::Link* link = view.link(holder.interface);
      const net::Mac mac = link && link->ethernet ? link->mac : net::Mac{};
      // Two interfaces on one network answer for each other's addresses: this host all the same.
      macs.erase(mac);
      if (named.empty()) named = (mac == net::Mac{} ? "" : mac.text() + " ") + "(this host, " + holder.interface + ")";
    }
    for (const rt::Link& link : view.links) {
      if (link.ethernet) macs.erase(link.mac);
    }
    const std::size_t machines = macs.size() + (holders.empty() ? 0 : 1);
    for (const net::Mac& mac : macs) named += (named.empty() ? "" : ", ") + mac.text();
    if (machines > 1) {
      out.push_back(
          {vip + " is answered by " + std::to_string(machines) + " machines on " + one.interface + ": " + named,
           "on the one that should not answer: plenum realserver setup --vip " + vip});
    } else if (machines == 0) {
      const rt::InterfaceAddress* subnet = nullptr;
      for (const rt::InterfaceAddress& address : view.addresses) {
        if (!address.link_scope && view.name_of(address.ifindex) == one.interface && address.prefix.contains(one.vip)) {
          subnet = &address;
        }
      }
      const unsigned length = subnet ? subnet->prefix.length : one.vip.bits();
      out.push_back({"nobody answers for VIP " + vip + " on " + one.interface + ": no director holds it",
                     "ip address add " + vip + "/" + std::to_string(length) + " dev " + one.interface +
                         "  (or start plenum-lbd with the VIP in its file)"});
    }
  }
  return out;
}

RouteCheck check_routes(const DirectorSpec& spec, const std::vector<ServerRoute>& servers,
                        const std::set<net::Address>& vips, const View& view) {
  RouteCheck out;
  for (const ServerRoute& one : servers) {
    const std::string server = one.server.text();
    if (one.route.type == rt::RouteType::Local) {
      out.notes.push_back("server " + server + " is this host itself: its packets are delivered locally");
      continue;
    }
    if (one.route.type != rt::RouteType::Unicast) {
      out.findings.push_back({"no route to server " + server,
                              "ip route add " + server + " via GATEWAY  (or give this host an address in its subnet)"});
      continue;
    }
    if (!spec.nat) continue;
    const std::string interface = view.name_of(one.route.ifindex);
    if (one.route.gateway) {
      out.notes.push_back("server " + server + " is behind the router " + one.route.gateway->text() + " (" + interface +
                          "): in NAT that router must send the server's replies back to this director");
      continue;
    }
    std::string gateway;
    for (const rt::InterfaceAddress& address : view.addresses) {
      if (address.ifindex == one.route.ifindex && address.prefix.contains(one.server) &&
          address.prefix.length < one.server.bits() && !vips.contains(address.prefix.address)) {
        gateway = address.prefix.address.text();
        break;
      }
    }
    if (gateway.empty()) {
      out.findings.push_back(
          {"this director has no address in the subnet of server " + server + " on " + interface +
               ": in NAT the server cannot have it as its gateway, and replies miss the director",
           "ip address add ADDRESS/LENGTH dev " + interface + "  (in the subnet of " + server + ")"});
    } else {
      out.notes.push_back("server " + server + " must have " + gateway + " (" + interface +
                          " of this host) as its gateway to the clients; on the server: ip route replace default via " +
                          gateway);
    }
  }
  return out;
}

}  // namespace plenum::host
