// TCP's states as IPVS tracks them: every state, every kind of segment, from the client of
// a NAT connection (input), from its server (output) and from the client of a connection
// whose answers pass elsewhere (input only); with timeouts and active counts.

#include <linux/bpf.h>

#include <map>
#include <sstream>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// The order of enum pl_tcp_state, and of the columns below.
constexpr const char* kNames[PL_TCP_STATES] = {"NO", "ES", "SS", "SR", "FW", "TW", "CL", "CW", "LA", "LI", "SA"};
constexpr double kSeconds[PL_TCP_STATES] = {2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120};
constexpr bool kActive[PL_TCP_STATES] = {false, true, true, true, false, false, false, false, false, false, true};

enum class Way { Input, Output, InputOnly };

// One kind of segment one way: what each state becomes, in the order of kNames.
struct Row {
  const char* name;
  Way way;
  std::uint8_t flags;
  const char* next;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

// Linux 6.12, net/netfilter/ipvs/ip_vs_proto_tcp.c. A reset counts before a SYN, a SYN
// before a FIN, a FIN before an ACK; a segment with none of them closes.
const Row kRows[] = {
    {"InSyn", Way::Input, kSyn, "SR ES ES SR SR SR SR SR SR SR SR"},
    {"InFin", Way::Input, kFin | kAck, "CL CW SS TW TW TW CL CW LA LI TW"},
    {"InAck", Way::Input, kAck, "ES ES SS ES FW TW CL CW CL LI ES"},
    {"InRst", Way::Input, kRst, "CL CL CL SR CL CL CL CL LA LI SR"},
    {"InNothing", Way::Input, kPsh, "CL CL CL CL CL CL CL CL CL CL CL"},
    {"OutSyn", Way::Output, kSyn | kAck, "SS ES SS SR SS SS SS SS SS LI SR"},
    {"OutFin", Way::Output, kFin | kAck, "TW FW SS TW FW TW CL TW LA LI TW"},
    {"OutAck", Way::Output, kAck | kPsh, "ES ES SS ES FW TW CL CW LA ES ES"},
    {"OutRst", Way::Output, kRst | kAck, "CL CL SS CL CL TW CL CL CL CL CL"},
    {"InOnlySyn", Way::InputOnly, kSyn, "SR ES ES SR SR SR SR SR SR SR SR"},
    {"InOnlyFin", Way::InputOnly, kFin | kAck, "CL FW SS TW FW TW CL CW LA LI TW"},
    {"InOnlyAck", Way::InputOnly, kAck, "ES ES SS ES FW TW CL CW CL LI ES"},
    {"InOnlyRst", Way::InputOnly, kRst | kAck, "CL CL CL SR CL CL CL CL LA LI CL"},
    {"InOnlyRstSyn", Way::InputOnly, kRst | kSyn, "CL CL CL SR CL CL CL CL LA LI CL"},
    {"InOnlyFinSyn", Way::InputOnly, kFin | kSyn, "SR ES ES SR SR SR SR SR SR SR SR"},
};

unsigned state_of(const std::string& name) {
  for (unsigned i = 0; i < PL_TCP_STATES; ++i)
    if (name == kNames[i]) return i;
  ADD_FAILURE() << "no state " << name;
  return 0;
}

// The states in which a SYN begins another connection instead.
bool begins_anew(const Row& row, unsigned state) {
  return row.way != Way::Output && row.flags & kSyn && !(row.flags & kRst) &&
         (state == PL_TCP_TIME_WAIT || state == PL_TCP_CLOSE);
}

class TcpState : public World, public testing::WithParamInterface<Row> {
 protected:
  // A connection in `state`, and the segment that comes next.
  Frame prepare(unsigned state, std::uint32_t& server) {
    director().reset();
    server = serve(net::Family::V4, kTcp, GetParam().way == Way::InputOnly ? PL_FWD_ROUTE : PL_FWD_MASQ);
    director().run(first(net::Family::V4, kTcp));
    const auto entry = director().entry(addresses(net::Family::V4).client, kClientPort);
    EXPECT_TRUE(entry.has_value());
    if (entry) director().force_state(*entry, state, kActive[state]);
    Frame next = GetParam().way == Way::Output ? answer(net::Family::V4, kTcp) : later(net::Family::V4, kTcp);
    next.flags = GetParam().flags;
    return next;
  }
};

TEST_P(TcpState, MovesAsInIpvsWithTimeoutAndLoad) {
  std::istringstream row(GetParam().next);
  std::string name;
  for (unsigned state = 0; row >> name; ++state) {
    SCOPED_TRACE(std::string("from ") + kNames[state]);
    std::uint32_t server = 0;
    const Frame segment = prepare(state, server);
    if (begins_anew(GetParam(), state)) continue;
    const auto sent = now_tick();
    director().run(segment);
    const auto entry = director().entry(addresses(net::Family::V4).client, kClientPort);
    ASSERT_TRUE(entry.has_value());
    const unsigned want = state_of(name);
    EXPECT_STREQ(kNames[entry->state()], kNames[want]);
    EXPECT_EQ(entry->active(), kActive[want]);
    EXPECT_EQ(director().load(server).active, kActive[want] ? 1u : 0u);
    EXPECT_EQ(director().load(server).inactive, kActive[want] ? 0u : 1u);
    // However long this test was kept from its CPU in between.
    EXPECT_GE(entry->expires() + 2, sent + ticks(kSeconds[want]));
    EXPECT_LE(entry->expires(), now_tick() + ticks(kSeconds[want]) + 2);
  }
}

INSTANTIATE_TEST_SUITE_P(, TcpState, testing::ValuesIn(kRows),
                         [](const auto& each) { return std::string(each.param.name); });

class TcpLife : public EachFamily {
 protected:
  void client_sends(std::uint8_t flags) {
    Frame f = later(family(), kTcp);
    f.flags = flags;
    director().run(f);
  }
  void server_sends(std::uint8_t flags) {
    Frame f = answer(family(), kTcp);
    f.flags = flags;
    director().run(f);
  }
  std::string state() {
    const auto entry = director().entry(at().client, kClientPort);
    return entry ? kNames[entry->state()] : "gone";
  }
  std::string load(std::uint32_t server) {
    const pl_load load = director().load(server);
    return std::to_string(load.active) + "+" + std::to_string(load.inactive);
  }
};

TEST_P(TcpLife, OfANatConnectionClosedByTheClient) {
  const std::uint32_t server = serve(family(), kTcp, PL_FWD_MASQ);
  const struct {
    bool client;
    std::uint8_t flags;
    const char *state, *load;
  } steps[] = {{true, kSyn, "SR", "1+0"},        {false, kSyn | kAck, "SR", "1+0"}, {true, kAck, "ES", "1+0"},
               {true, kAck | kPsh, "ES", "1+0"}, {false, kAck | kPsh, "ES", "1+0"}, {true, kFin | kAck, "CW", "0+1"},
               {false, kAck, "CW", "0+1"},       {false, kFin | kAck, "TW", "0+1"}, {true, kAck, "TW", "0+1"}};
  for (const auto& step : steps) {
    step.client ? client_sends(step.flags) : server_sends(step.flags);
    EXPECT_EQ(state(), step.state);
    EXPECT_EQ(load(server), step.load);
  }
}

TEST_P(TcpLife, OfANatConnectionClosedByTheServer) {
  const std::uint32_t server = serve(family(), kTcp, PL_FWD_MASQ);
  client_sends(kSyn);
  server_sends(kSyn | kAck);
  client_sends(kAck);
  server_sends(kFin | kAck);
  EXPECT_EQ(state(), "FW");
  EXPECT_EQ(load(server), "0+1");
  client_sends(kAck);
  EXPECT_EQ(state(), "FW");
  client_sends(kFin | kAck);
  EXPECT_EQ(state(), "TW");
}

TEST_P(TcpLife, OfADirectConnectionSeenOneWay) {
  const std::uint32_t server = serve(family(), kTcp, PL_FWD_ROUTE);
  client_sends(kSyn);
  EXPECT_EQ(state(), "SR");
  client_sends(kAck);
  EXPECT_EQ(state(), "ES");
  EXPECT_EQ(load(server), "1+0");
  client_sends(kFin | kAck);
  EXPECT_EQ(state(), "FW");
  EXPECT_EQ(load(server), "0+1");
  client_sends(kAck);
  EXPECT_EQ(state(), "FW");
}

TEST_P(TcpLife, EndsWithAReset) {
  const std::uint32_t server = serve(family(), kTcp, PL_FWD_TUNNEL);
  client_sends(kSyn);
  client_sends(kAck);
  client_sends(kRst);
  EXPECT_EQ(state(), "CL");
  EXPECT_EQ(load(server), "0+1");
}

// conn_reuse_mode 1: the client uses its port again before the old connection is gone.
TEST_P(TcpLife, ASynAfterTheEndIsScheduledAnew) {
  for (const unsigned over : {PL_TCP_TIME_WAIT, PL_TCP_CLOSE}) {
    director().reset();
    const std::uint32_t one = serve(family(), kTcp, PL_FWD_ROUTE);
    client_sends(kSyn);
    ASSERT_EQ(director().stats(one).connections, 1u);
    director().force_state(director().entry(at().client, kClientPort).value(), over, false);
    director().set_weight(one, 0);
    const std::uint32_t two = director().add(service_, Server{.address = at().other_server, .next_hop = hop()});
    const Outcome run = director().run(first(family(), kTcp));
    EXPECT_EQ(run.reason, PL_FORWARD_DR);
    EXPECT_EQ(run.events.count(PL_EVENT_REUSED), 1u);
    EXPECT_EQ(director().entry(at().client, kClientPort).value().conn.server, two);
    EXPECT_EQ(state(), "SR");
    EXPECT_EQ(load(one), "0+0");
    EXPECT_EQ(load(two), "1+0");
    EXPECT_EQ(director().stats(two).connections, 1u);
  }
}

TEST_P(TcpLife, ASynWithinAConnectionStaysWithItsServer) {
  for (const unsigned state :
       {PL_TCP_ESTABLISHED, PL_TCP_SYN_RECV, PL_TCP_FIN_WAIT, PL_TCP_CLOSE_WAIT, PL_TCP_LAST_ACK}) {
    director().reset();
    const std::uint32_t one = serve(family(), kTcp, PL_FWD_ROUTE);
    client_sends(kSyn);
    director().force_state(director().entry(at().client, kClientPort).value(), state, kActive[state]);
    director().add(service_, Server{.address = at().other_server, .next_hop = hop()});
    const Outcome run = director().run(first(family(), kTcp));
    EXPECT_TRUE(run.events.empty());
    EXPECT_EQ(director().entry(at().client, kClientPort).value().conn.server, one);
  }
}

TEST_P(TcpLife, TimeoutsAreTheSettings) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  director().settings().tcp_timeout[PL_TCP_ESTABLISHED] = ticks(7200);
  client_sends(kSyn);
  const auto before = now_tick();
  client_sends(kAck);
  expect_ends(director().entry(at().client, kClientPort).value().expires(), before, ticks(7200));
}

