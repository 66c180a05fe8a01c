// What MarkWay tells nftables:
//
//   table ip plenum {                                   (ip6 the same, without a DF bit)
//     chain input { hook input priority 98              where IPVS looks, behind the filter
//       iif != plenum-m1  mark @marks  goto marked }
//     chain marked { what IPVS takes: goto bring }
//     chain bring { frag-off 0x4000  frag-off set 0xc000
//                   counter  dup to 192.0.0.8 device plenum-m0  drop }
//     chain output { hook postrouting priority 300  oif plenum-m0  frag-off set frag-off & 0x8000 }
//   }
//   table netdev plenum { chain marked { hook egress device plenum-m0   last 4 bytes of source MAC set mark } }
//
// `dup` sets DF, which would keep a datagram that was reassembled from being fragmented again: the reserved
// bit stands for DF until the program puts it back. It also takes a hop, which the program gives back.

#include <netinet/in.h>

// Behind the one above, whose structures it has too.
#include <linux/netfilter.h>

#include <array>
#include <cstring>
#include <vector>

#include "bpf/abi.h"
#include "lb/mark_addresses.h"
#include "lb/mark_way.h"

namespace plenum::lb {

namespace {

using rt::NftBatch;
using rt::NftFamily;
using rt::NftRule;

constexpr std::uint32_t kReg1 = NFT_REG_1, kReg2 = NFT_REG_2;
constexpr std::int32_t kWhereIpvsLooks = 98, kBehindNat = 300;
constexpr std::uint32_t kFragmentField = 6;  // offset in an IPv4 header
constexpr int kIpDf = 0x4000;

const std::string kMarks = "marks", kInput = "input", kMarked = "marked", kBring = "bring", kOutput = "output";

std::array<std::uint8_t, 4> host_order(std::uint32_t value) {
  std::array<std::uint8_t, 4> out;
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

std::array<std::uint8_t, 2> network_order(int value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

std::vector<std::uint8_t> bytes_of(const net::Address& address) {
  const auto* data = static_cast<const std::uint8_t*>(static_cast<const void*>(address.data()));
  return {data, data + address.size()};
}

void protocol(NftRule& rule, std::uint8_t number) {
  rule.meta(NFT_META_L4PROTO, kReg1);
  rule.compare(kReg1, NFT_CMP_EQ, std::array{number});
}

void icmp_type(NftRule& rule, std::uint8_t icmp, nft_cmp_ops op, std::uint8_t type) {
  protocol(rule, icmp);
  rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, kReg1);
  rule.compare(kReg1, op, std::array{type});
}

class Family {
 public:
  Family(NftBatch& batch, NftFamily family, std::uint32_t entry, std::uint32_t port)
      : batch_(batch), family_(family), entry_(entry), port_(port) {}

  void write(const std::set<std::uint32_t>& marks) {
    batch_.add_marks(family_, kMarkTable, kMarks, std::vector<std::uint32_t>(marks.begin(), marks.end()));
    batch_.add_chain(family_, kMarkTable, kBring);
    batch_.add_chain(family_, kMarkTable, kMarked);
    batch_.add_chain(family_, kMarkTable, kInput, rt::NftHook{NF_INET_LOCAL_IN, kWhereIpvsLooks, ""});
    bring();
    choose();
    rule(kInput, [this](NftRule& r) {
      r.meta(NFT_META_IIF, kReg1);
      r.compare(kReg1, NFT_CMP_NEQ, host_order(port_));
      r.meta(NFT_META_MARK, kReg1);
      r.in_set(kReg1, kMarks);
      r.go_to(kMarked);
    });
  }

 private:
  bool is_v4() const { return family_ == NftFamily::Ipv4; }

  template <class Expressions>
  void rule(const std::string& chain, Expressions expressions) {
    batch_.add_rule(family_, kMarkTable, chain, expressions);
  }

  void bring() {
    if (is_v4()) {
      rule(kBring, [](NftRule& r) {
        r.payload(NFT_PAYLOAD_NETWORK_HEADER, kFragmentField, 2, kReg1);
        r.compare(kReg1, NFT_CMP_EQ, network_order(kIpDf));
        r.load(kReg1, network_order(kIpDf | PL_MARKED_DF));
        r.write_ipv4(kFragmentField, 2, kReg1);
      });
      batch_.add_chain(family_, kMarkTable, kOutput, rt::NftHook{NF_INET_POST_ROUTING, kBehindNat, ""});
      rule(kOutput, [this](NftRule& r) {
        r.meta(NFT_META_OIF, kReg1);
        r.compare(kReg1, NFT_CMP_EQ, host_order(entry_));
        r.payload(NFT_PAYLOAD_NETWORK_HEADER, kFragmentField, 2, kReg1);
        r.mask(kReg1, network_order(PL_MARKED_DF));
        r.write_ipv4(kFragmentField, 2, kReg1);
      });
    }
    rule(kBring, [this](NftRule& r) {
      r.count();
      r.load(kReg1, bytes_of(is_v4() ? mark_target_v4() : mark_target_v6()));
      r.load(kReg2, host_order(entry_));
      r.duplicate(kReg1, kReg2);
      r.drop();
    });
  }

  // Of ICMP only errors: the rest is the host's own business, which IPv6's neighbours are part of.
  void choose() {
    for (const std::uint8_t number : {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP})
      rule(kMarked, [number](NftRule& r) {
        protocol(r, number);
        r.go_to(kBring);
      });
    if (!is_v4())
      return rule(kMarked, [](NftRule& r) {
        icmp_type(r, IPPROTO_ICMPV6, NFT_CMP_LTE, 4);
        r.go_to(kBring);
      });
    for (const std::uint8_t type : {3, 11, 12})
      rule(kMarked, [type](NftRule& r) {
        icmp_type(r, IPPROTO_ICMP, NFT_CMP_EQ, type);
        r.go_to(kBring);
      });
  }

  NftBatch& batch_;
  NftFamily family_;
  std::uint32_t entry_, port_;
};

void begin_anew(NftBatch& batch, NftFamily family) {
  batch.add_table(family, kMarkTable);
  batch.remove_table(family, kMarkTable);
  batch.add_table(family, kMarkTable);
}

}  // namespace

rt::NftBatch mark_tables(const MarksServed& marks, std::uint32_t entry, std::uint32_t port) {
  NftBatch batch;
  if (!marks.v4.empty()) {
    begin_anew(batch, NftFamily::Ipv4);
    Family(batch, NftFamily::Ipv4, entry, port).write(marks.v4);
  }
  if (!marks.v6.empty()) {
    begin_anew(batch, NftFamily::Ipv6);
    Family(batch, NftFamily::Ipv6, entry, port).write(marks.v6);
  }
  begin_anew(batch, NftFamily::Netdev);
  batch.add_chain(NftFamily::Netdev, kMarkTable, kMarked, rt::NftHook{NF_NETDEV_EGRESS, 0, kMarkEntry});
  batch.add_rule(NftFamily::Netdev, kMarkTable, kMarked, [](NftRule& r) {
    r.meta(NFT_META_MARK, kReg1);
    r.write(NFT_PAYLOAD_LL_HEADER, PL_MARKED_AT, sizeof(std::uint32_t), kReg1);
  });
  return batch;
}

}  // namespace plenum::lb
