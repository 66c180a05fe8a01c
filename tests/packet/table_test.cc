// The connection table at its limits: collisions, spilling into the alternate bucket, who
// is evicted when both are full, and that counts stay exact all along.

#include <linux/bpf.h>

#include <algorithm>
#include <set>

#include "bpf/hash.h"
#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// Two buckets, each the other's alternate: what does not fit into one goes to the other.
constexpr std::uint32_t kBuckets = 2, kPlaces = kBuckets * PL_SLOTS;
// CROWDED of bpf/insert.h: from so many connections on, a bucket shares with its alternate one.
constexpr unsigned kCrowded = 6;

class Table : public EachFamily {
 protected:
  void SetUp() override {
    World::SetUp();
    director().use_buckets(kBuckets);
    server_ = serve(family(), kTcp, PL_FWD_ROUTE);
  }

  // Client ports whose flows have bucket `bucket` as their primary one.
  std::uint16_t port_of_bucket(std::uint32_t bucket) {
    for (;; ++last_port_) {
      const pl_addr client = to_abi(at().client);
      const __u64 hash = pl_hash(&client, __builtin_bswap16(last_port_), kTcp, static_cast<__u8>(family()),
                                 director().settings().seed);
      if ((hash & (kBuckets - 1)) == bucket) return last_port_++;
    }
  }

  Outcome open(std::uint16_t port) { return director().run(first(family(), kTcp, port)); }
  void establish(std::uint16_t port) {
    Frame f = later(family(), kTcp, port);
    f.flags = kAck;
    EXPECT_EQ(director().run(f).reason, PL_FORWARD_DR) << "connection of port " << port << " is not there";
  }
  bool known(std::uint16_t port) { return director().entry(at().client, port).has_value(); }

  // So many established connections of one primary bucket.
  std::vector<std::uint16_t> fill(std::uint32_t bucket, unsigned n) {
    std::vector<std::uint16_t> ports;
    for (unsigned i = 0; i < n; ++i) {
      ports.push_back(port_of_bucket(bucket));
      EXPECT_EQ(open(ports.back()).reason, PL_FORWARD_DR);
      establish(ports.back());
    }
    return ports;
  }
  std::vector<std::uint16_t> fill_all() {
    std::vector<std::uint16_t> ports = fill(0, PL_SLOTS);
    const std::vector<std::uint16_t> more = fill(1, PL_SLOTS);
    ports.insert(ports.end(), more.begin(), more.end());
    EXPECT_EQ(director().entries().size(), kPlaces);
    return ports;
  }

  // Loads and live entries tell the same.
  void expect_loads_exact() {
    std::uint32_t active = 0, inactive = 0;
    for (const Entry& e : director().entries()) (e.active() ? active : inactive) += 1;
    EXPECT_EQ(director().load(server_).active, active);
    EXPECT_EQ(director().load(server_).inactive, inactive);
  }

  std::uint32_t server_ = 0;

 private:
  std::uint16_t last_port_ = 1024;
};

TEST_P(Table, StaysInThePrimaryBucketUntilThatIsCrowded) {
  const std::vector<std::uint16_t> ports = fill(0, kCrowded);
  EXPECT_EQ(director().count(PL_EVENT_SPILLED), 0u);
  for (const Entry& e : director().entries()) EXPECT_EQ(e.bucket, 0u);
  for (const std::uint16_t port : ports) establish(port);
  expect_loads_exact();
}

// Whichever place of a bucket is free first, and whatever stands behind it.
TEST_P(Table, TakesTheFirstFreePlace) {
  for (unsigned hole = 0; hole < kCrowded; ++hole)
    for (unsigned used = hole + 1; used <= PL_SLOTS; ++used) {
      SetUp();
      // Both buckets by turns, so that nobody finds the other one emptier.
      std::vector<std::uint16_t> ports = fill(0, std::min(used, kCrowded));
      if (used >= kCrowded) fill(1, kCrowded);
      for (unsigned i = kCrowded; i < used; ++i) {
        ports.push_back(fill(0, 1)[0]);
        fill(1, 1);
      }
      for (const Entry& e : director().entries())
        if (e.bucket == 0 && e.slot == hole) {
          std::erase(ports, __builtin_bswap16(e.conn.client_port));
          director().bucket(0).word[hole] &= PL_WORD_BUCKET;
        }
      ASSERT_EQ(ports.size(), used - 1);
      const std::uint16_t port = port_of_bucket(0);
      EXPECT_EQ(open(port).events, (std::map<pl_reason, std::uint64_t>{{PL_EVENT_NEW, 1}}));
      const Entry entry = director().entry(at().client, port).value();
      EXPECT_EQ(entry.bucket, 0u);
      EXPECT_EQ(entry.slot, hole) << used << " places were in use";
      for (const std::uint16_t other : ports) establish(other);
    }
}

