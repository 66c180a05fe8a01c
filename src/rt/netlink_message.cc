#include "rt/netlink_message.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace plenum::rt {

void FreeMessage::operator()(nl_msg* message) const { nlmsg_free(message); }

namespace {

std::uint8_t family_of(const net::Address& address) { return address.is_v4() ? AF_INET : AF_INET6; }

template <class Body>
Message make(std::uint16_t type, int flags, const Body& body) {
  Message message(nlmsg_alloc_simple(type, NLM_F_REQUEST | flags));
  Body copy = body;
  nlmsg_append(message.get(), &copy, sizeof copy, NLMSG_ALIGNTO);
  return message;
}

void put(const Message& message, int type, const net::Address& address) {
  nla_put(message.get(), type, static_cast<int>(address.size()), address.data());
}

// Attributes by type. One size for every message: only as many as its kind has are looked for.
class AttributeTable {
 public:
  [[nodiscard]] nlattr* find(int type) const { return table_[static_cast<std::size_t>(type)]; }

  template <class Integer>
  [[nodiscard]] Integer number(int type, Integer otherwise = 0) const {
    const nlattr* attribute = find(type);
    Integer value{};
    if (!attribute || nla_len(attribute) < static_cast<int>(sizeof value)) return otherwise;
    std::memcpy(&value, nla_data(attribute), sizeof value);
    return value;
  }

  [[nodiscard]] std::optional<net::Address> address(int type, int family) const {
    const nlattr* attribute = find(type);
    if (!attribute) return std::nullopt;
    if (family == AF_INET && nla_len(attribute) == 4) return net::Address::v4_bytes(nla_data(attribute));
    if (family == AF_INET6 && nla_len(attribute) == 16) return net::Address::v6_bytes(nla_data(attribute));
    return std::nullopt;
  }

  [[nodiscard]] std::optional<net::Mac> mac(int type) const {
    const nlattr* attribute = find(type);
    net::Mac value;
    if (!attribute || nla_len(attribute) != static_cast<int>(value.bytes.size())) return std::nullopt;
    std::memcpy(value.bytes.data(), nla_data(attribute), value.bytes.size());
    return value;
  }

  [[nodiscard]] std::string text(int type) const {
    const nlattr* attribute = find(type);
    if (!attribute) return {};
    const auto* data = static_cast<const char*>(nla_data(attribute));
    return {data, ::strnlen(data, static_cast<std::size_t>(nla_len(attribute)))};
  }

 protected:
  std::array<nlattr*, 128> table_{};
};

// A message's fixed body and the attributes behind it; not valid when cut short.
template <class Body, int kMax>
class Attributes : public AttributeTable {
 public:
  static_assert(kMax < 128);
  explicit Attributes(const nlmsghdr& header) {
    if (header.nlmsg_len < NLMSG_LENGTH(sizeof(Body))) return;
    auto* raw = const_cast<nlmsghdr*>(&header);  // libnl's readers take non-const
    valid_ = nla_parse(table_.data(), kMax, nlmsg_attrdata(raw, sizeof(Body)), nlmsg_attrlen(raw, sizeof(Body)),
                       nullptr) == 0;
    std::memcpy(&body_, NLMSG_DATA(raw), sizeof body_);
  }
  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] const Body& body() const { return body_; }

 private:
  Body body_{};
  bool valid_ = false;
};

bool is_ip(int family) { return family == AF_INET || family == AF_INET6; }

