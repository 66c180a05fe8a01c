#include "proto/bfd.h"

#include <gtest/gtest.h>

namespace plenum::proto {
namespace {

using Bytes = std::vector<std::uint8_t>;

BfdPacket some() {
  return {.diagnostic = BfdDiagnostic::TimeExpired,
          .state = BfdState::Up,
          .poll = true,
          .control_independent = true,
          .detect_multiplier = 3,
          .my_discriminator = 0x01020304,
          .your_discriminator = 0x05060708,
          .desired_min_tx_us = 50000,
          .required_min_rx_us = 30000};
}

Bytes changed(std::size_t at, int to) {
  auto bytes = write_bfd(some());
  bytes[at] = static_cast<std::uint8_t>(to);
  return bytes;
}
void expect_fault(const Bytes& bytes, BfdFault fault) {
  const auto read = read_bfd(bytes);
  ASSERT_TRUE(std::holds_alternative<BfdFault>(read)) << bfd_fault_text(fault);
  EXPECT_EQ(std::get<BfdFault>(read), fault) << bfd_fault_text(std::get<BfdFault>(read));
}

// RFC 5880 section 4.1.
TEST(Bfd, StandsAsTheRfcDrawsIt) {
  EXPECT_EQ(write_bfd(some()),
            (Bytes{0x21, 0xe8, 3, 24, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0xc3, 0x50, 0, 0, 0x75, 0x30, 0, 0, 0, 0}));
}

TEST(Bfd, ReadsWhatWasWritten) {
  auto other = some();
  other.poll = false;
  other.final = other.demand = true;
  other.state = BfdState::Init;
  other.diagnostic = static_cast<BfdDiagnostic>(31);
  for (const auto& packet : {some(), other}) EXPECT_EQ(std::get<BfdPacket>(read_bfd(write_bfd(packet))), packet);
}

TEST(Bfd, AnAuthenticationSectionIsSeen) {
  auto bytes = changed(1, 0xe8 | 4);
  expect_fault(bytes, BfdFault::Length);
  bytes[3] = 26;
  expect_fault(bytes, BfdFault::Length);
  bytes.insert(bytes.end(), {1, 2});
  EXPECT_TRUE(std::get<BfdPacket>(read_bfd(bytes)).authenticated);
}

TEST(Bfd, RefusesWhatSection686Discards) {
  expect_fault({}, BfdFault::Length);
  expect_fault(Bytes(23, 0x21), BfdFault::Length);
  expect_fault(changed(0, 0x01), BfdFault::Version);
  expect_fault(changed(3, 23), BfdFault::Length);
  expect_fault(changed(3, 25), BfdFault::Length);
  expect_fault(changed(2, 0), BfdFault::DetectMultiplier);
  expect_fault(changed(1, 0xe9), BfdFault::Multipoint);
  auto nobody = some();
  nobody.my_discriminator = 0;
  expect_fault(write_bfd(nobody), BfdFault::MyDiscriminator);
  auto unheard = some();
  unheard.your_discriminator = 0;
  expect_fault(write_bfd(unheard), BfdFault::YourDiscriminator);
  unheard.state = BfdState::Init;
  expect_fault(write_bfd(unheard), BfdFault::YourDiscriminator);
  unheard.state = BfdState::AdminDown;
  EXPECT_TRUE(std::holds_alternative<BfdPacket>(read_bfd(write_bfd(unheard))));
}

// A packet may be followed by what its length does not count.
TEST(Bfd, WhatFollowsIsIgnored) {
  auto bytes = write_bfd(some());
  bytes.push_back(7);
  EXPECT_EQ(std::get<BfdPacket>(read_bfd(bytes)), some());
}

TEST(Bfd, Texts) {
  EXPECT_EQ(bfd_state_text(BfdState::Up), "up");
  EXPECT_EQ(bfd_diagnostic_text(BfdDiagnostic::NeighborDown), "neighbor signaled session down");
  EXPECT_EQ(bfd_diagnostic_text(static_cast<BfdDiagnostic>(17)), "reserved");
}

}  // namespace
}  // namespace plenum::proto
