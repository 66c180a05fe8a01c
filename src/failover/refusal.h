#pragma once
// Packets for virtual addresses which this host has, does not own and is not to take (`accept: false`; RFC 9568,
// Accept_Mode): tables of nftables of this daemon's own drop them. What the director's program balances never comes
// so far. Of one thread.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "rt/netlink.h"
#include "rt/nftables.h"

namespace plenum::failover {

struct Refused {
  std::set<net::Address> addresses;
  std::set<std::pair<net::Address, std::uint32_t>> of_links;  // IPv6's that are a link's own, and on which interface
  void add(const std::vector<rt::AddressSpec>& specs);
  bool operator==(const Refused&) const = default;
};

// In the place of what is there under this name; a family without addresses has no table. Pure.
rt::NftBatch refusal_tables(const std::string& table, const Refused& refused);

class Refusal {
 public:
  // Nothing is done before. `left`: a daemon before may have left tables of this name.
  void begin(std::string table, bool left);
  void use(rt::Nftables nftables) { nftables_ = std::move(nftables); }
  // These and no others. What is so already is not told to the kernel.
  Result<> show(const Refused& refused);
  // What is there is not known any more: somebody else changed it.
  void doubt() { shown_.reset(); }

 private:
  std::string table_;
  std::optional<Refused> shown_;
  std::optional<rt::Nftables> nftables_;
};

}  // namespace plenum::failover
