#pragma once
// Rtnetlink: asks the kernel and tells it (Netlink, synchronous), and listens to it
// (NetlinkMonitor, through the Loop). Both speak for the network namespace that the calling
// thread is in when they are opened. Not for use by several threads.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"
#include "rt/loop.h"
#include "rt/netlink_values.h"

struct nl_msg;
struct nlmsghdr;

namespace plenum::rt {

// Requests. Each waits for its answer, at most kTimeout (ETIMEDOUT); a kernel's refusal is
// an error with its errno and, where the kernel gives one, its text.
class Netlink {
 public:
  static constexpr Duration kTimeout = std::chrono::seconds(5);

  static Result<Netlink> open();

  Result<std::vector<Link>> links();
  Result<std::vector<InterfaceAddress>> addresses();
  // IPv4 and IPv6; without proxy entries, without those of multicast.
  Result<std::vector<Neighbour>> neighbours();

  // One link; ENODEV when there is none.
  Result<Link> link(std::uint32_t ifindex);
  Result<Link> link(const std::string& name);
  Result<> set_link_up(std::uint32_t ifindex, bool up);
  // Makes a pair of veth devices, down and without ARP. EEXIST: one of the names is taken.
  Result<> add_veth(const std::string& name, const std::string& peer, std::uint32_t mtu);
  // A veth takes its peer along.
  Result<> remove_link(std::uint32_t ifindex);

  // How the kernel would send to `destination`, as from a local socket (RTM_GETROUTE).
  // "No route", "blackhole" are values, not errors. `oif` 0: any interface.
  Result<Route> route_get(const net::Address& destination, std::uint32_t oif = 0);
  // The same for many, in their order, with few system calls. Fails as a whole.
  Result<std::vector<Route>> route_get_many(const std::vector<net::Address>& destinations);

  // Adds an address: without duplicate detection for IPv6; `preferred` false sets the
  // preferred lifetime to 0, so that IPv6 does not choose it as a source (IPv4's choice
  // ignores that). Idempotent: true when it was added, false when it was there already.
  Result<bool> add_address(std::uint32_t ifindex, const net::Prefix& prefix, bool preferred);
  // False when it was not there. Other addresses of its subnet may go with it (IPv4, when
  // it was the primary one and promote_secondaries is 0).
  Result<bool> remove_address(std::uint32_t ifindex, const net::Prefix& prefix);

  // The same with all that an address may have. An address that is there is left as it is.
  Result<bool> add_address(const AddressSpec& address);
  // Routes and rules: false when it was there, or was not there, already.
  Result<bool> add_route(const RouteSpec& route);
  Result<bool> remove_route(const RouteSpec& route);
  Result<bool> add_rule(const RuleSpec& rule);
  Result<bool> remove_rule(const RuleSpec& rule);

  // Makes a macvlan of mode private on the parent, down, with that MAC. EEXIST.
  Result<> add_macvlan(const std::string& name, std::uint32_t parent, const net::Mac& mac);

  // A neighbour that is never resolved nor forgotten, and a route to addresses that are on the link. Both
  // idempotent; they go with the device.
  Result<> set_neighbour(const NeighbourKey& key, const net::Mac& mac);
  Result<> set_link_route(std::uint32_t ifindex, const net::Prefix& destination);

  // Makes the kernel resolve this neighbour and keep it fresh though no traffic of the host
  // uses it; on kernels before 5.16 it resolves once, so repeat every few seconds. Safe from
  // table size limits (gc_thresh3). Never call it for an entry that may_refresh() refuses: the
  // kernel would take a permanent entry's MAC away.
  Result<> keep_neighbour(const NeighbourKey& key);
  // Undoes that: the entry ages like any other.
  Result<> release_neighbour(const NeighbourKey& key);

 private:
  explicit Netlink(Fd fd) : fd_(std::move(fd)) {}
  struct Exchange;
  // Sends requests that each end in an acknowledgement, or one dump, and reads until all
  // have ended.
  Result<> run(Exchange& exchange);
  Result<> acknowledged(nl_msg* message);
  template <class Value>
  Result<std::vector<Value>> dump(std::uint16_t type, std::initializer_list<std::uint8_t> families,
                                  std::optional<Value> (*parse)(const nlmsghdr&));
  Result<Link> one_link(nl_msg* message);
  Result<std::vector<Route>> routes(std::span<const net::Address> destinations, std::uint32_t oif);

  Fd fd_;
  std::uint32_t sequence_ = 0;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} << 10);
};

// True for an entry whose MAC the kernel resolves by ARP or ND, or has none yet; false for
// one set by an administrator (permanent), kept by another daemon (externally learnt,
// managed) or of a device without resolution.
bool may_refresh(const Neighbour& neighbour);

// Calls back for every change. Subscribe first, then dump: events may repeat what the dump
// said, never miss what came after it. Overflow is reported in the order it happened; the
// monitor goes on after it.
class NetlinkMonitor {
 public:
  using OnEvent = std::function<void(const NetlinkEvent&)>;
  static Result<NetlinkMonitor> open(Loop& loop, OnEvent on_event);

  NetlinkMonitor(NetlinkMonitor&&) noexcept;
  NetlinkMonitor& operator=(NetlinkMonitor&&) noexcept;
  ~NetlinkMonitor();

 private:
  struct State;
  explicit NetlinkMonitor(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace plenum::rt
