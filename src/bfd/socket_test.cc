// Control packets between two hosts of the test's own.

#include "bfd/socket.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>

#include "rt/namespace_for_test.h"

namespace plenum::bfd {
namespace {

net::Address ip(const char* text) { return *net::Address::parse(text); }

void expect_through(const net::Address& from, const net::Address& to) {
  rt::in_thread([&] {
    const rt::TwoNamespaces hosts;
    hosts.sh(
        "ip addr add 10.9.0.1/24 dev eth0; ip addr add 10.9.0.3/24 dev eth0; ip addr add fe80::3/64 dev eth0 nodad");
    hosts.sh_there("ip addr add 10.9.0.2/24 dev eth0; ip addr add fe80::2/64 dev eth0 nodad");
    hosts.enter_there();
    auto receiver = Receiver::open("eth0", from.family());
    ASSERT_TRUE(receiver) << receiver.error().what;
    hosts.enter_here();
    // Sessions with the same neighbour each have a port of their own.
    for (const std::uint8_t ttl : {255, 17}) {
      auto sender = Sender::open("eth0", from, to, ttl);
      auto other = Sender::open("eth0", from, to, ttl);
      ASSERT_TRUE(sender) << sender.error().what;
      ASSERT_TRUE(other) << other.error().what;
      const std::array<std::uint8_t, 4> packet{1, 2, 3, ttl};
      ASSERT_EQ(sender->send(packet), 0);

      std::array<std::uint8_t, 64> buffer{};
      pollfd waiting{receiver->fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
      const auto heard = receiver->receive(buffer);
      ASSERT_TRUE(heard);
      EXPECT_TRUE(std::equal(heard->payload.begin(), heard->payload.end(), packet.begin(), packet.end()));
      EXPECT_EQ(heard->source, from);
      EXPECT_EQ(heard->destination, to);
      EXPECT_EQ(heard->ttl, ttl);
      EXPECT_FALSE(receiver->receive(buffer));
    }
  });
}

TEST(BfdSocket, Ipv4ComesFromTheAddressAskedForWithItsTtl) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("10.9.0.3"), ip("10.9.0.2"));
}
TEST(BfdSocket, Ipv6BetweenLinkLocalAddresses) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("fe80::3"), ip("fe80::2"));
}

TEST(BfdSocket, ANeighbourThatRefusesIsSentToAllTheSame) {
  PLENUM_NEEDS_ROOT();
  rt::in_thread([] {
    const rt::TestNamespace here;
    auto sender = Sender::open("lo", ip("127.0.0.1"), ip("127.0.0.1"), 255);
    ASSERT_TRUE(sender) << sender.error().what;
    const std::array<std::uint8_t, 1> packet{1};
    for (int i = 0; i < 5; ++i) EXPECT_EQ(sender->send(packet), 0);
  });
}

TEST(BfdSocket, SaysWhenThereIsNoSuchInterface) {
  const auto receiver = Receiver::open("nosuch", net::Family::V4);
  ASSERT_FALSE(receiver);
  EXPECT_EQ(receiver.error().code, std::errc::no_such_device);
  const auto sender = Sender::open("nosuch", ip("10.9.0.1"), ip("10.9.0.2"), 255);
  ASSERT_FALSE(sender);
  EXPECT_EQ(sender.error().code, std::errc::no_such_device);
}

}  // namespace
}  // namespace plenum::bfd
