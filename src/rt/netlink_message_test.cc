// Messages built by hand: what this machine's kernel cannot be made to say (VLANs), and what
// no kernel should say (cut short).
#include "rt/netlink_message.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <cstring>
#include <vector>

namespace plenum::rt {
namespace {

Message vlan_link(std::uint16_t protocol, bool other_namespace = false) {
  Message message(nlmsg_alloc_simple(RTM_NEWLINK, 0));
  ifinfomsg body{};
  body.ifi_type = ARPHRD_ETHER;
  body.ifi_index = 7;
  body.ifi_flags = IFF_UP;
  nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO);
  nla_put_string(message.get(), IFLA_IFNAME, "eth0.5");
  nla_put(message.get(), IFLA_ADDRESS, 6, "\x02\x00\x00\x00\x00\x05");
  nla_put_u32(message.get(), IFLA_MTU, 1496);
  nla_put_u32(message.get(), IFLA_LINK, 2);
  if (other_namespace) nla_put_u32(message.get(), IFLA_LINK_NETNSID, 0);
  nlattr* info = nla_nest_start(message.get(), IFLA_LINKINFO);
  nla_put_string(message.get(), IFLA_INFO_KIND, "vlan");
  nlattr* data = nla_nest_start(message.get(), IFLA_INFO_DATA);
  nla_put_u16(message.get(), IFLA_VLAN_PROTOCOL, htons(protocol));
  nla_put_u16(message.get(), IFLA_VLAN_ID, 5);
  nla_nest_end(message.get(), data);
  nla_nest_end(message.get(), info);
  return message;
}

TEST(NetlinkMessage, ReadsAVlanDevice) {
  const auto message = vlan_link(ETH_P_8021Q);
  const auto link = parse_link(*nlmsg_hdr(message.get()));
  ASSERT_TRUE(link);
  const Link want{.ifindex = 7,
                  .name = "eth0.5",
                  .mac = *net::Mac::parse("02:00:00:00:00:05"),
                  .mtu = 1496,
                  .ethernet = true,
                  .up = true,
                  .carrier = false,
                  .kind = "vlan",
                  .parent = 2,
                  .vlan_id = 5};
  EXPECT_EQ(*link, want);
}

TEST(NetlinkMessage, AnOuterTagOfAnotherKindIsNotAVlanWeCanWrite) {
  const auto message = vlan_link(ETH_P_8021AD);
  const auto link = parse_link(*nlmsg_hdr(message.get()));
  ASSERT_TRUE(link);
  EXPECT_EQ(link->kind, "vlan");
  EXPECT_EQ(link->vlan_id, 0);
}

TEST(NetlinkMessage, AParentOfAnotherNamespaceIsNone) {
  const auto message = vlan_link(ETH_P_8021Q, true);
  EXPECT_EQ(parse_link(*nlmsg_hdr(message.get()))->parent, 0u);
}

TEST(NetlinkMessage, ReadsAGatewayOfAnotherFamilyAndTheRoutesMtu) {
  Message message(nlmsg_alloc_simple(RTM_NEWROUTE, 0));
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_type = RTN_UNICAST;
  nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO);
  nla_put_u32(message.get(), RTA_OIF, 3);
  const auto gateway = *net::Address::parse("fe80::1");
  std::vector<char> via(2 + 16);
  const std::uint16_t family = AF_INET6;
  std::memcpy(via.data(), &family, 2);
  std::memcpy(via.data() + 2, gateway.data(), 16);
  nla_put(message.get(), RTA_VIA, static_cast<int>(via.size()), via.data());
  nlattr* metrics = nla_nest_start(message.get(), RTA_METRICS);
  nla_put_u32(message.get(), RTAX_MTU, 1400);
  nla_nest_end(message.get(), metrics);
  const auto route = parse_route(*nlmsg_hdr(message.get()));
  ASSERT_TRUE(route);
  EXPECT_EQ(*route, (Route{.type = RouteType::Unicast, .ifindex = 3, .gateway = gateway, .mtu = 1400}));
}

TEST(NetlinkMessage, NothingIsReadBeyondAMessageCutShort) {
  const auto whole = vlan_link(ETH_P_8021Q);
  const nlmsghdr* header = nlmsg_hdr(whole.get());
  for (std::uint32_t size = NLMSG_HDRLEN; size < header->nlmsg_len; ++size) {
    // An exact heap copy, so that a sanitizer sees the first byte too many.
    std::vector<char> bytes(reinterpret_cast<const char*>(header), reinterpret_cast<const char*>(header) + size);
    auto* cut = reinterpret_cast<nlmsghdr*>(bytes.data());
    cut->nlmsg_len = size;
    const auto link = parse_link(*cut);
    if (size < NLMSG_LENGTH(sizeof(ifinfomsg)))
      EXPECT_FALSE(link) << size;
    else
      EXPECT_EQ(link->vlan_id, 0) << size;  // the last attribute
    EXPECT_FALSE(parse_route(*cut));
  }
}

TEST(NetlinkMessage, RouteEventsNameWhatTheyTouch) {
  Message message(nlmsg_alloc_simple(RTM_DELROUTE, 0));
  rtmsg body{};
  body.rtm_family = AF_INET6;
  nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO);
  const auto event = parse_event(*nlmsg_hdr(message.get()));
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<RouteChanged>(*event).destination, net::Prefix::parse("::/0"));
  Message rule(nlmsg_alloc_simple(RTM_NEWRULE, 0));
  const auto any = parse_event(*nlmsg_hdr(rule.get()));
  ASSERT_TRUE(any);
  EXPECT_EQ(std::get<RouteChanged>(*any).destination, std::nullopt);
}

}  // namespace
}  // namespace plenum::rt
