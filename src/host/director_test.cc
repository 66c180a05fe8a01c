#include "host/director.h"

#include <gmock/gmock.h>

#include "host/host_test_view.h"

namespace plenum::host {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const net::Address kVip = address("192.0.2.10");
const DirectorSpec kSpec{{"eth0", "eth1"}, true};

TEST(PlanDirector, ForwardsFirstAndChangesNothingASecondTime) {
  View view = fresh_view();
  view.offloads["eth0"] = {
      {"rx-lro", {true, false}}, {"rx-gro-hw", {true, true}}, {"rx-vlan-hw-parse", {false, false}}};
  const auto actions = plan_director(kSpec, view, nullptr);
  EXPECT_EQ(text(actions.front()), "set net.ipv4.ip_forward 0 -> 1");
  EXPECT_EQ(text(actions.back()), "turned rx-lro of eth0 off");
  EXPECT_THAT(texts(plan_director(kSpec, after(view, actions), nullptr)), IsEmpty());
}

TEST(PlanDirector, LeavesAcceptRaWhereRoutersAreIgnoredAnyway) {
  View view = fresh_view();
  view.sysctls["net/ipv6/conf/eth0/accept_ra"] = 0;
  const View done = after(view, plan_director(kSpec, view, nullptr));
  EXPECT_EQ(done.sysctls.at("net/ipv6/conf/eth0/accept_ra"), 0);
  EXPECT_EQ(done.sysctls.at("net/ipv6/conf/eth1/accept_ra"), 2);
}

TEST(CheckDirector, NamesEachSettingThatIsWrong) {
  const View done = after(fresh_view(), plan_director(kSpec, fresh_view(), nullptr));
  EXPECT_THAT(check_director(kSpec, done), IsEmpty());
  for (const SysctlWish& wish : director_wishes(kSpec, done.sysctls)) {
    View broken = done;
    broken.sysctls[wish.path] = wish.holds(0) ? 1 : 0;
    if (wish.holds(broken.sysctls[wish.path])) continue;
    if (wish.path.ends_with("eth0/rp_filter") || wish.path.ends_with("eth1/rp_filter")) broken.sysctls[wish.path] = 1;
    const auto found = check_director(kSpec, broken);
    ASSERT_EQ(found.size(), 1u) << wish.path;
    EXPECT_THAT(found[0].what, HasSubstr(dotted(wish.path)));
    EXPECT_EQ(found[0].mend, "plenum director setup --nat --interface eth0 --interface eth1");
  }
}

TEST(CheckDirector, FindsOffloadsAndSaysWhenTheyAreFixed) {
  View view = after(fresh_view(), plan_director(kSpec, fresh_view(), nullptr));
  view.offloads["eth1"] = {{"rx-lro", {true, false}}, {"rx-gro-hw", {true, true}}};
  const auto found = check_director(kSpec, view);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].mend, "plenum director setup --nat --interface eth0 --interface eth1");
  EXPECT_THAT(found[1].what, HasSubstr("rx-gro-hw of eth1 is on"));
  EXPECT_THAT(found[1].what, HasSubstr("cannot turn it off"));
}

TEST(InterfaceOf, PicksTheSubnetNotTheVipsOwnHostPrefix) {
  View view = after(fresh_view(), {AddAddress{"eth1", prefix("192.0.2.10/32")}});
  EXPECT_EQ(interface_of(kVip, {"eth0", "eth1"}, view), "eth0");
  EXPECT_EQ(interface_of(kVip, {"eth1"}, view), "eth1");
  EXPECT_EQ(interface_of(address("203.0.113.1"), {"eth0", "eth1"}, view), std::nullopt);
}

