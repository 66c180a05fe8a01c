// Headers that lie or end early: never an aborted program, never a byte changed on the way
// to the stack, never a packet sent that was not whole.

#include <linux/bpf.h>

#include "tests/packet/world.h"

namespace plenum::packet {
namespace {

struct Template {
  std::string name;
  Frame frame;
};

void PrintTo(const Template& shape, std::ostream* out) { *out << shape.name; }

std::vector<Template> templates() {
  std::vector<Template> all;
  for (const net::Family family : kBothFamilies) {
    for (const std::uint8_t protocol : kAllProtocols) {
      const std::string name = name_of(family) + name_of_protocol(protocol);
      all.push_back({name + "First", first(family, protocol)});
      all.push_back({name + "Later", later(family, protocol)});
      Frame tagged = first(family, protocol);
      tagged.vlans = {7, 8};
      all.push_back({name + "TwoTags", tagged});
      all.push_back({name + "Answer", answer(family, protocol)});
    }
    Frame options = first(family, kTcp);
    options.options = Bytes(40, 1);
    options.extensions = {{kHopByHop, hex("0502 0000 0100")}, {kDestinationOptions, Bytes(30, 0)}};
    all.push_back({std::string(name_of(family)) + "Options", options});
    Frame error = first(family, kTcp);
    error.protocol = error.v6() ? kIcmpv6 : kIcmp;
    error.icmp_type = error.v6() ? 1 : 3;
    error.icmp_code = error.v6() ? 4 : 1;
    Frame quoted = answer(family, kTcp);
    quoted.from = addresses(family).vip;
    error.payload = quoted.packet();
    all.push_back({std::string(name_of(family)) + "IcmpError", error});
  }
  return all;
}

// Each method in turn, for the template's flow is known and for it is not.
class Malformed : public World, public testing::WithParamInterface<Template> {
 protected:
  void prepare(pl_forward forward, bool known) {
    director().reset();
    const net::Family family = GetParam().frame.v6() ? net::Family::V6 : net::Family::V4;
    for (const std::uint8_t protocol : kAllProtocols) {
      serve(family, protocol, forward);
      if (known) director().run(first(family, protocol));
    }
  }
};

bool sends(const Outcome& run) { return run.action == XDP_TX || run.action == XDP_REDIRECT; }

TEST_P(Malformed, TruncatedAtEveryLength) {
  const Bytes whole = GetParam().frame.bytes();
  for (const pl_forward forward : {PL_FWD_MASQ, PL_FWD_TUNNEL, PL_FWD_ROUTE}) {
    for (const bool known : {false, true}) {
      prepare(forward, known);
      for (std::size_t length = 14; length < whole.size(); ++length) {
        const Outcome run = director().run(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
        // What an IP header promises is not there: only the stack may look at it.
        EXPECT_EQ(run.action, XDP_PASS) << "cut to " << length << " of " << whole.size() << ": "
                                        << packet::name_of(run.reason);
        if (HasFailure()) return;
      }
    }
  }
}

// Lengths in the headers say less than there is: what is forwarded is as long as they say.
TEST_P(Malformed, IpLengthShorterThanEveryHeader) {
  Frame frame = GetParam().frame;
  const std::size_t header = frame.v6() ? 40 : 20;
  const std::size_t whole = frame.ip_length();
  for (const pl_forward forward : {PL_FWD_MASQ, PL_FWD_TUNNEL, PL_FWD_ROUTE}) {
    prepare(forward, true);
    for (std::size_t length = 0; length < whole; ++length) {
      if (frame.v6() && length + header > whole) break;
      frame.length = static_cast<std::uint16_t>(length);
      const Outcome run = director().run(frame);
      EXPECT_NE(run.action, XDP_ABORTED);
      const std::size_t promised = frame.v6() ? length + header : length;
      if (promised < header + 8) {
        EXPECT_FALSE(sends(run)) << "length " << length << ": " << packet::name_of(run.reason);
      }
      if (HasFailure()) return;
    }
  }
}

TEST_P(Malformed, IpLengthBeyondTheFrame) {
  Frame frame = GetParam().frame;
  const std::size_t whole = frame.ip_length() - (frame.v6() ? 40 : 0);
  prepare(PL_FWD_ROUTE, true);
  for (const std::size_t more : {1, 2, 100, 20000}) {
    frame.length = static_cast<std::uint16_t>(whole + more);
    EXPECT_EQ(director().run(frame).action, XDP_PASS) << more << " more than there is";
  }
}

// Every byte of the headers, set to every one of some nasty values.
TEST_P(Malformed, AnyByteOfTheHeadersAnything) {
  const Bytes whole = GetParam().frame.bytes();
  for (const pl_forward forward : {PL_FWD_MASQ, PL_FWD_TUNNEL}) {
    prepare(forward, true);
    for (std::size_t i = 12; i < std::min<std::size_t>(whole.size(), 120); ++i) {
      for (const int value : {0x00, 0x01, 0x0f, 0x40, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0xff}) {
        Bytes frame = whole;
        frame[i] = static_cast<std::uint8_t>(value);
        const Outcome run = director().run(frame);
        EXPECT_NE(run.action, XDP_ABORTED) << "byte " << i << " = " << value;
        if (HasFailure()) return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, Malformed, testing::ValuesIn(templates()),
                         [](const auto& shape) { return shape.param.name; });

class BadHeader : public EachFamily {};

TEST_P(BadHeader, TcpDataOffsetBelowFivePasses) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  for (std::uint8_t words = 0; words < 5; ++words) {
    Frame sent = first(family(), kTcp);
    sent.data_offset = words;
    expect_passed(director().run(sent), PL_MALFORMED);
  }
}

TEST_P(BadHeader, TcpOptionsBeyondThePacketPass) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  Frame sent = first(family(), kTcp);
  sent.tcp_options.clear();
  sent.data_offset = 6;
  expect_passed(director().run(sent), PL_MALFORMED);
}

TEST_P(BadHeader, WrongVersionUnderTheEthertypePasses) {
  serve(family(), kTcp, PL_FWD_ROUTE);
  Bytes frame = first(family(), kTcp).bytes();
  for (unsigned version = 0; version < 16; ++version) {
    if (version == static_cast<unsigned>(family())) continue;
    frame[14] = static_cast<std::uint8_t>(version << 4 | (frame[14] & 15));
    expect_passed(director().run(frame), PL_MALFORMED);
  }
}

TEST_P(BadHeader, ShortFramesArePaddedAndForwardedAllTheSame) {
  serve(family(), kUdp, PL_FWD_MASQ);
  Frame sent = first(family(), kUdp);
  sent.payload = hex("7f");
  sent.padded_to = 80;
  const Bytes expected = translated(sent, at().server, kVport).bytes();
  const Outcome run = director().run(sent);
  EXPECT_EQ(run.reason, PL_FORWARD_NAT);
  EXPECT_EQ(difference(expected, run.frame), "");
}

TEST_P(BadHeader, PaddingIsNotCountedAsTraffic) {
  const std::uint32_t server = serve(family(), kUdp, PL_FWD_ROUTE);
  Frame sent = first(family(), kUdp);
  sent.payload = hex("7f");
  sent.padded_to = 100;
  director().run(sent);
  EXPECT_EQ(director().stats(server).in_bytes, (sent.v6() ? 40u : 20u) + 9u);
}

PLENUM_EACH_FAMILY(BadHeader);

TEST_F(World, Ipv4HeaderLengthBelowFivePasses) {
  serve(net::Family::V4, kTcp, PL_FWD_ROUTE);
  for (std::uint8_t words = 0; words < 5; ++words) {
    Frame sent = first(net::Family::V4, kTcp);
    sent.header_words = words;
    expect_passed(director().run(sent), PL_MALFORMED);
  }
}

TEST_F(World, Ipv4HeaderLengthBeyondThePacketPasses) {
  serve(net::Family::V4, kTcp, PL_FWD_ROUTE);
  Frame sent = first(net::Family::V4, kTcp);
  sent.length = 24;
  sent.header_words = 15;
  expect_passed(director().run(sent), PL_MALFORMED);
}

TEST_F(World, ExtensionHeadersWithoutEndPass) {
  serve(net::Family::V6, kTcp, PL_FWD_ROUTE);
  Frame sent = first(net::Family::V6, kTcp);
  for (int i = 0; i < 40; ++i) sent.extensions.push_back({kDestinationOptions, Bytes(6, 0)});
  EXPECT_EQ(director().run(sent).action, XDP_PASS);
  sent.extensions = {{kDestinationOptions, Bytes(1030, 0)}};
  EXPECT_EQ(director().run(sent).action, XDP_PASS);
}

TEST_F(World, JumbogramPasses) {
  serve(net::Family::V6, kTcp, PL_FWD_ROUTE);
  Frame sent = first(net::Family::V6, kTcp);
  sent.length = 0;
  EXPECT_EQ(director().run(sent).action, XDP_PASS);
}

}  // namespace
}  // namespace plenum::packet
