// When IPVS tells the others of a connection (ip_vs_sync_conn_needed(), Linux 6.1).

#include "lb/sync_decision.h"

#include <gtest/gtest.h>

#include "bpf/abi.h"
#include "lb/timeouts.h"

namespace plenum::lb {
namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17, kSctp = 132;

class SyncDecisionTest : public testing::Test {
 protected:
  static SyncCandidate tcp(std::uint8_t state) { return {5, 77, kTcp, state, false, false, ticks_of(900)}; }
  static SyncCandidate of(std::uint8_t protocol, std::uint8_t state) {
    return {6, 78, protocol, state, false, false, ticks_of(300)};
  }
  static SyncCandidate persistent_template() { return {7, 79, kTcp, 0, true, false, ticks_of(360)}; }
  bool needed(const SyncCandidate& c, bool counted, double at = 0) {
    return decision_.needed(c, counted, start_ + static_cast<std::uint32_t>(at * 1e9 / (1 << PL_TICK_SHIFT)));
  }
  const std::uint32_t start_ = 0xffffff00;  // ticks pass through zero on the way
  SyncDecision decision_{16, {}};
};

TEST_F(SyncDecisionTest, AnEstablishedConnectionWaitsForItsPackets) {
  EXPECT_FALSE(needed(tcp(PL_TCP_ESTABLISHED), false));
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), true));
  EXPECT_FALSE(needed(tcp(PL_TCP_ESTABLISHED), false));
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), true)) << "each period";
}

TEST_F(SyncDecisionTest, AtOnceOneIsToldWhenItStandsAndNotAgainWithItsThirdPacket) {
  decision_.set({.at_once = true});
  EXPECT_FALSE(needed(tcp(PL_TCP_SYN_RECV), false));
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), false));
  EXPECT_FALSE(needed(tcp(PL_TCP_ESTABLISHED), true, 0.9));
  EXPECT_FALSE(needed(tcp(PL_TCP_ESTABLISHED), false, 2));
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), true, 2)) << "each period";
  EXPECT_TRUE(needed(tcp(PL_TCP_FIN_WAIT), false, 2)) << "a change of state";
  EXPECT_FALSE(needed(of(kUdp, PL_UDP_NEW), false)) << "of one packet";
  EXPECT_TRUE(needed(of(kUdp, PL_UDP_NORMAL), false));
  EXPECT_FALSE(needed(of(kUdp, PL_UDP_NORMAL), false));
}

TEST_F(SyncDecisionTest, AConnectionThatClosesIsToldOnceForEachState) {
  for (const auto state : {PL_TCP_FIN_WAIT, PL_TCP_TIME_WAIT, PL_TCP_CLOSE_WAIT, PL_TCP_CLOSE}) {
    EXPECT_TRUE(needed(tcp(state), false)) << state;
    EXPECT_FALSE(needed(tcp(state), false)) << state;
  }
}

TEST_F(SyncDecisionTest, AHalfOpenConnectionIsNotTold) {
  for (const auto state :
       {PL_TCP_NONE, PL_TCP_SYN_SENT, PL_TCP_SYN_RECV, PL_TCP_LAST_ACK, PL_TCP_LISTEN, PL_TCP_SYNACK})
    EXPECT_FALSE(needed(tcp(state), true)) << state;
  EXPECT_FALSE(needed(of(kSctp, PL_SCTP_COOKIE), true));
}

TEST_F(SyncDecisionTest, SctpAsTcp) {
  EXPECT_FALSE(needed(of(kSctp, PL_SCTP_ESTABLISHED), false));
  EXPECT_TRUE(needed(of(kSctp, PL_SCTP_ESTABLISHED), true));
  EXPECT_TRUE(needed(of(kSctp, PL_SCTP_SHUTDOWN_SENT), false));
  EXPECT_FALSE(needed(of(kSctp, PL_SCTP_SHUTDOWN_SENT), false));
  EXPECT_TRUE(needed(of(kSctp, PL_SCTP_CLOSED), false));
}

TEST_F(SyncDecisionTest, AWalkLeavesOutUdpFlowsOfOnePacket) {
  EXPECT_FALSE(decision_.missed(of(kUdp, PL_UDP_NEW), start_));
  EXPECT_TRUE(decision_.missed(of(kUdp, PL_UDP_NORMAL), start_));
  EXPECT_FALSE(decision_.missed(of(kUdp, PL_UDP_NORMAL), start_)) << "told already";
}

