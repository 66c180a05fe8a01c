// The real servers' program, one packet at a time: what it takes out of a tunnel, and all
// that it must leave as it is. Frames are written out octet by octet, so that a mistake
// shared by the program and a builder cannot hide. Needs root.

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "bpf/realserver_abi.h"
#include "net/address.h"
#include "realserver.skel.h"
#include "tests/packet/bytes.h"
#include "tests/packet/frame.h"

namespace plenum::packet {
namespace {

// Client 198.51.100.7 and 2001:db8:c::7, VIP 192.0.2.10 and 2001:db8::10, director 10.0.0.1
// and 2001:db8:1::1, this server 10.0.0.21 and 2001:db8:1::21; GUE port 6080.
const std::string kMacs = "02000000 0021 02000000 0001";
const std::string kInner4 =
    "4500 0020 1111 4000 4011 3d77 c633 6407 c000 020a"  // UDP 1234 -> 80 "ping"
    "04d2 0050 000c 2f9e 7069 6e67";
const std::string kInner6 =
    "6000 0000 000c 1140 2001 0db8 000c 0000 0000 0000 0000 0007 2001 0db8 0000 0000 0000 0000 0000 0010"
    "04d2 0050 000c c04e 7069 6e67";
// The same with the sum of the pseudo header where the checksum will be: remote checksum offload.
const std::string kPartial4 =
    "4500 0020 1111 4000 4011 3d77 c633 6407 c000 020a"
    "04d2 0050 000c ec62 7069 6e67";
const std::string kPartial6 =
    "6000 0000 000c 1140 2001 0db8 000c 0000 0000 0000 0000 0007 2001 0db8 0000 0000 0000 0000 0000 0010"
    "04d2 0050 000c 5bb2 7069 6e67";
const std::string kAddresses6 = "2001 0db8 0001 0000 0000 0000 0000 0001 2001 0db8 0001 0000 0000 0000 0000 0021";
const std::string kOuter4 = "4500 0034 0001 4000 4004 26b0 0a00 0001 0a00 0015";  // IPIP around kInner4

struct Outcome {
  std::uint32_t action = 0;
  Bytes frame;
  pl_rs_verdict verdict = PL_RS_VERDICT_COUNT;
};

struct Unload {
  void operator()(realserver_bpf* skeleton) const { realserver_bpf__destroy(skeleton); }
};

class Realserver : public ::testing::Test {
 protected:
  void SetUp() override {
    skeleton_.reset(realserver_bpf__open_and_load());
    ASSERT_TRUE(skeleton_) << "needs root: " << std::strerror(errno);
    for (const char* vip : {"192.0.2.10", "2001:db8::10"}) insert(skeleton_->maps.pl_rs_vips, vip);
    for (const char* own : {"10.0.0.21", "2001:db8:1::21"}) insert(skeleton_->maps.pl_rs_locals, own);
    set(PL_RS_IPIP | PL_RS_GUE | PL_RS_GRE, 6080);
  }

