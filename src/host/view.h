#pragma once
// What a host looks like at one moment, as a value: what plans and checks are made from.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/decapsulation.h"
#include "host/sysctl.h"
#include "rt/netlink_values.h"

namespace plenum::host {

struct Offload {
  bool on = false;
  bool fixed = false;  // the device cannot change it
  bool operator==(const Offload&) const = default;
};

struct View {
  Sysctls sysctls;  // those that were asked for and exist
  std::vector<rt::Link> links;
  std::vector<rt::InterfaceAddress> addresses;
  std::map<std::string, std::string> files;                        // by path; a symbolic link's is "-> TARGET"
  std::map<std::string, std::map<std::string, Offload>> offloads;  // by interface, then feature
  DecapsulationState decapsulation;

  // nullptr: there is none of that name.
  [[nodiscard]] const rt::Link* link(const std::string& name) const;
  // "eth0"; "interface 7" when it is not there.
  [[nodiscard]] std::string name_of(std::uint32_t ifindex) const;
  // Every interface and prefix with this very address.
  struct Holder {
    std::string interface;
    net::Prefix prefix;
  };
  [[nodiscard]] std::vector<Holder> holders(const net::Address& address) const;
  [[nodiscard]] bool has(const std::string& interface, const net::Prefix& prefix) const;
  // Interfaces that are up, not the loopback and hold an address of global scope other than
  // `vips`: those that traffic can come by.
  [[nodiscard]] std::set<std::string> carriers(const std::set<net::Address>& vips) const;
  // The host's addresses of global scope but `vips`.
  [[nodiscard]] std::set<net::Address> own_addresses(const std::set<net::Address>& vips) const;
};

}  // namespace plenum::host
