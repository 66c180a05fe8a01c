// The table of keys.

#include "conf/schema.h"

#include <algorithm>

#include "conf/scheduler_names.h"
#include "conf/schema_failover.h"
#include "conf/tuning.h"

namespace plenum::conf {
namespace {

std::vector<std::string_view> scheduler_choices() {
  std::vector<std::string_view> names;
  for (const auto& row : schedulers()) names.push_back(row.name);
  return names;
}

constexpr std::int64_t kDay = 86400;

}  // namespace

const Key* Shape::find(std::string_view name) const {
  const auto at = std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.name == name; });
  return at == keys.end() ? nullptr : &*at;
}

const Shape& file_shape() {
  static const Shape shape{
      "",
      "One file describes the whole cluster; every program takes its own part.",
      {
          {.name = "version",
           .kind = Kind::Integer,
           .doc = "Version of this format.",
           .required = true,
           .min = 1,
           .max = 1},
          {.name = "node",
           .kind = Kind::Name,
           .doc = "Which node this host is, where values differ by node. Left out: $PLENUM_NODE, or else the host's "
                  "name up to its first dot."},
          {.name = "include",
           .kind = Kind::List,
           .doc = "Further files, relative to this one; * and ? match. A key in two files is an error.",
           .item = Kind::Text},
          {.name = "vips", .kind = Kind::Map, .doc = "Virtual addresses by name.", .shape = &vip_shape()},
          {.name = "director", .kind = Kind::Object, .doc = "How this director runs.", .shape = &director_shape()},
          {.name = "l4",
           .kind = Kind::Map,
           .doc = "Services balanced by connection, by name.",
           .shape = &service_shape()},
          {.name = "failover",
           .kind = Kind::Object,
           .doc = "Failover between directors: groups of vips, what decides along, notifications.",
           .shape = &failover_shape()},
          {.name = "bfd", .kind = Kind::Map, .doc = "BFD sessions with neighbours, by name.", .shape = &bfd_shape()},
          {.name = "l7", .kind = Kind::Later, .doc = "Services balanced by request."},
          {.name = "ha", .kind = Kind::Later, .doc = "Highly available services."},
          {.name = "gslb", .kind = Kind::Later, .doc = "DNS steering between sites."},
      }};
  return shape;
}

const Shape& vip_shape() {
  static const Shape shape{
      "vip",
      "A virtual address: one or several, of either family.",
      {
          {.name = "addresses",
           .kind = Kind::List,
           .doc = "Addresses with prefix length, 192.0.2.10/24; without one, /32 or /128.",
           .required = true,
           .item = Kind::Prefix},
          {.name = "interface",
           .kind = Kind::Interface,
           .doc = "Where the addresses are added. Left out: the interface whose subnet holds the address."},
          {.name = "vrrp",
           .kind = Kind::Object,
           .doc = "Failover between directors: plenum-vrrpd adds the addresses where it is master.",
           .shape = &vrrp_shape()},
      }};
  return shape;
}

const Shape& director_shape() {
  static const Shape shape{
      "director",
      "How this director runs.",
      {
          {.name = "interfaces",
           .kind = Kind::List,
           .doc = "Interfaces that carry the data plane. Left out: every one that carries a VIP or leads to a server.",
           .item = Kind::Interface},
          {.name = "xdp",
           .kind = Kind::Choice,
           .doc = "Native XDP, generic XDP, or native where the driver has it.",
           .choices = {"auto", "native", "generic"},
           .fallback = "auto"},
          {.name = "connections",
           .kind = Kind::Count,
           .doc = "Room in the connection table; rounded up to a power of two.",
           .min = 1024,
           .max = 134217728,
           .fallback = "1M"},
          {.name = "servers",
           .kind = Kind::Count,
           .doc = "Room for servers over all services, those still draining included.",
           .min = 64,
           .max = 1048576,
           .fallback = "64k"},
          {.name = "timeouts",
           .kind = Kind::Object,
           .doc = "How long connections without packets last; ipvsadm --set changes them too.",
           .shape = &timeouts_shape()},
          {.name = "tuning",
           .kind = Kind::Object,
           .doc = "The knobs of kernel IPVS (net.ipv4.vs.*), with its names, ranges and defaults.",
           .shape = &tuning_shape()},
          {.name = "sync",
           .kind = Kind::Object,
           .doc = "Connections kept in step with other directors, by IPVS's protocol.",
           .shape = &sync_shape()},
          {.name = "marks",
           .kind = Kind::List,
           .doc = "Which packets carry which firewall mark; the first rule that matches counts.",
           .shape = &mark_shape(),
           .item = Kind::Object},
          {.name = "nftables_marks",
           .kind = Kind::Flag,
           .doc = "Marks of nftables and iptables count, too.",
           .fallback = "true"},
      }};
  return shape;
}

