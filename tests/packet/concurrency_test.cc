// Several CPUs in the program at once: one entry for one flow, nothing lost, nothing
// counted twice.

#include <linux/bpf.h>
#include <sched.h>

#include <atomic>
#include <set>
#include <thread>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// Runs work(cpu) on every CPU this process may use, each thread kept on its own.
template <class Work>
void on_every_cpu(Work work) {
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  ASSERT_GE(cpus.size(), 2u) << "one CPU cannot race";
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < cpus.size(); ++i)
    threads.emplace_back([&work, cpu = cpus[i], i, n = static_cast<unsigned>(cpus.size())] {
      cpu_set_t own;
      CPU_ZERO(&own);
      CPU_SET(cpu, &own);
      ::sched_setaffinity(0, sizeof(own), &own);
      work(i, n);
    });
  for (std::thread& thread : threads) thread.join();
}

class Concurrency : public World {
 protected:
  static constexpr net::Family k4 = net::Family::V4;

  // A client per index: an address and a port.
  static Frame flow(unsigned i, bool begins) {
    Frame f = begins ? first(k4, kTcp) : later(k4, kTcp);
    f.from = net::Address::v4(0x0a000000 + i / 16);
    f.sport = static_cast<std::uint16_t>(1024 + i % 16);
    if (!begins) f.flags = kAck;
    return f;
  }

  std::uint64_t evicted() {
    return director().count(PL_EVENT_EVICTED_EXPIRED) + director().count(PL_EVENT_EVICTED_HALF_OPEN) +
           director().count(PL_EVENT_EVICTED_CLOSED) + director().count(PL_EVENT_EVICTED_OLDEST);
  }

  // Loads and live entries tell the same, server by server.
  void expect_loads_exact(std::initializer_list<std::uint32_t> servers) {
    std::map<std::uint32_t, pl_load> live;
    for (const Entry& e : director().entries())
      (e.active() ? live[e.conn.server].active : live[e.conn.server].inactive) += 1;
    for (const std::uint32_t server : servers) {
      EXPECT_EQ(director().load(server).active, live[server].active) << "server " << server;
      EXPECT_EQ(director().load(server).inactive, live[server].inactive) << "server " << server;
    }
  }

  void expect_no_flow_twice() {
    std::set<std::pair<std::uint32_t, std::uint16_t>> seen;
    for (const Entry& e : director().entries())
      EXPECT_TRUE(seen.emplace(e.conn.client, e.conn.client_port).second) << "a flow has two entries";
  }
  // Nothing half done: no lock, no slot being written.
  void expect_quiet() {
    for (std::uint32_t b = 0; b <= director().settings().bucket_mask; ++b) {
      EXPECT_FALSE(director().bucket(b).word[0] & PL_WORD_LOCK);
      for (const __u64 word : director().bucket(b).word) EXPECT_FALSE(word & PL_WORD_BUSY);
    }
  }
};

TEST_F(Concurrency, OneFlowArrivingOnEveryCpuAtOnceIsOneConnection) {
  constexpr unsigned kFlows = 1200;
  const std::uint32_t one = serve(k4, kTcp, PL_FWD_ROUTE);
  const std::uint32_t two = director().add(service_, Server{.address = ip("10.0.0.12"), .next_hop = 1});
  std::vector<Bytes> frames;
  for (unsigned i = 0; i < kFlows; ++i) frames.push_back(flow(i, true).bytes());
  std::atomic<unsigned> arrived{0};
  std::atomic<unsigned> dropped{0};
  unsigned threads = 0;
  on_every_cpu([&](unsigned index, unsigned n) {
    if (index == 0) threads = n;
    for (unsigned i = 0; i < kFlows; ++i) {
      // All meet before each flow.
      ++arrived;
      while (arrived < (i + 1) * n) {
      }
      if (director().run_only(frames[i]) != XDP_TX) ++dropped;
    }
  });
  // A CPU waits for the one that is inserting, but not for ever: a virtual CPU that holds
  // the lock may be away for milliseconds. Who gave up is counted, and the rule's exception.
  EXPECT_EQ(dropped, director().count(PL_DROP_CONTENDED));
  EXPECT_LT(dropped, kFlows / 10);
  const std::uint64_t sent = std::uint64_t{kFlows} * threads, forwarded = sent - dropped;
  EXPECT_EQ(director().entries().size(), kFlows);
  expect_no_flow_twice();
  expect_quiet();
  EXPECT_EQ(director().count(PL_EVENT_NEW), kFlows);
  EXPECT_EQ(director().stats(one).connections + director().stats(two).connections, kFlows);
  EXPECT_EQ(director().stats(one).in_packets + director().stats(two).in_packets, forwarded);
  EXPECT_EQ(director().count(PL_FORWARD_DR), forwarded);
  expect_loads_exact({one, two});
}

