// What nftables is told:
//
//   table ip6 plenum-vrrpd/run/plenum {
//     set refused { type ipv6_addr }  set refused_of_links { type ipv6_addr . iface_index }
//     chain in { hook input priority 99
//       icmpv6 type neighbour solicitation, advertisement  accept
//       daddr @refused  counter drop      daddr . iif @refused_of_links  counter drop }
//     chain out { hook output priority 99
//       l4proto icmpv6  accept            who is on the link, who listens to which group, who is a router
//       saddr @refused  counter drop      saddr . oif @refused_of_links  counter drop } }
//
// and in table ip the same without links; there IGMP is what goes out. As keepalived does, but behind the place where
// packets with a mark that has a service leave for the director's program (lb/mark_tables.cc).

#include "failover/refusal.h"

#include <netinet/icmp6.h>

// Behind the one above, whose structures it has too.
#include <linux/netfilter.h>

#include <array>
#include <vector>

namespace plenum::failover {

namespace {

using rt::NftBatch;
using rt::NftFamily;
using rt::NftRule;

constexpr std::int32_t kBehindMarks = 99;
const std::string kRefused = "refused", kOfLinks = "refused_of_links", kIn = "in", kOut = "out";

void protocol(NftRule& rule, std::uint8_t number) {
  rule.meta(NFT_META_L4PROTO, NFT_REG_1);
  rule.compare(NFT_REG_1, NFT_CMP_EQ, std::array{number});
}

// Of one direction: where the address stands in the header, and what says the interface.
struct Way {
  std::string chain;
  std::uint32_t hook, offset4, offset6;
  nft_meta_keys interface;
};
const Way kWayIn{kIn, NF_INET_LOCAL_IN, 16, 24, NFT_META_IIF}, kWayOut{kOut, NF_INET_LOCAL_OUT, 12, 8, NFT_META_OIF};

class Family {
 public:
  Family(NftBatch& batch, NftFamily family, const std::string& table) : batch_(batch), family_(family), table_(table) {}

  void write(const std::vector<net::Address>& addresses,
             const std::vector<std::pair<net::Address, std::uint32_t>>& of_links) {
    batch_.add_addresses(family_, table_, kRefused, addresses);
    if (!is_v4()) batch_.add_link_addresses(table_, kOfLinks, of_links);
    chain(kWayIn);
    if (!is_v4())
      rule(kIn, [](NftRule& r) {
        protocol(r, IPPROTO_ICMPV6);
        r.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
        r.compare(NFT_REG_1, NFT_CMP_GTE, std::array<std::uint8_t, 1>{ND_NEIGHBOR_SOLICIT});
        r.compare(NFT_REG_1, NFT_CMP_LTE, std::array<std::uint8_t, 1>{ND_NEIGHBOR_ADVERT});
        r.accept();
      });
    refuse(kWayIn);
    chain(kWayOut);
    rule(kOut, [this](NftRule& r) {
      protocol(r, is_v4() ? std::uint8_t{IPPROTO_IGMP} : std::uint8_t{IPPROTO_ICMPV6});
      r.accept();
    });
    refuse(kWayOut);
  }

 private:
  [[nodiscard]] bool is_v4() const { return family_ == NftFamily::Ipv4; }

  void chain(const Way& way) { batch_.add_chain(family_, table_, way.chain, rt::NftHook{way.hook, kBehindMarks, ""}); }

  template <class Expressions>
  void rule(const std::string& chain, Expressions expressions) {
    batch_.add_rule(family_, table_, chain, expressions);
  }

  void refuse(const Way& way) {
    const auto address = [this, &way](NftRule& r) {
      r.payload(NFT_PAYLOAD_NETWORK_HEADER, is_v4() ? way.offset4 : way.offset6, is_v4() ? 4 : 16, NFT_REG_1);
    };
    rule(way.chain, [&](NftRule& r) {
      address(r);
      r.in_set(NFT_REG_1, kRefused);
      r.count();
      r.drop();
    });
    if (is_v4()) return;
    rule(way.chain, [&](NftRule& r) {
      address(r);
      r.meta(way.interface, NFT_REG_2);
      r.in_set(NFT_REG_1, kOfLinks);
      r.count();
      r.drop();
    });
  }

  NftBatch& batch_;
  const NftFamily family_;
  const std::string& table_;
};

}  // namespace

void Refused::add(const std::vector<rt::AddressSpec>& specs) {
  for (const auto& spec : specs)
    if (const auto& address = spec.prefix.address; address.is_link_local())
      of_links.emplace(address, spec.ifindex);
    else
      addresses.insert(address);
}

rt::NftBatch refusal_tables(const std::string& table, const Refused& refused) {
  NftBatch batch;
  for (const auto family : {NftFamily::Ipv4, NftFamily::Ipv6}) {
    // Whether it was there or not.
    batch.add_table(family, table);
    batch.remove_table(family, table);
    const bool v4 = family == NftFamily::Ipv4;
    std::vector<net::Address> addresses;
    std::vector<std::pair<net::Address, std::uint32_t>> of_links;
    for (const auto& address : refused.addresses)
      if (address.is_v4() == v4) addresses.push_back(address);
    if (!v4) of_links.assign(refused.of_links.begin(), refused.of_links.end());
    if (addresses.empty() && of_links.empty()) continue;
    batch.add_table(family, table);
    Family(batch, family, table).write(addresses, of_links);
  }
  return batch;
}

void Refusal::begin(std::string table, bool left) {
  table_ = std::move(table);
  if (!left) shown_ = Refused{};
}

Result<> Refusal::show(const Refused& refused) {
  if (table_.empty() || shown_ == refused) return {};
  if (!nftables_) {
    PLENUM_TRY(nftables_, rt::Nftables::open(), "refusal");
  }
  shown_.reset();
  PLENUM_CHECK(nftables_->commit(refusal_tables(table_, refused)), "refusal");
  shown_ = refused;
  return {};
}

}  // namespace plenum::failover
