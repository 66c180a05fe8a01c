// Which server the schedulers name: sequences recorded from IPVS (Linux 6.1), and its rules
// about ties, weights and loads.

#include <linux/bpf.h>

#include <sstream>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// A service with servers 1, 2, 3 ... added in that order.
class Scheduled : public World {
 protected:
  void begin(pl_scheduler scheduler, const std::vector<std::uint32_t>& weights, std::uint8_t protocol = kTcp) {
    director().reset();
    protocol_ = protocol;
    client_ = 1024;
    service_ = director().add(Service{protocol, addresses(net::Family::V4).vip, kVport, scheduler});
    for (std::size_t i = 0; i < weights.size(); ++i)
      director().add(service_, Server{.address = ip(("10.0.0." + std::to_string(i + 1)).c_str()),
                                      .weight = weights[i],
                                      .next_hop = i == 0 ? hop() : 1});
  }

  // The server a new connection is given, 0 for none.
  std::uint32_t next() {
    const std::uint16_t port = client_++;
    director().run(first(net::Family::V4, protocol_, port));
    const auto entry = director().entry(addresses(net::Family::V4).client, port);
    return entry ? entry->conn.server : 0;
  }

  // So many, as text: "3 2 1".
  std::string sequence(int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += (i ? " " : "") + std::to_string(next());
    return text;
  }

  // What the client's last connection becomes when it has ended.
  void close_last() {
    Frame f = later(net::Family::V4, kTcp, static_cast<std::uint16_t>(client_ - 1));
    f.flags = kFin | kAck;
    director().run(f);
  }

 private:
  std::uint8_t protocol_ = kTcp;
  std::uint16_t client_ = 1024;
};

// 24 connections, recorded: weights 1, 2, 3 on servers added as 1, 2, 3.
struct Recorded {
  const char* name;
  pl_scheduler scheduler;
  const char* sequence;
};

const Recorded kRecorded[] = {
    {"Rr", PL_SCHED_RR, "3 2 1 3 2 1 3 2 1 3 2 1 3 2 1 3 2 1 3 2 1 3 2 1"},
    {"Wrr", PL_SCHED_WRR, "3 2 1 3 3 2 3 2 1 3 3 2 3 2 1 3 3 2 3 2 1 3 3 2"},
    {"Lc", PL_SCHED_LC, "3 2 1 3 2 1 3 2 1 3 2 1 3 2 1 3 2 1 3 2 1 3 2 1"},
    {"Wlc", PL_SCHED_WLC, "3 2 1 3 2 3 3 2 1 3 2 3 3 2 1 3 2 3 3 2 1 3 2 3"},
};

TEST_F(Scheduled, ConnectionsHeldOpenFollowTheRecordedSequences) {
  for (const Recorded& r : kRecorded) {
    begin(r.scheduler, {1, 2, 3});
    EXPECT_EQ(sequence(24), r.sequence) << r.name;
  }
}

TEST_F(Scheduled, ConnectionsThatEndFollowTheRecordedSequences) {
  for (const Recorded& r : kRecorded) {
    begin(r.scheduler, {1, 2, 3});
    std::string text;
    for (int i = 0; i < 24; ++i) {
      text += (i ? " " : "") + std::to_string(next());
      close_last();
    }
    EXPECT_EQ(text, r.sequence) << r.name;
  }
}

TEST_F(Scheduled, UdpFollowsTheSameSequences) {
  for (const Recorded& r : kRecorded) {
    begin(r.scheduler, {1, 2, 3}, kUdp);
    EXPECT_EQ(sequence(24), r.sequence) << r.name;
  }
}

TEST_F(Scheduled, WrrTakesTurnsByThreshold) {
  begin(PL_SCHED_WRR, {5, 3, 2});
  EXPECT_EQ(sequence(20), "3 2 1 1 1 2 1 3 2 1 3 2 1 1 1 2 1 3 2 1");
  begin(PL_SCHED_WRR, {2, 3, 5});
  EXPECT_EQ(sequence(20), "3 2 1 3 3 3 2 3 2 1 3 2 1 3 3 3 2 3 2 1");
}

TEST_F(Scheduled, WrrWeightsWithACommonDivisorAreAsTheSmallOnes) {
  begin(PL_SCHED_WRR, {100, 200, 300});
  EXPECT_EQ(sequence(12), "3 2 1 3 3 2 3 2 1 3 3 2");
}

TEST_F(Scheduled, WrrOfEqualWeightsIsRr) {
  begin(PL_SCHED_WRR, {7, 7, 7});
  EXPECT_EQ(sequence(6), "3 2 1 3 2 1");
}

