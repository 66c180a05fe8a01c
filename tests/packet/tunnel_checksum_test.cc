// Tunnels by GRE, and tunnels with a checksum over all that is inside, either family inside
// either. The expected checksums are summed octet by octet, never derived from inner ones.

#include <linux/bpf.h>

#include <numeric>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

// The family inside, the protocol inside, the family outside.
using Case = std::tuple<net::Family, std::uint8_t, net::Family>;

class TunnelChecksum : public World, public testing::WithParamInterface<Case> {
 protected:
  static net::Family inside() { return std::get<0>(GetParam()); }
  static std::uint8_t protocol() { return std::get<1>(GetParam()); }
  static const Addresses& outside() { return addresses(std::get<2>(GetParam())); }
  static std::size_t shim() { return 14 + (outside().server.is_v4() ? 20 : 40); }

  std::uint32_t serve_tunnel(pl_tunnel type, unsigned flags, std::uint16_t mtu = 1500) {
    const std::uint32_t service = director().add(Service{protocol(), addresses(inside()).vip, kVport});
    return director().add(service, Server{.address = outside().server,
                                          .forward = PL_FWD_TUNNEL,
                                          .next_hop = hop({.mtu = mtu, .source = outside().director}),
                                          .tunnel = type,
                                          .tunnel_flags = flags});
  }

  void expect_gre(const Frame& sent, bool checksum) {
    expect(director().run(sent), PL_FORWARD_TUNNEL, XDP_TX,
           in_gre(sent, outside().server, outside().director, checksum));
  }
  void expect_gue(const Frame& sent) {
    const Outcome run = director().run(sent);
    ASSERT_GE(run.frame.size(), shim() + 12);
    Frame expected =
        in_gue(sent, outside().server, outside().director, static_cast<std::uint16_t>(get16(run.frame, shim())));
    expected.udp_checksum = true;
    expect(run, PL_FORWARD_TUNNEL, XDP_TX, expected);
  }

  // Packets whose sum the headers tell, and all the others.
  static std::vector<Frame> packets() {
    std::vector<Frame> out{first(inside(), protocol()), later(inside(), protocol())};
    for (const std::size_t n : {0u, 1u, 2u, 63u, 64u, 65u, 1200u, 1201u}) {
      Frame f = later(inside(), protocol());
      if (protocol() == kSctp) {
        f.payload = chunk(kData, n);
      } else {
        f.payload.assign(n, 0);
        std::iota(f.payload.begin(), f.payload.end(), std::uint8_t{7});
      }
      f.tos = static_cast<std::uint8_t>(n);
      out.push_back(f);
    }
    Frame f = later(inside(), protocol());
    f.udp_checksum = false;  // in UDP: none computed
    out.push_back(f);
    if (f.v6()) {
      f.extensions = {{kHopByHop, hex("0502 0000 0100")}};
    } else {
      f.options = hex("94040000");  // router alert
    }
    out.push_back(f);
    f.udp_checksum = true;
    out.push_back(f);
    return out;
  }
};

TEST_P(TunnelChecksum, GreWithoutAChecksumHasTheShortHeader) {
  serve_tunnel(PL_TUN_GRE, 0);
  for (const Frame& sent : packets()) expect_gre(sent, false);
}

TEST_P(TunnelChecksum, GreChecksumCoversAllThatIsInside) {
  serve_tunnel(PL_TUN_GRE, PL_TUN_CSUM);
  for (const Frame& sent : packets()) expect_gre(sent, true);
}

TEST_P(TunnelChecksum, GueChecksumCoversAllThatIsInside) {
  serve_tunnel(PL_TUN_GUE, PL_TUN_CSUM);
  for (const Frame& sent : packets()) expect_gue(sent);
}

// IPVS asks for it only where the inner checksum is not filled in yet, as with its own packets.
TEST_P(TunnelChecksum, RemoteChecksumOfAPacketFromTheWireIsTheFullOne) {
  serve_tunnel(PL_TUN_GUE, PL_TUN_REMCSUM);
  for (const Frame& sent : packets()) expect_gue(sent);
}