TEST_P(Table, StaysThereWhileTheAlternateBucketIsNoEmptier) {
  fill(1, kCrowded);
  fill(0, kCrowded + 1);
  EXPECT_EQ(director().count(PL_EVENT_SPILLED), 0u);
  fill(0, 1);
  EXPECT_EQ(director().count(PL_EVENT_SPILLED), 1u);
}

TEST_P(Table, SpillsIntoTheAlternateBucketAndFindsItThere) {
  fill(0, kCrowded);
  const std::uint16_t port = port_of_bucket(0);
  const Outcome run = open(port);
  EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{{PL_EVENT_NEW, 1}, {PL_EVENT_SPILLED, 1}}));
  const Entry entry = director().entry(at().client, port).value();
  EXPECT_EQ(entry.bucket, 1u);
  EXPECT_TRUE(entry.word & PL_WORD_ALTERNATE);
  establish(port);
  EXPECT_EQ(director().bucket(0).word[1] >> PL_WORD_SPILL_SHIFT, 1u);
  expect_loads_exact();
}

TEST_P(Table, CountsSpilledConnectionsUpToMany) {
  for (unsigned i = 0; i < kPlaces; ++i) {
    fill(0, 1);
    unsigned spilled = 0;
    for (const Entry& e : director().entries()) spilled += e.bucket == 1 ? 1 : 0;
    EXPECT_EQ(director().bucket(0).word[1] >> PL_WORD_SPILL_SHIFT, std::min<unsigned>(spilled, PL_SPILL_MANY));
  }
  EXPECT_EQ(director().entries().size(), kPlaces);
}

TEST_P(Table, FullToTheLastPlaceEveryConnectionIsStillFound) {
  const std::vector<std::uint16_t> ports = fill_all();
  for (const std::uint16_t port : ports) establish(port);
  EXPECT_EQ(director().count(PL_EVENT_NEW), kPlaces);
  EXPECT_EQ(director().stats(server_).connections, kPlaces);
  expect_loads_exact();
}

TEST_P(Table, ReplacesAnExpiredConnectionFirst) {
  const std::vector<std::uint16_t> ports = fill_all();
  // Half-open and about to end, but it lives: expired ones go first.
  director().force_state(director().entry(at().client, ports[2]).value(), PL_TCP_SYN_RECV, true);
  director().set_expiry(director().entry(at().client, ports[2]).value(), now_tick() + ticks(5));
  director().set_expiry(director().entry(at().client, ports[5]).value(), now_tick() - 1);
  const std::uint16_t port = port_of_bucket(0);
  const Outcome run = open(port);
  EXPECT_EQ(run.reason, PL_FORWARD_DR);
  EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{{PL_EVENT_NEW, 1}, {PL_EVENT_EVICTED_EXPIRED, 1}}));
  EXPECT_TRUE(known(port));
  EXPECT_FALSE(known(ports[5]));
  EXPECT_TRUE(known(ports[2]));
  expect_loads_exact();
}

TEST_P(Table, ReplacesAnExpiredConnectionOfTheAlternateBucketBeforeALiveOne) {
  const std::vector<std::uint16_t> ports = fill_all();
  const std::uint16_t stale = ports[PL_SLOTS + 3];  // in bucket 1
  director().set_expiry(director().entry(at().client, stale).value(), now_tick() - 1);
  const std::uint16_t port = port_of_bucket(0);
  const Outcome run = open(port);
  EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{
                            {PL_EVENT_NEW, 1}, {PL_EVENT_EVICTED_EXPIRED, 1}, {PL_EVENT_SPILLED, 1}}));
  EXPECT_FALSE(known(stale));
  EXPECT_TRUE(known(port));
  establish(port);
  expect_loads_exact();
}

