#include "lb/packet_cutter.h"

#include <gtest/gtest.h>

#include <numeric>

namespace plenum::lb {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kLink = 14;

unsigned get16(const Bytes& bytes, std::size_t at) { return static_cast<unsigned>(bytes[at] << 8 | bytes[at + 1]); }

bool header_sums_up(const Bytes& frame) {
  std::uint32_t sum = 0;
  const std::size_t header = (frame[kLink] & 0x0fu) * 4u;
  for (std::size_t i = 0; i < header; i += 2) sum += get16(frame, kLink + i);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

Bytes packet(std::size_t payload, unsigned flags = 0, const Bytes& options = {}) {
  Bytes out(kLink, 0xee);
  const auto length = 20 + options.size() + payload;
  const Bytes header{static_cast<std::uint8_t>(0x45 + options.size() / 4),
                     0x10,
                     static_cast<std::uint8_t>(length >> 8),
                     static_cast<std::uint8_t>(length),
                     0xab,
                     0xcd,
                     static_cast<std::uint8_t>(flags >> 8),
                     static_cast<std::uint8_t>(flags),
                     64,
                     17,
                     0,
                     0,
                     192,
                     0,
                     2,
                     1,
                     192,
                     0,
                     2,
                     2};
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), options.begin(), options.end());
  const auto at = static_cast<std::ptrdiff_t>(out.size());
  out.resize(out.size() + payload);
  std::iota(out.begin() + at, out.end(), std::uint8_t{1});
  return out;
}

// Every fragment is sound; together they are the payload. Gives (offset, more) of each.
std::vector<std::pair<unsigned, bool>> check(const Bytes& whole, const std::vector<Bytes>& pieces, std::size_t mtu) {
  std::vector<std::pair<unsigned, bool>> out;
  Bytes payload;
  for (const auto& piece : pieces) {
    const std::size_t header = (piece[kLink] & 0x0fu) * 4u;
    EXPECT_EQ(get16(piece, kLink + 2), piece.size() - kLink);
    EXPECT_LE(piece.size() - kLink, mtu);
    EXPECT_TRUE(header_sums_up(piece));
    EXPECT_EQ(get16(piece, kLink + 4), 0xabcdu);
    EXPECT_TRUE(std::equal(whole.begin(), whole.begin() + kLink, piece.begin()));
    out.emplace_back((get16(piece, kLink + 6) & 0x1fff) * 8, (get16(piece, kLink + 6) & 0x2000) != 0);
    payload.insert(payload.end(), piece.begin() + static_cast<std::ptrdiff_t>(kLink + header), piece.end());
  }
  const std::size_t header = (whole[kLink] & 0x0fu) * 4u;
  EXPECT_TRUE(std::equal(payload.begin(), payload.end(), whole.begin() + static_cast<std::ptrdiff_t>(kLink + header),
                         whole.end()));
  return out;
}

using Parts = std::vector<std::pair<unsigned, bool>>;

TEST(PacketCutter, CutsAtMultiplesOfEightAndFillsTheMtuWithTheLast) {
  EXPECT_EQ(check(packet(1400), cut_ipv4(packet(1400), kLink, 720), 720),
            (Parts{{0, true}, {696, true}, {1392, false}}));
  EXPECT_EQ(check(packet(1396), cut_ipv4(packet(1396), kLink, 720), 720), (Parts{{0, true}, {696, false}}));
  EXPECT_EQ(check(packet(700), cut_ipv4(packet(700), kLink, 720), 720), (Parts{{0, false}}));
}

TEST(PacketCutter, CutsFragmentsAgainWhereTheyStand) {
  EXPECT_EQ(check(packet(1480, 0x2000 | 185), cut_ipv4(packet(1480, 0x2000 | 185), kLink, 1000), 1000),
            (Parts{{1480, true}, {2456, true}}));
  EXPECT_EQ(check(packet(1100, 370), cut_ipv4(packet(1100, 370), kLink, 1000), 1000),
            (Parts{{2960, true}, {3936, false}}));
}

TEST(PacketCutter, CopiesOnlyTheOptionsThatAreToBeCopied) {
  // Record route (7), not copied; router alert (148), copied; end.
  const Bytes options{7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0};
  const auto pieces = cut_ipv4(packet(100, 0, options), kLink, 80);
  ASSERT_EQ(pieces.size(), 3u);
  check(packet(100, 0, options), pieces, 80);
  const auto options_of = [](const Bytes& piece) {
    return Bytes(piece.begin() + kLink + 20, piece.begin() + kLink + 32);
  };
  EXPECT_EQ(options_of(pieces[0]), options);
  EXPECT_EQ(options_of(pieces[1]), (Bytes{1, 1, 1, 1, 1, 1, 1, 148, 4, 0, 0, 0}));
  EXPECT_EQ(options_of(pieces[2]), options_of(pieces[1]));
}

TEST(PacketCutter, LeavesAloneWhatMayNotOrCannotBeCut) {
  EXPECT_TRUE(cut_ipv4(packet(1400, 0x4000), kLink, 720).empty()) << "DF";
  EXPECT_TRUE(cut_ipv4(packet(1400), kLink, 27).empty()) << "no room for 8 bytes";
  EXPECT_TRUE(cut_ipv4(packet(0), kLink, 720).empty());
  EXPECT_TRUE(cut_ipv4(packet(1400), 2000, 720).empty());
  auto cut_short = packet(1400);
  cut_short.resize(1000);
  EXPECT_TRUE(cut_ipv4(cut_short, kLink, 720).empty());
  auto six = packet(1400);
  six[kLink] = 0x65;
  EXPECT_TRUE(cut_ipv4(six, kLink, 720).empty());
}

}  // namespace
}  // namespace plenum::lb
