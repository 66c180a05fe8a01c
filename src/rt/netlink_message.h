#pragma once
// Rtnetlink messages <-> values: bytes in, bytes out, no sockets. libnl builds and cuts
// attributes; what they mean is decided here. Only for .cc files of this room.

#include <linux/netlink.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "net/address.h"
#include "rt/netlink_values.h"

struct nl_msg;

namespace plenum::rt {

struct FreeMessage {
  void operator()(nl_msg* message) const;
};
using Message = std::unique_ptr<nl_msg, FreeMessage>;

// Requests. The sender fills in the sequence number.
Message make_link_request(std::uint32_t ifindex, const std::string& name);  // one of them set
Message make_dump_request(std::uint16_t type, std::uint8_t family);         // RTM_GET*, AF_*
Message make_link_flags(std::uint32_t ifindex, bool up);
Message make_route_request(const net::Address& destination, std::uint32_t oif);
Message make_address(bool add, std::uint32_t ifindex, const net::Prefix& prefix, bool preferred);
Message make_address(const AddressSpec& address);
Message make_route(bool add, const RouteSpec& route);
Message make_rule(bool add, const RuleSpec& rule);
Message make_macvlan(const std::string& name, std::uint32_t parent, const net::Mac& mac);
Message make_neighbour(const NeighbourKey& key, bool keep);
Message make_permanent_neighbour(const NeighbourKey& key, const net::Mac& mac);
Message make_link_route(std::uint32_t ifindex, const net::Prefix& destination);
Message make_veth(const std::string& name, const std::string& peer, std::uint32_t mtu);
Message make_link_removal(std::uint32_t ifindex);

// Answers and events. nullopt: of another type, another family, or cut short.
std::optional<Link> parse_link(const nlmsghdr& header);
std::optional<InterfaceAddress> parse_address(const nlmsghdr& header);
std::optional<Neighbour> parse_neighbour(const nlmsghdr& header);
std::optional<Route> parse_route(const nlmsghdr& header);
// The RouteType that a refusal of RTM_GETROUTE stands for; nullopt: a real error.
std::optional<RouteType> route_refusal(int error);
// What a multicast message says; nullopt: nothing of interest.
std::optional<NetlinkEvent> parse_event(const nlmsghdr& header);

}  // namespace plenum::rt