// Kind, and for an 802.1Q device its VLAN. An 802.1ad device is left to the kernel: only
// the one kind of tag is written by the data plane.
void parse_link_info(nlattr* info, Link& link) {
  std::array<nlattr*, IFLA_INFO_MAX + 1> parts{};
  if (!info || nla_parse_nested(parts.data(), IFLA_INFO_MAX, info, nullptr) != 0) return;
  if (const nlattr* kind = parts[IFLA_INFO_KIND])
    link.kind.assign(static_cast<const char*>(nla_data(kind)),
                     ::strnlen(static_cast<const char*>(nla_data(kind)), static_cast<std::size_t>(nla_len(kind))));
  if (link.kind != "vlan" || !parts[IFLA_INFO_DATA]) return;
  std::array<nlattr*, IFLA_VLAN_MAX + 1> vlan{};
  if (nla_parse_nested(vlan.data(), IFLA_VLAN_MAX, parts[IFLA_INFO_DATA], nullptr) != 0) return;
  const bool is_8021q = !vlan[IFLA_VLAN_PROTOCOL] || nla_get_u16(vlan[IFLA_VLAN_PROTOCOL]) == htons(ETH_P_8021Q);
  if (is_8021q && vlan[IFLA_VLAN_ID]) link.vlan_id = nla_get_u16(vlan[IFLA_VLAN_ID]);
}

}  // namespace

Message make_link_request(std::uint32_t ifindex, const std::string& name) {
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(ifindex);
  Message message = make(RTM_GETLINK, NLM_F_ACK, body);
  if (ifindex == 0) nla_put_string(message.get(), name.size() < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name.c_str());
  return message;
}

Message make_dump_request(std::uint16_t type, std::uint8_t family) {
  if (type == RTM_GETLINK) return make(type, NLM_F_DUMP, ifinfomsg{.ifi_family = family});
  if (type == RTM_GETADDR) return make(type, NLM_F_DUMP, ifaddrmsg{.ifa_family = family});
  return make(type, NLM_F_DUMP, ndmsg{.ndm_family = family});
}

Message make_link_flags(std::uint32_t ifindex, bool up) {
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(ifindex);
  body.ifi_change = IFF_UP;
  body.ifi_flags = up ? static_cast<unsigned>(IFF_UP) : 0u;
  return make(RTM_NEWLINK, NLM_F_ACK, body);
}

Message make_route_request(const net::Address& destination, std::uint32_t oif) {
  rtmsg body{};
  body.rtm_family = family_of(destination);
  body.rtm_dst_len = static_cast<std::uint8_t>(destination.bits());
  Message message = make(RTM_GETROUTE, NLM_F_ACK, body);
  put(message, RTA_DST, destination);
  if (oif) nla_put_u32(message.get(), RTA_OIF, oif);
  return message;
}

Message make_address(bool add, std::uint32_t ifindex, const net::Prefix& prefix, bool preferred) {
  ifaddrmsg body{};
  body.ifa_family = family_of(prefix.address);
  body.ifa_prefixlen = prefix.length;
  body.ifa_index = ifindex;
  Message message = make(add ? RTM_NEWADDR : RTM_DELADDR, NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0), body);
  put(message, IFA_LOCAL, prefix.address);
  put(message, IFA_ADDRESS, prefix.address);
  if (!add) return message;
  if (!prefix.address.is_v4()) nla_put_u32(message.get(), IFA_FLAGS, IFA_F_NODAD);
  if (!preferred) {
    ifa_cacheinfo lifetime{};
    lifetime.ifa_valid = UINT32_MAX;  // for ever
    lifetime.ifa_prefered = 0;
    nla_put(message.get(), IFA_CACHEINFO, sizeof lifetime, &lifetime);
  }
  return message;
}

Message make_neighbour(const NeighbourKey& key, bool keep) {
  ndmsg body{};
  body.ndm_family = family_of(key.address);
  body.ndm_ifindex = static_cast<int>(key.ifindex);
  // Externally learnt: not counted against gc_thresh3 and not collected. An update without
  // the flags takes them away. NTF_USE starts resolution, and keeps kernels before 5.16,
  // which do not know the managed flag, from reading "set to no state".
  body.ndm_flags = keep ? NTF_USE | NTF_EXT_LEARNED : NTF_USE;
  Message message = make(RTM_NEWNEIGH, NLM_F_ACK | (keep ? NLM_F_CREATE : 0), body);
  put(message, NDA_DST, key.address);
  if (keep) {
    nla_put_u32(message.get(), NDA_FLAGS_EXT, NTF_EXT_MANAGED);
    nla_put_u8(message.get(), NDA_PROTOCOL, kPlenumProtocol);
  }
  return message;
}

