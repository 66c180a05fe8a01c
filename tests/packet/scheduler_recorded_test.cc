// The schedulers against recordings of IPVS (Linux 6.1, ipvsadm 1.31): the same commands and
// connections lead to the same servers. Weights 1, 2, 3 on servers added as 1, 2, 3; 24
// connections from 10.0.1.50 to .65 in turn, source ports counting up. 0: refused.

#include <linux/bpf.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

struct Recording {
  const char* name;
  pl_scheduler scheduler;
  const char* servers;  // their addresses but for the last digit
  const char* seq;      // each connection closed before the next
  const char* hold;     // all held open
  const char* eight;    // a service on eight addresses, taken in turn; servers without a port
};

constexpr Recording kRecordings[] = {
    {"rr", PL_SCHED_RR, "10.0.2.1", "321321321321321321321321", "321321321321321321321321", "321321321321321321321321"},
    {"wrr", PL_SCHED_WRR, "10.0.2.1", "321332321332321332321332", "321332321332321332321332",
     "321332321332321332321332"},
    {"lc", PL_SCHED_LC, "10.0.2.1", "321321321321321321321321", "321321321321321321321321", "321321321321321321321321"},
    {"wlc", PL_SCHED_WLC, "10.0.2.1", "321323321323321323321323", "321323321323321323321323",
     "321323321323321323321323"},
    {"fo", PL_SCHED_FO, "10.0.2.1", "333333333333333333333333", "333333333333333333333333", "333333333333333333333333"},
    {"ovf", PL_SCHED_OVF, "10.0.2.1", "333333333333333333333333", "333322211000000000000000",
     "333333333333333333333333"},
    {"lblc", PL_SCHED_LBLC, "10.0.2.1", "333333333333333333333333", "333322211111111111111111",
     "321323323213233232132332"},
    {"lblcr", PL_SCHED_LBLCR, "10.0.2.1", "333333333333333333333333", "333322211323123323123323",
     "321323323213233232132332"},
    {"dh", PL_SCHED_DH, "10.0.2.1", "333333333333333333333333", "333333333333333333333333", "323112123231121232311212"},
    {"sh", PL_SCHED_SH, "10.0.2.1", "121323333132333312132333", "121323333132333312132333", "121323333132333312132333"},
    {"sed", PL_SCHED_SED, "10.0.2.1", "333333333333333333333333", "323321323321323321323321",
     "333333333333333333333333"},
    {"nq", PL_SCHED_NQ, "10.0.2.1", "333333333333333333333333", "321332323321323321323321", "333333333333333333333333"},
    {"mh", PL_SCHED_MH, "10.0.2.1", "321131223311232232113122", "321131223311232232113122", "133113232233322313311323"},
    {"mh", PL_SCHED_MH, "10.0.1.1", "332311312323233233231131", "332311312323233233231131", "322311333111333332231133"},
};

struct FlagsRecording {
  const char* name;
  pl_scheduler scheduler;
  std::uint32_t flags;
  bool drained;  // server 3 was set to weight 0
  const char* choices;
};

constexpr FlagsRecording kFlags[] = {
    {"sh", PL_SCHED_SH, 0, true, "1212202021212202"},
    {"sh-fallback", PL_SCHED_SH, PL_SCHED_FALLBACK, true, "1212222221212222"},
    {"sh-port", PL_SCHED_SH, PL_SCHED_PORT, true, "1122222001122222"},
    {"sh-fallback,sh-port", PL_SCHED_SH, PL_SCHED_FALLBACK | PL_SCHED_PORT, true, "1122222221122222"},
    {"mh", PL_SCHED_MH, 0, false, "32113122331123223211312233112322"},
    {"mh-fallback", PL_SCHED_MH, PL_SCHED_FALLBACK, false, "32113122331123223211312233112322"},
    {"mh-port", PL_SCHED_MH, PL_SCHED_PORT, false, "31332331122113321221133233223223"},
    {"mh-fallback,mh-port", PL_SCHED_MH, PL_SCHED_FALLBACK | PL_SCHED_PORT, false, "31332331122113321221133233223223"},
};

class RecordedScheduler : public World {
 protected:
  static net::Address vip(unsigned i) { return net::Address::v4(0x0a000164 + i); }

  static constexpr std::uint32_t kMark = 7;

  void begin(pl_scheduler scheduler, std::uint32_t flags, const std::string& servers, std::uint16_t port,
             std::uint32_t mark = 0) {
    director().reset();
    connections_ = 0;
    const auto way = hop();
    service_ = director().add(Service{.protocol = kTcp,
                                      .address = vip(0),
                                      .port = 80,
                                      .scheduler = scheduler,
                                      .scheduler_flags = flags,
                                      .mark = mark});
    for (unsigned i = 1; i <= 3; ++i)
      director().add(
          service_,
          Server{.address = ip((servers + std::to_string(i)).c_str()), .port = port, .weight = i, .next_hop = way});
  }

