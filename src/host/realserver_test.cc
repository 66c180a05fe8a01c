#include "host/realserver.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "host/host_test_view.h"

namespace plenum::host {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RealserverSpec spec_of(std::set<net::Address> vips, Tunnels tunnels = {}) {
  return {std::move(vips), {"eth0"}, tunnels};
}

const net::Address kVip = address("192.0.2.10"), kVip6 = address("2001:db8::10");
const Persistence kPersistence{kRealserverName, "test", {"/usr/bin/plenum", "realserver", "setup"}, true};

TEST(PlanRealserver, SilencesArpBeforeTheVipIsThere) {
  EXPECT_THAT(texts(plan_realserver(spec_of({kVip}), fresh_view(), nullptr)),
              ElementsAre("set net.ipv4.conf.all.arp_ignore 0 -> 1", "set net.ipv4.conf.all.arp_announce 0 -> 2",
                          "set net.ipv4.conf.lo.arp_ignore 0 -> 1", "set net.ipv4.conf.lo.arp_announce 0 -> 2",
                          "added 192.0.2.10/32 to lo"));
}

TEST(PlanRealserver, TouchesNoArpSettingForAnIpv6Vip) {
  EXPECT_THAT(texts(plan_realserver(spec_of({kVip6}), fresh_view(), nullptr)),
              ElementsAre("added 2001:db8::10/128 to lo"));
}

TEST(PlanRealserver, PutsLoInOrderForAnIpv6Vip) {
  View view = fresh_view();
  view.sysctls["net/ipv6/conf/lo/disable_ipv6"] = 1;
  view.sysctls["net/ipv6/conf/lo/accept_dad"] = 2;
  view.links[0].up = false;
  EXPECT_THAT(texts(plan_realserver(spec_of({kVip6}), view, nullptr)),
              ElementsAre("set net.ipv6.conf.lo.disable_ipv6 1 -> 0", "set net.ipv6.conf.lo.accept_dad 2 -> 0",
                          "set lo up", "added 2001:db8::10/128 to lo"));
}

TEST(PlanRealserver, ASecondTimeChangesNothing) {
  for (const Tunnels& tunnels : {Tunnels{}, Tunnels{true, {}}, Tunnels{true, 6080}}) {
    for (const long filter : {0, 1, 2}) {
      const RealserverSpec spec = spec_of({kVip, kVip6}, tunnels);
      View view = fresh_view();
      view.sysctls["net/ipv4/conf/all/rp_filter"] = filter;
      view.sysctls["net/ipv4/conf/eth0/rp_filter"] = filter;
      const View done = after(view, plan_realserver(spec, view, &kPersistence));
      EXPECT_THAT(texts(plan_realserver(spec, done, &kPersistence)), IsEmpty()) << tunnels.text() << filter;
      EXPECT_THAT(check_realserver(spec, done), IsEmpty()) << tunnels.text() << filter;
    }
  }
}

// The kernel filters by the greater of the two.
long effective_filter(const View& view) {
  return std::max(view.sysctls.at("net/ipv4/conf/all/rp_filter"), view.sysctls.at("net/ipv4/conf/eth0/rp_filter"));
}

TEST(PlanRealserver, NeverLeavesTheSourceFilterStrict) {
  for (const Tunnels& tunnels : {Tunnels{}, Tunnels{true, {}}}) {
    for (const long all : {0, 1, 2}) {
      for (const long own : {0, 1, 2}) {
        View view = fresh_view();
        view.sysctls["net/ipv4/conf/all/rp_filter"] = all;
        view.sysctls["net/ipv4/conf/eth0/rp_filter"] = own;
        const View done = after(view, plan_realserver(spec_of({kVip}, tunnels), view, nullptr));
        EXPECT_NE(effective_filter(done), 1) << tunnels.text() << ", all " << all << ", eth0 " << own;
        if (effective_filter(view) == 1) continue;
        EXPECT_EQ(effective_filter(done), effective_filter(view)) << "changed without need";
      }
    }
  }
}

TEST(PlanRealserver, DecapsulatesToTheVipsFromTheHostsOwnAddresses) {
  const auto actions = plan_realserver(spec_of({kVip, kVip6}, {true, 6080}), fresh_view(), nullptr);
  const auto* set = std::get_if<SetDecapsulation>(&actions.back());
  ASSERT_NE(set, nullptr);
  EXPECT_EQ(set->wished.vips, (std::set<net::Address>{kVip, kVip6}));
  EXPECT_EQ(set->wished.locals,
            (std::set<net::Address>{address("192.0.2.21"), address("10.0.0.1"), address("2001:db8::21")}));
  EXPECT_EQ(set->wished.interfaces, std::set<std::string>{"eth0"});
}

TEST(PlanRealserver, TakesDecapsulationAwayWhenNoTunnelIsLeft) {
  const RealserverSpec with = spec_of({kVip}, {true, {}, false}), without = spec_of({kVip});
  const View done = after(fresh_view(), plan_realserver(with, fresh_view(), nullptr));
  EXPECT_THAT(texts(plan_realserver(without, done, nullptr)), ElementsAre("removed the decapsulation"));
}

TEST(PlanRealserver, WritesWhatSurvivesAReboot) {
  const View view = fresh_view();
  const View done = after(view, plan_realserver(spec_of({kVip}), view, &kPersistence));
  EXPECT_EQ(done.files.at("/etc/sysctl.d/90-plenum-realserver.conf"),
            "# Written by `plenum realserver setup`; `undo` removes it.\n"
            "net.ipv4.conf.all.arp_ignore = 1\nnet.ipv4.conf.all.arp_announce = 2\n"
            "net.ipv4.conf.lo.arp_ignore = 1\nnet.ipv4.conf.lo.arp_announce = 2\nnet.ipv4.conf.eth0.rp_filter = 0\n");
  EXPECT_THAT(done.files.at("/etc/systemd/system/plenum-realserver.service"),
              HasSubstr("\nExecStart=/usr/bin/plenum realserver setup\n"));
  EXPECT_EQ(done.files.at("/etc/systemd/system/multi-user.target.wants/plenum-realserver.service"),
            "-> /etc/systemd/system/plenum-realserver.service");
}

TEST(CheckRealserver, NamesEachSettingThatIsWrongAndTheCommandThatMendsIt) {
  const RealserverSpec spec = spec_of({kVip}, {true, {}, false});
  const View done = after(fresh_view(), plan_realserver(spec, fresh_view(), nullptr));
  for (const SysctlWish& wish : realserver_wishes(spec, done.sysctls)) {
    View broken = done;
    broken.sysctls[wish.path] = wish.path.ends_with("rp_filter") ? 1 : 0;
    const auto found = check_realserver(spec, broken);
    ASSERT_EQ(found.size(), 1u) << wish.path;
    EXPECT_THAT(found[0].what, HasSubstr(dotted(wish.path) + " is "));
    EXPECT_EQ(found[0].mend, "plenum realserver setup --vip 192.0.2.10 --interface eth0 --tunnel ipip");
  }
}

TEST(CheckRealserver, FindsTheVipWhereItAnswersArp) {
  const RealserverSpec spec = spec_of({kVip});
  View view = after(fresh_view(), plan_realserver(spec, fresh_view(), nullptr));
  view = after(view, {AddAddress{"eth0", prefix("192.0.2.10/24")}});
  const auto found = check_realserver(spec, view);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].what, "VIP 192.0.2.10 is on eth0 too, which answers ARP for it");
  EXPECT_EQ(found[0].mend, "ip address del 192.0.2.10/24 dev eth0");
}

