// Whole frames written down octet by octet, in and out, their checksums taken from a second,
// separate computation: what the other tests build is held against these, so that a mistake
// in the builder cannot hide one in the director. Each method, family and protocol.

#include <linux/bpf.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

class Golden : public World {
 protected:
  // `sent` and what `built` makes are the same, and the director turns it into `expected`.
  void check(const Frame& built, pl_reason reason, std::uint32_t action, const char* sent, const char* expected) {
    EXPECT_EQ(difference(hex(sent), built.bytes()), "") << "the builder";
    expect(director().run(hex(sent)), reason, action, hex(expected));
  }
  void serve_tunnel(net::Family inside, std::uint8_t protocol, net::Family outside) {
    const std::uint32_t service = director().add(Service{protocol, addresses(inside).vip, kVport});
    director().add(service, Server{.address = addresses(outside).server,
                                   .forward = PL_FWD_TUNNEL,
                                   .next_hop = hop({.source = addresses(outside).director})});
  }
};

TEST_F(Golden, NatV4Tcp) {
  const std::uint32_t server = serve(net::Family::V4, kTcp, PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  check(first(net::Family::V4, kTcp), PL_FORWARD_NAT, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000034 12344000 4006c24a c6336407 cb00710a
           9c400050 01020304 0a0b0c0d 8002faf0 572c0000
           020405b4 01030307 04020101)",
        R"(020000000111 020000000003 0800
           45000034 12344000 3f06f54a c6336407 0a00000b
           9c401f90 01020304 0a0b0c0d 8002faf0 69ec0000
           020405b4 01030307 04020101)");
  check(answer(net::Family::V4, kTcp, 8080), PL_FORWARD_NAT_REPLY, XDP_REDIRECT,
        R"(020000000001 020000000111 0800
           45000034 43214000 4006c35d 0a00000b c6336407
           1f909c40 01020304 0a0b0c0d 8012faf0 69dc0000
           020405b4 01030307 04020101)",
        R"(020000000c01 020000000002 0800
           45000034 43214000 3f06925d cb00710a c6336407
           00509c40 01020304 0a0b0c0d 8012faf0 571c0000
           020405b4 01030307 04020101)");
}

TEST_F(Golden, DirectV4Tcp) {
  serve(net::Family::V4, kTcp, PL_FWD_ROUTE);
  check(first(net::Family::V4, kTcp), PL_FORWARD_DR, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000034 12344000 4006c24a c6336407 cb00710a
           9c400050 01020304 0a0b0c0d 8002faf0 572c0000
           020405b4 01030307 04020101)",
        R"(020000000111 020000000003 0800
           45000034 12344000 3f06c34a c6336407 cb00710a
           9c400050 01020304 0a0b0c0d 8002faf0 572c0000
           020405b4 01030307 04020101)");
}

TEST_F(Golden, IpipV4TcpInV4) {
  serve_tunnel(net::Family::V4, kTcp, net::Family::V4);
  check(first(net::Family::V4, kTcp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000034 12344000 4006c24a c6336407 cb00710a
           9c400050 01020304 0a0b0c0d 8002faf0 572c0000
           020405b4 01030307 04020101)",
        R"(020000000111 020000000003 0800
           45000048 00004000 3f0427a7 0a000001 0a00000b
           45000034 12344000 3f06c34a c6336407 cb00710a
           9c400050 01020304 0a0b0c0d 8002faf0 572c0000
           020405b4 01030307 04020101)");
}

TEST_F(Golden, IpipV4TcpInV6) {
  serve_tunnel(net::Family::V4, kTcp, net::Family::V6);
  check(first(net::Family::V4, kTcp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000034 12344000 4006c24a c6336407 cb00710a
           9c400050 01020304 0a0b0c0d 8002faf0 572c0000
           020405b4 01030307 04020101)",
        R"(020000000111 020000000003 86dd
           60000000 0034043f 20010db8 00010000 00000000
           00000001 20010db8 00010000 00000000 00000011
           45000034 12344000 3f06c34a c6336407 cb00710a
           9c400050 01020304 0a0b0c0d 8002faf0 572c0000
           020405b4 01030307 04020101)");
}

