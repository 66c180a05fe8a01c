#include "conf/tuning.h"

#include <gtest/gtest.h>

#include "conf/reader.h"

namespace plenum::conf {
namespace {

Reading tuned(const std::string& keys) {
  return parse("version: 1\ndirector:\n  tuning: { " + keys + " }\n", "plenum.yaml", process_environment);
}

std::string problem_of(const Reading& reading) { return reading ? "none" : reading.error().render(); }

TEST(Tuning, LeftOutIsIpvssDefault) {
  const auto config = parse("version: 1\n", "plenum.yaml", process_environment);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->director.tuning, Tuning{});
  EXPECT_EQ(config->director.timeouts, Timeouts{});
  EXPECT_TRUE(differences(config->director.tuning).empty());
}

TEST(Tuning, EveryKnobIsRead) {
  static const Tuning defaults;
  for (const auto& row : tunables()) {
    if (!row.fixed.empty()) continue;
    // A value of its range that is not the default: a power of two for sync_ports.
    const auto value = defaults.*row.value == row.max ? row.min : row.max;
    const auto config = tuned(std::string(row.name) + ": " + std::to_string(value));
    ASSERT_TRUE(config) << problem_of(config);
    EXPECT_EQ(config->director.tuning.*row.value, value) << row.name;
    EXPECT_EQ(differences(config->director.tuning).size(), 1u) << row.name;
    EXPECT_FALSE(tuned(std::string(row.name) + ": " + std::to_string(row.max + 1))) << row.name;
  }
}

TEST(Tuning, WhatCannotBeTurnedSaysWhy) {
  EXPECT_TRUE(tuned("conntrack: 0, snat_reroute: 1"));
  EXPECT_NE(problem_of(tuned("conntrack: 1")).find("tuning: conntrack can only be 0"), std::string::npos);
  EXPECT_NE(problem_of(tuned("conntrack: 1")).find("never meet netfilter"), std::string::npos);
  EXPECT_NE(problem_of(tuned("snat_reroute: 0")).find("tuning: snat_reroute can only be 1"), std::string::npos);
  EXPECT_NE(problem_of(tuned("est_nice: 5")).find("est_nice is not supported"), std::string::npos);
}

TEST(Tuning, SyncThresholdIsAPair) {
  const auto config = tuned("sync_threshold: [10, 100]");
  ASSERT_TRUE(config) << problem_of(config);
  EXPECT_EQ(config->director.tuning.sync_threshold, 10);
  EXPECT_EQ(config->director.tuning.sync_period, 100);
  EXPECT_EQ(differences(config->director.tuning), (std::vector<std::string>{"sync_threshold 10 100 (default 3 50)"}));
  EXPECT_TRUE(tuned("sync_threshold: [5, 0]"));
  EXPECT_NE(problem_of(tuned("sync_threshold: [50, 50]")).find("must be below"), std::string::npos);
  EXPECT_NE(problem_of(tuned("sync_threshold: [3]")).find("two numbers"), std::string::npos);
  EXPECT_FALSE(tuned("sync_threshold: 3"));
  EXPECT_FALSE(tuned("sync_threshold: [3, x]"));
  EXPECT_FALSE(tuned("sync_ports: 3"));
}

TEST(Tuning, TimeoutsAreDurations) {
  const auto config =
      parse("version: 1\ndirector: { timeouts: { tcp: 1h, tcp_fin: 30s } }\n", "plenum.yaml", process_environment);
  ASSERT_TRUE(config) << problem_of(config);
  EXPECT_EQ(config->director.timeouts, (Timeouts{3600, 30, 300}));
  EXPECT_FALSE(parse("version: 1\ndirector: { timeouts: { udp: 0 } }\n", "plenum.yaml", process_environment));
}

}  // namespace
}  // namespace plenum::conf