const Shape& sync_shape() {
  static const Shape shape{
      "sync",
      "The daemons that tell other directors of connections, and hear of theirs.",
      {
          {.name = "state",
           .kind = Kind::Choice,
           .doc = "What this director does: tell, hear, or both.",
           .required = true,
           .choices = {"master", "backup", "both"}},
          {.name = "follow",
           .kind = Kind::Name,
           .doc = "A vip with vrrp, or a group: this director tells only while it is master there. With state: both."},
          {.name = "interface",
           .kind = Kind::Interface,
           .doc = "Way to the other directors.",
           .required = true,
           .per_node = true},
          {.name = "syncid",
           .kind = Kind::Integer,
           .doc = "Tells groups of directors apart; a backup with 0 hears everyone.",
           .max = 255,
           .fallback = "0"},
          {.name = "group", .kind = Kind::Address, .doc = "Multicast group, IPv4 or IPv6.", .fallback = "224.0.0.81"},
          {.name = "port", .kind = Kind::Integer, .doc = "UDP port.", .min = 1, .max = 65535, .fallback = "8848"},
          {.name = "ttl",
           .kind = Kind::Integer,
           .doc = "How many routers a multicast may pass, plus one.",
           .min = 1,
           .max = 255,
           .fallback = "1"},
          {.name = "maxlen",
           .kind = Kind::Integer,
           .doc = "Bytes of UDP payload in a datagram. Left out: what Ethernet carries, 1472 for IPv4.",
           .min = 1,
           .max = 65507},
          {.name = "peers",
           .kind = Kind::List,
           .doc = "Addresses of the other directors, to speak to them one by one instead of by a group.",
           .item = Kind::Address},
      }};
  return shape;
}

const Shape& mark_shape() {
  static const Shape shape{
      "mark",
      "Gives packets that match by all that is written a firewall mark, for services that listen on it.",
      {
          {.name = "mark", .kind = Kind::Integer, .doc = "The mark.", .required = true, .min = 1, .max = 4294967295},
          {.name = "source", .kind = Kind::Prefix, .doc = "Clients' address or network."},
          {.name = "destination", .kind = Kind::Prefix, .doc = "The address, or network, they send to."},
          {.name = "protocol",
           .kind = Kind::Choice,
           .doc = "Protocol; left out: any.",
           .choices = {"tcp", "udp", "sctp"}},
          {.name = "ports",
           .kind = Kind::List,
           .doc = "Destination ports, 80 or 8000-8100; left out: all.",
           .item = Kind::Ports},
          {.name = "interface", .kind = Kind::Interface, .doc = "Interface that packets come in by; left out: any."},
      }};
  return shape;
}

const Shape& timeouts_shape() {
  static const Shape shape{
      "timeouts",
      "How long connections without packets last.",
      {
          {.name = "tcp",
           .kind = Kind::Duration,
           .doc = "Established TCP connections.",
           .min = 1,
           .max = 90 * kDay,
           .fallback = "15m"},
          {.name = "tcp_fin",
           .kind = Kind::Duration,
           .doc = "TCP connections after a FIN.",
           .min = 1,
           .max = 90 * kDay,
           .fallback = "2m"},
          {.name = "udp", .kind = Kind::Duration, .doc = "UDP.", .min = 1, .max = 90 * kDay, .fallback = "5m"},
      }};
  return shape;
}

const Shape& tuning_shape() {
  static const Tuning defaults;
  static const std::vector<std::string> texts = [] {
    std::vector<std::string> out;
    for (const auto& row : tunables()) out.push_back(std::to_string(defaults.*row.value));
    return out;
  }();
  static const Shape shape = [] {
    Shape out{"tuning", "The knobs of kernel IPVS (net.ipv4.vs.*), with its names, ranges and defaults.", {}};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto& row = tunables()[i];
      out.keys.push_back({.name = row.name,
                          .kind = Kind::Integer,
                          .doc = row.doc,
                          .min = row.min,
                          .max = row.max,
                          .fallback = texts[i]});
    }
    out.keys.push_back({.name = "sync_threshold",
                        .kind = Kind::List,
                        .doc = "Packets after which a connection is synchronised, and the period it is sent again in: "
                               "[3, 50] by default.",
                        .max = 2147483647,
                        .item = Kind::Integer});
    for (const auto* name : {"est_cpulist", "est_nice"})
      out.keys.push_back(
          {.name = name, .kind = Kind::Later, .doc = "Rates are measured without threads of their own."});
    return out;
  }();
  return shape;
}

