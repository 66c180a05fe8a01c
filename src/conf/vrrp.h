#pragma once
// Failover between directors as values: virtual routers, what they track, whom they tell, and the
// BFD sessions beside them. What the YAML file and keepalived.conf both read into. Knows nothing of
// what runs at the moment.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "conf/command.h"
#include "net/address.h"

namespace plenum::conf {

// An address as it is added to an interface.
struct VirtualAddress {
  net::Prefix prefix;
  std::string interface;  // empty: the router's own (its virtual MAC's, where it has one)
  std::string label;      // IPv4: "eth0:1"; empty: none
  std::string scope;      // "global", "link", "host", "site", a number; empty: global
  std::optional<net::Address> broadcast;
  bool preferred = true;             // IPv6: false keeps it from being chosen as a source
  bool duplicate_detection = false;  // IPv6: ask whether somebody has it before using it
  bool operator==(const VirtualAddress&) const = default;
};

// A route that is there while its router is master. Numbers are the kernel's own.
struct VirtualRoute {
  net::Family family = net::Family::V4;
  std::optional<net::Prefix> destination;   // none: the default route
  std::optional<net::Address> via, source;  // source: preferred (`src`)
  std::string interface;
  std::optional<std::uint32_t> table, metric, mtu;
  std::uint8_t scope = 0;        // RT_SCOPE_*
  std::uint8_t protocol = 18;    // RTPROT_KEEPALIVED
  std::string type = "unicast";  // unicast, blackhole, unreachable, prohibit, local
  bool on_link = false;
  bool operator==(const VirtualRoute&) const = default;
};

struct VirtualRule {
  net::Family family = net::Family::V4;
  std::optional<net::Prefix> from, to;
  std::string iif, oif;
  std::optional<std::uint32_t> priority, fwmark, fwmask, table;
  std::string action = "lookup";  // lookup, blackhole, unreachable, prohibit
  bool operator==(const VirtualRule&) const = default;
};

enum class TrackKind : std::uint8_t { Interface, Script, Process, File, Bfd };

// One thing a router or a group watches. Weight and reverse as vrrp::Tracked has them.
struct Track {
  TrackKind kind = TrackKind::Interface;
  std::string name;  // interface; or of Vrrp::scripts, processes, files; or of Vrrp::bfd
  // None: what the tracked thing itself says.
  std::optional<std::int16_t> weight;
  bool reverse = false;
  bool operator==(const Track&) const = default;
};

// What is run when a router or a group changes state. keepalived's arguments follow the command's own for `any`
// alone: "INSTANCE" or "GROUP", name, state, priority.
struct Notify {
  Command master, backup, fault, stop, any;
  Command lower_priority;  // a master heard one of lower priority (notify_master_rx_lower_pri)
  bool deleted = false;    // tell `any` of "DELETED" instead of "FAULT" when it goes with a reload
  bool operator==(const Notify&) const = default;
};

// Gratuitous ARP and unsolicited neighbour advertisements.
struct Announce {
  std::uint32_t repeat = 5;                  // how often at once on becoming master; 0 none
  Duration delay = std::chrono::seconds(5);  // then once more that often, this much later; 0: not
  std::uint32_t delay_repeat = 5;
  Duration refresh{};  // again and again while master, this far apart; 0: not
  std::uint32_t refresh_repeat = 1;
  std::uint32_t lower_repeat = 5;  // behind a lesser master that was heard
  Duration lower_delay = std::chrono::seconds(5);
  Duration interval{};  // between two on an interface; 0: none kept
  bool operator==(const Announce&) const = default;
};

struct VirtualRouter {
  std::string name;  // the vip's, or the vrrp_instance's
  std::string interface;
  std::uint8_t version = 3;
  std::uint8_t vrid = 0;        // 1 to 255
  std::uint8_t priority = 100;  // of this node, 1 to 255 (255: it owns the addresses)
  Duration advert = std::chrono::seconds(1);
  bool preempt = true;
  Duration preempt_delay{};
  // keepalived's `state MASTER`: only says what a router is at first in its logs; elections decide.
  bool starts_as_master = false;
  std::string password;          // version 2, at most 8 bytes; empty: none
  bool pseudo_header = true;     // of version 3 over IPv4: see proto::VrrpChecksum
  bool check_addresses = false;  // a receiver compares the list of addresses and drops others (version 2: RFC 3768 7.1)

  // Unicast, instead of the group. A peer's TTL must be within its range; 255..255 unless told.
  struct Peer {
    net::Address address;
    std::uint8_t min_ttl = 255, max_ttl = 255;
    bool operator==(const Peer&) const = default;
  };
  std::vector<Peer> peers;
  std::uint8_t ttl = 255;                // of unicast packets sent
  bool check_source = true;              // unicast: nobody but peers is heard
  std::optional<net::Address> source;    // none: the interface's first address of the family
  net::Family family = net::Family::V4;  // that adverts are sent over, and of `addresses`