TEST_F(Golden, NatV4Udp) {
  const std::uint32_t server = serve(net::Family::V4, kUdp, PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  check(first(net::Family::V4, kUdp), PL_FORWARD_NAT, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000021 12344000 4011c252 c6336407 cb00710a
           9c400050 000db92b 68656c6c 6f)",
        R"(020000000111 020000000003 0800
           45000021 12344000 3f11f552 c6336407 0a00000b
           9c401f90 000dcbeb 68656c6c 6f)");
  check(answer(net::Family::V4, kUdp, 8080), PL_FORWARD_NAT_REPLY, XDP_REDIRECT,
        R"(020000000001 020000000111 0800
           45000021 43214000 4011c365 0a00000b c6336407
           1f909c40 000dcbeb 68656c6c 6f)",
        R"(020000000c01 020000000002 0800
           45000021 43214000 3f119265 cb00710a c6336407
           00509c40 000db92b 68656c6c 6f)");
}

TEST_F(Golden, DirectV4Udp) {
  serve(net::Family::V4, kUdp, PL_FWD_ROUTE);
  check(first(net::Family::V4, kUdp), PL_FORWARD_DR, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000021 12344000 4011c252 c6336407 cb00710a
           9c400050 000db92b 68656c6c 6f)",
        R"(020000000111 020000000003 0800
           45000021 12344000 3f11c352 c6336407 cb00710a
           9c400050 000db92b 68656c6c 6f)");
}

TEST_F(Golden, IpipV4UdpInV4) {
  serve_tunnel(net::Family::V4, kUdp, net::Family::V4);
  check(first(net::Family::V4, kUdp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000021 12344000 4011c252 c6336407 cb00710a
           9c400050 000db92b 68656c6c 6f)",
        R"(020000000111 020000000003 0800
           45000035 00004000 3f0427ba 0a000001 0a00000b
           45000021 12344000 3f11c352 c6336407 cb00710a
           9c400050 000db92b 68656c6c 6f)");
}

TEST_F(Golden, IpipV4UdpInV6) {
  serve_tunnel(net::Family::V4, kUdp, net::Family::V6);
  check(first(net::Family::V4, kUdp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000021 12344000 4011c252 c6336407 cb00710a
           9c400050 000db92b 68656c6c 6f)",
        R"(020000000111 020000000003 86dd
           60000000 0021043f 20010db8 00010000 00000000
           00000001 20010db8 00010000 00000000 00000011
           45000021 12344000 3f11c352 c6336407 cb00710a
           9c400050 000db92b 68656c6c 6f)");
}

TEST_F(Golden, NatV4Sctp) {
  const std::uint32_t server = serve(net::Family::V4, kSctp, PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  check(first(net::Family::V4, kSctp), PL_FORWARD_NAT, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000034 12344000 4084c1cc c6336407 cb00710a
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)",
        R"(020000000111 020000000003 0800
           45000034 12344000 3f84f4cc c6336407 0a00000b
           9c401f90 decafbad a2309643 01000014 01020304
           05060708 090a0b0c 0d0e0f10)");
  check(answer(net::Family::V4, kSctp, 8080), PL_FORWARD_NAT_REPLY, XDP_REDIRECT,
        R"(020000000001 020000000111 0800
           45000038 43214000 4084c2db 0a00000b c6336407
           1f909c40 decafbad ae0d8fa3 02000018 01020304
           05060708 090a0b0c 0d0e0f10 11121314)",
        R"(020000000c01 020000000002 0800
           45000038 43214000 3f8491db cb00710a c6336407
           00509c40 decafbad 80e5d472 02000018 01020304
           05060708 090a0b0c 0d0e0f10 11121314)");
}

TEST_F(Golden, DirectV4Sctp) {
  serve(net::Family::V4, kSctp, PL_FWD_ROUTE);
  check(first(net::Family::V4, kSctp), PL_FORWARD_DR, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000034 12344000 4084c1cc c6336407 cb00710a
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)",
        R"(020000000111 020000000003 0800
           45000034 12344000 3f84c2cc c6336407 cb00710a
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)");
}

TEST_F(Golden, IpipV4SctpInV4) {
  serve_tunnel(net::Family::V4, kSctp, net::Family::V4);
  check(first(net::Family::V4, kSctp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000034 12344000 4084c1cc c6336407 cb00710a
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)",
        R"(020000000111 020000000003 0800
           45000048 00004000 3f0427a7 0a000001 0a00000b
           45000034 12344000 3f84c2cc c6336407 cb00710a
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)");
}