TEST_P(TcpLife, AConnectionPastItsTimeIsNoneAnyMore) {
  const std::uint32_t server = serve(family(), kTcp, PL_FWD_ROUTE);
  client_sends(kSyn);
  client_sends(kAck);
  const Entry old = director().entry(at().client, kClientPort).value();
  director().set_expiry(old, now_tick() - 1);
  expect_passed(director().run(later(family(), kTcp)), PL_NO_SYN);
  const Outcome run = director().run(first(family(), kTcp));
  EXPECT_EQ(run.reason, PL_FORWARD_DR);
  EXPECT_EQ(run.events.count(PL_EVENT_NEW), 1u);
  EXPECT_EQ(director().stats(server).connections, 2u);
  client_sends(kAck);
  // The old entry may stand, and count, until user space clears it away; it is touched by nothing.
  unsigned alive = 0;
  for (const Entry& e : director().entries()) {
    if (e.expires() < now_tick()) {
      EXPECT_EQ(e.word, director().bucket(old.bucket).word[old.slot]);
      EXPECT_EQ(e.state(), unsigned{PL_TCP_ESTABLISHED});
    } else {
      ++alive;
      EXPECT_EQ(e.state(), unsigned{PL_TCP_ESTABLISHED});
    }
  }
  EXPECT_EQ(alive, 1u);
  EXPECT_EQ(director().load(server).active, director().entries().size());
}

