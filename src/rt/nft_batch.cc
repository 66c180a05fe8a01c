#include "rt/nft_batch.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "rt/netlink_message.h"

namespace plenum::rt {

namespace {

// Elements of a set in one message: libnl's messages have room for a page.
constexpr std::size_t kElements = 100;
// How nft(8) shows a set's keys, which is all it is for: TYPE_IPADDR, TYPE_IP6ADDR, TYPE_MARK, TYPE_IFINDEX, several
// one above the other; and as user data NFTNL_UDATA_SET_KEYBYTEORDER of four bytes, BYTEORDER_HOST_ENDIAN.
constexpr std::uint32_t kAddress4Type = 7, kAddress6Type = 8, kMarkType = 19, kInterfaceType = 20;
constexpr int kTypeBits = 6;
constexpr std::uint8_t kKeysInHostOrder[] = {0, 4, 1, 0, 0, 0};

void put_number(nl_msg* message, int type, std::uint32_t value) { nla_put_u32(message, type, htonl(value)); }

void put_value(nl_msg* message, int type, std::span<const std::uint8_t> value) {
  nlattr* data = nla_nest_start(message, type);
  nla_put(message, NFTA_DATA_VALUE, static_cast<int>(value.size()), value.data());
  nla_nest_end(message, data);
}

std::vector<char> message_of(std::uint16_t type, int flags, std::uint8_t family, std::uint16_t resource,
                             const std::function<void(nl_msg*)>& attributes) {
  const Message message(nlmsg_alloc_simple(type, NLM_F_REQUEST | flags));
  nfgenmsg body{};
  body.nfgen_family = family;
  body.version = NFNETLINK_V0;
  body.res_id = htons(resource);
  nlmsg_append(message.get(), &body, sizeof body, NLMSG_ALIGNTO);
  attributes(message.get());
  const auto* header = nlmsg_hdr(message.get());
  std::vector<char> out(NLMSG_ALIGN(header->nlmsg_len));
  std::memcpy(out.data(), header, header->nlmsg_len);
  return out;
}

// As registers have numbers.
void append_in_host_order(std::vector<std::uint8_t>& key, std::uint32_t value) {
  std::uint8_t bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  key.insert(key.end(), std::begin(bytes), std::end(bytes));
}

void nothing(nl_msg*) {}

}  // namespace

void NftRule::expression(const char* name, const std::function<void(nl_msg*)>& data) {
  nlattr* element = nla_nest_start(message_, NFTA_LIST_ELEM);
  nla_put_string(message_, NFTA_EXPR_NAME, name);
  nlattr* nested = nla_nest_start(message_, NFTA_EXPR_DATA);
  data(message_);
  nla_nest_end(message_, nested);
  nla_nest_end(message_, element);
}

void NftRule::meta(nft_meta_keys key, std::uint32_t to) {
  expression("meta", [&](nl_msg* m) {
    put_number(m, NFTA_META_DREG, to);
    put_number(m, NFTA_META_KEY, key);
  });
}

void NftRule::payload(nft_payload_bases base, std::uint32_t offset, std::uint32_t length, std::uint32_t to) {
  expression("payload", [&](nl_msg* m) {
    put_number(m, NFTA_PAYLOAD_DREG, to);
    put_number(m, NFTA_PAYLOAD_BASE, base);
    put_number(m, NFTA_PAYLOAD_OFFSET, offset);
    put_number(m, NFTA_PAYLOAD_LEN, length);
  });
}

void NftRule::write(nft_payload_bases base, std::uint32_t offset, std::uint32_t length, std::uint32_t from) {
  expression("payload", [&](nl_msg* m) {
    put_number(m, NFTA_PAYLOAD_SREG, from);
    put_number(m, NFTA_PAYLOAD_BASE, base);
    put_number(m, NFTA_PAYLOAD_OFFSET, offset);
    put_number(m, NFTA_PAYLOAD_LEN, length);
  });
}

void NftRule::write_ipv4(std::uint32_t offset, std::uint32_t length, std::uint32_t from) {
  constexpr std::uint32_t kChecksumAt = 10;
  expression("payload", [&](nl_msg* m) {
    put_number(m, NFTA_PAYLOAD_SREG, from);
    put_number(m, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
    put_number(m, NFTA_PAYLOAD_OFFSET, offset);
    put_number(m, NFTA_PAYLOAD_LEN, length);
    put_number(m, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
    put_number(m, NFTA_PAYLOAD_CSUM_OFFSET, kChecksumAt);
  });
}

void NftRule::compare(std::uint32_t reg, nft_cmp_ops op, std::span<const std::uint8_t> value) {
  expression("cmp", [&](nl_msg* m) {
    put_number(m, NFTA_CMP_SREG, reg);
    put_number(m, NFTA_CMP_OP, op);
    put_value(m, NFTA_CMP_DATA, value);
  });
}

void NftRule::mask(std::uint32_t reg, std::span<const std::uint8_t> bits) {
  const std::vector<std::uint8_t> none(bits.size());
  expression("bitwise", [&](nl_msg* m) {
    put_number(m, NFTA_BITWISE_SREG, reg);
    put_number(m, NFTA_BITWISE_DREG, reg);
    put_number(m, NFTA_BITWISE_LEN, static_cast<std::uint32_t>(bits.size()));
    put_value(m, NFTA_BITWISE_MASK, bits);
    put_value(m, NFTA_BITWISE_XOR, none);
  });
}

void NftRule::load(std::uint32_t to, std::span<const std::uint8_t> value) {
  expression("immediate", [&](nl_msg* m) {
    put_number(m, NFTA_IMMEDIATE_DREG, to);
    put_value(m, NFTA_IMMEDIATE_DATA, value);
  });
}

void NftRule::in_set(std::uint32_t reg, const std::string& set) {
  expression("lookup", [&](nl_msg* m) {
    nla_put_string(m, NFTA_LOOKUP_SET, set.c_str());
    put_number(m, NFTA_LOOKUP_SREG, reg);
  });
}

void NftRule::count() {
  expression("counter", [](nl_msg* m) {
    nla_put_u64(m, NFTA_COUNTER_BYTES, 0);
    nla_put_u64(m, NFTA_COUNTER_PACKETS, 0);
  });
}

void NftRule::duplicate(std::uint32_t address, std::uint32_t device) {
  expression("dup", [&](nl_msg* m) {
    put_number(m, NFTA_DUP_SREG_ADDR, address);
    put_number(m, NFTA_DUP_SREG_DEV, device);
  });
}

void NftRule::verdict(std::int32_t code, const std::string& chain) {
  expression("immediate", [&](nl_msg* m) {
    put_number(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    nlattr* data = nla_nest_start(m, NFTA_IMMEDIATE_DATA);
    nlattr* nested = nla_nest_start(m, NFTA_DATA_VERDICT);
    put_number(m, NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code));
    if (!chain.empty()) nla_put_string(m, NFTA_VERDICT_CHAIN, chain.c_str());
    nla_nest_end(m, nested);
    nla_nest_end(m, data);
  });
}

void NftRule::accept() { verdict(NF_ACCEPT, ""); }
void NftRule::drop() { verdict(NF_DROP, ""); }
void NftRule::go_to(const std::string& chain) { verdict(NFT_GOTO, chain); }

NftBatch::NftBatch() = default;

void NftBatch::add(std::uint16_t type, int flags, NftFamily family, const std::function<void(nl_msg*)>& attributes) {
  messages_.push_back(message_of(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_ACK | flags,
                                 static_cast<std::uint8_t>(family), 0, attributes));
}

void NftBatch::remove_table(NftFamily family, const std::string& table) {
  add(NFT_MSG_DELTABLE, 0, family, [&](nl_msg* m) { nla_put_string(m, NFTA_TABLE_NAME, table.c_str()); });
}

void NftBatch::add_table(NftFamily family, const std::string& table) {
  add(NFT_MSG_NEWTABLE, NLM_F_CREATE, family, [&](nl_msg* m) { nla_put_string(m, NFTA_TABLE_NAME, table.c_str()); });
}

void NftBatch::add_chain(NftFamily family, const std::string& table, const std::string& chain,
                         const std::optional<NftHook>& hook) {
  add(NFT_MSG_NEWCHAIN, NLM_F_CREATE, family, [&](nl_msg* m) {
    nla_put_string(m, NFTA_CHAIN_TABLE, table.c_str());
    nla_put_string(m, NFTA_CHAIN_NAME, chain.c_str());
    if (!hook) return;
    nla_put_string(m, NFTA_CHAIN_TYPE, "filter");
    nlattr* nested = nla_nest_start(m, NFTA_CHAIN_HOOK);
    put_number(m, NFTA_HOOK_HOOKNUM, hook->number);
    put_number(m, NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(hook->priority));
    if (!hook->device.empty()) nla_put_string(m, NFTA_HOOK_DEV, hook->device.c_str());
    nla_nest_end(m, nested);
  });
}

void NftBatch::add_set(NftFamily family, const std::string& table, const std::string& set, const KeyType& type,
                       const std::vector<Bytes>& keys) {
  const auto id = ++sets_;
  add(NFT_MSG_NEWSET, NLM_F_CREATE, family, [&](nl_msg* m) {
    nla_put_string(m, NFTA_SET_TABLE, table.c_str());
    nla_put_string(m, NFTA_SET_NAME, set.c_str());
    put_number(m, NFTA_SET_FLAGS, 0);
    put_number(m, NFTA_SET_KEY_TYPE, type.number);
    put_number(m, NFTA_SET_KEY_LEN, type.length);
    put_number(m, NFTA_SET_ID, id);
    if (type.host_order) nla_put(m, NFTA_SET_USERDATA, sizeof kKeysInHostOrder, kKeysInHostOrder);
  });
  for (std::size_t at = 0; at < keys.size(); at += kElements) {
    const auto part = std::span(keys).subspan(at, std::min(kElements, keys.size() - at));
    add(NFT_MSG_NEWSETELEM, NLM_F_CREATE, family, [&](nl_msg* m) {
      nla_put_string(m, NFTA_SET_ELEM_LIST_TABLE, table.c_str());
      nla_put_string(m, NFTA_SET_ELEM_LIST_SET, set.c_str());
      put_number(m, NFTA_SET_ELEM_LIST_SET_ID, id);
      nlattr* list = nla_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
      for (const auto& key : part) {
        nlattr* element = nla_nest_start(m, NFTA_LIST_ELEM);
        put_value(m, NFTA_SET_ELEM_KEY, key);
        nla_nest_end(m, element);
      }
      nla_nest_end(m, list);
    });
  }
}

void NftBatch::add_marks(NftFamily family, const std::string& table, const std::string& set,
                         std::span<const std::uint32_t> marks) {
  std::vector<Bytes> keys;
  for (const auto mark : marks) append_in_host_order(keys.emplace_back(), mark);
  add_set(family, table, set, {kMarkType, sizeof(std::uint32_t), true}, keys);
}

void NftBatch::add_addresses(NftFamily family, const std::string& table, const std::string& set,
                             std::span<const net::Address> addresses) {
  const bool v4 = family == NftFamily::Ipv4;
  std::vector<Bytes> keys;
  for (const auto& address : addresses) keys.emplace_back(address.data(), address.data() + address.size());
  add_set(family, table, set, v4 ? KeyType{kAddress4Type, 4} : KeyType{kAddress6Type, 16}, keys);
}

void NftBatch::add_link_addresses(const std::string& table, const std::string& set,
                                  std::span<const std::pair<net::Address, std::uint32_t>> addresses) {
  std::vector<Bytes> keys;
  for (const auto& [address, ifindex] : addresses) {
    auto& key = keys.emplace_back(address.data(), address.data() + address.size());
    append_in_host_order(key, ifindex);
  }
  add_set(NftFamily::Ipv6, table, set, {kAddress6Type << kTypeBits | kInterfaceType, 16 + sizeof(std::uint32_t)}, keys);
}

void NftBatch::add_rule(NftFamily family, const std::string& table, const std::string& chain,
                        const std::function<void(NftRule&)>& expressions) {
  add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family, [&](nl_msg* m) {
    nla_put_string(m, NFTA_RULE_TABLE, table.c_str());
    nla_put_string(m, NFTA_RULE_CHAIN, chain.c_str());
    nlattr* list = nla_nest_start(m, NFTA_RULE_EXPRESSIONS);
    NftRule rule(m);
    expressions(rule);
    nla_nest_end(m, list);
  });
}

std::vector<char> NftBatch::bytes(std::uint32_t first) const {
  std::vector<char> out;
  auto next = first;
  const auto append = [&](const std::vector<char>& message) {
    const auto at = out.size();
    out.insert(out.end(), message.begin(), message.end());
    const auto number = next++;
    std::memcpy(out.data() + at + offsetof(nlmsghdr, nlmsg_seq), &number, sizeof number);
  };
  append(message_of(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, nothing));
  for (const auto& message : messages_) append(message);
  append(message_of(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, nothing));
  return out;
}

}  // namespace plenum::rt
