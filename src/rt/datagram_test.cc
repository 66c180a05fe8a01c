// Datagrams over loopback: what goes along with one, and what is known of it where it comes.

#include "rt/datagram.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

#include "rt/namespace_for_test.h"
#include "rt/socket_address.h"

namespace plenum::rt {
namespace {

net::Address ip(const char* text) { return *net::Address::parse(text); }

std::span<const std::uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string text(std::span<const std::uint8_t> payload) { return {payload.begin(), payload.end()}; }

class Socket {
 public:
  explicit Socket(net::Family family)
      : fd(::socket(family == net::Family::V4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const auto any = SocketAddress::any(family, 0);
    EXPECT_EQ(::bind(fd.get(), any.get(), any.size), 0);
    SocketAddress own;
    EXPECT_EQ(::getsockname(fd.get(), own.get(), &own.size), 0);
    port = own.endpoint().port;
  }
  // What comes within five seconds.
  std::optional<Datagram> receive() {
    pollfd waiting{fd.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 5000) != 1) return std::nullopt;
    return receive_datagram(fd.get(), buffer);
  }

  Fd fd;
  std::uint16_t port = 0;
  std::array<std::uint8_t, 16> buffer{};
};

// From one local address to another, with a TTL of 42.
void expect_told(const net::Address& from, const net::Address& to) {
  Socket sender(from.family()), receiver(from.family());
  ASSERT_TRUE(ask_for_details(receiver.fd, from.family()));
  ControlMessages control;
  control.add_way(from.family(), 1, from);
  control.add_ttl(from.family(), 42);
  ASSERT_EQ(send_datagram(sender.fd.get(), bytes("hello"), {to, receiver.port}, 1, control), 0);
  const auto got = receiver.receive();
  ASSERT_TRUE(got);
  EXPECT_EQ(text(got->payload), "hello");
  EXPECT_EQ(got->source, from);
  EXPECT_EQ(got->destination, to);
  EXPECT_EQ(got->ttl, 42);
  EXPECT_EQ(got->ifindex, 1u);
}

TEST(Datagram, ComesFromTheAddressAndWithTheTtlItWasSentWith) {
  expect_told(ip("127.0.0.2"), ip("127.0.0.3"));
  expect_told(ip("::1"), ip("::1"));
}

TEST(Datagram, BetweenLinkLocalAddressesGoesByItsLink) {
  PLENUM_NEEDS_ROOT();
  in_thread([] {
    const TestNamespace here;
    TestNamespace::sh("ip addr add fe80::1/64 dev lo; ip addr add fe80::2/64 dev lo");
    expect_told(ip("fe80::2"), ip("fe80::1"));
    // Without it the kernel does not know where to.
    const Socket unbound(net::Family::V6);
    const SocketAddress nowhere({ip("fe80::1"), 9}), there({ip("fe80::1"), 9}, 1);
    EXPECT_EQ(::connect(unbound.fd.get(), nowhere.get(), nowhere.size) == 0 ? 0 : errno, EINVAL);
    EXPECT_EQ(::connect(unbound.fd.get(), there.get(), there.size) == 0 ? 0 : errno, 0);
  });
}

TEST(Datagram, SaysNothingThatWasNotAskedFor) {
  for (const auto* address : {"127.0.0.1", "::1"}) {
    const auto to = ip(address);
    Socket sender(to.family()), receiver(to.family());
    ControlMessages none;
    ASSERT_EQ(send_datagram(sender.fd.get(), bytes("hello"), {to, receiver.port}, 0, none), 0);
    const auto got = receiver.receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->source, to);
    EXPECT_EQ(got->destination, SocketAddress::any(to.family(), 0).endpoint().address);
    EXPECT_EQ(got->ttl, 0);
    EXPECT_EQ(got->ifindex, 0u);
  }
}

TEST(Datagram, IsCutWhereTheBufferEndsAndMayBeEmpty) {
  Socket sender(net::Family::V4), receiver(net::Family::V4);
  const net::Endpoint to{ip("127.0.0.1"), receiver.port};
  ControlMessages none;
  ASSERT_EQ(send_datagram(sender.fd.get(), bytes("0123456789abcdefXYZ"), to, 0, none), 0);
  ASSERT_EQ(send_datagram(sender.fd.get(), {}, to, 0, none), 0);
  const auto cut = receiver.receive();
  ASSERT_TRUE(cut);
  EXPECT_EQ(text(cut->payload), "0123456789abcdef");
  EXPECT_EQ(cut->payload.data(), receiver.buffer.data());
  const auto empty = receiver.receive();
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->payload.empty());
}

TEST(Datagram, NobodyWaitsForOne) {
  Socket receiver(net::Family::V4);  // that would block
  EXPECT_FALSE(receive_datagram(receiver.fd.get(), receiver.buffer));
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Datagram, AnErrorThatStoodAtTheSocketIsTakenOffIt) {
  Socket sender(net::Family::V4);
  SocketAddress closed;
  {
    const Socket gone(net::Family::V4);
    closed = SocketAddress({ip("127.0.0.1"), gone.port});
  }
  ASSERT_EQ(::connect(sender.fd.get(), closed.get(), closed.size), 0);
  ASSERT_EQ(::send(sender.fd.get(), "x", 1, 0), 1);
  EXPECT_FALSE(sender.receive());
  EXPECT_EQ(errno, ECONNREFUSED);
  EXPECT_FALSE(receive_datagram(sender.fd.get(), sender.buffer));
  EXPECT_EQ(errno, EAGAIN);
}

TEST(Datagram, IsMarked) {
  PLENUM_NEEDS_ROOT();
  in_thread([] {
    const TestNamespace here;
    TestNamespace::sh("ip route add 192.0.2.0/24 dev lo && ip rule add fwmark 7 unreachable");
    Socket sender(net::Family::V4);
    const net::Endpoint to{ip("192.0.2.1"), 9};
    ControlMessages six, seven;
    six.add_mark(6);
    seven.add_mark(7);
    EXPECT_EQ(send_datagram(sender.fd.get(), bytes("x"), to, 0, six), 0);
    EXPECT_EQ(send_datagram(sender.fd.get(), bytes("x"), to, 0, seven), ENETUNREACH);
  });
}

}  // namespace
}  // namespace plenum::rt
