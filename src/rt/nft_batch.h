#pragma once
// Changes of nftables as one batch of netlink messages, which the kernel carries out as a whole or
// not at all: tables, chains, sets and rules, by the expressions of linux/netfilter/nf_tables.h.
// Bytes only, no sockets. libnl builds the attributes. (libnftables, which reads the language of nft(8),
// is GPL-2.0 only; and that language cannot write a mark into a frame.)

#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "net/address.h"

struct nl_msg;

namespace plenum::rt {

// Values are NFPROTO_*.
enum class NftFamily : std::uint8_t { Ipv4 = 2, Netdev = 5, Ipv6 = 10 };

// Where a base chain is hooked in.
struct NftHook {
  std::uint32_t number = 0;  // NF_INET_LOCAL_IN, NF_NETDEV_EGRESS
  std::int32_t priority = 0;
  std::string device;  // of family netdev
};

// One rule's expressions, in order. Registers are 1 to 4, of 16 bytes each.
class NftRule {
 public:
  explicit NftRule(nl_msg* message) : message_(message) {}

  void meta(nft_meta_keys key, std::uint32_t to);
  // Bytes of the packet into a register; out of one, without and with IPv4's header checksum following.
  void payload(nft_payload_bases base, std::uint32_t offset, std::uint32_t length, std::uint32_t to);
  void write(nft_payload_bases base, std::uint32_t offset, std::uint32_t length, std::uint32_t from);
  void write_ipv4(std::uint32_t offset, std::uint32_t length, std::uint32_t from);
  void compare(std::uint32_t reg, nft_cmp_ops op, std::span<const std::uint8_t> value);
  void mask(std::uint32_t reg, std::span<const std::uint8_t> bits);
  void load(std::uint32_t to, std::span<const std::uint8_t> value);
  void in_set(std::uint32_t reg, const std::string& set);
  void count();
  // A copy of the packet to the address in one register, out of the device whose index is in the other.
  void duplicate(std::uint32_t address, std::uint32_t device);
  void accept();
  void drop();
  void go_to(const std::string& chain);

 private:
  void expression(const char* name, const std::function<void(nl_msg*)>& data);
  void verdict(std::int32_t code, const std::string& chain);
  nl_msg* message_;
};

class NftBatch {
 public:
  NftBatch();

  void remove_table(NftFamily family, const std::string& table);  // which must be there
  void add_table(NftFamily family, const std::string& table);     // or it is there already
  void add_chain(NftFamily family, const std::string& table, const std::string& chain,
                 const std::optional<NftHook>& hook = std::nullopt);
  void add_marks(NftFamily family, const std::string& table, const std::string& set,
                 std::span<const std::uint32_t> marks);
  // Of the table's family.
  void add_addresses(NftFamily family, const std::string& table, const std::string& set,
                     std::span<const net::Address> addresses);
  // IPv6's of a link, with the interface's index, which is looked up in the register behind the address's.
  void add_link_addresses(const std::string& table, const std::string& set,
                          std::span<const std::pair<net::Address, std::uint32_t>> addresses);
  void add_rule(NftFamily family, const std::string& table, const std::string& chain,
                const std::function<void(NftRule&)>& expressions);

  // The messages as they are sent, numbered from `first` on, each to be acknowledged.
  [[nodiscard]] std::vector<char> bytes(std::uint32_t first) const;
  // How many there are, both ends of the batch included.
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(messages_.size()) + 2; }

 private:
  using Bytes = std::vector<std::uint8_t>;
  // What nft(8) shows keys as, and their length.
  struct KeyType {
    std::uint32_t number = 0, length = 0;
    bool host_order = false;
  };
  void add_set(NftFamily family, const std::string& table, const std::string& set, const KeyType& type,
               const std::vector<Bytes>& keys);
  void add(std::uint16_t type, int flags, NftFamily family, const std::function<void(nl_msg*)>& attributes);

  std::vector<std::vector<char>> messages_;
  std::uint32_t sets_ = 0;
};

}  // namespace plenum::rt