// A corrupted packet must not become a good one on its way.
TEST_P(TunnelChecksum, APacketBrokenBeforeIsBrokenOutsideOrInside) {
  if (protocol() == kSctp) return;  // its CRC travels as it is
  serve_tunnel(PL_TUN_GUE, PL_TUN_CSUM);
  Frame sent = later(inside(), protocol());
  director().run(first(inside(), protocol()));
  sent.checksum_error = 0x0100;
  const Outcome run = director().run(sent);
  Frame right =
      in_gue(sent, outside().server, outside().director, static_cast<std::uint16_t>(get16(run.frame, shim())));
  right.udp_checksum = true;
  const Bytes expected = right.bytes();
  ASSERT_EQ(run.frame.size(), expected.size());
  EXPECT_NE(get16(run.frame, shim() + 6), get16(expected, shim() + 6)) << "an outer checksum hides the inner error";
}

TEST_P(TunnelChecksum, TheHeadersCountForTheMtu) {
  const struct {
    pl_tunnel type;
    unsigned flags;
    std::size_t extra;
  } kRows[] = {{PL_TUN_GRE, 0, 4},
               {PL_TUN_GRE, PL_TUN_CSUM, 8},
               {PL_TUN_GUE, PL_TUN_CSUM, 12},
               {PL_TUN_GUE, PL_TUN_REMCSUM, 12}};
  for (const auto& row : kRows) {
    director().reset();
    const Frame sent = first(inside(), protocol());
    const std::size_t full = sent.ip_length() + shim() - 14 + row.extra;
    serve_tunnel(row.type, row.flags, static_cast<std::uint16_t>(full));
    EXPECT_EQ(director().run(sent).reason, PL_FORWARD_TUNNEL) << row.type << row.flags;
    director().reset();
    serve_tunnel(row.type, row.flags, static_cast<std::uint16_t>(full - 1));
    EXPECT_EQ(director().run(sent).reason, PL_REPLY_TOO_BIG) << row.type << row.flags;
  }
}

INSTANTIATE_TEST_SUITE_P(, TunnelChecksum,
                         testing::Combine(testing::ValuesIn(kBothFamilies), testing::ValuesIn(kAllProtocols),
                                          testing::ValuesIn(kBothFamilies)),
                         [](const testing::TestParamInfo<Case>& each) {
                           return std::string(name_of(std::get<0>(each.param))) +
                                  name_of_protocol(std::get<1>(each.param)) + "In" + name_of(std::get<2>(each.param));
                         });

// Octet by octet, so that a mistake shared with the builder of frames cannot hide: UDP
// "hello" from 198.51.100.7:40000 to 203.0.113.10:80, for 10.0.0.11 from 10.0.0.1.
TEST_F(World, GreWithChecksumToTheLetter) {
  const std::uint32_t server = serve(net::Family::V4, kUdp, PL_FWD_TUNNEL);
  director().server(server).tunnel = PL_TUN_GRE;
  director().server(server).tunnel_flags = PL_TUN_CSUM;
  const Bytes sent =
      hex("0200 0000 0001 0200 0000 0c01 0800"
          "4500 0021 1234 4000 4011 c252 c633 6407 cb00 710a"
          "9c40 0050 000d b92b 6865 6c6c 6f");
  const Bytes expected =
      hex("0200 0000 0111 0200 0000 0003 0800"
          "4500 003d 0000 4000 3f2f 2787 0a00 0001 0a00 000b"
          "8000 0800 de63 0000"
          "4500 0021 1234 4000 3f11 c352 c633 6407 cb00 710a"
          "9c40 0050 000d b92b 6865 6c6c 6f");
  expect(director().run(sent), PL_FORWARD_TUNNEL, XDP_TX, expected);
}

}  // namespace
}  // namespace plenum::packet
