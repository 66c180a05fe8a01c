// Datagrams between two hosts of the test's own: multicast of both families and unicast.

#include "rt/sync_socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "rt/namespace_for_test.h"

namespace plenum::rt {
namespace {

net::Address ip(const char* text) { return *net::Address::parse(text); }

// What arrives within five seconds.
std::string received(const Fd& fd) {
  pollfd waiting{fd.get(), POLLIN, 0};
  char text[64];
  if (::poll(&waiting, 1, 5000) != 1) return "nothing";
  const auto length = ::recv(fd.get(), text, sizeof text, 0);
  return length < 0 ? "error" : std::string(text, static_cast<std::size_t>(length));
}

// Sends here and receives there, on eth0 of both.
void expect_through(const net::Address& group, const net::Address& receive_at) {
  in_thread([&] {
    const TwoNamespaces hosts;
    hosts.sh("ip addr add 10.9.0.1/24 dev eth0; ip addr add fd09::1/64 dev eth0 nodad");
    Result<Fd> receiver;
    std::thread([&] {
      hosts.enter_there();
      TestNamespace::sh("ip addr add 10.9.0.2/24 dev eth0; ip addr add fd09::2/64 dev eth0 nodad");
      receiver = open_sync_receiver({"eth0", {receive_at, 8848}});
    }).join();
    ASSERT_TRUE(receiver) << receiver.error().what;
    // The kernel makes the link ready for multicast on its own time.
    const auto sender = open_sync_sender({"eth0", {group, 8848}});
    ASSERT_TRUE(sender) << sender.error().what;
    ASSERT_EQ(::send(sender->get(), "hello", 5, 0), 5);
    EXPECT_EQ(received(*receiver), "hello");
    // What a host sends to its own group it does not hear.
    const auto own = open_sync_receiver({"eth0", {receive_at, 8848}});
    ASSERT_TRUE(own);
    ::send(sender->get(), "again", 5, 0);
    EXPECT_EQ(received(*receiver), "again");
    char byte = 0;
    EXPECT_LT(::recv(own->get(), &byte, 1, 0), 0);
  });
}

TEST(SyncSocket, Multicast4) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("224.0.0.81"), ip("224.0.0.81"));
}
TEST(SyncSocket, Multicast6) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("ff02::5123"), ip("ff02::5123"));
}
TEST(SyncSocket, Unicast4) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("10.9.0.2"), ip("0.0.0.0"));
}
TEST(SyncSocket, Unicast6) {
  PLENUM_NEEDS_ROOT();
  expect_through(ip("fd09::2"), ip("::"));
}

TEST(SyncSocket, SaysWhenThereIsNoSuchInterface) {
  for (const auto& made : {open_sync_sender({"nosuch", {ip("224.0.0.81"), 8848}}),
                           open_sync_receiver({"nosuch", {ip("224.0.0.81"), 8848}})}) {
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, std::errc::no_such_device);
  }
  EXPECT_FALSE(mtu_of("nosuch"));
  EXPECT_FALSE(mtu_of("a-name-longer-than-an-interface-may-have"));
}

}  // namespace
}  // namespace plenum::rt
