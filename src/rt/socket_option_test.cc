// Groups and the interface of multicasts: sync_socket_test.cc.

#include "rt/socket_option.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

namespace plenum::rt {
namespace {

Fd datagrams() { return Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

int option(const Fd& fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd.get(), level, name, &value, &size), 0);
  return value;
}

TEST(SocketOption, IsSetOrSaysWhichOneWasRefused) {
  const auto fd = datagrams();
  EXPECT_TRUE(set_option(fd, IPPROTO_IP, IP_TTL, 17, "IP_TTL"));
  EXPECT_EQ(option(fd, IPPROTO_IP, IP_TTL), 17);
  const auto refused = set_option(fd, IPPROTO_IP, IP_TTL, 300, "IP_TTL");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, std::errc::invalid_argument);
  EXPECT_TRUE(refused.error().what.starts_with("IP_TTL: ")) << refused.error().what;
}

TEST(SocketOption, BuffersAreAsLargeAsTheyMayBe) {
  const auto fd = datagrams();
  const int before = option(fd, SOL_SOCKET, SO_RCVBUF);
  EXPECT_TRUE(set_receive_buffer(fd, 32 << 20));
  EXPECT_TRUE(set_send_buffer(fd, 16 << 20));
  // The kernel takes twice of what was asked for, for its own.
  if (::geteuid() == 0) {
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), 64 << 20);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_SNDBUF), 32 << 20);
  } else {
    EXPECT_GE(option(fd, SOL_SOCKET, SO_RCVBUF), before);
  }
}

TEST(SocketOption, KnowsInterfaces) {
  EXPECT_EQ(interface_index("lo").value(), 1u);
  const auto none = interface_index("nosuch");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, std::errc::no_such_device);
  EXPECT_EQ(none.error().what, "there is no interface nosuch");
}

TEST(SocketOption, ABoundSocketIsOfItsInterfaceAlone) {
  const auto fd = datagrams();
  ASSERT_TRUE(bind_to_interface(fd, "lo"));
  char name[16] = {};
  socklen_t size = sizeof name;
  ASSERT_EQ(::getsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, name, &size), 0);
  EXPECT_STREQ(name, "lo");
  const auto refused = bind_to_interface(datagrams(), "nosuch");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, std::errc::no_such_device);
}

}  // namespace
}  // namespace plenum::rt