TEST_P(Table, ThenEvictsAHalfOpenConnection) {
  for (const unsigned state : {PL_TCP_NONE, PL_TCP_SYN_RECV}) {
    SetUp();
    const std::vector<std::uint16_t> ports = fill_all();
    // The established one nearest to its end must stay.
    director().set_expiry(director().entry(at().client, ports[1]).value(), now_tick() + ticks(1));
    director().force_state(director().entry(at().client, ports[4]).value(), state, state == PL_TCP_SYN_RECV);
    const std::uint16_t port = port_of_bucket(0);
    const Outcome run = open(port);
    EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{{PL_EVENT_NEW, 1}, {PL_EVENT_EVICTED_HALF_OPEN, 1}}));
    EXPECT_FALSE(known(ports[4]));
    EXPECT_TRUE(known(ports[1]));
    EXPECT_TRUE(known(port));
    expect_loads_exact();
  }
}

TEST_P(Table, EvictsAHalfOpenConnectionOfTheAlternateBucketBeforeAnEstablishedOne) {
  const std::vector<std::uint16_t> ports = fill_all();
  director().force_state(director().entry(at().client, ports[PL_SLOTS]).value(), PL_TCP_SYN_RECV, true);
  const std::uint16_t port = port_of_bucket(0);
  const Outcome run = open(port);
  EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{
                            {PL_EVENT_NEW, 1}, {PL_EVENT_EVICTED_HALF_OPEN, 1}, {PL_EVENT_SPILLED, 1}}));
  EXPECT_FALSE(known(ports[PL_SLOTS]));
  establish(port);
  expect_loads_exact();
}

TEST_P(Table, ThenEvictsAClosedConnectionBeforeALiveOne) {
  for (const unsigned state : {PL_TCP_TIME_WAIT, PL_TCP_CLOSE}) {
    SetUp();
    const std::vector<std::uint16_t> ports = fill_all();
    director().set_expiry(director().entry(at().client, ports[1]).value(), now_tick() + ticks(1));
    director().force_state(director().entry(at().client, ports[PL_SLOTS + 2]).value(), state, false);
    const Outcome run = open(port_of_bucket(0));
    EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{
                              {PL_EVENT_NEW, 1}, {PL_EVENT_EVICTED_CLOSED, 1}, {PL_EVENT_SPILLED, 1}}));
    EXPECT_FALSE(known(ports[PL_SLOTS + 2]));
    EXPECT_TRUE(known(ports[1]));
    expect_loads_exact();
  }
}

TEST_P(Table, OfTheHalfOpenTheOneNearestToItsEndGoes) {
  const std::vector<std::uint16_t> ports = fill_all();
  for (const unsigned i : {2u, 5u, 7u})
    director().force_state(director().entry(at().client, ports[i]).value(), PL_TCP_SYN_RECV, true);
  for (const auto& [i, seconds] : {std::pair{2u, 40}, {5u, 20}, {7u, 30}})
    director().set_expiry(director().entry(at().client, ports[i]).value(), now_tick() + ticks(seconds));
  open(port_of_bucket(0));
  EXPECT_FALSE(known(ports[5]));
  EXPECT_TRUE(known(ports[2]) && known(ports[7]));
  expect_loads_exact();
}

TEST_P(Table, AtLastEvictsTheConnectionNearestToItsEnd) {
  const std::vector<std::uint16_t> ports = fill_all();
  director().set_expiry(director().entry(at().client, ports[6]).value(), now_tick() + ticks(100));
  director().set_expiry(director().entry(at().client, ports[3]).value(), now_tick() + ticks(50));
  const std::uint16_t port = port_of_bucket(0);
  const Outcome run = open(port);
  EXPECT_EQ(run.reason, PL_FORWARD_DR);
  EXPECT_EQ(run.events, (std::map<pl_reason, std::uint64_t>{{PL_EVENT_NEW, 1}, {PL_EVENT_EVICTED_OLDEST, 1}}));
  EXPECT_FALSE(known(ports[3]));
  EXPECT_TRUE(known(ports[6]));
  EXPECT_EQ(director().entries().size(), kPlaces);
  expect_loads_exact();
}

TEST_P(Table, EvictingASpilledConnectionCountsItDown) {
  fill(0, kCrowded);
  const std::uint16_t spilled = port_of_bucket(0);
  open(spilled);
  establish(spilled);
  ASSERT_EQ(director().bucket(0).word[1] >> PL_WORD_SPILL_SHIFT, 1u);
  fill(1, kPlaces - kCrowded - 1);
  ASSERT_EQ(director().entries().size(), kPlaces);
  director().set_expiry(director().entry(at().client, spilled).value(), now_tick() - 1);
  const Outcome run = open(port_of_bucket(1));
  EXPECT_EQ(run.events.count(PL_EVENT_EVICTED_EXPIRED), 1u);
  EXPECT_EQ(director().bucket(0).word[1] >> PL_WORD_SPILL_SHIFT, 0u);
  expect_loads_exact();
}

