#pragma once
// What this daemon may have put on the host, in a file, so that one that comes after a crash takes away what
// its configuration does not speak of any more.

#include <set>
#include <string>

#include "base/result.h"
#include "net/address.h"

namespace plenum::failover {

// By the interface's name.
using NamedAddress = std::pair<std::string, net::Prefix>;

struct LeftOver {
  std::set<NamedAddress> addresses;
  std::set<std::string> macvlans;
  bool tables = false;  // of nftables
  bool operator==(const LeftOver&) const = default;
};

// Nothing where there is no file; lines without sense are skipped.
LeftOver read_left_over(const std::string& path);
Result<> write_left_over(const std::string& path, const LeftOver& what);

}  // namespace plenum::failover