Message make_permanent_neighbour(const NeighbourKey& key, const net::Mac& mac) {
  ndmsg body{};
  body.ndm_family = family_of(key.address);
  body.ndm_ifindex = static_cast<int>(key.ifindex);
  body.ndm_state = NUD_PERMANENT;
  Message message = make(RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, body);
  put(message, NDA_DST, key.address);
  nla_put(message.get(), NDA_LLADDR, static_cast<int>(mac.bytes.size()), mac.bytes.data());
  nla_put_u8(message.get(), NDA_PROTOCOL, kPlenumProtocol);
  return message;
}

Message make_link_route(std::uint32_t ifindex, const net::Prefix& destination) {
  rtmsg body{};
  body.rtm_family = family_of(destination.address);
  body.rtm_dst_len = static_cast<std::uint8_t>(destination.length);
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = kPlenumProtocol;
  body.rtm_scope = RT_SCOPE_LINK;
  body.rtm_type = RTN_UNICAST;
  Message message = make(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, body);
  put(message, RTA_DST, destination.address);
  nla_put_u32(message.get(), RTA_OIF, ifindex);
  return message;
}

Message make_veth(const std::string& name, const std::string& peer, std::uint32_t mtu) {
  ifinfomsg body{};
  body.ifi_flags = body.ifi_change = IFF_NOARP;
  Message message = make(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, body);
  nl_msg* m = message.get();
  nla_put_string(m, IFLA_IFNAME, name.c_str());
  nla_put_u32(m, IFLA_MTU, mtu);
  nlattr* info = nla_nest_start(m, IFLA_LINKINFO);
  nla_put_string(m, IFLA_INFO_KIND, "veth");
  nlattr* data = nla_nest_start(m, IFLA_INFO_DATA);
  nlattr* other = nla_nest_start(m, VETH_INFO_PEER);
  nlmsg_append(m, &body, sizeof body, NLMSG_ALIGNTO);
  nla_put_string(m, IFLA_IFNAME, peer.c_str());
  nla_put_u32(m, IFLA_MTU, mtu);
  nla_nest_end(m, other);
  nla_nest_end(m, data);
  nla_nest_end(m, info);
  return message;
}

Message make_link_removal(std::uint32_t ifindex) {
  return make(RTM_DELLINK, NLM_F_ACK, ifinfomsg{.ifi_index = static_cast<int>(ifindex)});
}

std::optional<Link> parse_link(const nlmsghdr& header) {
  if (header.nlmsg_type != RTM_NEWLINK && header.nlmsg_type != RTM_DELLINK) return std::nullopt;
  const Attributes<ifinfomsg, IFLA_MAX> attributes(header);
  const auto& body = attributes.body();
  // AF_BRIDGE messages speak of a port, not of the link.
  if (!attributes.valid() || body.ifi_family != AF_UNSPEC || body.ifi_index <= 0) return std::nullopt;
  Link link;
  link.ifindex = static_cast<std::uint32_t>(body.ifi_index);
  link.name = attributes.text(IFLA_IFNAME);
  link.mtu = attributes.number<std::uint32_t>(IFLA_MTU);
  link.ethernet = body.ifi_type == ARPHRD_ETHER;
  link.up = body.ifi_flags & IFF_UP;
  link.carrier = body.ifi_flags & IFF_LOWER_UP;
  link.loopback = body.ifi_flags & IFF_LOOPBACK;
  if (link.ethernet) link.mac = attributes.mac(IFLA_ADDRESS).value_or(net::Mac{});
  link.master = attributes.number<std::uint32_t>(IFLA_MASTER);
  // With IFLA_LINK_NETNSID the parent's index means a link of another namespace.
  if (!attributes.find(IFLA_LINK_NETNSID)) link.parent = attributes.number<std::uint32_t>(IFLA_LINK);
  if (link.parent == link.ifindex) link.parent = 0;
  parse_link_info(attributes.find(IFLA_LINKINFO), link);
  return link;
}

