// What other directors hear of and what they tell: which packets are noted for sending, and
// what a connection that came from elsewhere is in the table.

#include <linux/bpf.h>

#include "tests/packet/sync_program.h"
#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

class SyncNotes : public EachProtocol {
 protected:
  void SetUp() override {
    World::SetUp();
    server_ = serve(family(), protocol(), PL_FWD_MASQ);
    auto& s = director().settings();
    s.sync = 1;
    s.sync_threshold = 3;
    s.sync_period = 50;
  }
  // Why the one connection was noted, in order.
  std::vector<pl_sync_note> noted() {
    const auto e = director().entry(at().client, kClientPort);
    std::vector<pl_sync_note> out;
    for (const auto& note : director().take_notes()) {
      EXPECT_TRUE(e && note.bucket == e->bucket && note.slot == e->slot) << "of another place";
      out.push_back(note.why);
    }
    return out;
  }
  std::uint32_t server_ = 0;
};

using Notes = std::vector<pl_sync_note>;

TEST_P(SyncNotes, CountsTheClientsPacketsFromTheFirst) {
  director().run(first(family(), protocol()));
  EXPECT_EQ(noted(), Notes{PL_SYNC_NEW});
  director().run(later(family(), protocol()));
  director().take_notes();
  const Frame reply = answer(family(), protocol());
  director().run(reply);
  EXPECT_EQ(director().entry(at().client, kClientPort)->conn.packets, 2u) << "answers do not count";
  director().take_notes();
  director().run(later(family(), protocol()));
  EXPECT_EQ(noted(), Notes{PL_SYNC_PACKETS}) << "the third";
  for (int i = 4; i < 53; ++i) director().run(later(family(), protocol()));
  EXPECT_EQ(noted(), Notes{});
  director().run(later(family(), protocol()));
  EXPECT_EQ(noted(), Notes{PL_SYNC_PACKETS}) << "the fifty-third";
}

TEST_P(SyncNotes, WithoutAPeriodOnceOnly) {
  director().settings().sync_period = 0;
  director().run(first(family(), protocol()));
  director().run(later(family(), protocol()));
  director().take_notes();
  for (int i = 3; i < 200; ++i) director().run(later(family(), protocol()));
  EXPECT_EQ(noted(), Notes{PL_SYNC_PACKETS});
}

TEST_P(SyncNotes, ByTimeWhenTheExpiryPassesAStep) {
  auto& s = director().settings();
  s.sync_period = 0;
  s.sync_step = ticks(1);
  director().run(first(family(), protocol()));
  director().run(later(family(), protocol()));
  director().take_notes();
  // As though the last packet had come one and a half seconds ago.
  const auto e = director().entry(at().client, kClientPort);
  director().set_expiry(*e, e->expires() - ticks(1.5));
  director().run(later(family(), protocol()));
  EXPECT_EQ(noted(), Notes{PL_SYNC_PACKETS});
  director().run(later(family(), protocol()));
  EXPECT_LE(noted().size(), 1u) << "again only when the next step begins at this very moment";
}

TEST_P(SyncNotes, NothingWhileOff) {
  director().settings().sync = 0;
  director().run(first(family(), protocol()));
  for (int i = 0; i < 60; ++i) director().run(later(family(), protocol()));
  EXPECT_EQ(noted(), Notes{});
  EXPECT_EQ(director().entry(at().client, kClientPort)->conn.packets, 1u) << "not even counted";
}

PLENUM_EACH_PROTOCOL(SyncNotes);

TEST_F(World, SyncNotesEachChangeOfState) {
  serve(net::Family::V4, kTcp, PL_FWD_ROUTE);
  director().settings().sync = 1;
  director().settings().sync_threshold = 3;
  director().settings().sync_period = 50;
  director().run(first(net::Family::V4, kTcp));
  director().take_notes();
  Frame f = later(net::Family::V4, kTcp);
  for (const std::uint8_t flags : {std::uint8_t{kAck}, std::uint8_t{kFin | kAck}, std::uint8_t{kRst}}) {
    f.flags = flags;
    director().run(f);
    bool state = false;
    for (const auto& note : director().take_notes()) state = state || note.why == PL_SYNC_STATE;
    EXPECT_TRUE(state) << "flags " << int{flags};
  }
}

