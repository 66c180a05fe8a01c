// The connection hash: what it must not do, whatever the seed.

#include "bpf/hash.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

#include "bpf/abi.h"

namespace plenum::lb {
namespace {

constexpr __u64 kSeed[2] = {0x0123456789abcdef, 0xfedcba9876543210};
constexpr std::uint8_t kTcp = 6;

__u64 hash_of(std::uint32_t address, std::uint16_t port, std::uint8_t family = 4) {
  pl_addr client{{0, 0, htonl(0xffff), htonl(address)}};
  if (family == 6) client = {{htonl(0x20010db8), 0, 0, htonl(address)}};
  return pl_hash(&client, htons(port), kTcp, family, kSeed);
}

// A client that changes address and port together, as one who aims at a bucket would.
TEST(ConnectionHash, AddressAndPortDoNotCancelEachOther) {
  for (const std::uint8_t family : {std::uint8_t{4}, std::uint8_t{6}})
    for (int shift = 0; shift <= 16; ++shift) {
      std::set<__u64> hashes;
      for (std::uint32_t d = 0; d < 1024; ++d)
        hashes.insert(hash_of(0x0a000001 ^ d << shift, static_cast<std::uint16_t>(1024 ^ d), family));
      EXPECT_EQ(hashes.size(), 1024U) << "IPv" << int{family} << ", shifted by " << shift;
    }
}

// Ten networks' clients with a few ports each, in a table 60 % full: no bucket is more crowded
// than chance has it (with 4.8 in each on average, one of some 50,000 holds more than 16).
TEST(ConnectionHash, SpreadsNetworksOfClientsOverBuckets) {
  constexpr std::uint32_t kFlows = 625000, kBuckets = 131072;
  std::vector<std::uint32_t> crowd(kBuckets);
  for (std::uint32_t flow = 0; flow < kFlows; ++flow)
    ++crowd[hash_of(0x0a000000 + (flow >> 4) * 16, static_cast<std::uint16_t>(1024 + (flow & 15))) & (kBuckets - 1)];
  std::array<std::uint32_t, 64> buckets_of{};
  for (const auto n : crowd) ++buckets_of[std::min<std::size_t>(n, buckets_of.size() - 1)];
  std::uint32_t crowded = 0, above_eight = 0;
  for (std::size_t n = 9; n < buckets_of.size(); ++n) above_eight += buckets_of[n];
  for (std::size_t n = 17; n < buckets_of.size(); ++n) crowded += buckets_of[n];
  EXPECT_LT(crowded, 10U);
  EXPECT_NEAR(above_eight, kBuckets * 0.054, kBuckets * 0.005);
}

}  // namespace
}  // namespace plenum::lb