std::optional<InterfaceAddress> parse_address(const nlmsghdr& header) {
  if (header.nlmsg_type != RTM_NEWADDR && header.nlmsg_type != RTM_DELADDR) return std::nullopt;
  const Attributes<ifaddrmsg, IFA_MAX> attributes(header);
  const auto& body = attributes.body();
  if (!attributes.valid() || !is_ip(body.ifa_family)) return std::nullopt;
  // On a point-to-point link IFA_ADDRESS is the peer's.
  auto local = attributes.address(IFA_LOCAL, body.ifa_family);
  if (!local) local = attributes.address(IFA_ADDRESS, body.ifa_family);
  if (!local) return std::nullopt;
  const auto flags = attributes.number<std::uint32_t>(IFA_FLAGS, body.ifa_flags);
  InterfaceAddress address;
  address.ifindex = body.ifa_index;
  address.prefix = {*local, body.ifa_prefixlen};
  address.deprecated = flags & IFA_F_DEPRECATED;
  if (const nlattr* cache = attributes.find(IFA_CACHEINFO); cache && nla_len(cache) >= int{sizeof(ifa_cacheinfo)}) {
    ifa_cacheinfo lifetime{};
    std::memcpy(&lifetime, nla_data(cache), sizeof lifetime);
    address.deprecated = address.deprecated || lifetime.ifa_prefered == 0;
  }
  address.secondary = local->is_v4() && (flags & IFA_F_SECONDARY);
  address.tentative = flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED);
  address.link_scope = body.ifa_scope > RT_SCOPE_SITE;
  return address;
}

std::optional<Neighbour> parse_neighbour(const nlmsghdr& header) {
  if (header.nlmsg_type != RTM_NEWNEIGH && header.nlmsg_type != RTM_DELNEIGH) return std::nullopt;
  const Attributes<ndmsg, NDA_MAX> attributes(header);
  const auto& body = attributes.body();
  if (!attributes.valid() || !is_ip(body.ndm_family) || body.ndm_ifindex <= 0 || (body.ndm_flags & NTF_PROXY))
    return std::nullopt;
  const auto address = attributes.address(NDA_DST, body.ndm_family);
  if (!address || address->is_multicast()) return std::nullopt;
  Neighbour neighbour;
  neighbour.key = {static_cast<std::uint32_t>(body.ndm_ifindex), *address};
  neighbour.mac = attributes.mac(NDA_LLADDR);
  neighbour.state = body.ndm_state;
  neighbour.flags = body.ndm_flags;
  neighbour.ext_flags = attributes.number<std::uint32_t>(NDA_FLAGS_EXT);
  neighbour.protocol = attributes.number<std::uint8_t>(NDA_PROTOCOL);
  return neighbour;
}

namespace {

RouteType type_of(std::uint8_t rtm_type) {
  switch (rtm_type) {
    case RTN_UNICAST:
      return RouteType::Unicast;
    case RTN_LOCAL:
      return RouteType::Local;
    case RTN_BROADCAST:
      return RouteType::Broadcast;
    case RTN_ANYCAST:
      return RouteType::Local;  // IPv6 subnet-router anycast: answered by this host
    case RTN_MULTICAST:
      return RouteType::Multicast;
    case RTN_BLACKHOLE:
      return RouteType::Blackhole;
    case RTN_UNREACHABLE:
      return RouteType::Unreachable;
    case RTN_PROHIBIT:
      return RouteType::Prohibit;
    default:
      return RouteType::None;
  }
}

// RTA_VIA: a gateway of another family than the route's.
std::optional<net::Address> parse_via(const nlattr* via) {
  if (!via || nla_len(via) < 2) return std::nullopt;
  std::uint16_t family = 0;
  std::memcpy(&family, nla_data(via), sizeof family);
  const auto* bytes = static_cast<const char*>(nla_data(via)) + sizeof family;
  const int size = nla_len(via) - static_cast<int>(sizeof family);
  if (family == AF_INET && size == 4) return net::Address::v4_bytes(bytes);
  if (family == AF_INET6 && size == 16) return net::Address::v6_bytes(bytes);
  return std::nullopt;
}

}  // namespace