  void set(std::uint32_t tunnels, std::uint16_t port) {
    const pl_rs_settings settings{tunnels, htons(port), 0};
    const std::uint32_t zero = 0;
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.pl_rs_settings), &zero, &settings, BPF_ANY), 0);
  }

  // Runs once; a run must count exactly one verdict.
  Outcome run(const Bytes& sent) {
    const auto before = verdicts();
    Bytes out(4096);
    LIBBPF_OPTS(bpf_test_run_opts, opts);
    opts.data_in = sent.data();
    opts.data_size_in = static_cast<std::uint32_t>(sent.size());
    opts.data_out = out.data();
    opts.data_size_out = static_cast<std::uint32_t>(out.size());
    Outcome result;
    EXPECT_EQ(bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.pl_realserver), &opts), 0)
        << std::strerror(errno);
    out.resize(opts.data_size_out);
    result.action = opts.retval;
    result.frame = std::move(out);
    const auto after = verdicts();
    std::uint64_t counted = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
      counted += after[i] - before[i];
      if (after[i] != before[i]) result.verdict = static_cast<pl_rs_verdict>(i);
    }
    EXPECT_EQ(counted, 1u);
    return result;
  }

  void expect_untouched(const Bytes& sent, pl_rs_verdict why) {
    const Outcome result = run(sent);
    EXPECT_EQ(result.action, XDP_PASS);
    EXPECT_EQ(difference(sent, result.frame), "");
    EXPECT_EQ(name_of(result.verdict), name_of(why));
  }

  void expect_taken(const Bytes& sent, const Bytes& expected, pl_rs_verdict how) {
    const Outcome result = run(sent);
    EXPECT_EQ(result.action, XDP_PASS);
    EXPECT_EQ(difference(expected, result.frame), "");
    EXPECT_EQ(name_of(result.verdict), name_of(how));
  }

  static std::string name_of(pl_rs_verdict verdict) {
    static constexpr const char* kNames[] = {
#define PLENUM_NAME(NAME, name, kind, text) #name,
        PL_RS_VERDICTS(PLENUM_NAME) "none"
#undef PLENUM_NAME
    };
    return kNames[verdict];
  }

 private:
  static void insert(const bpf_map* map, const char* text) {
    const auto address = net::Address::parse(text);
    const std::uint32_t present = PL_RS_PRESENT;
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(map), address->mapped().data(), &present, BPF_ANY), 0);
  }

  std::vector<std::uint64_t> verdicts() {
    std::vector<std::uint64_t> each(static_cast<std::size_t>(libbpf_num_possible_cpus())), out;
    for (std::uint32_t i = 0; i < PL_RS_VERDICT_COUNT; ++i) {
      bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.pl_rs_verdicts), &i, each.data());
      out.push_back(std::accumulate(each.begin(), each.end(), std::uint64_t{0}));
    }
    return out;
  }

  std::unique_ptr<realserver_bpf, Unload> skeleton_;
};

struct Taken {
  const char* name;
  std::string sent;      // after the MAC addresses
  std::string expected;  // likewise
  pl_rs_verdict how;
};

