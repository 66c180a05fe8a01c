// The checker against real sockets of this host, in a network namespace of the test's own.
#include "health/checker.h"

#include <gtest/gtest.h>

#include "health/rig_for_test.h"
#include "rt/namespace_for_test.h"

namespace plenum::health {
namespace {

Target tcp_target(const std::string& id, std::uint16_t port) {
  Target target;
  target.id = id;
  target.server = {*net::Address::parse("127.0.0.1"), port};
  target.check.interval = 20ms;
  target.check.timeout = 500ms;
  target.check.start_delay = 0ms;
  target.damping.enabled = false;
  return target;
}

TEST(Checker, TellsOfAServerThatGoesAndComesBackAndNothingElse) {
  LocalSocket listener;
  Rig rig;
  rig.checker->set_targets({tcp_target("a", listener.port())});
  ASSERT_TRUE(rig.wait([&] { return rig.probes("a") >= 3; }));
  EXPECT_TRUE(rig.changes.empty());
  listener.close();
  ASSERT_TRUE(rig.wait([&] { return rig.changes.size() == 1; }));
  EXPECT_EQ(rig.changes[0].id, "a");
  EXPECT_EQ(rig.changes[0].verdict, Verdict::Down);
  EXPECT_EQ(rig.changes[0].why, "connect: Connection refused");
  EXPECT_EQ(rig.verdict("a"), Verdict::Down);
  const LocalSocket again(SOCK_STREAM, listener.port());
  ASSERT_TRUE(rig.wait([&] { return rig.changes.size() == 2; }));
  EXPECT_EQ(rig.changes[1].verdict, Verdict::Up);
  EXPECT_EQ(rig.changes[1].why, "");
  const auto status = rig.checker->status("a");
  ASSERT_TRUE(status && status->last);
  EXPECT_TRUE(status->last->passed);
  EXPECT_GT(status->last->latency, 0ns);
  EXPECT_EQ(status->falls, 1U);
  EXPECT_EQ(status->rises, 1U);
  EXPECT_GE(status->failures, 3U);
}

TEST(Checker, AChangedCheckKeepsTheVerdictAndAnotherAddressDoesNot) {
  LocalSocket listener;
  const auto dead = listener.port();
  listener.close();
  const LocalSocket alive;
  Rig rig;
  auto target = tcp_target("a", dead);
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.verdict("a") == Verdict::Down; }));
  const auto probes = rig.probes("a");
  target.check.interval = 1h;
  target.check.start_delay = 1h;
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.probes("a") >= probes; }));
  rig.loop.run_for(50ms);
  EXPECT_EQ(rig.verdict("a"), Verdict::Down);
  rig.changes.clear();
  target.server.port = alive.port();
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.verdict("a") == Verdict::Up; }));
  EXPECT_TRUE(rig.changes.empty());  // it begins as its check says
}

TEST(Checker, IsHeardOfNoMoreOnceATargetIsGone) {
  LocalSocket listener;
  const auto dead = listener.port();
  listener.close();
  Rig rig;
  rig.checker->set_targets({tcp_target("a", dead)});
  // Whatever was on its way when the target went.
  ASSERT_TRUE([&] {
    const auto end = SteadyClock().now() + 10s;
    while (rig.verdict("a") != Verdict::Down && SteadyClock().now() < end) std::this_thread::sleep_for(1ms);
    return rig.verdict("a") == Verdict::Down;
  }());
  rig.checker->set_targets({});
  rig.loop.run_for(50ms);
  EXPECT_TRUE(rig.changes.empty());
  EXPECT_TRUE(rig.checker->snapshot().empty());
}

TEST(Checker, WhoIsKnownToBeWellIsNotOutForOneFailure) {
  LocalSocket listener;
  const auto dead = listener.port();
  listener.close();
  Rig rig;
  auto known = tcp_target("known", dead), unknown = tcp_target("unknown", dead);
  known.known_well = true;
  known.check.interval = unknown.check.interval = 1h;
  rig.checker->set_targets({known, unknown});
  ASSERT_TRUE(rig.wait([&] { return rig.probes("known") == 1 && rig.probes("unknown") == 1; }));
  EXPECT_EQ(rig.verdict("known"), Verdict::Up);
  EXPECT_EQ(rig.verdict("unknown"), Verdict::Down);
}

