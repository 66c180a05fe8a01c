// SCTP's states as IPVS tracks them: every state, every kind of first chunk, three ways.

#include <linux/bpf.h>

#include <sstream>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// The order of enum pl_sctp_state, and of the columns below.
constexpr const char* kNames[PL_SCTP_STATES] = {"NO", "I1", "IN", "CS", "CR", "CW", "CO",
                                                "CE", "ES", "SS", "SR", "SA", "RJ", "CL"};

enum class Way { Input, Output, InputOnly };

struct Row {
  const char* name;
  Way way;
  std::uint8_t type;
  const char* next;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

// Linux 6.12, net/netfilter/ipvs/ip_vs_proto_sctp.c.
const Row kRows[] = {
    {"InData", Way::Input, kData, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
    {"InSack", Way::Input, kSack, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
    {"InHeartbeat", Way::Input, kHeartbeat, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
    {"InUnknown", Way::Input, 0xc1, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
    {"InInit", Way::Input, kInit, "I1 IN IN CS CR CW CO CE ES SS SR SA IN IN"},
    {"InInitAck", Way::Input, kInitAck, "CW CW CW CS CR CO CO CE ES SS SR SA RJ CL"},
    {"InCookieEcho", Way::Input, kCookieEcho, "CR IN IN CR CR CW CO CE ES SS SR SA RJ CL"},
    {"InCookieAck", Way::Input, kCookieAck, "ES I1 IN CS CR CW CO ES ES SS SR SA RJ CL"},
    {"InShutdown", Way::Input, kShutdown, "SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL"},
    {"InShutdownAck", Way::Input, kShutdownAck, "CL IN IN CS CR CW CO CE ES CL SR CL RJ CL"},
    {"InShutdownComplete", Way::Input, kShutdownComplete, "CL CL CL CS CR CW CO CE ES SS SR CL RJ CL"},
    {"InError", Way::Input, kError, "CL I1 IN CS CR CW CO CL ES SS SR SA RJ CL"},
    {"InAbort", Way::Input, kAbort, "CL CL CL CL CL RJ CL CL CL CL CL CL CL CL"},
    {"OutData", Way::Output, kData, "ES I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
    {"OutInit", Way::Output, kInit, "CW CW CW CW CW CW CW CW ES CW CW CW CW CW"},
    {"OutInitAck", Way::Output, kInitAck, "CS CS CS CS CR CW CO CE ES SS SR SA RJ CL"},
    {"OutCookieEcho", Way::Output, kCookieEcho, "CE CE CE CE CE CE CE CE ES SS SR SA RJ CL"},
    {"OutCookieAck", Way::Output, kCookieAck, "ES ES ES ES ES ES ES ES ES SS SR SA RJ CL"},
    {"OutShutdown", Way::Output, kShutdown, "SS SS SS SS SS SS SS SS SS SS SR SA RJ CL"},
    {"OutShutdownAck", Way::Output, kShutdownAck, "SA SA SA SA SA CW CO CE ES SA SA SA RJ CL"},
    {"OutShutdownComplete", Way::Output, kShutdownComplete, "CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
    {"OutError", Way::Output, kError, "CL CL CL CL CL CW CO CE ES SS SR SA RJ CL"},
    {"OutAbort", Way::Output, kAbort, "CL RJ CL CL CL CL CL CL CL CL CL CL CL CL"},
    {"InOnlyData", Way::InputOnly, kData, "ES I1 IN CS CR ES CO CE ES SS SR SA RJ CL"},
    {"InOnlyInit", Way::InputOnly, kInit, "I1 IN IN IN IN IN CO CE ES SS SR SA IN IN"},
    {"InOnlyInitAck", Way::InputOnly, kInitAck, "CE CE CE CE CE CE CO CE ES SS SR SA RJ CL"},
    {"InOnlyCookieEcho", Way::InputOnly, kCookieEcho, "ES ES ES ES ES ES CO CE ES SS SR SA RJ CL"},
    {"InOnlyCookieAck", Way::InputOnly, kCookieAck, "ES I1 IN ES ES CW ES ES ES SS SR SA RJ CL"},
    {"InOnlyShutdown", Way::InputOnly, kShutdown, "SR I1 IN CS CR CW CO CE SR SS SR SA RJ CL"},
    {"InOnlyShutdownAck", Way::InputOnly, kShutdownAck, "CL IN IN CS CR CW CO CE CL CL SR CL RJ CL"},
    {"InOnlyShutdownComplete", Way::InputOnly, kShutdownComplete, "CL CL CL CL CL CW CO CE ES SS CL CL RJ CL"},
    {"InOnlyError", Way::InputOnly, kError, "CL I1 IN CS CR CW CO CE ES SS SR SA RJ CL"},
    {"InOnlyAbort", Way::InputOnly, kAbort, "CL CL CL CL CL RJ CL CL CL CL CL CL CL CL"},
};

unsigned state_of(const std::string& name) {
  for (unsigned i = 0; i < PL_SCTP_STATES; ++i)
    if (name == kNames[i]) return i;
  ADD_FAILURE() << "no state " << name;
  return 0;
}

double seconds_of(unsigned state) {
  if (state == PL_SCTP_NONE) return 2;
  if (state == PL_SCTP_INIT1 || state == PL_SCTP_REJECTED) return 4;
  return state == PL_SCTP_ESTABLISHED ? 900 : 61;
}

class SctpState : public World, public testing::WithParamInterface<Row> {};

TEST_P(SctpState, MovesAsInIpvsWithTimeoutAndLoad) {
  std::istringstream row(GetParam().next);
  std::string name;
  for (unsigned state = 0; row >> name; ++state) {
    SCOPED_TRACE(std::string("from ") + kNames[state]);
    director().reset();
    const std::uint32_t server =
        serve(net::Family::V4, kSctp, GetParam().way == Way::InputOnly ? PL_FWD_ROUTE : PL_FWD_MASQ);
    director().run(first(net::Family::V4, kSctp));
    auto entry = director().entry(addresses(net::Family::V4).client, kClientPort);
    ASSERT_TRUE(entry.has_value());
    EXPECT_STREQ(kNames[entry->state()], "I1") << "after the first INIT";
    director().force_state(*entry, state, state == PL_SCTP_ESTABLISHED);
    // An INIT to a closed association begins another one.
    if (GetParam().way != Way::Output && GetParam().type == kInit && state == PL_SCTP_CLOSED) continue;
    Frame next = GetParam().way == Way::Output ? answer(net::Family::V4, kSctp) : later(net::Family::V4, kSctp);
    next.payload = chunk(GetParam().type);
    const auto sent = now_tick();
    director().run(next);
    entry = director().entry(addresses(net::Family::V4).client, kClientPort);
    ASSERT_TRUE(entry.has_value());
    const unsigned want = state_of(name);
    const bool active = want == PL_SCTP_ESTABLISHED;
    EXPECT_STREQ(kNames[entry->state()], kNames[want]);
    EXPECT_EQ(entry->active(), active);
    EXPECT_EQ(director().load(server).active, active ? 1u : 0u);
    EXPECT_EQ(director().load(server).inactive, active ? 0u : 1u);
    // However long this test was kept from its CPU in between.
    EXPECT_GE(entry->expires() + 2, sent + ticks(seconds_of(want)));
    EXPECT_LE(entry->expires(), now_tick() + ticks(seconds_of(want)) + 2);
  }
}

INSTANTIATE_TEST_SUITE_P(, SctpState, testing::ValuesIn(kRows),
                         [](const auto& each) { return std::string(each.param.name); });

class SctpLife : public EachFamily {
 protected:
  std::string state() {
    const auto entry = director().entry(at().client, kClientPort);
    return entry ? kNames[entry->state()] : "gone";
  }
  void client_sends(const Bytes& chunks) {
    Frame f = later(family(), kSctp);
    f.payload = chunks;
    director().run(f);
  }
  void server_sends(const Bytes& chunks) {
    Frame f = answer(family(), kSctp);
    f.payload = chunks;
    director().run(f);
  }
};

TEST_P(SctpLife, OfANatAssociation) {
  const std::uint32_t server = serve(family(), kSctp, PL_FWD_MASQ);
  client_sends(chunk(kInit));
  server_sends(chunk(kInitAck));
  EXPECT_EQ(state(), "CS");
  client_sends(chunk(kCookieEcho));
  EXPECT_EQ(state(), "CR");
  EXPECT_EQ(director().load(server).active, 0u);
  server_sends(chunk(kCookieAck));
  EXPECT_EQ(state(), "ES");
  EXPECT_EQ(director().load(server).active, 1u);
  client_sends(chunk(kShutdown));
  EXPECT_EQ(state(), "SR");
  EXPECT_EQ(director().load(server).active, 0u);
  server_sends(chunk(kShutdownAck));
  EXPECT_EQ(state(), "SA");
  client_sends(chunk(kShutdownComplete));
  EXPECT_EQ(state(), "CL");
}

// RFC 9260 section 3.3.7: control chunks may stand before an ABORT in one packet.
TEST_P(SctpLife, AnAbortBehindACookieCounts) {
  for (const std::uint8_t cookie : {kCookieEcho, kCookieAck}) {
    director().reset();
    serve(family(), kSctp, PL_FWD_MASQ);
    client_sends(chunk(kInit));
    server_sends(chunk(kInitAck));
    Bytes both = chunk(cookie, 9);
    append(both, chunk(kAbort, 0));
    client_sends(both);
    EXPECT_EQ(state(), "CL");
  }
}

TEST_P(SctpLife, AnInitAfterTheEndIsScheduledAnew) {
  const std::uint32_t one = serve(family(), kSctp, PL_FWD_ROUTE);
  client_sends(chunk(kInit));
  director().force_state(director().entry(at().client, kClientPort).value(), PL_SCTP_CLOSED, false);
  director().set_weight(one, 0);
  const std::uint32_t two = director().add(service_, Server{.address = at().other_server, .next_hop = hop()});
  const Outcome run = director().run(first(family(), kSctp));
  EXPECT_EQ(run.events.count(PL_EVENT_REUSED), 1u);
  EXPECT_EQ(director().entry(at().client, kClientPort).value().conn.server, two);
  EXPECT_EQ(director().load(one).inactive, 0u);
  EXPECT_EQ(director().load(two).inactive, 1u);
}

PLENUM_EACH_FAMILY(SctpLife);

}  // namespace
}  // namespace plenum::packet
