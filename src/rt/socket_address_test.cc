#include "rt/socket_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"

namespace plenum::rt {
namespace {

net::Endpoint endpoint(const char* text) { return *net::Endpoint::parse(text); }

TEST(SocketAddress, IsTheEndpointAsTheKernelHasIt) {
  const SocketAddress four(endpoint("192.0.2.1:8080"));
  ASSERT_EQ(four.size, sizeof(sockaddr_in));
  const auto& in = reinterpret_cast<const sockaddr_in&>(four.storage);
  EXPECT_EQ(in.sin_family, AF_INET);
  EXPECT_EQ(in.sin_port, htons(8080));
  EXPECT_EQ(in.sin_addr.s_addr, htonl(0xc0000201));

  const SocketAddress six(endpoint("[fe80::1]:53"), 7);
  ASSERT_EQ(six.size, sizeof(sockaddr_in6));
  const auto& in6 = reinterpret_cast<const sockaddr_in6&>(six.storage);
  EXPECT_EQ(in6.sin6_family, AF_INET6);
  EXPECT_EQ(in6.sin6_port, htons(53));
  EXPECT_EQ(in6.sin6_scope_id, 7u);
  EXPECT_EQ(in6.sin6_addr.s6_addr[0], 0xfe);
  EXPECT_EQ(in6.sin6_addr.s6_addr[15], 1);
}

TEST(SocketAddress, ComesBackAsTheEndpoint) {
  for (const auto* text : {"192.0.2.1:8080", "[2001:db8::1]:1", "[fe80::1]:65535"})
    EXPECT_EQ(SocketAddress(endpoint(text), 3).endpoint(), endpoint(text));
  EXPECT_EQ(SocketAddress::any(net::Family::V4, 9).endpoint(), endpoint("0.0.0.0:9"));
  EXPECT_EQ(SocketAddress::any(net::Family::V6, 9).endpoint(), endpoint("[::]:9"));
}

TEST(SocketAddress, OfAnotherFamilyIsNoEndpoint) {
  SocketAddress local;
  local.get()->sa_family = AF_UNIX;
  local.get()->sa_data[0] = 'x';
  EXPECT_EQ(local.endpoint(), net::Endpoint());
}

TEST(SocketAddress, IsRoomForWhatTheKernelSays) {
  for (const auto* text : {"127.0.0.1:0", "[::1]:0"}) {
    const auto at = endpoint(text);
    const Fd fd(::socket(at.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress wanted(at);
    ASSERT_EQ(::bind(fd.get(), wanted.get(), wanted.size), 0);
    SocketAddress got;
    ASSERT_EQ(::getsockname(fd.get(), got.get(), &got.size), 0);
    EXPECT_EQ(got.size, wanted.size);
    EXPECT_EQ(got.endpoint().address, at.address);
    EXPECT_NE(got.endpoint().port, 0);
  }
}

}  // namespace
}  // namespace plenum::rt
