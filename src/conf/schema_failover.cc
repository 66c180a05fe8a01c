#include "conf/schema_failover.h"

namespace plenum::conf {
namespace {

constexpr std::int64_t kSecond = 1000, kHour = 3600 * kSecond, kDay = 24 * kHour;
constexpr std::int64_t kMost32 = 4294967295;

// Of what is tracked, where who tracks it says nothing else.
Key own_weight(std::int64_t most) {
  return {.name = "weight",
          .kind = Kind::Integer,
          .doc = "For who tracks it and says none itself.",
          .min = -most,
          .max = most,
          .fallback = "0"};
}

Key reversed() { return {.name = "reverse", .kind = Kind::Flag, .doc = "Well is what is not.", .fallback = "false"}; }

Key family(std::string_view doc) {
  return {.name = "family", .kind = Kind::Choice, .doc = doc, .choices = {"ipv4", "ipv6"}, .fallback = "ipv4"};
}

}  // namespace

const Shape& vrrp_shape() {
  static const Shape shape{
      "vrrp",
      "Which of several directors has the addresses (RFC 9568, RFC 3768).",
      {
          {.name = "id",
           .kind = Kind::Integer,
           .doc = "Virtual router id, one and the same on all directors and no "
                  "other router's on the link.",
           .required = true,
           .min = 1,
           .max = 255},
          {.name = "interface",
           .kind = Kind::Interface,
           .doc = "Where advertisements go and, unless the vip says "
                  "otherwise, the addresses are.",
           .required = true,
           .per_node = true},
          {.name = "version",
           .kind = Kind::Integer,
           .doc = "Of the protocol; 2 is IPv4's alone, and has whole seconds.",
           .min = 2,
           .max = 3,
           .fallback = "3"},
          {.name = "advert",
           .kind = Kind::Interval,
           .doc = "Between two advertisements; a master is missed after three.",
           .min = 10,
           .max = 255 * kSecond,
           .fallback = "1s"},
          {.name = "priority",
           .kind = Kind::Integer,
           .doc = "The highest has the addresses; 255 whose own they are. A "
                  "node that is not named takes no part.",
           .min = 1,
           .max = 255,
           .per_node = true,
           .fallback = "100"},
          {.name = "preempt",
           .kind = Kind::Flag,
           .doc = "A higher priority takes over from a lower one that is there.",
           .fallback = "true"},
          {.name = "preempt_delay",
           .kind = Kind::Interval,
           .doc = "How long it waits before that.",
           .max = 1000 * kSecond,
           .fallback = "0"},
          {.name = "password",
           .kind = Kind::Text,
           .doc = "Version 2: simple text, at most 8 bytes, which anybody on the "
                  "link may read."},
          {.name = "checksum",
           .kind = Kind::Choice,
           .doc = "What version 3's covers over IPv4: keepalived and most "
                  "others have a pseudo header, RFC 9568 has the message "
                  "alone. Both are understood.",
           .choices = {"pseudo-header", "message"},
           .fallback = "pseudo-header"},
          {.name = "peers",
           .kind = Kind::List,
           .doc = "The directors' addresses, to speak to them one by one instead of "
                  "by multicast. The own one may be among them.",
           .item = Kind::Address},
          {.name = "source",
           .kind = Kind::Address,
           .doc = "Advertisements' source. Left out: the interface's address.",
           .per_node = true},
          {.name = "check_source", .kind = Kind::Flag, .doc = "Peers: nobody else is heard.", .fallback = "true"},
          {.name = "check_addresses",
           .kind = Kind::Flag,
           .doc = "Advertisements of other addresses than its own are not heard.",
           .fallback = "false"},
          {.name = "peer_ttl",
           .kind = Kind::Integer,
           .doc = "Peers: the least TTL a packet must have come with. 255: "
                  "from the same link.",
           .min = 1,
           .max = 255,
           .fallback = "255"},
          {.name = "ttl",
           .kind = Kind::Integer,
           .doc = "Peers: sent with this TTL.",
           .min = 1,
           .max = 255,
           .fallback = "255"},
          {.name = "excluded",
           .kind = Kind::List,
           .doc = "More addresses that move along, of either family, and are not "
                  "in advertisements.",
           .item = Kind::Prefix},
          {.name = "address_options",
           .kind = Kind::List,
           .doc = "How single ones of these addresses are added, where it is not as all others are.",
           .shape = &address_options_shape(),
           .item = Kind::Object},
          {.name = "promote_secondaries",
           .kind = Kind::Flag,
           .doc = "Other addresses of a network stay when the first of them goes. Left out: as the host has it."},
          {.name = "routes",
           .kind = Kind::List,
           .doc = "Routes that are there while this host is master.",
           .shape = &virtual_route_shape(),
           .item = Kind::Object},
          {.name = "rules",
           .kind = Kind::List,
           .doc = "Routing rules that are there while this host is master.",
           .shape = &virtual_rule_shape(),
           .item = Kind::Object},
          {.name = "vmac",
           .kind = Kind::Flag,
           .doc = "The addresses have the virtual router's own link-layer address, "
                  "on a macvlan, which clients see move.",
           .fallback = "false"},
          {.name = "vmac_interface",
           .kind = Kind::Interface,
           .doc = "The macvlan's name. Left out: vrrp.ID (IPv6: vrrp6.ID), or where another vip has that vrrp1.ID and "
                  "so on."},
          {.name = "vmac_transmit",
           .kind = Kind::Choice,
           .doc = "By which of the two advertisements go.",
           .choices = {"vmac", "base"},
           .fallback = "vmac"},
          {.name = "accept",
           .kind = Kind::Flag,
           .doc = "A master takes packets for the addresses though it does not own "
                  "them. false: by nftables; services on them work.",
           .fallback = "true"},
          {.name = "track",
           .kind = Kind::List,
           .doc = "What decides along: interfaces, scripts, processes, files, BFD "
                  "sessions.",
           .shape = &track_shape(),
           .item = Kind::Object},
          {.name = "track_interface",
           .kind = Kind::Flag,
           .doc = "Gives up when its interface is down.",
           .fallback = "true"},
          {.name = "bfd",
           .kind = Kind::Name,
           .doc = "The session of `bfd:` whose end makes a backup take over. Left out: "
                  "each with whoever is master."},
          {.name = "announce",
           .kind = Kind::Object,
           .doc = "How neighbours are told where the addresses are.",
           .shape = &announce_shape()},
          {.name = "notify",
           .kind = Kind::Object,
           .doc = "Programs run when the state changes.",
           .shape = &notify_shape()},
      }};
  return shape;
}

const Shape& track_shape() {
  static const Shape shape{
      "track",
      "One thing that decides along. Without a weight the router gives up while it is not well.",
      {
          {.name = "interface", .kind = Kind::Interface, .doc = "An interface that must be up.", .per_node = true},
          {.name = "script", .kind = Kind::Name, .doc = "A script of failover: scripts."},
          {.name = "process", .kind = Kind::Name, .doc = "A process of failover: processes."},
          {.name = "file", .kind = Kind::Name, .doc = "A file of failover: files."},
          {.name = "bfd", .kind = Kind::Name, .doc = "A session of bfd."},
          {.name = "weight",
           .kind = Kind::Integer,
           .doc = "Above 0: added to the priority while it is well. Below 0: taken "
                  "away while it is not. Left out: its own, or 0.",
           .min = -254,
           .max = 254},
          reversed(),
      }};
  return shape;
}

const Shape& address_options_shape() {
  static const Shape shape{
      "address",
      "How one address is added.",
      {
          {.name = "address", .kind = Kind::Address, .doc = "Which.", .required = true},
          {.name = "interface", .kind = Kind::Interface, .doc = "Where; left out: where the others are."},
          {.name = "label", .kind = Kind::Text, .doc = "IPv4: its label, eth0:1."},
          {.name = "scope", .kind = Kind::Text, .doc = "global, link, host, site, or a number."},
          {.name = "broadcast", .kind = Kind::Address, .doc = "IPv4: the broadcast address beside it."},
          {.name = "preferred",
           .kind = Kind::Flag,
           .doc = "IPv6: false keeps it from being chosen as a source.",
           .fallback = "true"},
          {.name = "duplicate_detection",
           .kind = Kind::Flag,
           .doc = "IPv6: ask whether somebody has it before using it.",
           .fallback = "false"},
      }};
  return shape;
}

const Shape& announce_shape() {
  static const Shape shape{
      "announce",
      "Gratuitous ARP and unsolicited neighbour advertisements of a master.",
      {
          {.name = "repeat", .kind = Kind::Integer, .doc = "How often at once.", .max = 100, .fallback = "5"},
          {.name = "delay",
           .kind = Kind::Interval,
           .doc = "Then once more, this much later; 0: not.",
           .max = kHour,
           .fallback = "5s"},
          {.name = "delay_repeat", .kind = Kind::Integer, .doc = "How often that time.", .max = 100, .fallback = "5"},
          {.name = "refresh",
           .kind = Kind::Interval,
           .doc = "Again and again, this far apart; 0: not.",
           .max = kDay,
           .fallback = "0"},
          {.name = "refresh_repeat", .kind = Kind::Integer, .doc = "How often each time.", .max = 100, .fallback = "1"},
          {.name = "lower_repeat",
           .kind = Kind::Integer,
           .doc = "How often after a lesser master was heard.",
           .max = 100,
           .fallback = "5"},
          {.name = "lower_delay",
           .kind = Kind::Interval,
           .doc = "And once more, this much later; 0: not.",
           .max = kHour,
           .fallback = "5s"},
          {.name = "interval",
           .kind = Kind::Interval,
           .doc = "Between two on an interface; 0: none is kept.",
           .max = 10 * kSecond,
           .fallback = "0"},
      }};
  return shape;
}

const Shape& notify_shape() {
  static const Shape shape{
      "notify",
      "Programs run when the state changes.",
      {
          {.name = "master", .kind = Kind::Command, .doc = "On becoming master.", .shape = &command_shape()},
          {.name = "backup", .kind = Kind::Command, .doc = "On becoming backup.", .shape = &command_shape()},
          {.name = "fault",
           .kind = Kind::Command,
           .doc = "When it may not take part any more.",
           .shape = &command_shape()},
          {.name = "stop", .kind = Kind::Command, .doc = "When the daemon ends.", .shape = &command_shape()},
          {.name = "any",
           .kind = Kind::Command,
           .doc = "At each change; INSTANCE or GROUP, name, state and priority follow "
                  "as arguments.",
           .shape = &command_shape()},
          {.name = "lower_priority",
           .kind = Kind::Command,
           .doc = "When a master hears one of lower priority.",
           .shape = &command_shape()},
          {.name = "deleted",
           .kind = Kind::Flag,
           .doc = "`any` hears DELETED instead of FAULT when a reload takes the vip away.",
           .fallback = "false"},
      }};
  return shape;
}

const Shape& virtual_route_shape() {
  static const Shape shape{
      "route",
      "A route, as `ip route add` has it.",
      {
          {.name = "to", .kind = Kind::Prefix, .doc = "Destination. Left out: the default route."},
          {.name = "via", .kind = Kind::Address, .doc = "Next hop."},
          {.name = "dev", .kind = Kind::Interface, .doc = "Interface.", .per_node = true},
          {.name = "src", .kind = Kind::Address, .doc = "Preferred source."},
          {.name = "table", .kind = Kind::Integer, .doc = "Routing table.", .min = 1, .max = kMost32},
          {.name = "metric", .kind = Kind::Integer, .doc = "Metric.", .max = kMost32},
          {.name = "mtu", .kind = Kind::Integer, .doc = "MTU.", .min = 68, .max = 65535},
          {.name = "type",
           .kind = Kind::Choice,
           .doc = "What it does.",
           .choices = {"unicast", "blackhole", "unreachable", "prohibit", "local"},
           .fallback = "unicast"},
          {.name = "scope",
           .kind = Kind::Integer,
           .doc = "Its scope, as a number: 253 is link.",
           .max = 255,
           .fallback = "0"},
          {.name = "protocol",
           .kind = Kind::Integer,
           .doc = "Who added it, as a number.",
           .max = 255,
           .fallback = "18"},
          family("Of a default route without a next hop."),
          {.name = "on_link",
           .kind = Kind::Flag,
           .doc = "The next hop is on the link, whatever other routes say.",
           .fallback = "false"},
      }};
  return shape;
}

const Shape& virtual_rule_shape() {
  static const Shape shape{
      "rule",
      "A routing rule, as `ip rule add` has it.",
      {
          {.name = "from", .kind = Kind::Prefix, .doc = "Source."},
          {.name = "to", .kind = Kind::Prefix, .doc = "Destination."},
          {.name = "iif", .kind = Kind::Interface, .doc = "Interface a packet comes in by."},
          {.name = "oif", .kind = Kind::Interface, .doc = "Interface a socket is bound to."},
          {.name = "fwmark", .kind = Kind::Integer, .doc = "Firewall mark.", .max = kMost32},
          {.name = "fwmask", .kind = Kind::Integer, .doc = "Which of its bits count.", .min = 1, .max = kMost32},
          {.name = "priority", .kind = Kind::Integer, .doc = "Where it stands among the rules.", .max = kMost32},
          {.name = "table", .kind = Kind::Integer, .doc = "Routing table to look in.", .min = 1, .max = kMost32},
          {.name = "action",
           .kind = Kind::Choice,
           .doc = "What it does.",
           .choices = {"lookup", "blackhole", "unreachable", "prohibit"},
           .fallback = "lookup"},
          family("Where neither from nor to says so."),
      }};
  return shape;
}

const Shape& failover_shape() {
  static const Shape shape{
      "failover",
      "Failover between directors: what holds for all vips with `vrrp:`.",
      {
          {.name = "groups",
           .kind = Kind::Map,
           .doc = "Vips that are master together or not at all, by name.",
           .shape = &sync_group_shape()},
          {.name = "scripts", .kind = Kind::Map, .doc = "Scripts to track, by name.", .shape = &tracked_script_shape()},
          {.name = "processes",
           .kind = Kind::Map,
           .doc = "Processes to track, by name.",
           .shape = &tracked_process_shape()},
          {.name = "files", .kind = Kind::Map, .doc = "Files to track, by name.", .shape = &tracked_file_shape()},
          {.name = "router_id",
           .kind = Kind::Text,
           .doc = "Who this is. keepalived writes it into mails; nothing is made of it here."},
          {.name = "notify_fifo", .kind = Kind::Text, .doc = "A named pipe that takes a line for each change."},
          {.name = "notify_fifo_script",
           .kind = Kind::Text,
           .doc = "A program that reads it, and its arguments: started by the daemon, and again where it ends; ended "
                  "with it."},
          {.name = "router_fifo", .kind = Kind::Text, .doc = "A named pipe for changes of vips."},
          {.name = "group_fifo", .kind = Kind::Text, .doc = "A named pipe for changes of groups."},
          {.name = "skip_check_address",
           .kind = Kind::Flag,
           .doc = "Addresses in advertisements are compared nowhere, whatever check_addresses says.",
           .fallback = "false"},
          {.name = "lower_priority_announce",
           .kind = Kind::Flag,
           .doc = "A master answers one of lower priority at once.",
           .fallback = "true"},
          {.name = "startup_delay",
           .kind = Kind::Interval,
           .doc = "Nothing is sent nor taken over before, behind the daemon's start.",
           .max = kHour,
           .fallback = "0"},
          {.name = "script_user",
           .kind = Kind::Text,
           .doc = "Whom programs are run as. Left out: plenum_script or "
                  "keepalived_script where there is such a user, else nobody."},
          {.name = "script_group", .kind = Kind::Text, .doc = "Left out: the user's."},
          {.name = "script_security",
           .kind = Kind::Flag,
           .doc = "Root runs no program that others may change.",
           .fallback = "true"},
          {.name = "realtime_priority",
           .kind = Kind::Integer,
           .doc = "SCHED_RR priority of the thread that sends and "
                  "times; 0: an ordinary one.",
           .max = 99,
           .fallback = "50"},
          {.name = "group4", .kind = Kind::Address, .doc = "Multicast group instead of 224.0.0.18."},
          {.name = "group6", .kind = Kind::Address, .doc = "Multicast group instead of ff02::12."},
      }};
  return shape;
}

const Shape& sync_group_shape() {
  static const Shape shape{
      "group",
      "Vips that are master together or not at all.",
      {
          {.name = "members", .kind = Kind::List, .doc = "The vips.", .required = true, .item = Kind::Name},
          {.name = "keep_priorities",
           .kind = Kind::Flag,
           .doc = "Weights that members track count for each by itself.",
           .fallback = "false"},
          {.name = "track",
           .kind = Kind::List,
           .doc = "What decides along, for all of them.",
           .shape = &track_shape(),
           .item = Kind::Object},
          {.name = "notify",
           .kind = Kind::Object,
           .doc = "Programs run when the state changes.",
           .shape = &notify_shape()},
      }};
  return shape;
}

const Shape& tracked_script_shape() {
  static const Shape shape{
      "script",
      "A program whose exit status says whether something is well: 0.",
      {
          {.name = "run",
           .kind = Kind::Command,
           .doc = "Program and arguments.",
           .required = true,
           .shape = &command_shape()},
          {.name = "interval",
           .kind = Kind::Interval,
           .doc = "From one start to the next.",
           .min = 10,
           .max = kHour,
           .fallback = "1s"},
          {.name = "timeout",
           .kind = Kind::Interval,
           .doc = "An end later than this is a failure. Left out: the interval.",
           .min = 10,
           .max = kHour},
          {.name = "fall",
           .kind = Kind::Integer,
           .doc = "Failures in a row until it is not well.",
           .min = 1,
           .max = 255,
           .fallback = "1"},
          {.name = "rise",
           .kind = Kind::Integer,
           .doc = "Successes in a row until it is well.",
           .min = 1,
           .max = 255,
           .fallback = "1"},
          own_weight(253),
          {.name = "initially_failed", .kind = Kind::Flag, .doc = "Not well until it said so.", .fallback = "false"},
          reversed(),
      }};
  return shape;
}

const Shape& tracked_process_shape() {
  static const Shape shape{
      "process",
      "A program that must be running.",
      {
          {.name = "program",
           .kind = Kind::Command,
           .doc = "Its name, or its path and arguments.",
           .required = true,
           .shape = &command_shape()},
          {.name = "arguments",
           .kind = Kind::Choice,
           .doc = "Which of them are compared.",
           .choices = {"none", "initial", "all"},
           .fallback = "none"},
          {.name = "least", .kind = Kind::Integer, .doc = "How many there must be.", .max = 65535, .fallback = "1"},
          {.name = "most", .kind = Kind::Integer, .doc = "How many there may be.", .max = 65535, .fallback = "65535"},
          {.name = "start_delay",
           .kind = Kind::Interval,
           .doc = "How long one must be there before it counts.",
           .max = kHour,
           .fallback = "0"},
          {.name = "end_delay",
           .kind = Kind::Interval,
           .doc = "How long one must be gone before that counts.",
           .max = kHour,
           .fallback = "0"},
          reversed(),
          own_weight(254),
      }};
  return shape;
}

const Shape& tracked_file_shape() {
  static const Shape shape{
      "file",
      "A file with a number: times the weight it is added to the priority. With weight 0 any number but 0 is a "
      "failure.",
      {
          {.name = "path", .kind = Kind::Text, .doc = "The file; a missing one counts as 0.", .required = true},
          {.name = "weight",
           .kind = Kind::Integer,
           .doc = "The factor, for who tracks it and says none itself.",
           .min = -254,
           .max = 254,
           .fallback = "1"},
          {.name = "initial",
           .kind = Kind::Integer,
           .doc = "Written at the start where the file is missing.",
           .min = -2147483648LL,
           .max = 2147483647},
          {.name = "overwrite", .kind = Kind::Flag, .doc = "Or always.", .fallback = "false"},
          {.name = "reverse", .kind = Kind::Flag, .doc = "The number counts with the other sign.", .fallback = "false"},
      }};
  return shape;
}

const Shape& bfd_shape() {
  static const Shape shape{
      "bfd",
      "A BFD session (RFC 5880, RFC 5881) with a neighbour on the link: a silent one is noticed in a part of a second.",
      {
          {.name = "address",
           .kind = Kind::Address,
           .doc = "The neighbour's. A session of the node's own name is left "
                  "out on that node.",
           .required = true},
          {.name = "source",
           .kind = Kind::Address,
           .doc = "The own end. Left out: the kernel's choice.",
           .per_node = true},
          {.name = "interface",
           .kind = Kind::Interface,
           .doc = "Which the neighbour is on. Left out: the one with its network; a link-local address needs it, or "
                  "a source.",
           .per_node = true},
          {.name = "transmit",
           .kind = Kind::Interval,
           .doc = "Packets are sent this far apart, unless the neighbour wants "
                  "fewer.",
           .min = 3,
           .max = 60 * kSecond,
           .fallback = "50ms"},
          {.name = "receive",
           .kind = Kind::Interval,
           .doc = "And wanted this far apart at least.",
           .min = 3,
           .max = 60 * kSecond,
           .fallback = "50ms"},
          {.name = "multiplier",
           .kind = Kind::Integer,
           .doc = "How many the neighbour may miss.",
           .min = 1,
           .max = 255,
           .fallback = "3"},
          {.name = "passive", .kind = Kind::Flag, .doc = "Says nothing before it was spoken to.", .fallback = "false"},
          {.name = "idle_transmit",
           .kind = Kind::Interval,
           .doc = "Between packets while the session is down.",
           .min = 1000,
           .max = 60 * kSecond,
           .fallback = "1s"},
          {.name = "ttl", .kind = Kind::Integer, .doc = "Sent with this TTL.", .min = 1, .max = 255, .fallback = "255"},
          {.name = "max_hops",
           .kind = Kind::Integer,
           .doc = "How many routers a packet may have passed.",
           .max = 255,
           .fallback = "0"},
          reversed(),
          own_weight(253),
      }};
  return shape;
}

}  // namespace plenum::conf