TEST(CheckRealserver, FindsAVipThatClaimsItsWholeSubnetOnLo) {
  const RealserverSpec spec = spec_of({kVip});
  View view = after(fresh_view(), plan_realserver(spec, fresh_view(), nullptr));
  view = after(view, {AddAddress{"lo", prefix("192.0.2.10/24")}});
  const auto found = check_realserver(spec, view);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].what, "VIP 192.0.2.10 is on lo as /24: this server takes that whole subnet for its own");
}

TEST(CheckRealserver, FindsMissingVipLoAndDecapsulation) {
  const RealserverSpec spec = spec_of({kVip}, {true, {}, false});
  View view = after(fresh_view(), plan_realserver(spec, fresh_view(), nullptr));
  view.decapsulation = {};
  view.links[0].up = false;
  view = after(view, {RemoveAddress{"lo", prefix("192.0.2.10/32")}});
  std::vector<std::string> what;
  for (const Finding& one : check_realserver(spec, view)) what.push_back(one.what);
  EXPECT_THAT(what, ElementsAre("lo is down: no packet for a VIP on it is delivered", "VIP 192.0.2.10 is not on lo",
                                "the decapsulation program does not run on eth0"));
}

TEST(CheckRealserver, OfOneVipIsNotAboutTheOthers) {
  const RealserverSpec both = spec_of({kVip, kVip6}, {true, {}, false});
  View view = after(fresh_view(), plan_realserver(both, fresh_view(), nullptr));
  RealserverSpec one = both;
  one.vips = {kVip};
  EXPECT_FALSE(check_realserver(one, view).empty()) << "nobody set the other one up";
  one.others = both.vips;
  EXPECT_THAT(check_realserver(one, view), ElementsAre());
  view = after(view, {RemoveAddress{"lo", prefix("2001:db8::10/128")}});
  EXPECT_THAT(check_realserver(one, view), ElementsAre());
}

TEST(CheckRealserver, FindsWhatTheDecapsulationLacks) {
  const RealserverSpec spec = spec_of({kVip}, {true, 6080, false});
  View view = after(fresh_view(), plan_realserver(spec, fresh_view(), nullptr));
  view.decapsulation.active.tunnels.gue = 5555;
  view.decapsulation.active.vips.clear();
  view = after(view, {AddAddress{"eth1", prefix("10.0.0.9/24")}});
  std::vector<std::string> what;
  for (const Finding& one : check_realserver(spec, view)) what.push_back(one.what);
  EXPECT_THAT(what, ElementsAre("the decapsulation program takes off ipip,gue:5555 instead of ipip,gue:6080",
                                "the decapsulation program does not know the VIP 192.0.2.10",
                                "the decapsulation program does not know this server's address 10.0.0.9"));
}

}  // namespace
}  // namespace plenum::host