// Nothing is known of the server meanwhile, so somebody should hear of it.
TEST(Checker, WhatHindersForAWholeIntervalIsToldOnceAndItsEndToo) {
  const LocalSocket listener;
  Rig rig;
  auto target = tcp_target("a", listener.port());
  target.check.source = net::Endpoint{*net::Address::parse("192.0.2.77"), 0};  // which is not here
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return !rig.hindrances.empty(); }));
  const auto hindered = rig.checker->status("a")->hindered;
  ASSERT_TRUE(rig.wait([&] { return rig.checker->status("a")->hindered >= hindered + 3; }));
  ASSERT_EQ(rig.hindrances.size(), 1U);
  EXPECT_NE(rig.hindrances[0].second.find("source 192.0.2.77"), std::string::npos) << rig.hindrances[0].second;
  target.check.source.reset();
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.hindrances.size() == 2; }));
  EXPECT_EQ(rig.hindrances[1].second, "");
}

TEST(Checker, AlphaIsDownUntilItsFirstResult) {
  const LocalSocket listener;
  Rig rig;
  auto target = tcp_target("a", listener.port());
  target.check.initially_down = true;
  target.check.interval = 1h;
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.changes.size() == 1; }));
  EXPECT_EQ(rig.changes[0].verdict, Verdict::Up);
  EXPECT_EQ(rig.checker->status("a")->probes, 1U);
}

TEST(Checker, AsksAgainBeforeAProbeCountsAsFailed) {
  LocalSocket listener;
  const auto dead = listener.port();
  listener.close();
  Rig rig;
  auto target = tcp_target("a", dead);
  target.check.retry = 3;
  target.check.retry_delay = 30ms;
  target.check.fall = 1;
  const auto start = SteadyClock().now();
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.changes.size() == 1; }));
  EXPECT_GE(SteadyClock().now() - start, 90ms);
  EXPECT_GE(rig.checker->status("a")->probes, 1U);
}

TEST(Checker, WhatOnlyHindersThisHostCountsForNothing) {
  const LocalSocket listener;
  Rig rig;
  auto target = tcp_target("a", listener.port());
  target.check.source = net::Endpoint{*net::Address::parse("192.0.2.77"), 0};  // which is not here
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] {
    const auto status = rig.checker->status("a");
    return status && status->hindered >= 2;
  }));
  const auto status = *rig.checker->status("a");
  EXPECT_EQ(status.probes, 0U);
  EXPECT_EQ(status.verdict, Verdict::Up);
  EXPECT_NE(status.hindrance.find("source 192.0.2.77"), std::string::npos) << status.hindrance;
}

TEST(Checker, EachFailureIsToldWhereItIsToBe) {
  LocalSocket listener;
  const auto dead = listener.port();
  listener.close();
  Rig rig;
  auto loud = tcp_target("loud", dead);
  loud.check.log_all_failures = true;
  rig.checker->set_targets({loud, tcp_target("quiet", dead)});
  ASSERT_TRUE(rig.wait([&] { return rig.failures.size() >= 5; }));
  for (const auto& [id, why] : rig.failures) {
    EXPECT_EQ(id, "loud");
    EXPECT_EQ(why, "connect: Connection refused");
  }
}

TEST(Checker, ABfdSessionCountsAtOnce) {
  Rig rig;
  Target target;
  target.id = "a";
  target.check.probe = conf::BfdProbe{"peer"};
  target.check.interval = 1h;
  target.check.start_delay = 1h;
  rig.checker->set_targets({target});
  rig.checker->set_bfd("peer", false, "detection time expired");
  ASSERT_TRUE(rig.wait([&] { return rig.changes.size() == 1; }));
  EXPECT_EQ(rig.changes[0].verdict, Verdict::Down);
  EXPECT_EQ(rig.changes[0].why, "BFD session peer is down: detection time expired");
  rig.checker->set_bfd("other", true, "");
  rig.checker->set_bfd("peer", true, "");
  ASSERT_TRUE(rig.wait([&] { return rig.changes.size() == 2; }));
  EXPECT_EQ(rig.changes[1].verdict, Verdict::Up);
}

TEST(Checker, FromABfdSessionThatNobodySpokeOfNothingFollows) {
  Rig rig;
  Target target;
  target.id = "a";
  target.check.probe = conf::BfdProbe{"peer"};
  target.check.start_delay = 0s;
  rig.checker->set_targets({target});
  const auto status = [&] { return rig.checker->status("a"); };
  ASSERT_TRUE(rig.wait([&] { return status() && status()->hindered + status()->probes > 0; }));
  EXPECT_EQ(status()->probes, 0u);
  EXPECT_EQ(status()->verdict, Verdict::Up);
  EXPECT_EQ(status()->hindrance, "nobody has spoken of BFD session peer yet");
  rig.checker->set_bfd("peer", false, "");
  ASSERT_TRUE(rig.wait([&] { return rig.changes.size() == 1; }));
  EXPECT_EQ(rig.changes[0].verdict, Verdict::Down);
  EXPECT_EQ(status()->hindrance, "");
}