TEST_F(Golden, IpipV4SctpInV6) {
  serve_tunnel(net::Family::V4, kSctp, net::Family::V6);
  check(first(net::Family::V4, kSctp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 0800
           45000034 12344000 4084c1cc c6336407 cb00710a
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)",
        R"(020000000111 020000000003 86dd
           60000000 0034043f 20010db8 00010000 00000000
           00000001 20010db8 00010000 00000000 00000011
           45000034 12344000 3f84c2cc c6336407 cb00710a
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)");
}

TEST_F(Golden, NatV6Tcp) {
  const std::uint32_t server = serve(net::Family::V6, kTcp, PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  check(first(net::Family::V6, kTcp), PL_FORWARD_NAT, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 00200640 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 01020304 0a0b0c0d 8002faf0 61ce0000
           020405b4 01030307 04020101)",
        R"(020000000111 020000000003 86dd
           60000000 0020063f 20010db8 000c0000 00000000
           00000007 20010db8 00010000 00000000 00000011
           9c401f90 01020304 0a0b0c0d 8002faf0 429b0000
           020405b4 01030307 04020101)");
  check(answer(net::Family::V6, kTcp, 8080), PL_FORWARD_NAT_REPLY, XDP_REDIRECT,
        R"(020000000001 020000000111 86dd
           60000000 00200640 20010db8 00010000 00000000
           00000011 20010db8 000c0000 00000000 00000007
           1f909c40 01020304 0a0b0c0d 8012faf0 428b0000
           020405b4 01030307 04020101)",
        R"(020000000c01 020000000002 86dd
           60000000 0020063f 20010db8 000f0000 00000000
           00000010 20010db8 000c0000 00000000 00000007
           00509c40 01020304 0a0b0c0d 8012faf0 61be0000
           020405b4 01030307 04020101)");
}

TEST_F(Golden, DirectV6Tcp) {
  serve(net::Family::V6, kTcp, PL_FWD_ROUTE);
  check(first(net::Family::V6, kTcp), PL_FORWARD_DR, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 00200640 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 01020304 0a0b0c0d 8002faf0 61ce0000
           020405b4 01030307 04020101)",
        R"(020000000111 020000000003 86dd
           60000000 0020063f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 01020304 0a0b0c0d 8002faf0 61ce0000
           020405b4 01030307 04020101)");
}

TEST_F(Golden, IpipV6TcpInV4) {
  serve_tunnel(net::Family::V6, kTcp, net::Family::V4);
  check(first(net::Family::V6, kTcp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 00200640 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 01020304 0a0b0c0d 8002faf0 61ce0000
           020405b4 01030307 04020101)",
        R"(020000000111 020000000003 0800
           4500005c 00004000 3f29276e 0a000001 0a00000b
           60000000 0020063f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 01020304 0a0b0c0d 8002faf0 61ce0000
           020405b4 01030307 04020101)");
}

TEST_F(Golden, IpipV6TcpInV6) {
  serve_tunnel(net::Family::V6, kTcp, net::Family::V6);
  check(first(net::Family::V6, kTcp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 00200640 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 01020304 0a0b0c0d 8002faf0 61ce0000
           020405b4 01030307 04020101)",
        R"(020000000111 020000000003 86dd
           60000000 0048293f 20010db8 00010000 00000000
           00000001 20010db8 00010000 00000000 00000011
           60000000 0020063f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 01020304 0a0b0c0d 8002faf0 61ce0000
           020405b4 01030307 04020101)");
}

TEST_F(Golden, NatV6Udp) {
  const std::uint32_t server = serve(net::Family::V6, kUdp, PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  check(first(net::Family::V6, kUdp), PL_FORWARD_NAT, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 000d1140 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 000dc3cd 68656c6c 6f)",
        R"(020000000111 020000000003 86dd
           60000000 000d113f 20010db8 000c0000 00000000
           00000007 20010db8 00010000 00000000 00000011
           9c401f90 000da49a 68656c6c 6f)");
  check(answer(net::Family::V6, kUdp, 8080), PL_FORWARD_NAT_REPLY, XDP_REDIRECT,
        R"(020000000001 020000000111 86dd
           60000000 000d1140 20010db8 00010000 00000000
           00000011 20010db8 000c0000 00000000 00000007
           1f909c40 000da49a 68656c6c 6f)",
        R"(020000000c01 020000000002 86dd
           60000000 000d113f 20010db8 000f0000 00000000
           00000010 20010db8 000c0000 00000000 00000007
           00509c40 000dc3cd 68656c6c 6f)");
}