const std::vector<Taken>& taken() {
  static const std::string four = "0800" + kInner4, six = "86dd" + kInner6;
  static const std::vector<Taken> kRows{
      {"ipip, 4 in 4", "0800" + kOuter4 + kInner4, four, PL_RS_DECAP_IPIP},
      {"ipip, 6 in 4", "0800 4500 0048 0001 4000 4029 2677 0a00 0001 0a00 0015" + kInner6, six, PL_RS_DECAP_IPIP},
      {"ipip, 4 in 6", "86dd 6000 0000 0020 0440" + kAddresses6 + kInner4, four, PL_RS_DECAP_IPIP},
      {"ipip, 6 in 6", "86dd 6000 0000 0034 2940" + kAddresses6 + kInner6, six, PL_RS_DECAP_IPIP},
      {"gue, 4 in 4, no checksum",
       "0800 4500 0040 0001 4000 4011 2697 0a00 0001 0a00 0015 9c40 17c0 002c 0000 0004 0000" + kInner4, four,
       PL_RS_DECAP_GUE},
      {"gue, 4 in 4, checksum",
       "0800 4500 0040 0001 4000 4011 2697 0a00 0001 0a00 0015 9c40 17c0 002c 23df 0004 0000" + kInner4, four,
       PL_RS_DECAP_GUE},
      {"gue, 6 in 4, no checksum",
       "0800 4500 0054 0001 4000 4011 2683 0a00 0001 0a00 0015 9c40 17c0 0040 0000 0029 0000" + kInner6, six,
       PL_RS_DECAP_GUE},
      {"gue, 6 in 4, checksum",
       "0800 4500 0054 0001 4000 4011 2683 0a00 0001 0a00 0015 9c40 17c0 0040 c5ff 0029 0000" + kInner6, six,
       PL_RS_DECAP_GUE},
      {"gue, 4 in 6, no checksum", "86dd 6000 0000 002c 1140" + kAddresses6 + "9c40 17c0 002c 0000 0004 0000" + kInner4,
       four, PL_RS_DECAP_GUE},
      {"gue, 4 in 6, checksum", "86dd 6000 0000 002c 1140" + kAddresses6 + "9c40 17c0 002c dc5e 0004 0000" + kInner4,
       four, PL_RS_DECAP_GUE},
      {"gue, 6 in 6, no checksum", "86dd 6000 0000 0040 1140" + kAddresses6 + "9c40 17c0 0040 0000 0029 0000" + kInner6,
       six, PL_RS_DECAP_GUE},
      {"gue, 6 in 6, checksum", "86dd 6000 0000 0040 1140" + kAddresses6 + "9c40 17c0 0040 7e7f 0029 0000" + kInner6,
       six, PL_RS_DECAP_GUE},
      {"gre, 4 in 4, no checksum", "0800 4500 0038 0001 4000 402f 2681 0a00 0001 0a00 0015 0000 0800" + kInner4, four,
       PL_RS_DECAP_GRE},
      {"gre, 4 in 4, checksum", "0800 4500 003c 0001 4000 402f 267d 0a00 0001 0a00 0015 8000 0800 6462 0000" + kInner4,
       four, PL_RS_DECAP_GRE},
      {"gue, 4 in 4, remote checksum",
       "0800 4500 0048 0001 4000 4011 268f 0a00 0001 0a00 0015 9c40 17c0 0034 e4da 0204 0001 8000 0000 0014 001a" +
           kPartial4,
       four, PL_RS_DECAP_GUE},
      {"gre, 4 in 6, no checksum", "86dd 6000 0000 0024 2f40" + kAddresses6 + "0000 0800" + kInner4, four,
       PL_RS_DECAP_GRE},
      {"gre, 4 in 6, checksum", "86dd 6000 0000 0028 2f40" + kAddresses6 + "8000 0800 6462 0000" + kInner4, four,
       PL_RS_DECAP_GRE},
      {"gue, 4 in 6, remote checksum",
       "86dd 6000 0000 0034 1140" + kAddresses6 + "9c40 17c0 0034 9d5a 0204 0001 8000 0000 0014 001a" + kPartial4, four,
       PL_RS_DECAP_GUE},
      {"gre, 6 in 4, no checksum", "0800 4500 004c 0001 4000 402f 266d 0a00 0001 0a00 0015 0000 86dd" + kInner6, six,
       PL_RS_DECAP_GRE},
      {"gre, 6 in 4, checksum", "0800 4500 0050 0001 4000 402f 2669 0a00 0001 0a00 0015 8000 86dd 87f2 0000" + kInner6,
       six, PL_RS_DECAP_GRE},
      {"gue, 6 in 4, remote checksum",
       "0800 4500 005c 0001 4000 4011 267b 0a00 0001 0a00 0015 9c40 17c0 0048 a834 0229 0001 8000 0000 0028 002e" +
           kPartial6,
       six, PL_RS_DECAP_GUE},
      {"gre, 6 in 6, no checksum", "86dd 6000 0000 0038 2f40" + kAddresses6 + "0000 86dd" + kInner6, six,
       PL_RS_DECAP_GRE},
      {"gre, 6 in 6, checksum", "86dd 6000 0000 003c 2f40" + kAddresses6 + "8000 86dd 87f2 0000" + kInner6, six,
       PL_RS_DECAP_GRE},
      {"gue, 6 in 6, remote checksum",
       "86dd 6000 0000 0048 1140" + kAddresses6 + "9c40 17c0 0048 60b4 0229 0001 8000 0000 0028 002e" + kPartial6, six,
       PL_RS_DECAP_GUE},
      {"gue variant 1, 4 in 4", "0800 4500 003c 0001 4000 4011 269b 0a00 0001 0a00 0015 9c40 17c0 0028 0000" + kInner4,
       four, PL_RS_DECAP_GUE},
      {"gue variant 1, 6 in 4", "0800 4500 0050 0001 4000 4011 2687 0a00 0001 0a00 0015 9c40 17c0 003c 0000" + kInner6,
       six, PL_RS_DECAP_GUE},
      {"gue variant 1, 4 in 6", "86dd 6000 0000 0028 1140" + kAddresses6 + "9c40 17c0 0028 0000" + kInner4, four,
       PL_RS_DECAP_GUE},
      {"gue variant 1, 6 in 6", "86dd 6000 0000 003c 1140" + kAddresses6 + "9c40 17c0 003c 0000" + kInner6, six,
       PL_RS_DECAP_GUE},
      {"gue header with two words more",
       "0800 4500 0048 0001 4000 4011 268f 0a00 0001 0a00 0015 9c40 17c0 0034 0000 0204 0000 dead beef 0000 0001" +
           kInner4,
       four, PL_RS_DECAP_GUE},
      {"one VLAN tag", "8100 0064 0800" + kOuter4 + kInner4, "8100 0064" + four, PL_RS_DECAP_IPIP},
      {"two VLAN tags, 6 in 4", "88a8 00c8 8100 0064 0800 4500 0048 0001 4000 4029 2677 0a00 0001 0a00 0015" + kInner6,
       "88a8 00c8 8100 0064" + six, PL_RS_DECAP_IPIP},
      {"one VLAN tag, 4 in 6", "8100 0064 86dd 6000 0000 0020 0440" + kAddresses6 + kInner4, "8100 0064" + four,
       PL_RS_DECAP_IPIP},
      {"outer options, 4 octets", "0800 4600 0038 0001 4000 4004 23ab 0a00 0001 0a00 0015 0101 0100" + kInner4, four,
       PL_RS_DECAP_IPIP},
      {"outer options, 40 octets",
       "0800 4f00 005c 0001 4000 4004 0875 0a00 0001 0a00 0015 0101 0101 0101 0101 0101 0101 0101 0101 0101 0101"
       "0101 0101 0101 0101 0101 0101 0101 0101 0101 0100" +
           kInner4,
       four, PL_RS_DECAP_IPIP},
      {"tunnel encapsulation limit, RFC 2473 section 4.1.1",
       "86dd 6000 0000 0028 3c40" + kAddresses6 + "0400 0401 0401 0100" + kInner4, four, PL_RS_DECAP_IPIP},
      {"Ethernet padding stays", "0800" + kOuter4 + kInner4 + "0000 0000 0000", four + "0000 0000 0000",
       PL_RS_DECAP_IPIP},
  };
  return kRows;
}

