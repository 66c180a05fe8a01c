#include "lb/tuning.h"

#include <gtest/gtest.h>

namespace plenum::lb {
namespace {

TEST(Tuning, DefaultsAreIpvss) {
  pl_settings settings{};
  set_tuning(settings, {}, {});
  EXPECT_EQ(settings.tuning, std::uint32_t{PL_TUNE_REUSE});
  EXPECT_EQ(settings.drop_rate, 0u);
  EXPECT_EQ(settings.lblc_expiration, ticks_of(86400));
}

TEST(Tuning, EachSwitchIsItsBit) {
  conf::Tuning tuning;
  tuning.conn_reuse_mode = 0;
  EXPECT_EQ(tuning_bits(tuning, {}), 0u);
  tuning.conn_reuse_mode = 2;
  EXPECT_EQ(tuning_bits(tuning, {}), std::uint32_t{PL_TUNE_REUSE | PL_TUNE_REUSE_FIN});
  tuning.conn_reuse_mode = 0;
  tuning.expire_nodest_conn = tuning.sloppy_tcp = 1;
  EXPECT_EQ(tuning_bits(tuning, {}), std::uint32_t{PL_TUNE_EXPIRE_NODEST | PL_TUNE_SLOPPY_TCP});
}

TEST(Tuning, BackupOnlyNeedsABackup) {
  conf::Tuning tuning;
  tuning.backup_only = 1;
  EXPECT_EQ(tuning_bits(tuning, {}) & PL_TUNE_PASS, 0u);
  EXPECT_NE(tuning_bits(tuning, {.backup = true}) & PL_TUNE_PASS, 0u);
  EXPECT_EQ(tuning_bits({}, {.backup = true}) & PL_TUNE_PASS, 0u);
}

// The file and an operator both set timeouts; the one that changed last wins.
TEST(Tuning, AReloadChangesTheTimeoutsThatTheFileChanged) {
  const Timeouts set_by_hand{100, 200, 300};
  const conf::Timeouts file{900, 120, 300};
  EXPECT_EQ(changed_timeouts(set_by_hand, file, file).tcp, 100u);
  const auto after = changed_timeouts(set_by_hand, file, {900, 60, 300});
  EXPECT_EQ(after.tcp, 100u);
  EXPECT_EQ(after.tcp_fin, 60u);
  EXPECT_EQ(after.udp, 300u);
}

TEST(Tuning, ChangesAreShownOneByOne) {
  conf::Director from, to;
  EXPECT_TRUE(tuning_changes(from, to).empty());
  to.tuning.drop_entry = 3;
  to.timeouts.udp = 60;
  EXPECT_EQ(tuning_changes(from, to),
            (std::vector<std::string>{"director: timeouts: udp 300 -> 60", "director: tuning: drop_entry 0 -> 3"}));
}

}  // namespace
}  // namespace plenum::lb
