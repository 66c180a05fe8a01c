// IPVS's statistics: connections, packets and bytes of the IP packet, by server, both ways.

#include <linux/bpf.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

class Statistics : public EachProtocol {};

void expect_stats(const pl_stats& s, std::uint64_t connections, std::uint64_t in_packets, std::uint64_t in_bytes,
                  std::uint64_t out_packets, std::uint64_t out_bytes) {
  EXPECT_EQ(s.connections, connections);
  EXPECT_EQ(s.in_packets, in_packets);
  EXPECT_EQ(s.in_bytes, in_bytes);
  EXPECT_EQ(s.out_packets, out_packets);
  EXPECT_EQ(s.out_bytes, out_bytes);
}

TEST_P(Statistics, CountIpBytesWhateverTheLinkLayer) {
  for (const pl_forward method : {PL_FWD_MASQ, PL_FWD_TUNNEL, PL_FWD_ROUTE}) {
    director().reset();
    const std::uint32_t server = serve(family(), protocol(), method);
    Frame one = first(family(), protocol());
    Frame two = later(family(), protocol());
    two.vlans = {1, 2};
    director().run(one);
    director().run(two);
    expect_stats(director().stats(server), 1, 2, one.ip_length() + two.ip_length(), 0, 0);
  }
}

TEST_P(Statistics, CountAnswersOfNat) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_MASQ);
  const Frame sent = first(family(), protocol());
  Frame reply = answer(family(), protocol());
  reply.payload = protocol() == kSctp ? chunk(kInitAck, 300) : Bytes(300, 7);
  director().run(sent);
  director().run(reply);
  director().run(reply);
  expect_stats(director().stats(server), 1, 1, sent.ip_length(), 2, 2 * reply.ip_length());
}

TEST_P(Statistics, AreEachServersOwn) {
  const std::uint32_t one = serve(family(), protocol(), PL_FWD_ROUTE);
  const std::uint32_t two = director().add(service_, Server{.address = at().other_server, .next_hop = 1});
  for (std::uint16_t client = 1; client <= 10; ++client) director().run(first(family(), protocol(), client));
  for (int i = 0; i < 3; ++i) director().run(later(family(), protocol(), 1));
  const std::uint64_t size = first(family(), protocol()).ip_length(), more = later(family(), protocol()).ip_length();
  expect_stats(director().stats(two), 5, 5 + 3, 5 * size + 3 * more, 0, 0);
  expect_stats(director().stats(one), 5, 5, 5 * size, 0, 0);
}

TEST_P(Statistics, DoNotCountWhatWasNotScheduled) {
  const std::uint32_t server = serve(family(), protocol(), PL_FWD_ROUTE);
  director().set_weight(server, 0);
  director().run(first(family(), protocol()));
  expect_stats(director().stats(server), 0, 0, 0, 0, 0);
}

PLENUM_EACH_PROTOCOL(Statistics);

}  // namespace
}  // namespace plenum::packet