TEST(CheckAnswers, TellsAllMacsWhenTwoMachinesAnswer) {
  const View view = fresh_view();
  const auto found = check_answers({{kVip, "eth0", {mac("02:00:00:00:00:21"), mac("02:00:00:00:00:22")}}}, view);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].what, "192.0.2.10 is answered by 2 machines on eth0: 02:00:00:00:00:21, 02:00:00:00:00:22");
  EXPECT_EQ(found[0].mend, "on the one that should not answer: plenum realserver setup --vip 192.0.2.10");
}

TEST(CheckAnswers, CountsThisHostWhenItHoldsTheVip) {
  const View view = after(fresh_view(), {AddAddress{"eth0", prefix("192.0.2.10/24")}});
  EXPECT_THAT(check_answers({{kVip, "eth0", {}}}, view), IsEmpty());
  // Its own other interface on the same network answers too; that is no other machine.
  EXPECT_THAT(check_answers({{kVip, "eth0", {mac("02:00:00:00:00:03")}}}, view), IsEmpty());
  const auto found = check_answers({{kVip, "eth0", {mac("02:00:00:00:00:21")}}}, view);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].what,
            "192.0.2.10 is answered by 2 machines on eth0: 02:00:00:00:00:02 (this host, eth0), 02:00:00:00:00:21");
}

TEST(CheckAnswers, TellsWhenNobodyAnswersAndWhenItCannotAsk) {
  const View view = fresh_view();
  EXPECT_THAT(check_answers({{kVip, "eth0", {mac("02:00:00:00:00:21")}}}, view), IsEmpty());
  const auto found = check_answers({{kVip, "eth0", {}}, {address("203.0.113.9"), "", {}}}, view);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found[0].what, HasSubstr("nobody answers for VIP 192.0.2.10 on eth0"));
  EXPECT_THAT(found[0].mend, HasSubstr("ip address add 192.0.2.10/24 dev eth0"));
  EXPECT_THAT(found[1].what, HasSubstr("no interface of this host is in the subnet of VIP 203.0.113.9"));
}

rt::Route on_link(std::uint32_t ifindex) {
  rt::Route out;
  out.type = rt::RouteType::Unicast;
  out.ifindex = ifindex;
  return out;
}

TEST(CheckRoutes, TellsTheGatewayThatNatServersNeed) {
  const View view = fresh_view();
  const auto checked = check_routes(kSpec, {{address("10.0.0.21"), on_link(3)}}, {}, view);
  EXPECT_THAT(checked.findings, IsEmpty());
  EXPECT_THAT(checked.notes,
              ElementsAre(HasSubstr("server 10.0.0.21 must have 10.0.0.1 (eth1 of this host) as its gateway")));
  EXPECT_THAT(check_routes({{"eth0"}, false}, {{address("10.0.0.21"), on_link(3)}}, {}, view).notes, IsEmpty());
}

TEST(CheckRoutes, FindsServersThatCannotComeBack) {
  const View view = fresh_view();
  const auto checked =
      check_routes(kSpec, {{address("10.1.0.21"), on_link(3)}, {address("10.2.0.21"), rt::Route{}}}, {}, view);
  ASSERT_EQ(checked.findings.size(), 2u);
  EXPECT_THAT(checked.findings[0].what, HasSubstr("no address in the subnet of server 10.1.0.21 on eth1"));
  EXPECT_EQ(checked.findings[1].what, "no route to server 10.2.0.21");
  // A VIP moves to the other director: it is no gateway.
  const auto only_vip = check_routes(kSpec, {{address("10.0.0.21"), on_link(3)}}, {address("10.0.0.1")}, view);
  EXPECT_EQ(only_vip.findings.size(), 1u);
}

TEST(CheckRoutes, SpeaksOfRoutersOnTheWay) {
  rt::Route route = on_link(2);
  route.gateway = address("192.0.2.1");
  const auto checked = check_routes(kSpec, {{address("10.9.0.21"), route}}, {}, fresh_view());
  EXPECT_THAT(checked.notes, ElementsAre(HasSubstr("behind the router 192.0.2.1 (eth0)")));
}

}  // namespace
}  // namespace plenum::host
