#pragma once
// The host's links, addresses and neighbours as one value that netlink events keep up to
// date. Pure: it is told, it never asks. Knows nothing of routes: those the kernel decides.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "rt/netlink_values.h"

namespace plenum::rt {

class Network {
 public:
  // Replaces everything by what a dump said.
  void reset(std::vector<Link> links, std::vector<InterfaceAddress> addresses, std::vector<Neighbour> neighbours);
  // True when the event changed the picture; RouteChanged and Overflow never do.
  bool apply(const NetlinkEvent& event);

  // nullptr when there is none. Valid until the next reset() or apply().
  [[nodiscard]] const Link* link(std::uint32_t ifindex) const;
  [[nodiscard]] const Link* link(std::string_view name) const;
  [[nodiscard]] const Neighbour* neighbour(const NeighbourKey& key) const;
  [[nodiscard]] const std::map<std::uint32_t, Link>& links() const { return links_; }
  [[nodiscard]] const std::map<NeighbourKey, Neighbour>& neighbours() const { return neighbours_; }
  // Of every link, or one; the first that was there first, which is the one that the kernel takes.
  [[nodiscard]] std::vector<InterfaceAddress> addresses(std::uint32_t ifindex = 0) const;
  // Whether any interface carries the address.
  [[nodiscard]] bool carries(const net::Address& address) const;

  // The source address for packets of the host itself to `destination` over `route`: the
  // kernel's choice unless that is deprecated or one of `never`; then another address of
  // the outgoing link, best one of the next hop's subnet; then of any link. none: no usable
  // address of the destination's family.
  [[nodiscard]] std::optional<net::Address> source_for(const net::Address& destination, const Route& route,
                                                       const std::function<bool(const net::Address&)>& never) const;

 private:
  bool put(const InterfaceAddress& address);

  struct AddressKey {
    std::uint32_t ifindex = 0;
    net::Prefix prefix;
    auto operator<=>(const AddressKey&) const = default;
  };

  struct Held {
    InterfaceAddress address;
    std::uint64_t number = 0;  // in the order of the kernel's own list: it adds behind what it has
  };

  std::map<std::uint32_t, Link> links_;
  std::map<AddressKey, Held> addresses_;
  std::uint64_t next_address_ = 0;
  std::map<NeighbourKey, Neighbour> neighbours_;
};

}  // namespace plenum::rt
