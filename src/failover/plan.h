#pragma once
// What a configured virtual router means on this host as it is: which interface and source address, what its
// advertisements say and where they go, what it has while it is master. Pure: a configuration and a picture
// of the host go in.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "conf/vrrp.h"
#include "failover/hands.h"
#include "failover/pacer.h"
#include "rt/network.h"
#include "vrrp/router.h"

namespace plenum::failover {

struct RouterPlan {
  conf::VirtualRouter conf;
  std::string lacking;            // why it cannot be on this host at the moment; empty: it can
  std::uint32_t in = 0, out = 0;  // interfaces, that adverts come in and go out by
  std::string in_name, out_name;
  net::Address group;
  vrrp::RouterSettings settings;
  Shape shape;  // without ports and sessions
  Kit kit;
};

// Of the host: its picture; all addresses that virtual routers have, which are nobody's source; and the sources
// that are in use, which are kept while they are there.
struct Host {
  const rt::Network& network;
  std::set<net::Address> virtual_addresses;
  std::map<std::string, net::Address> sources;  // by router
  bool forwards_v6 = false;
  // Virtual addresses that are interfaces' own, for their owner is this host: by the interface's name.
  std::set<std::pair<std::string, net::Prefix>> own;
};

RouterPlan plan_router(const conf::VirtualRouter& conf, const conf::VrrpGlobals& globals, const Host& host);

std::set<net::Address> virtual_addresses(const conf::Vrrp& conf);

}  // namespace plenum::failover