  std::vector<VirtualAddress> addresses;  // in adverts
  std::vector<VirtualAddress> excluded;   // of either family, not in adverts
  std::vector<VirtualRoute> routes;
  std::vector<VirtualRule> rules;
  bool accept = true;  // packets to the addresses are taken though it does not own them (accept mode)
  std::optional<bool> promote_secondaries;

  struct Vmac {
    std::string name;            // of the macvlan; empty: vrrp.<vrid>
    bool transmit_base = false;  // adverts go by the interface itself (vmac_xmit_base)
    bool operator==(const Vmac&) const = default;
  };
  std::optional<Vmac> vmac;

  std::vector<Track> tracks;
  bool track_own_interface = true;  // false: dont_track_primary
  Announce announce;
  Notify notify;
  // BFD session whose end makes a backup take over; of Vrrp::bfd. Empty: every session with whoever is master.
  std::string takeover_bfd;
  bool operator==(const VirtualRouter&) const = default;
};

struct SyncGroup {
  std::string name;
  std::vector<std::string> members;  // routers' names
  bool keep_priorities = false;      // tracked weights of members count one by one (sync_group_tracking_weight)
  std::vector<Track> tracks;
  Notify notify;
  bool operator==(const SyncGroup&) const = default;
};

struct TrackedScript {
  std::string name;
  Command command;
  Duration interval = std::chrono::seconds(1);
  Duration timeout{};  // 0: the interval
  std::uint32_t fall = 1, rise = 1;
  std::int16_t weight = 0;
  bool reverse = false;
  bool starts_failed = false;  // init_fail
  bool operator==(const TrackedScript&) const = default;
};

struct TrackedProcess {
  std::string name;
  std::vector<std::string> words;  // the program's path or name, and the arguments that must match
  bool full_command = false;       // compare with the whole command line
  bool match_initial = false;      // arguments may go on behind those given
  std::int16_t weight = 0;
  bool reverse = false;
  std::uint32_t least = 1, most = UINT32_MAX;  // how many there must be (quorum, quorum_max)
  Duration fork_delay{}, terminate_delay{};    // before a start or an end counts
  bool operator==(const TrackedProcess&) const = default;
};

// A file whose content is a number, 0 without it: times weight it is added to the priority; weight 0: anything but 0
// is a failure.
struct TrackedFile {
  std::string name, path;
  std::int16_t weight = 1;
  bool reverse = false;
  std::optional<std::int32_t> initial;  // written at the start where the file is missing
  bool overwrite = false;               // or always
  bool operator==(const TrackedFile&) const = default;
};

// RFC 5881, one hop.
struct BfdPeer {
  std::string name;
  net::Address address;
  std::optional<net::Address> source;
  std::string interface;  // that the neighbour is on; empty: the one with its network
  Duration transmit = std::chrono::milliseconds(50), receive = std::chrono::milliseconds(50);
  Duration idle_transmit = std::chrono::seconds(1);  // while down
  std::uint8_t multiplier = 3;
  bool passive = false;
  std::uint8_t ttl = 255, max_hops = 0;  // sent with; how many hops a packet may have come
  std::int16_t weight = 0;               // for those who track it
  bool reverse = false;
  bool operator==(const BfdPeer&) const = default;
};

// What is said once for the whole host.
struct VrrpGlobals {
  std::string router_id;                        // who writes; empty: the host's name
  std::string notify_fifo, notify_fifo_script;  // one named pipe for all, and who reads it
  std::string group_fifo, router_fifo;          // vrrp_notify_fifo is router_fifo's
  Duration startup_delay{};                     // vrrp_startup_delay: nothing is sent or taken before
  std::string script_user, script_group;
  bool script_security = false;                // a script that others than root may change is not run
  int realtime_priority = 50;                  // SCHED_RR of the sending thread; 0: not real-time
  std::optional<net::Address> group4, group6;  // instead of 224.0.0.18 and ff02::12
  bool skip_check_address = false;
  bool lower_priority_announce =
      true;  // a master answers one of lower priority at once (not vrrp_lower_prio_no_advert)
  bool operator==(const VrrpGlobals&) const = default;
};

struct Vrrp {
  VrrpGlobals globals;
  std::vector<VirtualRouter> routers;
  std::vector<SyncGroup> groups;
  std::vector<TrackedScript> scripts;
  std::vector<TrackedProcess> processes;
  std::vector<TrackedFile> files;
  std::vector<BfdPeer> bfd;
  bool operator==(const Vrrp&) const = default;
};

}  // namespace plenum::conf