TEST_F(Golden, DirectV6Udp) {
  serve(net::Family::V6, kUdp, PL_FWD_ROUTE);
  check(first(net::Family::V6, kUdp), PL_FORWARD_DR, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 000d1140 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 000dc3cd 68656c6c 6f)",
        R"(020000000111 020000000003 86dd
           60000000 000d113f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 000dc3cd 68656c6c 6f)");
}

TEST_F(Golden, IpipV6UdpInV4) {
  serve_tunnel(net::Family::V6, kUdp, net::Family::V4);
  check(first(net::Family::V6, kUdp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 000d1140 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 000dc3cd 68656c6c 6f)",
        R"(020000000111 020000000003 0800
           45000049 00004000 3f292781 0a000001 0a00000b
           60000000 000d113f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 000dc3cd 68656c6c 6f)");
}

TEST_F(Golden, IpipV6UdpInV6) {
  serve_tunnel(net::Family::V6, kUdp, net::Family::V6);
  check(first(net::Family::V6, kUdp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 000d1140 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 000dc3cd 68656c6c 6f)",
        R"(020000000111 020000000003 86dd
           60000000 0035293f 20010db8 00010000 00000000
           00000001 20010db8 00010000 00000000 00000011
           60000000 000d113f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 000dc3cd 68656c6c 6f)");
}

TEST_F(Golden, NatV6Sctp) {
  const std::uint32_t server = serve(net::Family::V6, kSctp, PL_FWD_MASQ);
  director().server(server).port = __builtin_bswap16(8080);
  check(first(net::Family::V6, kSctp), PL_FORWARD_NAT, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 00208440 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)",
        R"(020000000111 020000000003 86dd
           60000000 0020843f 20010db8 000c0000 00000000
           00000007 20010db8 00010000 00000000 00000011
           9c401f90 decafbad a2309643 01000014 01020304
           05060708 090a0b0c 0d0e0f10)");
  check(answer(net::Family::V6, kSctp, 8080), PL_FORWARD_NAT_REPLY, XDP_REDIRECT,
        R"(020000000001 020000000111 86dd
           60000000 00248440 20010db8 00010000 00000000
           00000011 20010db8 000c0000 00000000 00000007
           1f909c40 decafbad ae0d8fa3 02000018 01020304
           05060708 090a0b0c 0d0e0f10 11121314)",
        R"(020000000c01 020000000002 86dd
           60000000 0024843f 20010db8 000f0000 00000000
           00000010 20010db8 000c0000 00000000 00000007
           00509c40 decafbad 80e5d472 02000018 01020304
           05060708 090a0b0c 0d0e0f10 11121314)");
}

TEST_F(Golden, DirectV6Sctp) {
  serve(net::Family::V6, kSctp, PL_FWD_ROUTE);
  check(first(net::Family::V6, kSctp), PL_FORWARD_DR, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 00208440 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)",
        R"(020000000111 020000000003 86dd
           60000000 0020843f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)");
}

TEST_F(Golden, IpipV6SctpInV4) {
  serve_tunnel(net::Family::V6, kSctp, net::Family::V4);
  check(first(net::Family::V6, kSctp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 00208440 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)",
        R"(020000000111 020000000003 0800
           4500005c 00004000 3f29276e 0a000001 0a00000b
           60000000 0020843f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)");
}

TEST_F(Golden, IpipV6SctpInV6) {
  serve_tunnel(net::Family::V6, kSctp, net::Family::V6);
  check(first(net::Family::V6, kSctp), PL_FORWARD_TUNNEL, XDP_TX,
        R"(020000000001 020000000c01 86dd
           60000000 00208440 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)",
        R"(020000000111 020000000003 86dd
           60000000 0048293f 20010db8 00010000 00000000
           00000001 20010db8 00010000 00000000 00000011
           60000000 0020843f 20010db8 000c0000 00000000
           00000007 20010db8 000f0000 00000000 00000010
           9c400050 decafbad e33ebba1 01000014 01020304
           05060708 090a0b0c 0d0e0f10)");
}

}  // namespace
}  // namespace plenum::packet