PLENUM_EACH_FAMILY(TcpLife);

class UdpLife : public EachFamily {};

TEST_P(UdpLife, IsNeverActiveAndLastsFiveMinutesFromTheLastPacket) {
  const std::uint32_t server = serve(family(), kUdp, PL_FWD_MASQ);
  auto before = now_tick();
  director().run(first(family(), kUdp));
  for (const Frame& f : {later(family(), kUdp), answer(family(), kUdp)}) {
    auto entry = director().entry(at().client, kClientPort).value();
    EXPECT_FALSE(entry.active());
    expect_ends(entry.expires(), before, ticks(300));
    EXPECT_EQ(director().load(server).active, 0u);
    EXPECT_EQ(director().load(server).inactive, 1u);
    director().set_expiry(entry, now_tick() + ticks(150));
    before = now_tick();
    director().run(f);
  }
  expect_ends(director().entry(at().client, kClientPort).value().expires(), before, ticks(300));
}

// A flood from made-up addresses is answered too.
TEST_P(UdpLife, IsNewUntilItsClientsSecondPacket) {
  serve(family(), kUdp, PL_FWD_MASQ);
  const auto state = [] { return director().entry(at().client, kClientPort).value().state(); };
  director().run(first(family(), kUdp));
  EXPECT_EQ(state(), unsigned{PL_UDP_NEW});
  EXPECT_EQ(director().run(answer(family(), kUdp)).reason, PL_FORWARD_NAT_REPLY);
  EXPECT_EQ(state(), unsigned{PL_UDP_NEW});
  director().run(later(family(), kUdp));
  EXPECT_EQ(state(), unsigned{PL_UDP_NORMAL});
  director().run(answer(family(), kUdp));
  EXPECT_EQ(state(), unsigned{PL_UDP_NORMAL});
}

PLENUM_EACH_FAMILY(UdpLife);

}  // namespace
}  // namespace plenum::packet
