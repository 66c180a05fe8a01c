// Two of them in two network namespaces, joined by a cable: all three threads of each at work, so that a
// sanitizer sees what they share.

#include "failover/failover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "rt/namespace_for_test.h"

namespace plenum::failover {
namespace {

using namespace std::chrono_literals;

conf::Config config(std::uint8_t priority, const char* neighbour) {
  conf::Config out;
  // The machine that runs a test is shared.
  out.vrrp.globals.realtime_priority = 0;
  conf::VirtualRouter web;
  web.name = "web";
  web.interface = "eth0";
  web.vrid = 7;
  web.priority = priority;
  web.advert = 100ms;
  web.addresses = {{.prefix = *net::Prefix::parse("192.0.2.10/24")}};
  out.vrrp.routers = {web};
  conf::BfdPeer peer;
  peer.name = "other";
  peer.address = *net::Address::parse(neighbour);
  // Slow enough for a sanitizer's build on a busy machine.
  peer.transmit = peer.receive = 200ms;
  out.vrrp.bfd = {peer};
  return out;
}

// One of them, in the calling thread.
class One {
 public:
  One(std::uint8_t priority, const char* neighbour) : One(config(priority, neighbour)) {}
  explicit One(conf::Config config) : config_(std::move(config)) {
    std::string name = testing::TempDir() + "failover.XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    auto opened = Failover::open(
        loop_, {"test", directory_}, [this](const std::string&) -> Result<conf::Config> { return config_; },
        [](bool, const std::string&) {});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().what);
    if (opened) failover_ = *std::move(opened);
  }
  ~One() { std::filesystem::remove_all(directory_); }

  // Runs the loop until it holds; false after half a minute.
  bool until(const std::function<bool(const Status&)>& holds) {
    const auto timer = loop_.every(20ms, [&] {
      if (holds(failover_->status())) loop_.stop();
    });
    return loop_.run_for(30s);
  }
  bool until_state(const std::string& state) {
    return until([&](const Status& status) {
      const auto& web = status.routers.at(0);
      return web.state == state && web.here == (state == "master");
    });
  }
  bool stop() {
    failover_->stop([this] { loop_.stop(); });
    return loop_.run_for(10s);
  }

  conf::Config config_;
  std::string directory_;
  rt::Loop loop_;
  std::unique_ptr<Failover> failover_;
};

bool carries(const std::string& address) {
  return std::system(("ip -o address show | grep -qF ' " + address + "/'").c_str()) == 0;
}

TEST(Failover, TwoThatMeetHaveOneMasterAndOneFollowsTheOther) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces both;
    both.sh("ip address add 192.0.2.1/24 dev eth0");
    both.sh_there("ip address add 192.0.2.2/24 dev eth0");
    std::atomic<bool> second_is_backup{false}, second_is_master{false}, ends{false};
    std::thread there([&] {
      both.enter_there();
      One second(100, "192.0.2.1");
      ASSERT_TRUE(second.failover_);
      EXPECT_TRUE(second.until([](const Status& status) { return status.routers.at(0).master == "192.0.2.1"; }));
      EXPECT_TRUE(second.until([](const Status& status) { return status.sessions.at(0).state == "up"; }));
      second_is_backup = true;
      EXPECT_TRUE(second.until_state("master"));
      EXPECT_TRUE(carries("192.0.2.10"));
      second_is_master = true;
      // Another address, and one less; nothing else happens.
      second.config_.vrrp.routers[0].addresses = {{.prefix = *net::Prefix::parse("192.0.2.11/24")}};
      const auto lines = second.failover_->reload("");
      EXPECT_TRUE(lines && *lines == std::vector<std::string>{"change router web"});
      EXPECT_TRUE(second.until([](const Status&) { return carries("192.0.2.11") && !carries("192.0.2.10"); }));
      EXPECT_EQ(second.failover_->status().routers.at(0).state, "master");
      // And another router.
      second.config_.vrrp.routers[0].vrid = 8;
      EXPECT_TRUE(second.failover_->reload(""));
      EXPECT_TRUE(second.until_state("master"));
      EXPECT_TRUE(carries("192.0.2.11"));
      second.config_.vrrp.routers.clear();
      second.config_.vrrp.bfd.clear();
      EXPECT_TRUE(second.failover_->reload(""));
      EXPECT_TRUE(second.until([](const Status&) { return !carries("192.0.2.11"); }));
      EXPECT_TRUE(second.stop());
      ends = true;
    });
    {
      One first(150, "192.0.2.2");
      ASSERT_TRUE(first.failover_);
      EXPECT_TRUE(first.until_state("master"));
      EXPECT_TRUE(carries("192.0.2.10"));
      EXPECT_TRUE(first.until([&](const Status&) { return second_is_backup.load(); }));
      EXPECT_TRUE(first.stop());
      EXPECT_FALSE(carries("192.0.2.10"));
    }
    there.join();
    EXPECT_TRUE(second_is_master && ends);
  });
}

