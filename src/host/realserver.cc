#include "host/realserver.h"

#include <algorithm>

namespace plenum::host {

namespace {

constexpr char kLo[] = "lo";
constexpr char kAllFilter[] = "net/ipv4/conf/all/rp_filter";

std::string filter_of(const std::string& interface) { return "net/ipv4/conf/" + interface + "/rp_filter"; }

bool any_v4(const RealserverSpec& spec) {
  return std::any_of(spec.vips.begin(), spec.vips.end(), [](const net::Address& a) { return a.is_v4(); });
}
bool any_v6(const RealserverSpec& spec) {
  return std::any_of(spec.vips.begin(), spec.vips.end(), [](const net::Address& a) { return !a.is_v4(); });
}

net::Prefix host_prefix(const net::Address& vip) { return {vip, static_cast<std::uint8_t>(vip.bits())}; }

// The kernel filters by the greater of the two values: 0 off, 1 strict, 2 loose. Strict drops
// a client's packet where the way back to it leads out by another interface.
void wish_filters(const RealserverSpec& spec, const Sysctls& now, std::vector<SysctlWish>& out) {
  const std::string why = "or the kernel drops packets of clients that it would answer by another interface";
  if (spec.tunnels.any()) out.push_back({kAllFilter, 0, {2}, why});
  const auto all = now.find(kAllFilter);
  const long all_now = all == now.end() ? 0 : all->second;
  for (const std::string& interface : spec.interfaces) {
    SysctlWish wish{filter_of(interface), spec.tunnels.any() ? 0 : 2, {}, why};
    if (all_now == 2) {
      wish.fine = {0, 1, 2};
    } else if (all_now == 0 || spec.tunnels.any()) {
      wish.fine = {0, 2};
    }
    out.push_back(std::move(wish));
  }
}

Decapsulation wished_decapsulation(const RealserverSpec& spec, const View& view) {
  std::set<net::Address> vips = spec.vips;
  vips.insert(spec.others.begin(), spec.others.end());
  return {spec.tunnels, spec.interfaces, vips, view.own_addresses(vips)};
}

void check_addresses(const RealserverSpec& spec, const View& view, const std::string& mend, std::vector<Finding>& out) {
  const rt::Link* lo = view.link(kLo);
  if (!lo || !lo->up) out.push_back({"lo is down: no packet for a VIP on it is delivered", mend});
  for (const net::Address& vip : spec.vips) {
    if (!view.has(kLo, host_prefix(vip))) out.push_back({"VIP " + vip.text() + " is not on lo", mend});
    for (const View::Holder& holder : view.holders(vip)) {
      const std::string remove = "ip address del " + holder.prefix.text() + " dev " + holder.interface;
      if (holder.interface != kLo) {
        out.push_back({"VIP " + vip.text() + " is on " + holder.interface + " too, which answers " +
                           (vip.is_v4() ? "ARP" : "neighbour discovery") + " for it",
                       remove});
      } else if (holder.prefix.length != vip.bits()) {
        out.push_back({"VIP " + vip.text() + " is on lo as /" + std::to_string(holder.prefix.length) +
                           ": this server takes that whole subnet for its own",
                       remove + " && " + mend});
      }
    }
  }
}

}  // namespace

std::vector<SysctlWish> realserver_wishes(const RealserverSpec& spec, const Sysctls& now) {
  std::vector<SysctlWish> out;
  if (any_v4(spec)) {
    const std::string ignore = "or this server answers ARP for the VIP in place of the director";
    const std::string announce = "or this server sends ARP requests with the VIP as their source";
    for (const char* where : {"all", kLo}) {
      out.push_back({std::string("net/ipv4/conf/") + where + "/arp_ignore", 1, {2}, ignore});
      out.push_back({std::string("net/ipv4/conf/") + where + "/arp_announce", 2, {}, announce});
    }
  }
  if (any_v6(spec)) {
    out.push_back({"net/ipv6/conf/lo/disable_ipv6", 0, {}, "or lo takes no IPv6 VIP"});
    out.push_back({"net/ipv6/conf/lo/accept_dad", 0, {-1}, "or the VIP is given up as a duplicate of the director's"});
  }
  if (any_v4(spec) || spec.tunnels.any()) wish_filters(spec, now, out);
  return out;
}

std::vector<std::string> realserver_sysctls(const RealserverSpec& spec) {
  std::vector<std::string> out{kAllFilter};
  for (const SysctlWish& wish : realserver_wishes(spec, {})) out.push_back(wish.path);
  return out;
}

std::vector<Action> plan_realserver(const RealserverSpec& spec, const View& view, const Persistence* persistence) {
  std::vector<Action> out;
  const std::vector<SysctlWish> wishes = realserver_wishes(spec, view.sysctls);
  for (const SysctlWish& wish : wishes) {
    const auto now = view.sysctls.find(wish.path);
    if (now != view.sysctls.end() && !wish.holds(now->second)) {
      out.emplace_back(SetSysctl{wish.path, now->second, wish.value});
    }
  }
  const rt::Link* lo = view.link(kLo);
  if (!lo || !lo->up) out.emplace_back(SetLink{kLo, true});
  for (const net::Address& vip : spec.vips) {
    if (!view.has(kLo, host_prefix(vip))) out.emplace_back(AddAddress{kLo, host_prefix(vip)});
  }
  if (spec.tunnels.any()) {
    Decapsulation wished = wished_decapsulation(spec, view);
    auto why = shortcomings(wished, view.decapsulation);
    if (!why.empty()) out.emplace_back(SetDecapsulation{std::move(wished), std::move(why)});
  } else if (view.decapsulation.damaged || !(view.decapsulation.active == Decapsulation{})) {
    out.emplace_back(RemoveDecapsulation{});
  }
  if (persistence) {
    for (Action& action : persist(*persistence, wishes, view)) out.push_back(std::move(action));
  }
  return out;
}

std::vector<Finding> check_realserver(const RealserverSpec& spec, const View& view) {
  std::vector<Finding> out;
  std::string mend = "plenum";
  for (const std::string& word : realserver_setup_words(spec)) mend += " " + word;
  check_addresses(spec, view, mend, out);
  for (const SysctlWish& wish : realserver_wishes(spec, view.sysctls)) {
    const auto now = view.sysctls.find(wish.path);
    if (now == view.sysctls.end() || wish.holds(now->second)) continue;
    out.push_back({dotted(wish.path) + " is " + std::to_string(now->second) + ", must be " +
                       std::to_string(wish.value) + ", " + wish.why,
                   mend});
  }
  if (spec.tunnels.any()) {
    for (const std::string& one : shortcomings(wished_decapsulation(spec, view), view.decapsulation)) {
      out.push_back({"the decapsulation program " + one, mend});
    }
  }
  return out;
}

std::vector<std::string> realserver_setup_words(const RealserverSpec& spec) {
  std::vector<std::string> out{"realserver", "setup"};
  for (const net::Address& vip : spec.vips) out.insert(out.end(), {"--vip", vip.text()});
  for (const std::string& interface : spec.interfaces) out.insert(out.end(), {"--interface", interface});
  if (spec.tunnels.any()) out.insert(out.end(), {"--tunnel", spec.tunnels.text()});
  return out;
}

}  // namespace plenum::host