class SyncEntry : public EachProtocol {
 protected:
  static void SetUpTestSuite() {
    World::SetUpTestSuite();
    program_ = std::make_unique<SyncProgram>(director());
  }
  static void TearDownTestSuite() { program_.reset(); }
  void SetUp() override {
    World::SetUp();
    server_ = serve(family(), protocol(), PL_FWD_MASQ);
  }
  pl_sync_record record(std::uint8_t state, bool active) {
    pl_sync_record r{};
    r.client = to_abi(at().client);
    r.vip = to_abi(at().vip);
    r.client_port = __builtin_bswap16(kClientPort);
    r.vport = __builtin_bswap16(kVport);
    r.proto = protocol();
    r.family = static_cast<__u8>(family());
    r.state = state;
    r.flags = active ? PL_SYNC_ACTIVE : 0;
    r.server = server_;
    r.timeout = ticks(900);
    r.packets = 3;
    return r;
  }
  std::uint8_t open() const {
    return protocol() == kTcp ? PL_TCP_ESTABLISHED : protocol() == kSctp ? PL_SCTP_ESTABLISHED : PL_UDP_NORMAL;
  }
  std::uint8_t closed() const {
    return protocol() == kTcp ? PL_TCP_FIN_WAIT : protocol() == kSctp ? PL_SCTP_SHUTDOWN_SENT : PL_UDP_NORMAL;
  }
  bool active() const { return protocol() != kUdp; }
  void expect_load(std::uint32_t server, std::uint32_t active, std::uint32_t inactive) {
    EXPECT_EQ(director().load(server).active, active);
    EXPECT_EQ(director().load(server).inactive, inactive);
  }
  std::uint32_t server_ = 0;
  inline static std::unique_ptr<SyncProgram> program_;
};

TEST_P(SyncEntry, AConnectionMadeElsewhereGoesOnHere) {
  const auto before = now_tick();
  EXPECT_EQ(program_->enter(record(open(), active())), PL_SYNC_MADE);
  const auto e = director().entry(at().client, kClientPort);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->state(), open());
  EXPECT_EQ(e->conn.packets, 3u);
  EXPECT_EQ(e->active(), active());
  expect_ends(e->expires(), before, ticks(900));
  expect_load(server_, active(), !active());
  // Its next packet needs no SYN, and the server's answer finds its client.
  EXPECT_EQ(director().run(later(family(), protocol())).reason, PL_FORWARD_NAT);
  EXPECT_EQ(director().run(answer(family(), protocol())).reason, PL_FORWARD_NAT_REPLY);
  EXPECT_EQ(director().count(PL_EVENT_NEW), 0u) << "it was made elsewhere";
  EXPECT_EQ(director().stats(server_).connections, 0u);
}

TEST_P(SyncEntry, NewsChangeStateTimeAndLoad) {
  program_->enter(record(open(), active()));
  auto news = record(closed(), false);
  news.timeout = ticks(120);
  const auto before = now_tick();
  EXPECT_EQ(program_->enter(news), PL_SYNC_UPDATED);
  const auto e = director().entry(at().client, kClientPort);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->state(), closed());
  expect_ends(e->expires(), before, ticks(120));
  expect_load(server_, 0, 1);
}

TEST_P(SyncEntry, OnAnotherServerItIsMadeAnewUnlessItEnds) {
  const auto other = director().add(service_, Server{.address = at().other_server, .forward = PL_FWD_MASQ});
  program_->enter(record(open(), active()));
  auto moved = record(open(), active());
  moved.server = other;
  if (active()) {
    auto end = moved;
    end.flags = 0;
    EXPECT_EQ(program_->enter(end), PL_SYNC_IGNORED);
    expect_load(server_, 1, 0);
    EXPECT_EQ(program_->enter(moved), PL_SYNC_MOVED);
    expect_load(server_, 0, 0);
    expect_load(other, 1, 0);
  } else {
    EXPECT_EQ(program_->enter(moved), PL_SYNC_IGNORED) << "UDP is never active";
  }
}

TEST_P(SyncEntry, OnASlotGivenAwayItIsMadeAnew) {
  program_->enter(record(open(), active()));
  director().server(server_).generation++;
  EXPECT_EQ(program_->enter(record(open(), active())), PL_SYNC_MOVED);
  EXPECT_EQ(director().run(later(family(), protocol())).reason, PL_FORWARD_NAT);
}

TEST_P(SyncEntry, RefusesAServerThatIsNone) {
  auto r = record(open(), active());
  r.server = 0;
  EXPECT_EQ(program_->enter(r), PL_SYNC_REFUSED);
  r.server = 1u << 30;
  EXPECT_EQ(program_->enter(r), PL_SYNC_REFUSED);
  EXPECT_TRUE(director().entries().empty());
}

TEST_P(SyncEntry, TakesABatchInOrder) {
  std::vector<pl_sync_record> batch;
  for (int i = 0; i < PL_SYNC_INBOX; ++i) {
    batch.push_back(record(open(), active()));
    batch.back().client_port = static_cast<__u16>(1000 + i);
  }
  batch.back().client_port = batch.front().client_port;
  const auto results = program_->enter(batch);
  EXPECT_EQ(results.front(), PL_SYNC_MADE);
  EXPECT_EQ(results.back(), PL_SYNC_UPDATED);
  EXPECT_EQ(director().entries().size(), PL_SYNC_INBOX - 1u);
  const auto& load = director().load(server_);
  EXPECT_EQ(load.active + load.inactive, PL_SYNC_INBOX - 1u);
}

PLENUM_EACH_PROTOCOL(SyncEntry);

}  // namespace
}  // namespace plenum::packet
