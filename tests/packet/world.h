#pragma once
// The world the packet tests play in: a client, a virtual address and real servers of both
// families, the frames a client sends, and what each forwarding method should make of them.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>

#include "net/address.h"
#include "tests/packet/harness.h"
#include "tests/packet/network.h"

namespace plenum::packet {

inline net::Address ip(const char* text) { return net::Address::parse(text).value(); }

// One family's addresses.
struct Addresses {
  net::Address client, vip, server, other_server, director;
};
const Addresses& addresses(net::Family family);

inline constexpr net::Family kBothFamilies[] = {net::Family::V4, net::Family::V6};
inline constexpr std::uint8_t kAllProtocols[] = {kTcp, kUdp, kSctp};

inline constexpr net::Mac kClientMac{{2, 0, 0, 0, 0xc, 1}};
inline constexpr net::Mac kServerMac{{2, 0, 0, 0, 1, 0x11}};
inline constexpr net::Mac kHopMac{{2, 0, 0, 0, 0, 3}};  // the director's, towards servers
inline constexpr std::uint16_t kClientPort = 40000, kVport = 80;

const char* name_of(net::Family family);              // "V4"
std::string name_of_protocol(std::uint8_t protocol);  // "Tcp"

// The first packet of a flow: TCP SYN, SCTP INIT, a UDP datagram.
Frame first(net::Family family, std::uint8_t protocol, std::uint16_t client_port = kClientPort);
// A later one: TCP ACK with data, SCTP DATA, a UDP datagram.
Frame later(net::Family family, std::uint8_t protocol, std::uint16_t client_port = kClientPort);
// The server's answer to first(): SYN+ACK, INIT ACK, a datagram; addressed to the client,
// through the director as gateway.
Frame answer(net::Family family, std::uint8_t protocol, std::uint16_t server_port = kVport);

// What a router on the way tells `to` about a packet it quotes: that its time ran out.
Frame time_exceeded(const net::Address& to, const Bytes& quoted);

// What the client should get for an answer: from the virtual address, one hop further.
Frame answered(const Frame& answer, const net::Address& vip, std::uint16_t vport = kVport);
// What a server of each method should get.
Frame routed(const Frame& sent);
Frame translated(const Frame& sent, const net::Address& server, std::uint16_t port);
// The outer frame around `sent` one hop further.
Frame in_ipip(const Frame& sent, const net::Address& server, const net::Address& source);
Frame in_gue(const Frame& sent, const net::Address& server, const net::Address& source, std::uint16_t sport,
             std::uint16_t port = 6080);
Frame in_gre(const Frame& sent, const net::Address& server, const net::Address& source, bool checksum);

// One director for all of them, since the kernel takes longest to check its programs; emptied for every test. A service
// and a server are one call.
class World : public testing::Test {
 public:
  static void SetUpTestSuite();

 protected:
  void SetUp() override { director().reset(); }
  static Director& director() { return *director_; }

  // A next hop to the servers on the ingress (XDP_TX), tunnels beginning at the director.
  std::uint32_t hop(NextHop hop = {});
  // A service of this family and protocol on the virtual address, and one server for it.
  std::uint32_t serve(net::Family family, std::uint8_t protocol, pl_forward forward,
                      pl_scheduler scheduler = PL_SCHED_RR);
  // The service and the last server serve() made.
  std::uint32_t service_ = 0;

  static void expect(const Outcome& run, pl_reason reason, std::uint32_t action, const Frame& frame);
  static void expect(const Outcome& run, pl_reason reason, std::uint32_t action, const Bytes& frame);
  static void expect_passed(const Outcome& run, pl_reason reason);
  static void expect_dropped(const Outcome& run, pl_reason reason);

 private:
  inline static std::unique_ptr<Director> director_;
};

// That something the program did between the tick `before` and now ends `time` ticks later.
void expect_ends(std::uint32_t expires, std::uint32_t before, std::uint32_t time);

// World for each family and protocol.
class EachProtocol : public World, public testing::WithParamInterface<std::tuple<net::Family, std::uint8_t>> {
 protected:
  static net::Family family() { return std::get<0>(GetParam()); }
  static std::uint8_t protocol() { return std::get<1>(GetParam()); }
  static const Addresses& at() { return addresses(family()); }
};
std::string name_of_case(const testing::TestParamInfo<std::tuple<net::Family, std::uint8_t>>& info);

#define PLENUM_EACH_PROTOCOL(suite) \
  INSTANTIATE_TEST_SUITE_P(         \
      , suite, testing::Combine(testing::ValuesIn(kBothFamilies), testing::ValuesIn(kAllProtocols)), name_of_case)

// World for each family.
class EachFamily : public World, public testing::WithParamInterface<net::Family> {
 protected:
  static net::Family family() { return GetParam(); }
  static const Addresses& at() { return addresses(family()); }
};

#define PLENUM_EACH_FAMILY(suite)                                     \
  INSTANTIATE_TEST_SUITE_P(, suite, testing::ValuesIn(kBothFamilies), \
                           [](const auto& family_info) { return std::string(name_of(family_info.param)); })

}  // namespace plenum::packet