TEST(Failover, WhatIsMissingOnTheHostIsSaidAndWaitedFor) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces both;
    One one(100, "192.0.2.2");
    ASSERT_TRUE(one.failover_);
    auto web = one.failover_->status().routers.at(0);
    EXPECT_EQ(web.state, "fault");
    EXPECT_EQ(web.because, "there is no IPv4 address on eth0 to send from");
    EXPECT_EQ(one.failover_->status().sessions.at(0).because, "no interface has the network of 192.0.2.2");
    both.sh("ip address add 192.0.2.1/24 dev eth0");
    EXPECT_TRUE(one.until_state("master"));
    // Told to give up, with nobody there: it is needed, and so is master again.
    EXPECT_TRUE(one.failover_->resign("web", "a test"));
    EXPECT_FALSE(one.failover_->resign("nobody", "a test"));
    EXPECT_TRUE(one.until([](const Status& status) { return status.routers.at(0).state == "backup"; }));
    EXPECT_TRUE(one.failover_->status().routers.at(0).held);
    EXPECT_TRUE(one.until_state("master"));
    EXPECT_FALSE(one.failover_->status().routers.at(0).held);
    both.sh("ip link del eth0");
    EXPECT_TRUE(one.until_state("fault"));
    EXPECT_EQ(one.failover_->status().routers.at(0).because, "there is no interface eth0");
    EXPECT_TRUE(one.stop());
  });
}

TEST(Failover, ALinkLocalNeighbourStaysWhereTheRoutersAre) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces both;
    // Another interface with the same network, whose address is there first.
    both.sh(
        "ip link add aside type veth peer name beyond && ip link set beyond up && ip link set aside addrgenmode none "
        "up");
    both.sh("ip address add fe80::11/64 dev aside nodad && ip address add 192.0.2.1/24 dev eth0");
    both.sh("ip -6 address flush dev eth0");
    auto conf = config(100, "fe80::2");
    conf.vrrp.routers[0].takeover_bfd = "other";
    One one(conf);
    ASSERT_TRUE(one.failover_);
    const auto is_on = [&](const std::string& interface) {
      return one.until([&](const Status& status) { return status.sessions.at(0).interface == interface; });
    };
    EXPECT_TRUE(is_on("aside"));
    both.sh("ip address add fe80::1/64 dev eth0 nodad");
    EXPECT_TRUE(is_on("eth0")) << "it was not up, and the router that names it is there";
    // Without carrier, too.
    both.sh_there("ip link set eth0 down");
    EXPECT_TRUE(one.until_state("fault"));
    EXPECT_EQ(one.failover_->status().sessions.at(0).interface, "eth0");
    EXPECT_TRUE(one.stop());
  });
}