std::optional<Route> parse_route(const nlmsghdr& header) {
  if (header.nlmsg_type != RTM_NEWROUTE && header.nlmsg_type != RTM_DELROUTE) return std::nullopt;
  const Attributes<rtmsg, RTA_MAX> attributes(header);
  const auto& body = attributes.body();
  if (!attributes.valid() || !is_ip(body.rtm_family)) return std::nullopt;
  Route route;
  route.type = type_of(body.rtm_type);
  route.ifindex = attributes.number<std::uint32_t>(RTA_OIF);
  route.gateway = attributes.address(RTA_GATEWAY, body.rtm_family);
  if (!route.gateway) route.gateway = parse_via(attributes.find(RTA_VIA));
  route.source = attributes.address(RTA_PREFSRC, body.rtm_family);
  std::array<nlattr*, RTAX_MAX + 1> metrics{};
  if (nlattr* nested = attributes.find(RTA_METRICS);
      nested && nla_parse_nested(metrics.data(), RTAX_MAX, nested, nullptr) == 0 && metrics[RTAX_MTU])
    route.mtu = nla_get_u32(metrics[RTAX_MTU]);
  return route;
}

std::optional<RouteType> route_refusal(int error) {
  switch (error) {
    case ENETUNREACH:
      return RouteType::None;
    case EHOSTUNREACH:
      return RouteType::Unreachable;
    case EACCES:
      return RouteType::Prohibit;
    case EINVAL:
      return RouteType::Blackhole;  // how both families answer for such a route
    default:
      return std::nullopt;
  }
}

std::optional<NetlinkEvent> parse_event(const nlmsghdr& header) {
  switch (header.nlmsg_type) {
    case RTM_NEWLINK:
      if (auto link = parse_link(header)) return LinkChanged{*std::move(link)};
      return std::nullopt;
    case RTM_DELLINK:
      if (auto link = parse_link(header)) return LinkGone{link->ifindex};
      return std::nullopt;
    case RTM_NEWADDR:
      if (auto address = parse_address(header)) return AddressChanged{*address};
      return std::nullopt;
    case RTM_DELADDR:
      if (auto address = parse_address(header)) return AddressGone{*address};
      return std::nullopt;
    case RTM_NEWNEIGH:
      if (auto neighbour = parse_neighbour(header)) return NeighbourChanged{*neighbour};
      return std::nullopt;
    case RTM_DELNEIGH:
      if (auto neighbour = parse_neighbour(header)) return NeighbourGone{neighbour->key};
      return std::nullopt;
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const Attributes<rtmsg, RTA_MAX> attributes(header);
      const auto& body = attributes.body();
      if (!attributes.valid() || !is_ip(body.rtm_family)) return std::nullopt;
      if (body.rtm_flags & RTM_F_CLONED) return std::nullopt;  // a cache entry
      auto destination = attributes.address(RTA_DST, body.rtm_family);
      if (!destination) destination = body.rtm_family == AF_INET ? net::Address{} : *net::Address::parse("::");
      return RouteChanged{net::Prefix{*destination, body.rtm_dst_len}};
    }
    case RTM_NEWRULE:
    case RTM_DELRULE:
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return RouteChanged{};
    default:
      return std::nullopt;
  }
}

}  // namespace plenum::rt