TEST_F(Realserver, TakesOutOfTheTunnel) {
  for (const Taken& row : taken()) {
    SCOPED_TRACE(row.name);
    expect_taken(hex(kMacs + row.sent), hex(kMacs + row.expected), row.how);
  }
}

struct Untouched {
  const char* name;
  std::string sent;
  pl_rs_verdict why;
};

const std::vector<Untouched>& untouched() {
  static const std::string gue4 = "0800 4500 0040 0001 4000 4011 2697 0a00 0001 0a00 0015 9c40";
  static const std::string other_vip =
      "4500 0020 1111 4000 4011 3d76 c633 6407 c000 020b 04d2 0050 000c 2f9d 7069 6e67";
  static const std::vector<Untouched> kRows{
      {"ARP", "0806 0001 0800 0604 0001 0200 0000 0001 0a00 0001 0000 0000 0000 0a00 0015", PL_RS_NOT_TUNNEL},
      {"a client's packet without tunnel", "0800" + kInner4, PL_RS_NOT_TUNNEL},
      {"the same by IPv6", "86dd" + kInner6, PL_RS_NOT_TUNNEL},
      {"ICMP to this server", "0800 4500 0034 0001 4000 4001 26b3 0a00 0001 0a00 0015" + kInner4, PL_RS_NOT_TUNNEL},
      {"three VLAN tags", "88a8 0001 8100 0002 8100 0003 0800" + kOuter4 + kInner4, PL_RS_NOT_TUNNEL},
      {"UDP to another port", gue4 + "17c1 002c 0000 0004 0000" + kInner4, PL_RS_NOT_TUNNEL},
      {"first fragment", "0800 4500 0034 0001 2000 4004 46b0 0a00 0001 0a00 0015" + kInner4, PL_RS_FRAGMENT},
      {"later fragment", "0800 4500 0034 0001 0003 4004 66ad 0a00 0001 0a00 0015" + kInner4, PL_RS_FRAGMENT},
      {"IPv6 fragment", "86dd 6000 0000 0028 2c40" + kAddresses6 + "0400 0001 0000 0007" + kInner4, PL_RS_FRAGMENT},
      {"outer destination of another host", "0800 4500 0034 0001 4000 4004 26af 0a00 0001 0a00 0016" + kInner4,
       PL_RS_NOT_LOCAL},
      {"inner destination no VIP", "0800" + kOuter4 + other_vip, PL_RS_NOT_VIP},
      {"inner destination this server itself",
       "0800" + kOuter4 + "4500 0020 1111 4000 4011 f56c c633 6407 0a00 0015 04d2 0050 000c e793 7069 6e67",
       PL_RS_NOT_VIP},
      {"outer header checksum wrong", "0800 4500 0034 0001 4000 4004 26b1 0a00 0001 0a00 0015" + kInner4,
       PL_RS_OUTER_CHECKSUM},
      {"options change the checksum", "0800 4600 0038 0001 4000 4004 23ab 0a00 0001 0a00 0015 0101 0000" + kInner4,
       PL_RS_OUTER_CHECKSUM},
      {"outer longer than the frame", "0800 4500 0035 0001 4000 4004 26af 0a00 0001 0a00 0015" + kInner4,
       PL_RS_OUTER_MALFORMED},
      {"outer version 5", "0800 5500 0034 0001 4000 4004 16b0 0a00 0001 0a00 0015" + kInner4, PL_RS_OUTER_MALFORMED},
      {"outer header of 16 octets", "0800 4400 0034 0001 4000 4004 27b0 0a00 0001 0a00 0015" + kInner4,
       PL_RS_OUTER_MALFORMED},
      {"IPv6 outer longer than the frame", "86dd 6000 0000 0021 0440" + kAddresses6 + kInner4, PL_RS_OUTER_MALFORMED},
      {"UDP checksum wrong", gue4 + "17c0 002c 23de 0004 0000" + kInner4, PL_RS_UDP_CHECKSUM},
      {"UDP checksum wrong by IPv6",
       "86dd 6000 0000 002c 1140" + kAddresses6 + "9c40 17c0 002c dc5f 0004 0000" + kInner4, PL_RS_UDP_CHECKSUM},
      {"UDP longer than the packet", gue4 + "17c0 002d 0000 0004 0000" + kInner4, PL_RS_OUTER_MALFORMED},
      {"UDP shorter than its header", gue4 + "17c0 0007 0000 0004 0000" + kInner4, PL_RS_OUTER_MALFORMED},
      {"UDP too short for GUE", gue4 + "17c0 000b 0000 0004 0000" + kInner4, PL_RS_OUTER_MALFORMED},
      {"GUE header longer than the datagram", gue4 + "17c0 0010 0000 0204 0000" + kInner4, PL_RS_OUTER_MALFORMED},
      {"GUE control message", gue4 + "17c0 002c 0000 2004 0000" + kInner4, PL_RS_GUE_UNKNOWN},
      {"GUE version 2", gue4 + "17c0 002c 0000 8004 0000" + kInner4, PL_RS_GUE_UNKNOWN},
      {"GUE carrying TCP", gue4 + "17c0 002c 0000 0006 0000" + kInner4, PL_RS_GUE_UNKNOWN},
      {"GUE with a private flag, as remote checksum offload has", gue4 + "17c0 002c 0000 0004 0001" + kInner4,
       PL_RS_GUE_FLAGS},
      {"GRE checksum wrong", "0800 4500 003c 0001 4000 402f 267d 0a00 0001 0a00 0015 8000 0800 6463 0000" + kInner4,
       PL_RS_GRE_CHECKSUM},
      {"GRE with a key", "0800 4500 003c 0001 4000 402f 267d 0a00 0001 0a00 0015 2000 0800 0000 0001" + kInner4,
       PL_RS_GRE_UNKNOWN},
      {"GRE version 1, as PPTP has it", "0800 4500 0038 0001 4000 402f 2681 0a00 0001 0a00 0015 0001 880b" + kInner4,
       PL_RS_GRE_UNKNOWN},
      {"GRE carrying Ethernet", "0800 4500 0038 0001 4000 402f 2681 0a00 0001 0a00 0015 0000 6558" + kInner4,
       PL_RS_GRE_UNKNOWN},
      {"GRE too short for its checksum", "0800 4500 0018 0001 4000 402f 26a1 0a00 0001 0a00 0015 8000 0800",
       PL_RS_OUTER_MALFORMED},
      {"GRE too short for its header", "0800 4500 0016 0001 4000 402f 26a3 0a00 0001 0a00 0015 0000",
       PL_RS_OUTER_MALFORMED},
      {"GUE remote checksum without one outside",
       "0800 4500 0048 0001 4000 4011 268f 0a00 0001 0a00 0015 9c40 17c0 0034 0000 0204 0001 8000 0000 0014 001a" +
           kPartial4,
       PL_RS_GUE_FLAGS},
      {"GUE remote checksum that starts behind its field",
       "0800 4500 0048 0001 4000 4011 268f 0a00 0001 0a00 0015 9c40 17c0 0034 e4d2 0204 0001 8000 0000 001c 001a" +
           kPartial4,
       PL_RS_OUTER_MALFORMED},
      {"GUE remote checksum behind the packet",
       "0800 4500 0048 0001 4000 4011 268f 0a00 0001 0a00 0015 9c40 17c0 0034 e4d5 0204 0001 8000 0000 0014 001f" +
           kPartial4,
       PL_RS_OUTER_MALFORMED},
      {"GUE with an unknown private flag",
       "0800 4500 0048 0001 4000 4011 268f 0a00 0001 0a00 0015 9c40 17c0 0034 a4da 0204 0001 c000 0000 0014 001a" +
           kPartial4,
       PL_RS_GUE_FLAGS},
      {"GUE with an unknown flag",
       "0800 4500 0048 0001 4000 4011 268f 0a00 0001 0a00 0015 9c40 17c0 0034 64da 0204 8001 8000 0000 0014 001a" +
           kPartial4,
       PL_RS_GUE_FLAGS},
      {"GUE variant 1 with neither 4 nor 6", gue4 + "17c0 002c 0000 5500 0020" + kInner4, PL_RS_GUE_UNKNOWN},
      {"inner version 6 in protocol 4", "0800" + kOuter4 + "65" + kInner4.substr(2), PL_RS_INNER_MALFORMED},
      {"inner header of 16 octets", "0800" + kOuter4 + "44" + kInner4.substr(2), PL_RS_INNER_MALFORMED},
      {"inner longer than the outer carries",
       "0800" + kOuter4 + "4500 0021 1111 4000 4011 3d76 c633 6407 c000 020a 04d2 0050 000c 2f9e 7069 6e67 00",
       PL_RS_INNER_MALFORMED},
      {"inner shorter than its header",
       "0800" + kOuter4 + "4500 0013 1111 4000 4011 3d84 c633 6407 c000 020a 04d2 0050 000c 2f9e 7069 6e67",
       PL_RS_INNER_MALFORMED},
      {"IPv6 inner longer than the outer carries",
       "86dd 6000 0000 0034 2940" + kAddresses6 + "6000 0000 000d" + kInner6.substr(14), PL_RS_INNER_MALFORMED},
      {"nothing inside", "0800 4500 0014 0001 4000 4004 26d0 0a00 0001 0a00 0015", PL_RS_INNER_MALFORMED},
  };
  return kRows;
}

