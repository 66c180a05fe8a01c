// Adverts between two hosts of the test's own.

#include "vrrp/socket.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>

#include "rt/namespace_for_test.h"

namespace plenum::vrrp {
namespace {

net::Address ip(const char* text) { return *net::Address::parse(text); }

const std::array<std::uint8_t, 12> kAdvert{0x31, 7, 100, 1, 0, 100, 0xab, 0xcd, 192, 0, 2, 1};

// Sent from `from` to the group or a single host, by eth0.
void expect_through(const net::Address& group, const net::Address& from, const net::Address& to) {
  rt::in_thread([&] {
    const rt::TwoNamespaces hosts;
    hosts.sh(
        "ip addr add 10.9.0.1/24 dev eth0; ip addr add 10.9.0.3/24 dev eth0; ip addr add fe80::3/64 dev eth0 nodad");
    hosts.sh_there("ip addr add 10.9.0.2/24 dev eth0; ip addr add fe80::2/64 dev eth0 nodad");
    hosts.enter_there();
    auto receiver = Socket::open("eth0", from.family(), group);
    ASSERT_TRUE(receiver) << receiver.error().what;
    hosts.enter_here();
    auto sender = Socket::open("eth0", from.family(), group);
    ASSERT_TRUE(sender) << sender.error().what;
    ASSERT_EQ(sender->send(kAdvert, from, to, 254), 0);

    std::array<std::uint8_t, 256> buffer{};
    pollfd waiting{receiver->fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 5000), 1);
    const auto heard = receiver->receive(buffer);
    ASSERT_TRUE(heard);
    // As sent: without IPv4's header.
    EXPECT_TRUE(std::equal(heard->payload.begin(), heard->payload.end(), kAdvert.begin(), kAdvert.end()));
    EXPECT_EQ(heard->source, from);
    EXPECT_EQ(heard->destination, to);
    EXPECT_EQ(heard->ttl, 254);
    EXPECT_EQ(heard->ifindex, receiver->ifindex());
    EXPECT_FALSE(receiver->receive(buffer));
    // A host does not hear its own.
    EXPECT_FALSE(sender->receive(buffer));
  });
}

TEST(VrrpSocket, Multicast4ComesFromTheAddressAskedFor) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("224.0.0.18"), ip("10.9.0.3"), ip("224.0.0.18"));
}
TEST(VrrpSocket, Multicast6ComesFromALinkLocalAddress) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("ff02::12"), ip("fe80::3"), ip("ff02::12"));
}
TEST(VrrpSocket, Unicast4) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("224.0.0.18"), ip("10.9.0.1"), ip("10.9.0.2"));
}
TEST(VrrpSocket, Unicast6) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("ff02::12"), ip("fe80::3"), ip("fe80::2"));
}

TEST(VrrpSocket, SaysWhenThereIsNoSuchInterface) {
  const auto none = Socket::open("nosuch", net::Family::V4, std::nullopt);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, std::errc::no_such_device);
}

}  // namespace
}  // namespace plenum::vrrp