TEST_F(Scheduled, WrrOfVeryDifferentWeightsKeepsTheProportion) {
  begin(PL_SCHED_WRR, {1, 1000});
  std::map<std::uint32_t, int> share;
  for (int i = 0; i < 2002; ++i) ++share[next()];
  EXPECT_EQ(share[1], 2);
  EXPECT_EQ(share[2], 2000);
}

TEST_F(Scheduled, WeightZeroIsSkippedByAll) {
  for (const Recorded& r : kRecorded) {
    begin(r.scheduler, {1, 0, 1});
    EXPECT_EQ(sequence(4), "3 1 3 1") << r.name;
    director().set_weight(3, 0);
    EXPECT_EQ(sequence(3), "1 1 1") << r.name;
    director().set_weight(1, 0);
    EXPECT_EQ(sequence(1), "0") << r.name;
    director().set_weight(2, 1);
    EXPECT_EQ(sequence(2), "2 2") << r.name;
  }
}

TEST_F(Scheduled, OneServerTakesAll) {
  for (const Recorded& r : kRecorded) {
    begin(r.scheduler, {3});
    EXPECT_EQ(sequence(5), "1 1 1 1 1") << r.name;
  }
}

TEST_F(Scheduled, LcCountsAnActiveConnectionAs256Inactive) {
  begin(PL_SCHED_LC, {1, 1});
  director().set_load(1, {1, 0});
  director().set_load(2, {0, 255});
  EXPECT_EQ(next(), 2u);
  begin(PL_SCHED_LC, {1, 1});
  director().set_load(1, {1, 0});
  director().set_load(2, {0, 300});
  EXPECT_EQ(next(), 1u);
}

TEST_F(Scheduled, TiesGoToTheFirstInTheList) {
  for (const pl_scheduler scheduler : {PL_SCHED_LC, PL_SCHED_WLC}) {
    begin(scheduler, {2, 2, 2});
    for (std::uint32_t server : {1, 2, 3}) director().set_load(server, {7, 9});
    EXPECT_EQ(next(), 3u);
    director().set_load(3, {8, 9});
    EXPECT_EQ(next(), 2u);
  }
}

TEST_F(Scheduled, WlcComparesByCrossMultiplication) {
  begin(PL_SCHED_WLC, {3, 7});
  director().set_load(1, {3, 0});
  director().set_load(2, {7, 0});
  EXPECT_EQ(next(), 2u) << "equal: the first in the list";
  director().set_load(2, {7, 1});
  EXPECT_EQ(next(), 1u) << "a seventh of a connection more";
}

TEST_F(Scheduled, WlcDoesNotOverflowWithGreatLoadsAndWeights) {
  begin(PL_SCHED_WLC, {65535, 65534});
  director().set_load(1, {4000000, 0});
  director().set_load(2, {4000000, 0});
  EXPECT_EQ(next(), 1u);
}

TEST_F(Scheduled, LeastConnectionReturnsToAServerThatEmptied) {
  begin(PL_SCHED_LC, {1, 1, 1});
  sequence(6);
  director().set_load(2, {0, 0});
  EXPECT_EQ(sequence(2), "2 2");
}

TEST_F(Scheduled, ANewServerIsVisitedFirstWithoutSkippingOthers) {
  begin(PL_SCHED_RR, {1, 1});
  EXPECT_EQ(sequence(2), "2 1");
  director().add(service_, Server{.address = ip("10.0.0.3"), .next_hop = 1});
  EXPECT_EQ(sequence(6), "3 2 1 3 2 1");
}

TEST_F(Scheduled, ServicesTakeTurnsOfTheirOwn) {
  begin(PL_SCHED_RR, {1, 1});
  const std::uint32_t other = director().add(Service{kTcp, addresses(net::Family::V4).vip, 443, PL_SCHED_RR});
  director().add(other, Server{.address = ip("10.0.0.3"), .next_hop = 1});
  director().add(other, Server{.address = ip("10.0.0.4"), .next_hop = 1});
  EXPECT_EQ(next(), 2u);
  Frame sent = first(net::Family::V4, kTcp, 999);
  sent.dport = 443;
  director().run(sent);
  EXPECT_EQ(director().entry(addresses(net::Family::V4).client, 999).value().conn.server, 4u);
  EXPECT_EQ(next(), 1u);
}

TEST_F(Scheduled, LaterPacketsDoNotTakeATurn) {
  for (const Recorded& r : kRecorded) {
    begin(r.scheduler, {1, 1, 1});
    const std::uint32_t server = next();
    for (int i = 0; i < 10; ++i) director().run(later(net::Family::V4, kTcp, 1024));
    EXPECT_EQ(server, 3u);
    EXPECT_EQ(sequence(2), "2 1") << r.name;
  }
}

}  // namespace
}  // namespace plenum::packet