TEST_F(Realserver, LeavesTheRestToTheStackUntouched) {
  for (const Untouched& row : untouched()) {
    SCOPED_TRACE(row.name);
    expect_untouched(hex(kMacs + row.sent), row.why);
  }
}

TEST_F(Realserver, TakesOnlyTheTunnelsThatAreTurnedOn) {
  const Bytes ipip = hex(kMacs + taken()[0].sent), gue_frame = hex(kMacs + taken()[4].sent);
  set(PL_RS_GUE, 6080);
  expect_untouched(ipip, PL_RS_NOT_TUNNEL);
  EXPECT_EQ(run(gue_frame).verdict, PL_RS_DECAP_GUE);
  set(PL_RS_IPIP, 6080);
  expect_untouched(gue_frame, PL_RS_NOT_TUNNEL);
  EXPECT_EQ(run(ipip).verdict, PL_RS_DECAP_IPIP);
  set(PL_RS_IPIP | PL_RS_GUE, 5555);
  expect_untouched(gue_frame, PL_RS_NOT_TUNNEL);
  set(0, 0);
  expect_untouched(ipip, PL_RS_NOT_TUNNEL);
}

// RFC 6040 figure 4, by outer and inner ECN field (0 not ECT, 1 ECT(1), 2 ECT(0), 3 CE); -1: dropped.
constexpr int kEcn[4][4] = {{0, 1, 2, 3}, {0, 1, 1, 3}, {0, 1, 2, 3}, {-1, 3, 3, 3}};

