#pragma once
// Where to send packets for each real server: device, VLAN, MAC addresses, MTU and the
// tunnels' source address, as the kernel's routes and neighbours say, followed as they
// change. Decides nothing about servers and writes no BPF map.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/address.h"
#include "rt/loop.h"
#include "rt/netlink.h"
#include "rt/network.h"

namespace plenum::lb {

struct NextHop {
  enum class State : std::uint8_t {
    Resolved,    // frames can be sent
    Unresolved,  // a route, but the neighbour does not answer (yet), or the link is down
    NoRoute,     // no route, or one that is unreachable or prohibited
    Local,       // the address is this host's own
    Blackhole,   // routed to nowhere on purpose
    NoEthernet,  // leaves by a device without Ethernet frames: only the kernel can send
  };
  State state = State::NoRoute;
  // Device to send on. For an 802.1Q device its parent, with the tag in `vlan`.
  std::uint32_t ifindex = 0;
  std::uint16_t vlan = 0;  // 1..4094, 0: untagged
  net::Mac dst_mac;        // zero unless Resolved
  net::Mac src_mac;
  std::uint32_t mtu = 0;               // bytes of IP packet: the least of route, path and device
  std::optional<net::Address> source;  // of the destination's family; none: no usable address
  std::optional<net::Address> via;     // the neighbour: gateway (of either family), or the server itself
  std::string device;                  // name of the device the route names ("eth0.5" for a VLAN)
  std::string kind;                    // kind of the device `ifindex`: "" hardware, "veth", "bridge", "bond"...

  bool operator==(const NextHop&) const = default;
  // "02:00:00:00:00:11 on eth1", "local", "no route", "192.0.2.1 on eth1 does not answer".
  [[nodiscard]] std::string text() const;
};

// The neighbour whose MAC is needed to send along `route`; none when it sends nowhere or
// its device has no Ethernet frames.
std::optional<rt::NeighbourKey> neighbour_of(const net::Address& destination, const rt::Route& route,
                                             const rt::Network& network);

// The decision: where a packet to `destination` goes, given the kernel's route for it.
NextHop resolve(const net::Address& destination, const rt::Route& route, const rt::Network& network,
                const std::set<net::Address>& never_source);

// When work that costs may be done again, so that a storm of events (a flapping routing
// daemon) takes at most a tenth of the loop's time. Pure.
class Pace {
 public:
  // How long from `now` the work has to wait; zero: it may be done.
  [[nodiscard]] Duration due(TimePoint now) const { return std::max(Duration::zero(), not_before_ - now); }
  void worked(TimePoint from, TimePoint until) { not_before_ = until + 9 * (until - from); }

 private:
  TimePoint not_before_{};
};

// Follows the kernel for a set of destinations. Loop thread only.
class NextHops {
 public:
  // A destination's value is known for the first time, or differs from the last one told.
  // Called from the loop or settle(), never from want(). It may call want().
  using OnChange = std::function<void(const net::Address&, const NextHop&)>;

  static constexpr Duration kBatch = std::chrono::milliseconds(10);  // events are gathered for
  static constexpr Duration kRefresh = std::chrono::seconds(5);      // neighbours not managed are used anew
  static constexpr Duration kResync = std::chrono::seconds(30);      // everything is asked anew

  struct Counts {
    std::uint64_t events = 0;
    std::uint64_t overflows = 0;  // lost events, healed by a resync
    std::uint64_t resyncs = 0;
    std::uint64_t route_lookups = 0;
    std::uint64_t changes = 0;  // on_change calls
    std::uint64_t errors = 0;   // netlink requests that failed; tried again at kRefresh
    std::string last_error;
  };

  // Of the network namespace the thread is in. `loop` outlives it.
  static Result<std::unique_ptr<NextHops>> open(rt::Loop& loop, OnChange on_change);
  ~NextHops();
  NextHops(const NextHops&) = delete;
  NextHops& operator=(const NextHops&) = delete;

  // The destinations to follow from now on, instead of those before. Values of those no
  // longer wanted are forgotten without a call. New ones are told within kBatch.
  void want(std::set<net::Address> destinations);
  // One destination more.
  void want_also(const net::Address& destination);
  // Addresses never to be used as a tunnel's source: the VIPs.
  void never_source(std::set<net::Address> addresses);
  // Does at once what is due: after it every wanted destination has a value, unless netlink
  // failed (counts().last_error).
  void settle();

  // nullptr: not wanted, or not yet known.
  [[nodiscard]] const NextHop* find(const net::Address& destination) const;
  [[nodiscard]] const rt::Network& network() const;
  [[nodiscard]] const Counts& counts() const;

 private:
  struct State;
  explicit NextHops(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace plenum::lb