const Shape& listen_shape() {
  static const Shape shape{
      "listen",
      "What traffic the service takes: a vip by name, or an address.",
      {
          {.name = "vip",
           .kind = Kind::Name,
           .doc = "A vip; each of its addresses is served whose family the servers have, with forward: tun each."},
          {.name = "address", .kind = Kind::Address, .doc = "An address that is not managed here."},
          {.name = "port",
           .kind = Kind::Port,
           .doc = "Port; any: every port without a service of its own. Needed but with fwmark."},
          {.name = "protocol",
           .kind = Kind::Choice,
           .doc = "Protocol.",
           .choices = {"tcp", "udp", "sctp"},
           .fallback = "tcp"},
          {.name = "fwmark",
           .kind = Kind::Integer,
           .doc = "A firewall mark instead of address, port and protocol; see director: marks.",
           .min = 1,
           .max = 4294967295},
          {.name = "family",
           .kind = Kind::Choice,
           .doc = "Address family of a mark's clients. Left out: those of the servers.",
           .choices = {"ipv4", "ipv6"}},
      }};
  return shape;
}

const Shape& persistence_shape() {
  static const Shape shape{"persistence",
                           "A client stays with its server.",
                           {
                               {.name = "timeout",
                                .kind = Kind::Duration,
                                .doc = "How long after its last new connection.",
                                .min = 1,
                                .max = 31 * kDay,
                                .fallback = "6m"},
                               {.name = "netmask",
                                .kind = Kind::Address,
                                .doc = "IPv4 clients whose addresses agree under this mask are one.",
                                .fallback = "255.255.255.255"},
                               {.name = "prefix",
                                .kind = Kind::Integer,
                                .doc = "IPv6 clients whose addresses agree in so many bits are one.",
                                .min = 1,
                                .max = 128,
                                .fallback = "128"},
                               {.name = "engine",
                                .kind = Kind::Choice,
                                .doc = "sip: clients are told apart by the Call-ID of their SIP messages, over UDP.",
                                .choices = {"sip"}},
                           }};
  return shape;
}

const Shape& tunnel_shape() {
  static const Shape shape{"tunnel",
                           "Encapsulation towards servers with forward: tun.",
                           {
                               {.name = "type",
                                .kind = Kind::Choice,
                                .doc = "IP in IP, generic UDP encapsulation, or generic routing encapsulation.",
                                .choices = {"ipip", "gue", "gre"},
                                .fallback = "ipip"},
                               {.name = "port",
                                .kind = Kind::Integer,
                                .doc = "UDP port; gue only, and needed there.",
                                .min = 1,
                                .max = 65535},
                               {.name = "checksum",
                                .kind = Kind::Choice,
                                .doc = "Whether a checksum covers what is inside; gue and gre only. remote: gue's "
                                       "option by which the server fills the inner checksum in.",
                                .choices = {"none", "full", "remote"},
                                .fallback = "none"},
                           }};
  return shape;
}

const Shape& server_shape() {
  static const Shape shape{
      "server",
      "A real server.",
      {
          {.name = "address", .kind = Kind::Address, .doc = "The server's own address.", .required = true},
          {.name = "port",
           .kind = Kind::Integer,
           .doc = "Left out: the port of listen. Another one only with forward: nat.",
           .min = 1,
           .max = 65535},
          {.name = "weight",
           .kind = Kind::Integer,
           .doc = "Share of the load; 0 takes no new connections.",
           .max = 65535,
           .fallback = "1"},
          {.name = "upper",
           .kind = Kind::Integer,
           .doc = "Connections at which the server is overloaded; 0: none.",
           .max = 4294967295,
           .fallback = "0"},
          {.name = "lower",
           .kind = Kind::Integer,
           .doc = "Connections below which it is no longer overloaded; 0: three quarters of upper.",
           .max = 4294967295,
           .fallback = "0"},
          {.name = "forward",
           .kind = Kind::Choice,
           .doc = "Forwarding of this one server; left out: the service's.",
           .choices = {"dr", "nat", "tun"},
           .later = {"fullnat"}},
          {.name = "check",
           .kind = Kind::OneOrMore,
           .doc = "Health checks of this one server, instead of the service's; a list: all must pass.",
           .shape = &check_shape(),
           .item = Kind::Object},
          {.name = "on_failure",
           .kind = Kind::Choice,
           .doc = "What becomes of this one server when it fails; left out: as the service has it.",
           .choices = {"remove", "drain", "inhibit"}},
          {.name = "notify",
           .kind = Kind::Object,
           .doc = "What is run when this one server goes down or comes back, instead of the service's.",
           .shape = &server_notify_shape()},
      }};
  return shape;
}