  // The server the next connection is given.
  std::uint32_t connect(const net::Address& to, std::uint16_t dport = 80) {
    frame_ = first(net::Family::V4, kTcp);
    frame_.from = net::Address::v4(0x0a000132 + connections_ % 16);
    frame_.sport = static_cast<std::uint16_t>(40000 + connections_++);
    frame_.to = to;
    frame_.dport = dport;
    director().run(frame_);
    const auto entry = director().entry(frame_.from, frame_.sport);
    return entry ? entry->conn.server : 0;
  }

  void close() {
    frame_.flags = kFin | kAck;
    director().run(frame_);
  }

  std::string choices(std::size_t n, bool hold) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
      out += std::to_string(connect(vip(0)));
      if (!hold) close();
    }
    return out;
  }

 private:
  Frame frame_;
  unsigned connections_ = 0;
};

TEST_F(RecordedScheduler, ConnectionsInSequence) {
  for (const auto& r : kRecordings) {
    begin(r.scheduler, 0, r.servers, 80);
    EXPECT_EQ(choices(24, false), r.seq) << r.name;
  }
}

TEST_F(RecordedScheduler, ConnectionsHeldOpen) {
  for (const auto& r : kRecordings) {
    begin(r.scheduler, 0, r.servers, 80);
    EXPECT_EQ(choices(24, true), r.hold) << r.name;
  }
}

TEST_F(RecordedScheduler, EightAddressesInTurn) {
  for (const auto& r : kRecordings) {
    begin(r.scheduler, 0, r.servers, 0, kMark);
    director().set_marks({{.mark = kMark, .protocol = kTcp, .first_port = 81, .last_port = 81}});
    std::string out;
    for (unsigned i = 0; i < 24; ++i) {
      out += std::to_string(connect(vip(i % 8), 81));
      close();
    }
    EXPECT_EQ(out, r.eight) << r.name;
  }
}

TEST_F(RecordedScheduler, FlagsOfHashing) {
  for (const auto& r : kFlags) {
    begin(r.scheduler, r.flags, "10.0.2.1", 80);
    if (r.drained) director().set_weight(3, 0);
    EXPECT_EQ(choices(std::string(r.choices).size(), false), r.choices) << r.name;
  }
}

// Round robin with -x 2 -y 1, -x 4 and -x 3: twelve connections, the last three refused.
TEST_F(RecordedScheduler, Thresholds) {
  begin(PL_SCHED_RR, 0, "10.0.2.1", 80);
  for (std::uint32_t server : {1u, 2u, 3u}) director().set_weight(server, 1);
  director().set_limits(1, 2, 1);
  director().set_limits(2, 4, 0);
  director().set_limits(3, 3, 0);
  EXPECT_EQ(choices(12, true), "321321322000");
}

// A server drained to 0 keeps its slots: nobody else's clients move.
TEST_F(RecordedScheduler, MaglevKeepsTheSlotsOfADrainedServer) {
  begin(PL_SCHED_MH, 0, "10.0.2.1", 80);
  director().set_weight(3, 0);
  EXPECT_EQ(choices(24, false), "021101220011202202110122");
  begin(PL_SCHED_MH, PL_SCHED_FALLBACK, "10.0.2.1", 80);
  director().set_weight(3, 0);
  const auto moved = choices(24, false);
  const std::string before = "321131223311232232113122";
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i] != '3') {
      EXPECT_EQ(moved[i], before[i]) << i;
    } else {
      EXPECT_TRUE(moved[i] == '1' || moved[i] == '2') << i;
    }
}

// As probable as IPVS makes them: the server of the greater weight more often, and of two the
// less burdened one.
TEST_F(RecordedScheduler, TwoChoicesFollowWeightsAndLoads) {
  begin(PL_SCHED_TWOS, 0, "10.0.2.1", 80);
  std::map<std::uint32_t, int> share;
  for (int i = 0; i < 600; ++i) ++share[connect(vip(0))];
  EXPECT_EQ(share[0], 0);
  EXPECT_NEAR(share[1], 100, 40);
  EXPECT_NEAR(share[2], 200, 40);
  EXPECT_NEAR(share[3], 300, 40);
  director().set_limits(3, 1, 0);
  director().set_load(3, {600, 0});
  EXPECT_NE(connect(vip(0)), 3u) << "overloaded";
}

}  // namespace
}  // namespace plenum::packet
