#include "host/neighbour_packet.h"

#include <gtest/gtest.h>

namespace plenum::host {
namespace {

using Bytes = std::vector<std::uint8_t>;

const net::Mac kOwn{{2, 0, 0, 0, 0, 1}}, kOther{{2, 0, 0, 0, 0, 0x21}}, kFrame{{2, 0, 0, 0, 0, 0x77}};
const net::Address kVip = *net::Address::parse("192.0.2.10"), kVip6 = *net::Address::parse("2001:db8::1:2345");

const Bytes kArpReply{0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 0x21, 192, 0, 2, 10, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0};

// From fe80::21 to fe80::1: 2001:db8::1:2345 is at 02:00:00:00:00:21, solicited, override.
const Bytes kAdvertisement{
    0x60, 0,    0,    0,    0,    32, 58, 255,                                 //
    0xfe, 0x80, 0,    0,    0,    0,  0,  0,    0, 0, 0, 0, 0, 0, 0,    0x21,  //
    0xfe, 0x80, 0,    0,    0,    0,  0,  0,    0, 0, 0, 0, 0, 0, 0,    1,     //
    136,  0,    0xc5, 0x5f, 0x60, 0,  0,  0,                                   //
    0x20, 1,    0x0d, 0xb8, 0,    0,  0,  0,    0, 0, 0, 0, 0, 1, 0x23, 0x45,  //
    2,    1,    2,    0,    0,    0,  0,  0x21,
};

TEST(ArpProbe, IsThatOfRfc5227) {
  EXPECT_EQ(arp_probe(kVip, kOwn),
            (Bytes{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 10}));
}

TEST(NeighbourSolicitation, GoesToTheSolicitedNodeGroup) {
  const auto from_link_local = neighbour_solicitation(kVip6, net::Address::parse("fe80::1"), kOwn);
  EXPECT_EQ(from_link_local, (Bytes{0x60, 0,    0,    0,    0, 32, 58, 255,                                   //
                                    0xfe, 0x80, 0,    0,    0, 0,  0,  0,   0, 0, 0, 0, 0,    0, 0,    1,     //
                                    0xff, 2,    0,    0,    0, 0,  0,  0,   0, 0, 0, 1, 0xff, 1, 0x23, 0x45,  //
                                    135,  0,    0x04, 0xd7, 0, 0,  0,  0,                                     //
                                    0x20, 1,    0x0d, 0xb8, 0, 0,  0,  0,   0, 0, 0, 0, 0,    1, 0x23, 0x45,  //
                                    1,    1,    2,    0,    0, 0,  0,  1}));
  const auto from_nowhere = neighbour_solicitation(kVip6, std::nullopt, kOwn);
  EXPECT_EQ(from_nowhere.size(), 64u);  // no option for the source
  EXPECT_EQ(from_nowhere[5], 24);
  EXPECT_EQ(solicited_node_mac(kVip6).text(), "33:33:ff:01:23:45");
}

TEST(ClaimedBy, ReadsArpRepliesAndTheOwnersRequests) {
  EXPECT_EQ(claimed_by(0x0806, kArpReply, kVip, kFrame), kOther);
  Bytes request = kArpReply;
  request[7] = 1;
  EXPECT_EQ(claimed_by(0x0806, request, kVip, kFrame), kOther);
  EXPECT_EQ(claimed_by(0x0806, kArpReply, *net::Address::parse("192.0.2.11"), kFrame), std::nullopt);
  EXPECT_EQ(claimed_by(0x0806, kArpReply, kVip6, kFrame), std::nullopt);
  Bytes padded = kArpReply;
  padded.resize(46);
  EXPECT_EQ(claimed_by(0x0806, padded, kVip, kFrame), kOther);
  for (std::size_t n = 0; n < kArpReply.size(); ++n) {
    EXPECT_EQ(claimed_by(0x0806, std::span(kArpReply).first(n), kVip, kFrame), std::nullopt);
  }
}

TEST(ClaimedBy, ReadsAdvertisements) {
  EXPECT_EQ(claimed_by(0x86dd, kAdvertisement, kVip6, kFrame), kOther);
  EXPECT_EQ(claimed_by(0x86dd, kAdvertisement, *net::Address::parse("2001:db8::2"), kFrame), std::nullopt);
  for (std::size_t at = 0; at < kAdvertisement.size(); ++at) {
    if (at > 0 && at < 8 && at != 5 && at != 6 && at != 7) continue;  // traffic class, flow label: not checked
    Bytes broken = kAdvertisement;
    broken[at] ^= 0x10;
    EXPECT_EQ(claimed_by(0x86dd, broken, kVip6, kFrame), std::nullopt) << at;
  }
  for (std::size_t n = 0; n < kAdvertisement.size(); ++n) {
    EXPECT_EQ(claimed_by(0x86dd, std::span(kAdvertisement).first(n), kVip6, kFrame), std::nullopt);
  }
}

TEST(ClaimedBy, TakesTheFramesSourceWithoutAnOption) {
  Bytes bare(kAdvertisement.begin(), kAdvertisement.end() - 8);
  bare[5] = 24;
  bare[42] = 0xc9, bare[43] = 0x89;
  EXPECT_EQ(claimed_by(0x86dd, bare, kVip6, kFrame), kFrame);
}

}  // namespace
}  // namespace plenum::host