const Shape& service_shape() {
  static const Shape shape{
      "service",
      "A service balanced by connection.",
      {
          {.name = "listen",
           .kind = Kind::Object,
           .doc = "What traffic the service takes.",
           .required = true,
           .shape = &listen_shape()},
          {.name = "forward",
           .kind = Kind::Choice,
           .doc = "Direct routing, address translation, or tunnel.",
           .choices = {"dr", "nat", "tun"},
           .later = {"fullnat"},
           .fallback = "dr"},
          {.name = "tunnel",
           .kind = Kind::Object,
           .doc = "Encapsulation; forward: tun only.",
           .shape = &tunnel_shape()},
          {.name = "scheduler",
           .kind = Kind::Choice,
           .doc = "Which server takes a new connection.",
           .choices = scheduler_choices(),
           .fallback = "wlc"},
          {.name = "scheduler_flags",
           .kind = Kind::List,
           .doc = "sh and mh: fallback to another server where the chosen one is not available; the client's port "
                  "counts too.",
           .choices = {"fallback", "port"},
           .item = Kind::Choice},
          {.name = "drain",
           .kind = Kind::Duration,
           .doc = "How long a removed server keeps its connections at most.",
           .max = 7 * kDay,
           .fallback = "10m"},
          {.name = "servers", .kind = Kind::Map, .doc = "Real servers by name.", .shape = &server_shape()},
          {.name = "group",
           .kind = Kind::Name,
           .doc = "Services of one group are one thing at several addresses: what they ask alike is asked once, and "
                  "what happens to them together is told once. The addresses of one `listen` are so by themselves."},
          {.name = "check",
           .kind = Kind::OneOrMore,
           .doc = "How each server is asked whether it is well; a list: all must pass.",
           .shape = &check_shape(),
           .item = Kind::Object},
          {.name = "on_failure",
           .kind = Kind::Choice,
           .doc = "What becomes of a server that fails: remove it as ipvsadm -d does, let its connections end first "
                  "(drain), or weight 0 (inhibit).",
           .choices = {"remove", "drain", "inhibit"},
           .fallback = "remove"},
          {.name = "slow_start",
           .kind = Kind::Interval,
           .doc = "How long a server that comes back takes from weight 1 to its own.",
           .max = kDay * 1000,
           .fallback = "0"},
          {.name = "quorum",
           .kind = Kind::Integer,
           .doc = "Sum of the weights of servers that are well at which the service is.",
           .min = 1,
           .max = 2147483647,
           .fallback = "1"},
          {.name = "hysteresis",
           .kind = Kind::Integer,
           .doc = "The service is up from quorum + hysteresis on, and down below quorum - hysteresis.",
           .max = 2147483647,
           .fallback = "0"},
          {.name = "sorry",
           .kind = Kind::Object,
           .doc = "A server that takes everything while the service is below its quorum.",
           .shape = &sorry_shape()},
          {.name = "notify",
           .kind = Kind::Object,
           .doc = "What is run when servers or the service go down or come back.",
           .shape = &service_notify_shape()},
          {.name = "damping",
           .kind = Kind::Object,
           .doc = "How a server that will not stay up is kept down until it has rested.",
           .shape = &damping_shape()},
          {.name = "persistence",
           .kind = Kind::Object,
           .doc = "A client stays with its server; {} for IPVS's defaults.",
           .shape = &persistence_shape()},
          {.name = "one_packet",
           .kind = Kind::Flag,
           .doc = "UDP: every packet is scheduled alone, no connection is kept.",
           .fallback = "false"},
      }};
  return shape;
}

}  // namespace plenum::conf
