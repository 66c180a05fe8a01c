#pragma once
// What plenum-vrrpd makes on the host beyond addresses, macvlans with a virtual MAC, and the memory of all that it may
// have left there, for a daemon that comes after a crash. Knows no routers but as they are configured. Of one thread.

#include <functional>
#include <set>
#include <string>

#include "conf/vrrp.h"
#include "failover/left_over.h"
#include "rt/netlink.h"
#include "rt/network.h"

namespace plenum::failover {

class Footprint {
 public:
  using Log = std::function<void(bool warning, const std::string& line)>;

  // `network` is the picture of the host, in which a new macvlan stands at once. Both outlive it.
  Footprint(std::string run_dir, rt::Netlink& netlink, rt::Network& network, Log log);

  // What a daemon before left, and this configuration does not speak of, goes.
  void take_over(const conf::Vrrp& conf);
  // Of nftables, by that daemon: they may be there.
  [[nodiscard]] bool tables_left() const { return tables_left_; }
  // Of this daemon's tables; one for each, as run directories are.
  [[nodiscard]] std::string table_name() const;

  // Virtual addresses that are interfaces' own: of their owner (priority 255), and here before this daemon or one
  // before it put anything. As long as a router speaks of them.
  void note_own(const conf::Vrrp& conf);
  [[nodiscard]] const std::set<NamedAddress>& own() const { return own_; }

  // One that this daemon made, and that is to be on another interface now or to have another MAC, is made anew; while
  // `in_use` says that a router still has something on it, it is let be, and its router lacks it.
  void make_macvlans(const conf::Vrrp& conf, const std::function<bool(std::uint32_t ifindex)>& in_use);
  // Those that it made and the configuration does not want.
  void drop_macvlans(const conf::Vrrp& conf);

  // What is on the host or will be in a moment, but for macvlans.
  void remember(LeftOver now);
  // Nothing is any more.
  void clear();

 private:
  [[nodiscard]] std::string memory_path() const { return run_dir_ + "/vrrpd.state"; }
  void drop(const std::set<std::string>& but);

  const std::string run_dir_;
  rt::Netlink& netlink_;
  rt::Network& network_;
  const Log log_;
  std::set<std::string> macvlans_;  // that this daemon made
  LeftOver remembered_;
  std::set<NamedAddress> put_, own_;  // put_: by any of these daemons, at any time
  bool tables_left_ = false;
};

}  // namespace plenum::failover
