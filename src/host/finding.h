#pragma once
// What `check` found wrong, and the command that mends it.

#include <string>

namespace plenum::host {

struct Finding {
  std::string what;  // "net.ipv4.conf.all.arp_ignore is 0, must be 1: this server answers ARP for the VIP"
  std::string mend;  // "plenum realserver setup --vip 192.0.2.10"
  bool operator==(const Finding&) const = default;
};

}  // namespace plenum::host
