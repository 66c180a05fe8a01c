#pragma once
// What rtnetlink tells, as values: links, addresses, neighbours, routes. No sockets.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "net/address.h"

namespace plenum::rt {

struct Link {
  std::uint32_t ifindex = 0;
  std::string name;
  net::Mac mac;           // meaningful when ethernet
  std::uint32_t mtu = 0;  // bytes of an IP packet
  bool ethernet = false;  // ARPHRD_ETHER: frames carry an Ethernet header
  bool up = false;        // IFF_UP, administratively
  bool carrier = false;   // IFF_LOWER_UP: can send
  bool loopback = false;
  std::string kind;           // IFLA_INFO_KIND: "veth", "vlan", "bridge", "bond", "macvlan"...; "" hardware
  std::uint32_t master = 0;   // bridge, bond or VRF it is a port of; 0 none
  std::uint32_t parent = 0;   // IFLA_LINK in this network namespace; 0 none
  std::uint16_t vlan_id = 0;  // kind "vlan" of protocol 802.1Q only; 0 none
  bool operator==(const Link&) const = default;
};

struct InterfaceAddress {
  std::uint32_t ifindex = 0;
  net::Prefix prefix;       // the local address, with the subnet's length
  bool deprecated = false;  // preferred lifetime 0: not to be chosen as a source
  bool secondary = false;   // IPv4: another of the same subnet was there first
  bool tentative = false;   // IPv6: duplicate detection not done, or failed
  bool link_scope = false;  // scope narrower than site: fe80::/10, scope host or link
  bool operator==(const InterfaceAddress&) const = default;
};

// An address as it is to be added. Scope as rtnetlink counts it: 0 global, 200 site, 253 link, 254 host.
struct AddressSpec {
  std::uint32_t ifindex = 0;
  net::Prefix prefix;
  std::string label;  // IPv4; empty: none
  std::uint8_t scope = 0;
  std::optional<net::Address> broadcast;
  bool preferred = true;             // IPv6: may be chosen as a source
  bool duplicate_detection = false;  // IPv6
  bool operator==(const AddressSpec&) const = default;
};

// A route or a rule as it is to be added. Numbers are the kernel's.
struct RouteSpec {
  net::Family family = net::Family::V4;
  std::optional<net::Prefix> destination;   // none: the default route
  std::optional<net::Address> via, source;  // source: preferred
  std::uint32_t oif = 0;                    // 0: by the gateway
  std::optional<std::uint32_t> metric, mtu;
  std::uint32_t table = 254;  // RT_TABLE_MAIN
  std::uint8_t scope = 0, protocol = 0, type = 1;
  bool on_link = false;
  bool operator==(const RouteSpec&) const = default;
};
struct RuleSpec {
  net::Family family = net::Family::V4;
  std::optional<net::Prefix> from, to;
  std::string iif, oif;
  std::optional<std::uint32_t> priority, fwmark, fwmask, table;
  std::uint8_t action = 1;  // FR_ACT_TO_TBL
  bool operator==(const RuleSpec&) const = default;
};

// Which neighbour: one per interface and address.
struct NeighbourKey {
  std::uint32_t ifindex = 0;
  net::Address address;
  auto operator<=>(const NeighbourKey&) const = default;
};

struct Neighbour {
  NeighbourKey key;
  std::optional<net::Mac> mac;  // none yet, or not an Ethernet address
  std::uint16_t state = 0;      // NUD_* of linux/neighbour.h, one bit
  std::uint8_t flags = 0;       // NTF_*
  std::uint32_t ext_flags = 0;  // NTF_EXT_*
  std::uint8_t protocol = 0;    // NDA_PROTOCOL: who made it; kPlenumProtocol: one of ours
  bool operator==(const Neighbour&) const = default;
};

// NDA_PROTOCOL of neighbours we keep resolved; shown by `ip neigh` as "proto 80".
inline constexpr std::uint8_t kPlenumProtocol = 80;

enum class RouteType : std::uint8_t {
  Unicast,
  Local,  // the address is this host's own
  Broadcast,
  Multicast,
  Blackhole,
  Unreachable,  // route of that type, or no route that has a usable link
  Prohibit,
  None,  // no route
};

// The kernel's answer to "how would you send to this address".
struct Route {
  RouteType type = RouteType::None;
  std::uint32_t ifindex = 0;            // 0 for those that send nowhere
  std::optional<net::Address> gateway;  // none: on link; may be IPv6 for an IPv4 destination
  std::optional<net::Address> source;   // preferred source
  std::uint32_t mtu = 0;                // of the route or learnt for the path; 0: the link's
  bool operator==(const Route&) const = default;
};

// Events of a NetlinkMonitor.
struct LinkChanged {
  Link link;
};
struct LinkGone {
  std::uint32_t ifindex = 0;
};
struct AddressChanged {
  InterfaceAddress address;
};
struct AddressGone {
  InterfaceAddress address;
};
struct NeighbourChanged {
  Neighbour neighbour;
};
struct NeighbourGone {
  NeighbourKey key;
};
// A route to `destination` came or went; none: anything may have changed (rules, next-hop objects).
struct RouteChanged {
  std::optional<net::Prefix> destination;
};
// Events were lost: whoever keeps a picture must dump anew.
struct Overflow {};

using NetlinkEvent = std::variant<LinkChanged, LinkGone, AddressChanged, AddressGone, NeighbourChanged, NeighbourGone,
                                  RouteChanged, Overflow>;

}  // namespace plenum::rt