TEST_P(Table, ReusingASpilledConnectionFindsItAgain) {
  fill(0, kCrowded);
  const std::uint16_t spilled = port_of_bucket(0);
  open(spilled);
  director().force_state(director().entry(at().client, spilled).value(), PL_TCP_TIME_WAIT, false);
  const Outcome run = open(spilled);
  EXPECT_EQ(run.events.count(PL_EVENT_REUSED), 1u);
  establish(spilled);
  EXPECT_EQ(director().bucket(0).word[1] >> PL_WORD_SPILL_SHIFT, 1u);
  expect_loads_exact();
}

TEST_P(Table, AFloodKeepsItFullAndCountsEveryConnection) {
  constexpr unsigned kFlood = 3000;
  for (unsigned i = 0; i < kFlood; ++i)
    EXPECT_EQ(director().run_only(first(family(), kTcp, static_cast<std::uint16_t>(2000 + i)).bytes()), 3u);
  const std::uint64_t evicted = director().count(PL_EVENT_EVICTED_EXPIRED) +
                                director().count(PL_EVENT_EVICTED_HALF_OPEN) +
                                director().count(PL_EVENT_EVICTED_CLOSED) + director().count(PL_EVENT_EVICTED_OLDEST);
  EXPECT_EQ(director().count(PL_EVENT_NEW), kFlood);
  EXPECT_EQ(director().entries().size(), kPlaces);
  EXPECT_EQ(evicted, kFlood - kPlaces);
  EXPECT_EQ(director().stats(server_).connections, kFlood);
  expect_loads_exact();
}

// Packets of flows from made-up addresses have no second one: they go before anything else.
TEST_P(Table, AUdpFloodDoesNotEvictWhatIsEstablished) {
  const std::vector<std::uint16_t> ports = fill(0, 4);
  const std::vector<std::uint16_t> more = fill(1, 4);
  serve(family(), kUdp, PL_FWD_ROUTE);
  ASSERT_EQ(director().run(first(family(), kUdp, 999)).reason, PL_FORWARD_DR);
  ASSERT_EQ(director().run(first(family(), kUdp, 999)).reason, PL_FORWARD_DR);
  for (unsigned i = 0; i < 2000; ++i)
    director().run_only(first(family(), kUdp, static_cast<std::uint16_t>(30000 + i)).bytes());
  for (const std::uint16_t port : ports) establish(port);
  for (const std::uint16_t port : more) establish(port);
  EXPECT_TRUE(director().entry(at().client, 999)) << "a flow of two packets is one that is in use";
  EXPECT_EQ(director().count(PL_EVENT_EVICTED_OLDEST), 0u);
}

TEST_P(Table, ASynFloodDoesNotEvictWhatIsEstablished) {
  const std::vector<std::uint16_t> ports = fill(0, 4);
  const std::vector<std::uint16_t> more = fill(1, 4);
  for (unsigned i = 0; i < 2000; ++i)
    director().run_only(first(family(), kTcp, static_cast<std::uint16_t>(30000 + i)).bytes());
  for (const std::uint16_t port : ports) establish(port);
  for (const std::uint16_t port : more) establish(port);
  EXPECT_EQ(director().count(PL_EVENT_EVICTED_OLDEST), 0u);
  expect_loads_exact();
}

TEST_P(Table, DropsWhenEveryPlaceIsBeingWritten) {
  for (std::uint32_t b = 0; b < kBuckets; ++b)
    for (std::uint32_t s = 0; s < PL_SLOTS; ++s) director().bucket(b).word[s] |= PL_WORD_BUSY;
  expect_dropped(open(5000), PL_DROP_TABLE_FULL);
}

TEST_P(Table, DropsWhenTheBucketStaysLocked) {
  for (std::uint32_t b = 0; b < kBuckets; ++b) director().bucket(b).word[0] |= PL_WORD_LOCK;
  expect_dropped(open(5000), PL_DROP_CONTENDED);
}