TEST_F(Realserver, CarriesCongestionMarksOverAsRfc6040Says) {
  // Checksums of the outer header by its ECN field, and of the inner one of DSCP 46 likewise.
  const std::string outer[] = {"4500 0034 0001 4000 4004 26b0", "4501 0034 0001 4000 4004 26af",
                               "4502 0034 0001 4000 4004 26ae", "4503 0034 0001 4000 4004 26ad"};
  const std::string inner[] = {"45b8 0020 1111 4000 4011 3cbf", "45b9 0020 1111 4000 4011 3cbe",
                               "45ba 0020 1111 4000 4011 3cbd", "45bb 0020 1111 4000 4011 3cbc"};
  const std::string inner_rest = "c633 6407 c000 020a 04d2 0050 000c 2f9e 7069 6e67";
  const std::string flow6 =
      "b 1234 000c 1140 2001 0db8 000c 0000 0000 0000 0000 0007 2001 0db8 0000 0000 0000 0000 0000"
      "0010 04d2 0050 000c c04e 7069 6e67";
  // Traffic class 0xb8 | ecn, flow label 0xb1234.
  const std::string inner6[] = {"6b8" + flow6, "6b9" + flow6, "6ba" + flow6, "6bb" + flow6};
  const std::string outer6[] = {"600", "601", "602", "603"};
  for (int o = 0; o < 4; ++o) {
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE("outer " + std::to_string(o) + ", inner " + std::to_string(i));
      const Bytes four = hex(kMacs + "0800" + outer[o] + "0a00 0001 0a00 0015" + inner[i] + inner_rest);
      const Bytes six = hex(kMacs + "86dd" + outer6[o] + "00000 0034 2940" + kAddresses6 + inner6[i]);
      if (kEcn[o][i] < 0) {
        for (const Bytes& sent : {four, six}) {
          const Outcome result = run(sent);
          EXPECT_EQ(result.action, XDP_DROP);
          EXPECT_EQ(name_of(result.verdict), "ecn");
        }
        continue;
      }
      expect_taken(four, hex(kMacs + "0800" + inner[kEcn[o][i]] + inner_rest), PL_RS_DECAP_IPIP);
      expect_taken(six, hex(kMacs + "86dd" + inner6[kEcn[o][i]]), PL_RS_DECAP_IPIP);
    }
  }
}