TEST(Failover, ASessionThatIsBegunAnewSaysSoAndIsNotToldOfTheOneBefore) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces both;
    both.sh("sysctl -qw net.ipv4.conf.all.promote_secondaries=1");
    both.sh("ip address add 192.0.2.1/24 dev eth0 && ip address add 192.0.2.3/24 dev eth0");
    both.sh_there("ip address add 192.0.2.2/24 dev eth0");
    std::atomic<bool> ends{false};
    std::thread there([&] {
      both.enter_there();
      One second(100, "192.0.2.1");
      ASSERT_TRUE(second.failover_);
      EXPECT_TRUE(second.until([&](const Status&) { return ends.load(); }));
      EXPECT_TRUE(second.stop());
    });
    {
      One first(150, "192.0.2.2");
      ASSERT_TRUE(first.failover_);
      EXPECT_TRUE(first.until([](const Status& status) { return status.sessions.at(0).state == "up"; }));
      std::vector<std::string> told;
      first.failover_->on_happening([&](const Happening& happening) {
        if (happening.kind == "bfd") told.push_back(happening.from + " -> " + happening.to + ", " + happening.text);
      });
      // The other end knows nothing of what comes from there.
      both.sh("ip address del 192.0.2.1/24 dev eth0");
      EXPECT_TRUE(first.until([&](const Status& status) {
        const auto& session = status.sessions.at(0);
        const auto& sent = session.counts.at(0).second;
        return told.size() >= 2 && session.state == "down" && session.interface == "eth0" && sent > 1;
      }));
      EXPECT_THAT(told,
                  testing::ElementsAre("up -> admin-down, neighbour 192.0.2.2: this host ended it: it goes by eth0 "
                                       "from 192.0.2.3 now",
                                       "admin-down -> down, neighbour 192.0.2.2: not heard yet"));
      EXPECT_EQ(first.failover_->status().sessions.at(0).diagnostic, "");
      ends = true;
      EXPECT_TRUE(first.stop());
    }
    there.join();
  });
}

TEST(Failover, WhileItEndsNothingBegins) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces both;
    both.sh("ip address add 192.0.2.1/24 dev eth0");
    auto conf = config(255, "192.0.2.2");
    conf.vrrp.globals.startup_delay = 300ms;
    One one(conf);
    ASSERT_TRUE(one.failover_);
    EXPECT_TRUE(one.stop());
    const auto refused = one.failover_->reload("");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::operation_canceled);
    // An owner asks nobody.
    one.loop_.run_for(600ms);
    EXPECT_FALSE(carries("192.0.2.10"));
    EXPECT_NE(one.failover_->status().routers.at(0).state, "master");
  });
}

TEST(Failover, NobodyIsToldOfAGroupBeforeItsMembers) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces both;
    both.sh("ip address add 192.0.2.1/24 dev eth0");
    auto conf = config(100, "192.0.2.2");
    auto other = conf.vrrp.routers[0];
    other.name = "other";
    other.vrid = 8;
    other.addresses = {{.prefix = *net::Prefix::parse("192.0.2.11/24")}};
    conf.vrrp.routers.push_back(other);
    conf.vrrp.groups = {{.name = "all", .members = {"web", "other"}}};
    // Whether main looks between the start of a router and its first word is a matter of chance.
    for (int start = 0; start < 30; ++start) {
      One one(conf);
      ASSERT_TRUE(one.failover_);
      std::vector<std::string> told;
      one.failover_->on_happening([&](const Happening& happening) {
        if (happening.kind == "router" || happening.kind == "group") told.push_back(happening.name);
      });
      EXPECT_TRUE(one.until([&](const Status&) { return std::find(told.begin(), told.end(), "all") != told.end(); }));
      told.erase(std::find(told.begin(), told.end(), "all"), told.end());
      EXPECT_THAT(told, testing::IsSupersetOf({"web", "other"}));
      EXPECT_TRUE(one.stop());
    }
  });
}

}  // namespace
}  // namespace plenum::failover
