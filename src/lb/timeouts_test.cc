#include "lb/timeouts.h"

#include <gtest/gtest.h>

namespace plenum::lb {
namespace {

TEST(Timeouts, AreIpvssUntilSet) {
  pl_settings s{};
  set_timeouts(s, default_timeouts());
  EXPECT_EQ(seconds_of(s.tcp_timeout[PL_TCP_SYN_RECV]), 60u);
  EXPECT_EQ(seconds_of(s.tcp_timeout[PL_TCP_CLOSE]), 10u);
  EXPECT_EQ(seconds_of(s.sctp_timeout[PL_SCTP_ESTABLISHED]), 900u);
  EXPECT_EQ(timeouts_of(s).udp, 300u);
}

TEST(Timeouts, SurviveTheWayThroughTicks) {
  for (const std::uint32_t seconds : {1u, 59u, 900u, 86400u, 2678400u})
    EXPECT_EQ(seconds_of(ticks_of(seconds)), seconds);
}

TEST(Timeouts, SetChangesThreeStates) {
  pl_settings s{};
  set_timeouts(s, {1800, 60, 200});
  EXPECT_EQ(timeouts_of(s).tcp, 1800u);
  EXPECT_EQ(timeouts_of(s).tcp_fin, 60u);
  EXPECT_EQ(timeouts_of(s).udp, 200u);
  EXPECT_EQ(seconds_of(s.tcp_timeout[PL_TCP_TIME_WAIT]), 120u);
}

}  // namespace
}  // namespace plenum::lb