TEST_F(Realserver, LeavesEveryTruncationUntouched) {
  for (const Taken& row : taken()) {
    const Bytes whole = hex(kMacs + row.sent);
    const std::size_t padding = row.sent == taken().back().sent ? 6 : 0;  // which may be cut
    for (std::size_t n = 14; n + padding < whole.size(); ++n) {
      SCOPED_TRACE(std::string(row.name) + ", cut to " + std::to_string(n));
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
      const Outcome result = run(cut);
      EXPECT_EQ(result.action, XDP_PASS);
      ASSERT_EQ(difference(cut, result.frame), "");
    }
  }
}

// Cut with the outer length and checksum right: what is inside does not fit any more.
TEST_F(Realserver, LeavesATruncatedInnerPacketUntouched) {
  const Bytes inner4 = hex(kInner4), inner6 = hex(kInner6);
  for (const bool by_gue : {false, true}) {
    for (const Bytes* inner : {&inner4, &inner6}) {
      const std::uint8_t protocol = inner == &inner4 ? kIpIp : kIpv6;
      for (const char* to : {"10.0.0.21", "2001:db8:1::21"}) {
        for (std::size_t n = 0; n < inner->size(); ++n) {
          Frame f;
          f.to = *net::Address::parse(to);
          f.from = *net::Address::parse(f.v6() ? "2001:db8:1::1" : "10.0.0.1");
          const View cut = View(*inner).first(n);
          f.protocol = by_gue ? static_cast<std::uint8_t>(kUdp) : protocol;
          f.dport = 6080;
          f.payload = by_gue ? gue(protocol, cut) : Bytes(cut.begin(), cut.end());
          SCOPED_TRACE(std::string(by_gue ? "gue" : "ipip") + " to " + to + ", inner cut to " + std::to_string(n));
          expect_untouched(f.bytes(), PL_RS_INNER_MALFORMED);
        }
      }
    }
  }
}

