#pragma once
// UDP sockets for datagrams between directors: to a multicast group or one peer through a
// given interface, and from them. Set up as net/netfilter/ipvs/ip_vs_sync.c sets up its own.

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"

namespace plenum::rt {

// What both ends need to know. Errors: ENODEV when there is no such interface.
struct SyncChannel {
  std::string interface;
  net::Endpoint to;  // group or peer; for a receiver of unicast the unspecified address
  std::uint8_t ttl = 1;
  // Buffer in bytes; 0: one that takes a burst of 100,000 connections.
  int buffer = 0;
};

// Connected and non-blocking; its own multicasts do not come back to this host.
Result<Fd> open_sync_sender(const SyncChannel& channel);
// Bound, joined to the group and non-blocking.
Result<Fd> open_sync_receiver(const SyncChannel& channel);

// Of the interface; ENODEV.
Result<std::uint32_t> mtu_of(const std::string& interface);

}  // namespace plenum::rt
