#pragma once
// Kernel settings below /proc/sys: their two names, what is wished of them, and reading and
// writing them. Knows no particular setting.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace plenum::host {

// By path below /proc/sys ("net/ipv4/conf/eth0.5/arp_ignore"), which unlike the dotted name
// stays clear when an interface's name has a dot in it.
using Sysctls = std::map<std::string, long>;

// "net.ipv4.conf.eth0/5.arp_ignore": as sysctl(8) and sysctl.d(5) write it.
std::string dotted(std::string path);

// A setting that should hold, and why: the operator reads it when it does not.
struct SysctlWish {
  std::string path;
  long value = 0;          // what to set
  std::vector<long> fine;  // other values that do as well
  std::string why;         // "or every server answers ARP for the VIP"

  [[nodiscard]] bool holds(long now) const;
  bool operator==(const SysctlWish&) const = default;
};

// The kernel's settings, or a directory that looks like them.
class SysctlTree {
 public:
  explicit SysctlTree(std::string root = "/proc/sys") : root_(std::move(root)) {}

  // Those of `paths` that exist and hold one number; a kernel without IPv6 lacks some.
  [[nodiscard]] Sysctls read(const std::vector<std::string>& paths) const;
  [[nodiscard]] Result<> write(const std::string& path, long value) const;

 private:
  std::string root_;
};

}  // namespace plenum::host