// Whatever octet is broken, a frame leaves as it came, or as what was inside, or not at all.
TEST_F(Realserver, ABrokenOctetNeverMixesFrames) {
  for (const Taken& row : taken()) {
    const Bytes whole = hex(kMacs + row.sent), expected = hex(kMacs + row.expected);
    const std::size_t stripped = whole.size() - expected.size();
    for (std::size_t at = 12; at < whole.size(); ++at) {
      for (const std::uint8_t flip : {0x01, 0x10, 0x80, 0xff}) {
        SCOPED_TRACE(std::string(row.name) + ", octet " + std::to_string(at) + " xor " + std::to_string(flip));
        Bytes sent = whole;
        sent[at] ^= flip;
        const Outcome result = run(sent);
        if (result.action == XDP_DROP) {
          ASSERT_EQ(name_of(result.verdict), "ecn");
        } else if (result.verdict == PL_RS_DECAP_IPIP || result.verdict == PL_RS_DECAP_GUE ||
                   result.verdict == PL_RS_DECAP_GRE) {
          ASSERT_GE(sent.size() - result.frame.size(), 20u);
          // From behind the fields that ECN may change, the end is the same.
          const std::size_t tail = sent.size() - stripped > 34 ? result.frame.size() - 34 : 0;
          // A remote checksum covers all octets, and is filled in.
          const bool filled = std::string(row.name).ends_with("remote checksum");
          ASSERT_EQ(difference(View(filled ? expected : sent).last(tail), View(result.frame).last(tail)), "");
          ASSERT_EQ(difference(View(sent).first(12), View(result.frame).first(12)), "");
        } else {
          ASSERT_EQ(result.action, XDP_PASS);
          ASSERT_EQ(difference(sent, result.frame), "");
        }
      }
    }
  }
}

TEST_F(Realserver, VerifiesTheChecksumOfLongDatagramsWhole) {
  Frame inner;
  inner.from = *net::Address::parse("198.51.100.7");
  inner.to = *net::Address::parse("192.0.2.10");
  inner.protocol = kUdp;
  for (const char* to : {"10.0.0.21", "2001:db8:1::21"}) {
    for (std::size_t n = 1300; n < 1300 + 70; ++n) {  // every way to end within a chunk of 64
      SCOPED_TRACE(std::string(to) + ", payload of " + std::to_string(n));
      inner.payload.assign(n, 0);
      std::iota(inner.payload.begin(), inner.payload.end(), std::uint8_t{1});
      Frame f;
      f.to = *net::Address::parse(to);
      f.from = *net::Address::parse(f.v6() ? "2001:db8:1::1" : "10.0.0.1");
      f.protocol = kUdp;
      f.dport = 6080;
      f.payload = gue(kIpIp, inner.packet());
      Bytes sent = f.bytes();
      expect_taken(sent, ethernet(f.to_mac, f.from_mac, 0x0800, inner.packet()), PL_RS_DECAP_GUE);
      sent.back() ^= 1;
      expect_untouched(sent, PL_RS_UDP_CHECKSUM);
    }
  }
}

}  // namespace
}  // namespace plenum::packet