TEST_F(Concurrency, DifferentFlowsOnEveryCpuAreAllKept) {
  constexpr unsigned kEach = 600;
  const std::uint32_t one = serve(k4, kTcp, PL_FWD_ROUTE, PL_SCHED_LC);
  const std::uint32_t two = director().add(service_, Server{.address = ip("10.0.0.12"), .next_hop = 1});
  std::atomic<unsigned> wrong{0};
  std::atomic<unsigned> threads{0};
  on_every_cpu([&](unsigned index, unsigned) {
    ++threads;
    for (unsigned i = 0; i < kEach; ++i) {
      if (director().run_only(flow(index * kEach + i, true).bytes()) != XDP_TX) ++wrong;
      if (director().run_only(flow(index * kEach + i, false).bytes()) != XDP_TX) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0u);
  const std::uint64_t flows = std::uint64_t{kEach} * threads;
  EXPECT_EQ(director().entries().size(), flows);
  EXPECT_EQ(evicted(), 0u);
  const pl_stats a = director().stats(one), b = director().stats(two);
  EXPECT_EQ(a.connections + b.connections, flows);
  EXPECT_EQ(a.in_packets + b.in_packets, 2 * flows);
  EXPECT_EQ(a.in_bytes + b.in_bytes, flows * (flow(0, true).ip_length() + flow(0, false).ip_length()));
  EXPECT_EQ(director().load(one).active + director().load(two).active, flows);
  expect_loads_exact({one, two});
  expect_no_flow_twice();
  expect_quiet();
}

TEST_F(Concurrency, RoundRobinStaysEvenOverCpus) {
  constexpr unsigned kEach = 1500;
  const std::uint32_t one = serve(k4, kTcp, PL_FWD_ROUTE);
  const std::uint32_t two = director().add(service_, Server{.address = ip("10.0.0.12"), .next_hop = 1});
  const std::uint32_t three = director().add(service_, Server{.address = ip("10.0.0.13"), .next_hop = 1});
  std::atomic<unsigned> threads{0};
  on_every_cpu([&](unsigned index, unsigned) {
    ++threads;
    for (unsigned i = 0; i < kEach; ++i) director().run_only(flow(index * kEach + i, true).bytes());
  });
  const std::uint64_t each = std::uint64_t{kEach} * threads / 3;
  for (const std::uint32_t server : {one, two, three}) EXPECT_NEAR(director().stats(server).connections, each, 3);
}

// Every packet is a choice, one upon the other.
class ConcurrencyOfTurns : public Concurrency, public testing::WithParamInterface<pl_scheduler> {
 protected:
  static constexpr unsigned kRounds = 30, kEach = 6000;
  static bool weighted() { return GetParam() == PL_SCHED_WRR; }

  // Of three servers; their weights are 3, 2 and 1 where weights count. Local: the frame stays as
  // it is from one time to the next.
  void SetUp() override {
    Concurrency::SetUp();
    service_ = director().add(Service{
        .protocol = kUdp, .address = addresses(k4).vip, .scheduler = GetParam(), .flags = PL_SERVICE_ONE_PACKET});
    for (const std::uint32_t weight : {3, 2, 1})
      servers_.push_back(director().add(
          service_, Server{.address = ip("10.0.0.11"), .forward = PL_FWD_LOCAL, .weight = weighted() ? weight : 1}));
  }
  static void send() {
    const Bytes frame = first(k4, kUdp).bytes();
    for (unsigned i = 0; i < kRounds; ++i) director().run_only(frame, kEach);
  }
  std::vector<std::uint32_t> servers_;
};

INSTANTIATE_TEST_SUITE_P(, ConcurrencyOfTurns, testing::Values(PL_SCHED_RR, PL_SCHED_WRR),
                         [](const auto& of) { return std::string(of.param == PL_SCHED_RR ? "Rr" : "Wrr"); });

TEST_P(ConcurrencyOfTurns, AreTakenExactlyOverCpus) {
  std::atomic<unsigned> threads{0};
  on_every_cpu([&](unsigned, unsigned) {
    ++threads;
    send();
  });
  const std::uint64_t sent = std::uint64_t{kRounds} * kEach * threads;
  EXPECT_EQ(director().count(PL_LOCAL), sent);
  const std::uint64_t shares[] = {weighted() ? 3u : 2u, 2, weighted() ? 1u : 2u};
  // Who loses every one of its tries shares another's turn: once in hundreds of thousands of choices at the most.
  for (std::size_t i = 0; i < servers_.size(); ++i)
    EXPECT_NEAR(director().stats(servers_[i]).connections, sent / 6 * shares[i], sent / 50000) << "server " << i;
}

// As on a machine of many CPUs, of which one is always quicker: who never gets to move the
// cursor is served all the same.
TEST_P(ConcurrencyOfTurns, ACursorThatNeverHoldsStillRefusesNobody) {
  std::atomic<bool> done{false};
  on_every_cpu([&](unsigned index, unsigned) {
    if (index == 0) {
      send();
      done = true;
    } else {
      auto& cursor = director().service(service_).cursor;
      for (std::uint64_t i = 0; !done; ++i)
        std::atomic_ref(cursor).store((weighted() ? std::uint64_t{1} << 32 : 0) | i % 1000);
    }
  });
  EXPECT_EQ(director().count(PL_REPLY_NO_SERVER), 0u);
  EXPECT_EQ(director().count(PL_LOCAL), std::uint64_t{kRounds} * kEach);
}

TEST_F(Concurrency, EveryCpuCloseAndReopenTheSameFlows) {
  constexpr unsigned kRounds = 3000, kFlows = 16;
  director().use_buckets(4);
  const std::uint32_t one = serve(k4, kTcp, PL_FWD_ROUTE);
  const std::uint32_t two = director().add(service_, Server{.address = ip("10.0.0.12"), .next_hop = 1});
  on_every_cpu([&](unsigned index, unsigned) {
    for (unsigned i = 0; i < kRounds; ++i) {
      const unsigned which = (i * 7 + index) % kFlows;
      director().run_only(flow(which, true).bytes());
      Frame reset = flow(which, false);
      reset.flags = kRst;
      director().run_only(reset.bytes());
    }
  });
  EXPECT_LE(director().entries().size(), kFlows);
  EXPECT_EQ(director().stats(one).connections + director().stats(two).connections, director().count(PL_EVENT_NEW));
  expect_loads_exact({one, two});
  expect_no_flow_twice();
  expect_quiet();
}

TEST_F(Concurrency, AFloodOnEveryCpuIntoAFullTableKeepsCountsExact) {
  constexpr unsigned kEach = 6000;
  director().use_buckets(8);
  const std::uint32_t one = serve(k4, kTcp, PL_FWD_ROUTE);
  std::atomic<unsigned> sent{0};
  std::atomic<unsigned> dropped{0};
  on_every_cpu([&](unsigned index, unsigned) {
    for (unsigned i = 0; i < kEach; ++i) {
      ++sent;
      const std::uint32_t action = director().run_only(flow(index * kEach + i, true).bytes());
      if (action == XDP_DROP) ++dropped;
      if (i % 3 == 0) director().run_only(flow(index * kEach + i, false).bytes());
    }
  });
  const std::size_t live = director().entries().size();
  EXPECT_EQ(live, 8u * PL_SLOTS);
  EXPECT_EQ(director().count(PL_EVENT_NEW), sent - dropped);
  EXPECT_EQ(director().count(PL_EVENT_NEW) - evicted(), live);
  EXPECT_EQ(director().count(PL_DROP_CONTENDED) + director().count(PL_DROP_TABLE_FULL), dropped);
  EXPECT_EQ(director().stats(one).connections, director().count(PL_EVENT_NEW));
  expect_loads_exact({one});
  expect_no_flow_twice();
  expect_quiet();
}

}  // namespace
}  // namespace plenum::packet
