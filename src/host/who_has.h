#pragma once
// Asks a network who has an address, and listens a moment for all who answer. Needs
// CAP_NET_RAW; speaks for the network namespace of the calling thread.

#include <optional>
#include <set>

#include "base/clock.h"
#include "base/result.h"
#include "net/address.h"
#include "rt/netlink_values.h"

namespace plenum::host {

// Everyone but this host who claimed `target` on `link` (an Ethernet one) within `wait`; it is
// asked three times in the first half of that. `source`: a link-local address of ours there,
// for IPv6.
Result<std::set<net::Mac>> who_has(const net::Address& target, const rt::Link& link,
                                   const std::optional<net::Address>& source, Duration wait);

}  // namespace plenum::host
