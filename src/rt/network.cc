#include "rt/network.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace plenum::rt {

void Network::reset(std::vector<Link> links, std::vector<InterfaceAddress> addresses,
                    std::vector<Neighbour> neighbours) {
  links_.clear();
  addresses_.clear();
  neighbours_.clear();
  for (auto& link : links) links_.insert_or_assign(link.ifindex, std::move(link));
  for (const auto& address : addresses) put(address);
  for (const auto& neighbour : neighbours) neighbours_.insert_or_assign(neighbour.key, neighbour);
}

namespace {

// True when the map did not say exactly that before.
template <class Map, class Value>
bool renew(Map& map, const typename Map::key_type& key, const Value& value) {
  const auto [at, added] = map.try_emplace(key, value);
  if (added) return true;
  if (at->second == value) return false;
  at->second = value;
  return true;
}

}  // namespace

bool Network::put(const InterfaceAddress& address) {
  const auto [at, added] = addresses_.try_emplace({address.ifindex, address.prefix}, Held{address, next_address_});
  if (added) {
    ++next_address_;
    return true;
  }
  if (at->second.address == address) return false;
  at->second.address = address;
  return true;
}

bool Network::apply(const NetlinkEvent& event) {
  return std::visit(
      [this](const auto& it) {
        using Event = std::decay_t<decltype(it)>;
        if constexpr (std::is_same_v<Event, LinkChanged>) {
          return renew(links_, it.link.ifindex, it.link);
        } else if constexpr (std::is_same_v<Event, LinkGone>) {
          // Its addresses and neighbours go with it; the kernel does not always say so.
          std::erase_if(addresses_, [&](const auto& entry) { return entry.first.ifindex == it.ifindex; });
          std::erase_if(neighbours_, [&](const auto& entry) { return entry.first.ifindex == it.ifindex; });
          return links_.erase(it.ifindex) > 0;
        } else if constexpr (std::is_same_v<Event, AddressChanged>) {
          return put(it.address);
        } else if constexpr (std::is_same_v<Event, AddressGone>) {
          return addresses_.erase({it.address.ifindex, it.address.prefix}) > 0;
        } else if constexpr (std::is_same_v<Event, NeighbourChanged>) {
          return renew(neighbours_, it.neighbour.key, it.neighbour);
        } else if constexpr (std::is_same_v<Event, NeighbourGone>) {
          return neighbours_.erase(it.key) > 0;
        } else {
          return false;
        }
      },
      event);
}

const Link* Network::link(std::uint32_t ifindex) const {
  const auto at = links_.find(ifindex);
  return at == links_.end() ? nullptr : &at->second;
}

const Link* Network::link(std::string_view name) const {
  const auto at =
      std::find_if(links_.begin(), links_.end(), [&](const auto& entry) { return entry.second.name == name; });
  return at == links_.end() ? nullptr : &at->second;
}

const Neighbour* Network::neighbour(const NeighbourKey& key) const {
  const auto at = neighbours_.find(key);
  return at == neighbours_.end() ? nullptr : &at->second;
}

std::vector<InterfaceAddress> Network::addresses(std::uint32_t ifindex) const {
  std::vector<const Held*> found;
  for (const auto& [key, held] : addresses_)
    if (ifindex == 0 || key.ifindex == ifindex) found.push_back(&held);
  std::sort(found.begin(), found.end(), [](const Held* a, const Held* b) { return a->number < b->number; });
  std::vector<InterfaceAddress> out;
  out.reserve(found.size());
  for (const auto* held : found) out.push_back(held->address);
  return out;
}

bool Network::carries(const net::Address& address) const {
  return std::any_of(addresses_.begin(), addresses_.end(),
                     [&](const auto& entry) { return entry.first.prefix.address == address; });
}

std::optional<net::Address> Network::source_for(const net::Address& destination, const Route& route,
                                                const std::function<bool(const net::Address&)>& never) const {
  const auto deprecated = [&](const net::Address& address) {
    return std::any_of(addresses_.begin(), addresses_.end(), [&](const auto& entry) {
      return entry.first.prefix.address == address && entry.second.address.deprecated;
    });
  };
  const bool chosen = route.source && route.source->family() == destination.family() && !never(*route.source);
  if (chosen && !deprecated(*route.source)) return route.source;

  const net::Address& next = route.gateway.value_or(destination);
  // Higher is better; the first of equals, which is the least ifindex and address.
  const auto score = [&](const InterfaceAddress& address) {
    const bool here = address.ifindex == route.ifindex;
    return (here ? 4 : 0) + (here && address.prefix.contains(next) ? 2 : 0) + (address.secondary ? 0 : 1);
  };
  const InterfaceAddress* best = nullptr;
  for (const auto& [key, held] : addresses_) {
    const auto& address = held.address;
    const auto& candidate = address.prefix.address;
    if (candidate.family() != destination.family() || candidate.is_loopback() || address.deprecated ||
        address.tentative || address.link_scope || never(candidate))
      continue;
    if (!best || score(address) > score(*best)) best = &address;
  }
  if (best) return best->prefix.address;
  return chosen ? route.source : std::nullopt;
}

}  // namespace plenum::rt