TEST_P(Table, LookupsTakeNoLock) {
  const std::uint16_t port = fill(0, 1).front();
  for (std::uint32_t b = 0; b < kBuckets; ++b) director().bucket(b).word[0] |= PL_WORD_LOCK;
  establish(port);
  EXPECT_TRUE(director().bucket(0).word[0] & PL_WORD_LOCK) << "the lock is another's";
}

TEST_P(Table, OneClientPortToManyServicesAreManyConnections) {
  director().use_buckets(64);
  for (std::uint16_t service = 1; service < 12; ++service) {
    const std::uint32_t index = director().add(Service{kTcp, at().vip, static_cast<std::uint16_t>(1000 + service)});
    director().add(index, Server{.address = at().server, .next_hop = 1});
    Frame f = first(family(), kTcp);
    f.dport = static_cast<std::uint16_t>(1000 + service);
    EXPECT_EQ(director().run(f).events.count(PL_EVENT_NEW), 1u);
    f = later(family(), kTcp);
    f.dport = static_cast<std::uint16_t>(1000 + service);
    EXPECT_EQ(director().run(f).reason, PL_FORWARD_DR);
  }
  EXPECT_EQ(director().entries().size(), 11u);
}

TEST_P(Table, AGivenAwayServerSlotGetsNoAnswersOfOldConnections) {
  director().reset();
  director().use_buckets(kBuckets);
  const std::uint32_t server = serve(family(), kTcp, PL_FWD_MASQ);
  director().run(first(family(), kTcp));
  ++director().server(server).generation;
  expect_passed(director().run(answer(family(), kTcp)), PL_NOT_OURS);
}

TEST_P(Table, AGivenAwayServerSlotGetsNoPacketsOfOldConnections) {
  const std::uint32_t other = director().add(service_, Server{.address = at().other_server, .next_hop = 1});
  open(kClientPort);
  const Entry entry = director().entry(at().client, kClientPort).value();
  ASSERT_EQ(entry.conn.server, other);
  ++director().server(other).generation;
  expect_dropped(director().run(later(family(), kTcp)), PL_DROP_SERVER_GONE);
}

PLENUM_EACH_FAMILY(Table);

TEST_F(World, TheUpperHalvesOfIpv6AddressesTellClientsApart) {
  const Addresses& a = addresses(net::Family::V6);
  director().use_buckets(2);  // hashes alone do not
  const std::uint32_t server = serve(net::Family::V6, kTcp, PL_FWD_ROUTE);
  std::vector<net::Address> clients;
  for (int i = 1; i <= 12; ++i) clients.push_back(ip(("2001:db8:" + std::to_string(i) + "::7").c_str()));
  for (const net::Address& client : clients) {
    Frame f = first(net::Family::V6, kTcp);
    f.from = client;
    EXPECT_EQ(director().run(f).events.count(PL_EVENT_NEW), 1u);
  }
  for (const net::Address& client : clients) {
    Frame f = later(net::Family::V6, kTcp);
    f.from = client;
    EXPECT_EQ(director().run(f).reason, PL_FORWARD_DR);
  }
  EXPECT_EQ(director().stats(server).connections, 12u);
  EXPECT_FALSE(director().entry(a.client, kClientPort).has_value());
}

TEST_F(World, TheSeedDecidesWhereAConnectionStands) {
  serve(net::Family::V4, kTcp, PL_FWD_ROUTE);
  std::set<std::uint32_t> buckets;
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    director().settings().seed[0] = seed * 0x9e3779b97f4a7c15;
    director().run(first(net::Family::V4, kTcp));
  }
  for (const Entry& e : director().entries()) buckets.insert(e.bucket);
  EXPECT_GT(buckets.size(), 8u);
}

TEST_F(World, FlowsSpreadEvenlyOverBuckets) {
  director().use_buckets(256);
  serve(net::Family::V4, kUdp, PL_FWD_ROUTE);
  for (unsigned i = 0; i < 1024; ++i) {  // half full
    Frame f = first(net::Family::V4, kUdp, static_cast<std::uint16_t>(1024 + i % 16));
    f.from = net::Address::v4(0x0a000000 + i / 16);
    director().run_only(f.bytes());
  }
  EXPECT_EQ(director().entries().size(), 1024u);
  EXPECT_EQ(director().count(PL_EVENT_EVICTED_OLDEST), 0u);
  EXPECT_LT(director().count(PL_EVENT_SPILLED), 60u) << "at half load two or three in a hundred spill";
}

}  // namespace
}  // namespace plenum::packet
