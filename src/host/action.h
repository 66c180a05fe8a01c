#pragma once
// One change to the host, as a value: planned by pure code, said to the operator, carried
// out by apply().

#include <string>
#include <variant>
#include <vector>

#include "host/decapsulation.h"
#include "net/address.h"

namespace plenum::host {

struct SetSysctl {
  std::string path;  // below /proc/sys
  long from = 0, to = 0;
  bool operator==(const SetSysctl&) const = default;
};
struct SetLink {
  std::string interface;
  bool up = true;
  bool operator==(const SetLink&) const = default;
};
// Added without duplicate detection and never chosen as a source (IPv6).
struct AddAddress {
  std::string interface;
  net::Prefix prefix;
  bool operator==(const AddAddress&) const = default;
};
struct RemoveAddress {
  std::string interface;
  net::Prefix prefix;
  bool operator==(const RemoveAddress&) const = default;
};
// `path` is as on the host ("/etc/sysctl.d/..."); the directory it is in is made.
struct WriteFile {
  std::string path, content;
  bool operator==(const WriteFile&) const = default;
};
struct WriteSymlink {
  std::string path, target;
  bool operator==(const WriteSymlink&) const = default;
};
struct RemoveFile {
  std::string path;
  bool operator==(const RemoveFile&) const = default;
};
struct SetOffload {
  std::string interface, feature;  // by the name `ethtool -k` and the kernel's string set share
  bool on = false;
  bool operator==(const SetOffload&) const = default;
};
// Makes the decapsulation program and its maps so; `why` are the shortcomings mended.
struct SetDecapsulation {
  Decapsulation wished;
  std::vector<std::string> why;
  bool operator==(const SetDecapsulation&) const = default;
};
struct RemoveDecapsulation {
  bool operator==(const RemoveDecapsulation&) const = default;
};

using Action = std::variant<SetSysctl, SetLink, AddAddress, RemoveAddress, WriteFile, WriteSymlink, RemoveFile,
                            SetOffload, SetDecapsulation, RemoveDecapsulation>;

// "set net.ipv4.conf.all.arp_ignore 0 -> 1", "added 192.0.2.10/32 to lo".
std::string text(const Action& action);

}  // namespace plenum::host