// Nobody answers ARP for their addresses.
TEST(Checker, ASilentTargetIsDownAfterItsTimeoutAndDelaysNobody) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces space;
    rt::TwoNamespaces::sh("ip addr add 192.0.2.1/24 dev eth0");
    const LocalSocket listener;
    Rig rig;
    std::vector<Target> targets{tcp_target("alive", listener.port())};
    for (int i = 0; i < 50; ++i) {
      auto silent = tcp_target("silent" + std::to_string(i), 80);
      silent.server.address = net::Address::v4(0xc0000264 + static_cast<unsigned>(i));
      silent.check.timeout = 100ms;
      silent.check.fall = 1;
      targets.push_back(silent);
    }
    const auto start = SteadyClock().now();
    rig.checker->set_targets(targets);
    ASSERT_TRUE(rig.wait([&] { return rig.changes.size() == 50; }));
    EXPECT_LT(SteadyClock().now() - start, 3s);
    for (const auto& change : rig.changes) EXPECT_EQ(change.why, "no connection within 100 ms");
    EXPECT_GE(rig.probes("alive"), 2U);
  });
}

TEST(Checker, WaitsForALocalPortWhereTheyRanOut) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces space;
    rt::TwoNamespaces::sh("ip addr add 192.0.2.1/24 dev eth0 && sysctl -qw net.ipv4.ip_local_port_range='40000 40003'");
    Rig rig;
    std::vector<Target> targets;
    for (int i = 0; i < 12; ++i) {
      // All ask the same silent one, so each takes a port for its timeout.
      auto target = tcp_target(std::to_string(i), 80);
      target.server.address = *net::Address::parse("192.0.2.9");
      target.check.timeout = 50ms;
      target.check.interval = 1h;
      targets.push_back(target);
    }
    rig.checker->set_targets(targets);
    ASSERT_TRUE(rig.wait([&] {
      const auto statuses = rig.checker->snapshot();
      return statuses.size() == 12 &&
             std::all_of(statuses.begin(), statuses.end(), [](const auto& status) { return status.probes == 1; });
    }));
    std::uint64_t hindered = 0;
    for (const auto& status : rig.checker->snapshot()) {
      hindered += status.hindered;
      EXPECT_EQ(status.hindrance, "");
      EXPECT_EQ(status.last->why, "no connection within 50 ms");
    }
    EXPECT_GT(hindered, 0U);
  });
}

TEST(Checker, LeavesNoPortInTimeWait) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TestNamespace space;
    const LocalSocket listener;
    Rig rig;
    auto target = tcp_target("a", listener.port());
    target.check.interval = 1ms;
    rig.checker->set_targets({target});
    ASSERT_TRUE(rig.wait([&] { return rig.probes("a") >= 50; }));
    rig.checker.reset();
    // Without a header, one line a socket.
    rt::TestNamespace::sh("test -z \"$(ss -Htan state time-wait)\"");
  });
}

TEST(Checker, AServersProgramHardlySeesATcpProbe) {
  LocalSocket listener;
  Rig rig;
  auto target = tcp_target("a", listener.port());
  target.check.interval = 1ms;
  rig.checker->set_targets({target});
  ASSERT_TRUE(rig.wait([&] { return rig.probes("a") >= 50; }));
  const auto probes = rig.probes("a");
  rig.checker.reset();
  std::uint64_t seen = 0;
  for (; readable(listener.fd(), 0ms); ++seen) ::close(::accept(listener.fd(), nullptr, nullptr));
  EXPECT_LT(seen, probes / 2);
}

TEST(Checker, EndsWithProbesUnderWay) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TwoNamespaces space;
    rt::TwoNamespaces::sh("ip addr add 192.0.2.1/24 dev eth0");
    Rig rig;
    std::vector<Target> targets;
    for (int i = 0; i < 100; ++i) {
      targets.push_back(tcp_target(std::to_string(i), 80));
      targets.back().server.address = *net::Address::parse("192.0.2.9");
    }
    rig.checker->set_targets(targets);
    ASSERT_TRUE(rig.wait([&] { return rig.checker->snapshot().size() == 100; }));
  });
}

}  // namespace
}  // namespace plenum::health