TEST_F(SyncDecisionTest, UdpByItsPacketsOnly) {
  EXPECT_FALSE(needed(of(kUdp, 0), false));
  EXPECT_TRUE(needed(of(kUdp, 0), true));
}

TEST_F(SyncDecisionTest, ANewConnectionInASlotIsAnother) {
  EXPECT_TRUE(needed(tcp(PL_TCP_CLOSE), false));
  auto other = tcp(PL_TCP_CLOSE);
  other.identity = 80;
  EXPECT_TRUE(needed(other, false));
  EXPECT_FALSE(needed(other, false));
  decision_.forget(other.slot);
  EXPECT_TRUE(needed(other, false)) << "the same addresses anew";
}

TEST_F(SyncDecisionTest, RefreshPeriodHoldsBackWhatWasToldLately) {
  decision_.set({.refresh = 60});
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), true));
  EXPECT_FALSE(needed(tcp(PL_TCP_ESTABLISHED), true, 59));
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), true, 60.1));
  EXPECT_TRUE(needed(tcp(PL_TCP_FIN_WAIT), false, 61)) << "a change of state is told at once";
}

TEST_F(SyncDecisionTest, RefreshPeriodIsNeverLongerThanHalfTheTimeout) {
  decision_.set({.refresh = 600});
  EXPECT_TRUE(needed(of(kUdp, 0), true));
  EXPECT_FALSE(needed(of(kUdp, 0), true, 149));
  EXPECT_TRUE(needed(of(kUdp, 0), true, 150.1));
}

TEST_F(SyncDecisionTest, RetriesAnEighthOfThePeriodApart) {
  decision_.set({.refresh = 80, .retries = 2});
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), true));
  EXPECT_FALSE(needed(tcp(PL_TCP_ESTABLISHED), true, 9));
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), true, 10.1));
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), true, 20.3));
  EXPECT_FALSE(needed(tcp(PL_TCP_ESTABLISHED), true, 31)) << "twice and no more";
}

TEST_F(SyncDecisionTest, WithoutAPeriodTimeAlone) {
  decision_.set({.period = 0, .refresh = 60});
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), false));
  EXPECT_FALSE(needed(tcp(PL_TCP_ESTABLISHED), false, 1));
  EXPECT_TRUE(needed(tcp(PL_TCP_ESTABLISHED), false, 61));
}

TEST_F(SyncDecisionTest, TemplatesGoWithTheirConnections) {
  EXPECT_TRUE(needed(persistent_template(), false));
  EXPECT_TRUE(needed(persistent_template(), false));
  decision_.set({.refresh = 60});
  EXPECT_FALSE(needed(persistent_template(), false));
  decision_.set({.period = 0});
  EXPECT_FALSE(needed(persistent_template(), true)) << "once only, and that was";
}

TEST_F(SyncDecisionTest, PersistModeTellsTemplatesInsteadOfTheirConnections) {
  decision_.set({.persist_mode = true});
  auto c = tcp(PL_TCP_ESTABLISHED);
  EXPECT_TRUE(needed(c, true));
  c.persistent = true;
  EXPECT_FALSE(needed(c, true));
  EXPECT_FALSE(decision_.missed(c, start_));
  EXPECT_TRUE(needed(persistent_template(), false));
}

TEST_F(SyncDecisionTest, WhatWasMissedIsWhatWasNeverToldAsItIs) {
  EXPECT_TRUE(decision_.missed(tcp(PL_TCP_ESTABLISHED), start_));
  EXPECT_FALSE(decision_.missed(tcp(PL_TCP_ESTABLISHED), start_));
  EXPECT_TRUE(decision_.missed(tcp(PL_TCP_FIN_WAIT), start_));
  EXPECT_FALSE(decision_.missed(of(kSctp, PL_SCTP_INIT), start_));
  EXPECT_TRUE(decision_.missed(of(kUdp, 0), start_));
  EXPECT_FALSE(decision_.missed(of(kUdp, 0), start_));
}

}  // namespace
}  // namespace plenum::lb
