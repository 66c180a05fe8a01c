// Messages that say where a host is reached: addresses with all that belongs to them, routes, rules, and
// the macvlan that has a virtual router's MAC.

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <algorithm>

#include "rt/netlink_message.h"

namespace plenum::rt {

namespace {

std::uint8_t family_number(net::Family family) { return family == net::Family::V4 ? AF_INET : AF_INET6; }

template <class Body>
Message begin(std::uint16_t type, int flags, Body body) {
  Message message(nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK | flags));
  nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO);
  return message;
}

void put(const Message& message, int type, const net::Address& address) {
  nla_put(message.get(), type, static_cast<int>(address.size()), address.data());
}

}  // namespace

Message make_address(const AddressSpec& address) {
  const auto& prefix = address.prefix;
  ifaddrmsg body{};
  body.ifa_family = family_number(prefix.address.family());
  body.ifa_prefixlen = prefix.length;
  body.ifa_index = address.ifindex;
  body.ifa_scope = address.scope;
  Message message = begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body);
  auto* m = message.get();
  put(message, IFA_LOCAL, prefix.address);
  put(message, IFA_ADDRESS, prefix.address);
  if (address.broadcast) put(message, IFA_BROADCAST, *address.broadcast);
  if (!address.label.empty()) nla_put_string(m, IFA_LABEL, address.label.c_str());
  if (!prefix.address.is_v4() && !address.duplicate_detection) nla_put_u32(m, IFA_FLAGS, IFA_F_NODAD);
  if (!address.preferred) {
    ifa_cacheinfo lifetime{};
    lifetime.ifa_valid = UINT32_MAX;  // for ever
    lifetime.ifa_prefered = 0;
    nla_put(m, IFA_CACHEINFO, sizeof lifetime, &lifetime);
  }
  return message;
}

Message make_route(bool add, const RouteSpec& route) {
  rtmsg body{};
  body.rtm_family = family_number(route.family);
  body.rtm_dst_len = route.destination ? route.destination->length : 0;
  body.rtm_table =
      route.table < 256 ? static_cast<std::uint8_t>(route.table) : static_cast<std::uint8_t>(RT_TABLE_COMPAT);
  body.rtm_protocol = route.protocol;
  body.rtm_scope = route.scope;
  body.rtm_type = route.type;
  if (route.on_link) body.rtm_flags |= RTNH_F_ONLINK;
  Message message = add ? begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body) : begin(RTM_DELROUTE, 0, body);
  auto* m = message.get();
  if (route.destination) put(message, RTA_DST, route.destination->address);
  nla_put_u32(m, RTA_TABLE, route.table);
  if (route.via) {
    if (route.via->family() == route.family) {
      put(message, RTA_GATEWAY, *route.via);
    } else {
      nlattr* via = nla_reserve(m, RTA_VIA, static_cast<int>(2 + route.via->size()));
      if (via != nullptr) {
        auto* data = static_cast<std::uint8_t*>(nla_data(via));
        const std::uint16_t family = family_number(route.via->family());
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&family), 2, data);
        std::copy_n(route.via->data(), route.via->size(), data + 2);
      }
    }
  }
  if (route.source) put(message, RTA_PREFSRC, *route.source);
  if (route.oif != 0) nla_put_u32(m, RTA_OIF, route.oif);
  if (route.metric) nla_put_u32(m, RTA_PRIORITY, *route.metric);
  if (route.mtu) {
    nlattr* metrics = nla_nest_start(m, RTA_METRICS);
    nla_put_u32(m, RTAX_MTU, *route.mtu);
    nla_nest_end(m, metrics);
  }
  return message;
}

Message make_rule(bool add, const RuleSpec& rule) {
  fib_rule_hdr body{};
  body.family = family_number(rule.family);
  body.src_len = rule.from ? rule.from->length : 0;
  body.dst_len = rule.to ? rule.to->length : 0;
  body.action = rule.action;
  const auto table = rule.table.value_or(std::uint32_t{RT_TABLE_MAIN});
  body.table = table < 256 ? static_cast<std::uint8_t>(table) : static_cast<std::uint8_t>(RT_TABLE_COMPAT);
  Message message = add ? begin(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, body) : begin(RTM_DELRULE, 0, body);
  auto* m = message.get();
  if (rule.from) put(message, FRA_SRC, rule.from->address);
  if (rule.to) put(message, FRA_DST, rule.to->address);
  if (!rule.iif.empty()) nla_put_string(m, FRA_IIFNAME, rule.iif.c_str());
  if (!rule.oif.empty()) nla_put_string(m, FRA_OIFNAME, rule.oif.c_str());
  if (rule.priority) nla_put_u32(m, FRA_PRIORITY, *rule.priority);
  if (rule.fwmark) nla_put_u32(m, FRA_FWMARK, *rule.fwmark);
  if (rule.fwmask) nla_put_u32(m, FRA_FWMASK, *rule.fwmask);
  if (rule.action == FR_ACT_TO_TBL) nla_put_u32(m, FRA_TABLE, table);
  return message;
}

Message make_macvlan(const std::string& name, std::uint32_t parent, const net::Mac& mac) {
  Message message = begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  auto* m = message.get();
  nla_put_string(m, IFLA_IFNAME, name.c_str());
  nla_put_u32(m, IFLA_LINK, parent);
  nla_put(m, IFLA_ADDRESS, static_cast<int>(mac.bytes.size()), mac.bytes.data());
  nlattr* info = nla_nest_start(m, IFLA_LINKINFO);
  nla_put_string(m, IFLA_INFO_KIND, "macvlan");
  nlattr* data = nla_nest_start(m, IFLA_INFO_DATA);
  nla_put_u32(m, IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
  nla_nest_end(m, data);
  nla_nest_end(m, info);
  return message;
}

}  // namespace plenum::rt
