#pragma once
// A host for tests, as a View: lo, eth0 in 192.0.2.0/24 and 2001:db8::/64, eth1 in
// 10.0.0.0/24; every setting as a fresh kernel has it.

#include <gtest/gtest.h>

#include "host/director.h"
#include "host/realserver.h"

namespace plenum::host::test {

inline net::Address address(const char* text) { return *net::Address::parse(text); }
inline net::Prefix prefix(const char* text) { return *net::Prefix::parse(text); }
inline net::Mac mac(const char* text) { return *net::Mac::parse(text); }

inline View fresh_view() {
  View view;
  rt::Link lo, eth0, eth1;
  lo.ifindex = 1, lo.name = "lo", lo.loopback = true, lo.up = true;
  eth0.ifindex = 2, eth0.name = "eth0", eth0.ethernet = true, eth0.up = true, eth0.mac = mac("02:00:00:00:00:02");
  eth1.ifindex = 3, eth1.name = "eth1", eth1.ethernet = true, eth1.up = true, eth1.mac = mac("02:00:00:00:00:03");
  view.links = {lo, eth0, eth1};
  const auto add = [&](std::uint32_t ifindex, const char* text, bool link_scope) {
    rt::InterfaceAddress one;
    one.ifindex = ifindex;
    one.prefix = prefix(text);
    one.link_scope = link_scope;
    view.addresses.push_back(one);
  };
  add(1, "127.0.0.1/8", true);
  add(2, "192.0.2.21/24", false);
  add(2, "2001:db8::21/64", false);
  add(2, "fe80::21/64", true);
  add(3, "10.0.0.1/24", false);
  for (const char* where : {"all", "lo", "eth0", "eth1"}) {
    const std::string v4 = std::string("net/ipv4/conf/") + where, v6 = std::string("net/ipv6/conf/") + where;
    for (const char* zero : {"/arp_ignore", "/arp_announce", "/rp_filter", "/forwarding"}) view.sysctls[v4 + zero] = 0;
    view.sysctls[v4 + "/send_redirects"] = view.sysctls[v4 + "/accept_redirects"] = 1;
    view.sysctls[v6 + "/disable_ipv6"] = view.sysctls[v6 + "/forwarding"] = 0;
    view.sysctls[v6 + "/accept_dad"] = view.sysctls[v6 + "/accept_ra"] = 1;
  }
  view.sysctls["net/ipv6/conf/lo/accept_dad"] = -1;
  view.sysctls["net/ipv4/ip_forward"] = 0;
  return view;
}

// The view after `actions`: what apply() would have made of the host.
inline View after(View view, const std::vector<Action>& actions) {
  for (const Action& action : actions) {
    if (const auto* a = std::get_if<SetSysctl>(&action)) {
      EXPECT_EQ(view.sysctls.at(a->path), a->from) << a->path;
      view.sysctls[a->path] = a->to;
    } else if (const auto* b = std::get_if<AddAddress>(&action)) {
      rt::InterfaceAddress one;
      one.ifindex = view.link(b->interface)->ifindex;
      one.prefix = b->prefix;
      view.addresses.push_back(one);
    } else if (const auto* c = std::get_if<RemoveAddress>(&action)) {
      std::erase_if(view.addresses, [&](const auto& one) {
        return one.prefix == c->prefix && view.name_of(one.ifindex) == c->interface;
      });
    } else if (const auto* d = std::get_if<SetLink>(&action)) {
      for (rt::Link& link : view.links) {
        if (link.name == d->interface) link.up = d->up;
      }
    } else if (const auto* e = std::get_if<WriteFile>(&action)) {
      view.files[e->path] = e->content;
    } else if (const auto* f = std::get_if<WriteSymlink>(&action)) {
      view.files[f->path] = "-> " + f->target;
    } else if (const auto* g = std::get_if<RemoveFile>(&action)) {
      view.files.erase(g->path);
    } else if (const auto* h = std::get_if<SetOffload>(&action)) {
      view.offloads[h->interface][h->feature].on = h->on;
    } else if (const auto* i = std::get_if<SetDecapsulation>(&action)) {
      view.decapsulation = {i->wished, {}, false};
    } else {
      view.decapsulation = {};
    }
  }
  return view;
}

// The same host: addresses in any order.
inline void expect_same(View a, View b) {
  const auto by_prefix = [](const auto& x, const auto& y) {
    return std::tie(x.ifindex, x.prefix) < std::tie(y.ifindex, y.prefix);
  };
  std::sort(a.addresses.begin(), a.addresses.end(), by_prefix);
  std::sort(b.addresses.begin(), b.addresses.end(), by_prefix);
  EXPECT_EQ(a.sysctls, b.sysctls);
  EXPECT_EQ(a.addresses, b.addresses);
  EXPECT_EQ(a.links, b.links);
  EXPECT_EQ(a.files, b.files);
  EXPECT_EQ(a.offloads, b.offloads);
  EXPECT_EQ(a.decapsulation.active, b.decapsulation.active);
}

inline std::vector<std::string> texts(const std::vector<Action>& actions) {
  std::vector<std::string> out;
  for (const Action& action : actions) out.push_back(text(action));
  return out;
}

}  // namespace plenum::host::test
