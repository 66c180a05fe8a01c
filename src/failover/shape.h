#pragma once
// Where a virtual router's advertisements come in and go out, and how they look.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "net/address.h"
#include "proto/vrrp.h"

namespace plenum::failover {

struct PacedRouter;

// Where packets of one family come in and go out: an interface. The Wire knows the sockets behind it.
struct Port {
  std::uint32_t ifindex = 0;
  net::Family family = net::Family::V4;
  net::Address group;
  // Several of one number are told apart by whom their packets come from and go to.
  std::array<std::vector<PacedRouter*>, 256> by_vrid;
  TimePoint heard{};  // anything at all that was good
};

// How a router's advertisements look and where they go; all that may change without touching its state.
struct Shape {
  std::uint8_t version = 3, vrid = 0;
  Duration interval{};
  std::vector<net::Address> addresses;
  std::optional<std::array<char, proto::kVrrpPassword>> password;
  proto::VrrpChecksum checksum = proto::VrrpChecksum::PseudoHeader;
  net::Address source;
  std::uint8_t ttl = proto::kVrrpTtl;
  // The group, or the peers one by one.
  std::vector<net::Address> destinations;
  struct Peer {
    net::Address address;
    std::uint8_t min_ttl = 255, max_ttl = 255;
  };
  std::vector<Peer> peers;    // none: multicast
  std::uint32_t ifindex = 0;  // its interface, also where its packets come in by a macvlan of that
  bool check_source = true, check_addresses = false;
  bool answers_lower = true;  // a lesser master that is heard is answered at once
  // Sessions whose end makes it take over, by number; none: every one with the master's address.
  std::vector<std::uint32_t> takeover;
  Port* in = nullptr;
  Port* out = nullptr;
};

}  // namespace plenum::failover
