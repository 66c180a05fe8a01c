// What the director's world is made of: interfaces, next hops, services and their servers.

#include <cstring>

#include "bpf/hash.h"
#include "bpf/trace_abi.h"
#include "lb/vip_front.h"
#include "tests/fuzz/native/director_world.h"

namespace plenum::native {

namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17, kSctp = 132;
constexpr std::uint16_t kFtp = 21, kSip = 5060;

// The virtual addresses: of single ports, of every port, of marks, of every port without persistence.
pl_addr vip(std::uint8_t family, std::uint32_t which = 0) {
  return family == 4 ? world_v4(0xcb00710a + which) : world_v6(0xf0000, 0x10 + which);
}

void set_bit(std::span<__u64> filter, const pl_addr& address) {
  const auto bit = pl_nat_bit(&address);
  filter[bit / 64] |= 1ull << (bit & 63);
}

pl_addr whole() { return {{~0u, ~0u, ~0u, ~0u}}; }

}  // namespace

void DirectorWorld::add_ports() {
  for (const std::uint32_t ifindex : {kIngress, kEgress, kVlanDevice}) {
    pl_port& port = ports_[ifindex];
    port.ifindex = ifindex;
    port.macs = 2;
    std::memcpy(&port.mac[0], kDirectorMac, 6);
    std::memcpy(&port.mac[1], kDirectorMac, 6);
    reinterpret_cast<std::uint8_t*>(&port.mac[1])[5] = 2;
    port.flags = PL_PORT_XMIT;
  }
  pl_port& marked = ports_[kMarkedPort];
  marked.ifindex = kMarkedPort;
  marked.macs = 1;
  std::memcpy(&marked.mac[0], kMarkedPortMac.data(), kMarkedPortMac.size());
  marked.flags = PL_PORT_MARKED;
  ports_[kVlanDevice].parent = kEgress;
  ports_[kVlanDevice].vlan = 7;
}

void DirectorWorld::add_next_hops() {
  for (std::uint32_t family : {0u, 1u})
    for (std::uint32_t kind = kPlain; kind < kWorldHops; ++kind) {
      pl_next_hop& hop = hops_[family * kWorldHops + kind];
      for (std::uint8_t i = 0; i < 6; ++i) {
        hop.dst_mac[i] = static_cast<__u8>(0x30 + i);
        hop.src_mac[i] = static_cast<__u8>(0x40 + i);
      }
      hop.vlan = kind == kVlan ? 5 : 0;
      hop.mtu = kind == kNarrow ? 576 : kind == kOther ? 9000 : 1500;
      hop.ifindex = kind == kOther ? kEgress : kIngress;
      hop.source = family == 0 ? world_v4(0x0a000001) : world_v6(1, 1);
    }
}

std::uint32_t DirectorWorld::add_service(const Service& service) {
  const std::uint32_t index = ++last_service_;
  pl_service& s = services_[index];
  s.in_use = 1;
  s.scheduler = service.scheduler;
  s.scheduler_flags = service.scheduler_flags;
  s.key = {service.address, __builtin_bswap16(service.port), service.protocol, service.family};
  if (service.mark != 0) {
    s.key = {{}, 0, 0, service.family};
    pl_mark_addr(&s.key.addr, service.mark, service.family);
  } else if (service.port == 0) {
    settings_[0].lookups |= PL_LOOKUP_ANY_PORT;
  } else if (service.port == kFtp) {
    settings_[0].lookups |= PL_LOOKUP_FTP;
  }
  s.persist_ticks = world_ticks(service.persist);
  s.persist_mask = service.family == 6 ? (service.network ? 60 : 128) : (service.network ? 0x00ffffff : ~0u);
  s.flags = service.flags;
  if (machine_.map("pl_vips").update(&s.key, &index, BPF_NOEXIST) != 0) wrong("no room for a service");
  lb::VipFront(machine_.array<__u64>("pl_vip_front")).show(s.key, index);
  if (service.mark == 0) set_bit(machine_.array<__u64>("pl_vip_filter"), service.address);
  publish(index);
  return index;
}

void DirectorWorld::add_server(std::uint32_t service, const pl_addr& address, const Server& server) {
  const std::uint32_t index = ++last_server_;
  const pl_service& owner = services_[service];
  pl_server& s = servers_[index];
  s.addr = address;
  s.port = __builtin_bswap16(server.port);
  s.family = server.family;
  s.forward = server.forward;
  s.tunnel = server.tunnel;
  s.tunnel_flags = server.tunnel != PL_TUN_IPIP && (index & 1) != 0 ? PL_TUN_CSUM : 0;
  s.tunnel_port = __builtin_bswap16(6080);
  s.flags = PL_SERVER_AVAILABLE;
  s.service = service;
  s.next_hop = world_hop(server.family, server.hop);
  s.weight = server.limits.weight;
  s.proto = owner.key.proto;
  s.generation = 1;
  if (owner.persist_ticks != 0 && server.port != 0) {
    if (owner.key.port == 0) s.port_for = PL_PORT_FOR_NONE;
    if (owner.key.port == __builtin_bswap16(kFtp)) s.port_for = PL_PORT_FOR(owner.key.port);
  }
  set_bit(nat_filter_, address);
  // Where a server that sends without a connection is told so.
  const pl_service_key real{address, s.port, owner.key.proto, server.family};
  if (server.forward == PL_FWD_MASQ) (void)machine_.map("pl_reals").update(&real, &index, BPF_ANY);
  limits_[index] = server.limits;
  lists_->set_load(index, server.limits);
  auto& list = servers_of_[service];
  list.insert(list.begin(), index);
  publish(service);
}

void DirectorWorld::add_server(std::uint32_t service, const Server& server) {
  // 10.0.0.11 and 2001:db8:1::b are the first.
  const std::uint32_t host = 11 + last_server_;
  add_server(service, server.family == 4 ? world_v4(0x0a000000 + host) : world_v6(1, host), server);
}

void DirectorWorld::add_trio(std::uint32_t service, const lb::LoadLimits& limits) {
  const auto family = services_[service].key.family;
  add_server(service, {.family = family, .hop = kPlain, .port = 8080, .limits = limits});
  add_server(service, {.family = family, .forward = PL_FWD_ROUTE, .hop = kOther, .limits = limits});
  add_server(service,
             {.family = family, .forward = PL_FWD_TUNNEL, .tunnel = PL_TUN_GUE, .hop = kPlain, .limits = limits});
}

void DirectorWorld::add_plain_services(std::uint8_t family) {
  constexpr std::uint32_t kSchedulers[] = {PL_SCHED_RR, PL_SCHED_WRR, PL_SCHED_LC, PL_SCHED_WLC};
  const auto other = static_cast<std::uint8_t>(family == 4 ? 6 : 4);
  for (const std::uint8_t protocol : {kTcp, kUdp, kSctp}) {
    const auto service = add_service({.family = family,
                                      .protocol = protocol,
                                      .address = vip(family),
                                      .port = 80,
                                      .scheduler = kSchedulers[last_service_ % 4]});
    const auto server = [&](std::uint8_t whose, std::uint8_t forward, std::uint8_t tunnel, std::uint32_t hop) {
      const bool own_port = forward == PL_FWD_MASQ && last_server_ % 2 == 0;
      add_server(service, {.family = whose,
                           .forward = forward,
                           .tunnel = tunnel,
                           .hop = hop,
                           .port = static_cast<std::uint16_t>(own_port ? 8080 : 0),
                           .limits = {1 + last_server_ % 3, 0, 0}});
    };
    server(family, PL_FWD_MASQ, 0, kPlain);
    server(family, PL_FWD_ROUTE, 0, kPlain);
    server(family, PL_FWD_TUNNEL, PL_TUN_IPIP, kPlain);
    server(other, PL_FWD_TUNNEL, PL_TUN_GUE, kOther);
    server(family, PL_FWD_MASQ, 0, kNarrow);
    server(family, PL_FWD_TUNNEL, PL_TUN_GUE, kVlan);
    server(family, PL_FWD_TUNNEL, PL_TUN_GRE, kPlain);
  }
  // Every other protocol's service of this kind has nobody behind it.
  add_service({.family = family, .protocol = kUdp, .address = vip(family), .port = 81});
  const auto odd =
      add_service({.family = family, .protocol = kUdp, .address = vip(family), .port = 82, .scheduler = PL_SCHED_WLC});
  add_server(odd, vip(family), {.family = family, .forward = PL_FWD_LOCAL, .hop = kUnresolved});
  add_server(odd, {.family = family, .hop = kUnresolved});
  add_server(odd, {.family = family, .forward = PL_FWD_ROUTE, .hop = kNarrow});
  add_server(odd, {.family = family, .forward = PL_FWD_TUNNEL, .tunnel = PL_TUN_IPIP, .hop = kNarrow});
}

// Every scheduler at a port of its own from 100 on, with servers that a few connections overload.
void DirectorWorld::add_scheduled_services(std::uint8_t family) {
  for (std::uint32_t scheduler = 0; scheduler < PL_SCHEDULERS; ++scheduler) {
    const auto service = add_service({.family = family,
                                      .protocol = family == 4 ? kTcp : kUdp,
                                      .address = vip(family),
                                      .port = static_cast<std::uint16_t>(100 + scheduler),
                                      .scheduler = scheduler,
                                      .scheduler_flags = PL_SCHED_FALLBACK | PL_SCHED_PORT});
    for (std::uint32_t weight : {1u, 3u, 2u})
      add_server(service, {.family = family, .hop = kPlain, .limits = {weight, scheduler % 2 != 0 ? 4u : 0u, 2}});
  }
  if (family == 6) return;
  // More servers than stand in one row.
  std::uint16_t port = 200;
  for (const std::uint32_t scheduler : {PL_SCHED_WRR, PL_SCHED_WLC, PL_SCHED_TWOS}) {
    const auto service = add_service(
        {.family = family, .protocol = kTcp, .address = vip(family), .port = port++, .scheduler = scheduler});
    for (std::uint32_t i = 0; i < 12; ++i)
      add_server(service, {.family = family, .hop = kPlain, .limits = {1 + i % 4, 2, 0}});
  }
}

void DirectorWorld::add_persistent_services(std::uint8_t family) {
  const auto trio = [&](Service service, lb::LoadLimits limits = {1, 0, 0}) {
    service.family = family;
    if (service.mark == 0) service.address = vip(family, service.port != 0 ? 0 : service.persist != 0 ? 1 : 3);
    add_trio(add_service(service), limits);
  };
  trio({.protocol = kTcp, .port = 443, .scheduler = PL_SCHED_WLC, .persist = 60, .network = true}, {1, 6, 3});
  trio({.protocol = kTcp, .port = kFtp, .persist = 60});
  trio({.protocol = kUdp, .port = kSip, .scheduler = PL_SCHED_WRR, .persist = 30, .flags = PL_SERVICE_SIP});
  trio({.protocol = kTcp, .port = kSip, .persist = 30, .flags = PL_SERVICE_SIP});
  trio({.protocol = kUdp, .port = 53, .flags = PL_SERVICE_ONE_PACKET});
  trio({.protocol = kUdp, .port = 54, .persist = 5, .network = true, .flags = PL_SERVICE_ONE_PACKET});
  trio({.protocol = kSctp, .port = 443, .persist = 60});
  for (const std::uint8_t protocol : {kTcp, kUdp, kSctp}) trio({.protocol = protocol, .port = 0, .persist = 20});
  trio({.mark = 5});
  trio({.scheduler = PL_SCHED_LC, .persist = 20, .network = true, .mark = 6}, {2, 5, 0});
  trio({.persist = 20, .flags = PL_SERVICE_ONE_PACKET, .mark = 7});
  // For every port and not persistent: for none.
  trio({.protocol = kTcp, .port = 0});
}

// Rules by each of their parts: to ports 1000 and 2000 of a third address, from a network, by an
// interface; of protocols, and of a mark that no service is for.
void DirectorWorld::add_marks() {
  auto rules = machine_.array<pl_mark_rule>("pl_marks").subspan(PL_MARK_RULES);
  std::size_t count = 0;
  const auto add = [&](pl_mark_rule rule) { rules[count++] = rule; };
  for (const std::uint8_t family : {std::uint8_t{4}, std::uint8_t{6}}) {
    pl_mark_rule rule{};
    rule.destination = vip(family, 2);
    rule.destination_mask = whole();
    set_bit(machine_.array<__u64>("pl_vip_filter"), rule.destination);
    const auto ports = [&](std::uint32_t mark, std::uint16_t first, std::uint16_t last, std::uint8_t protocol) {
      rule.mark = mark;
      rule.first_port = first;
      rule.last_port = last;
      rule.proto = protocol;
      add(rule);
    };
    ports(9, 1007, 1007, 0);
    ports(5, 1000, 1999, 0);
    ports(7, 2500, 2999, kUdp);
    ports(6, 2000, 2999, 0);
    rule.ifindex = kEgress;
    rule.destination = vip(family);
    ports(6, 80, 80, kTcp);
    rule.ifindex = 0;
    rule.destination_mask = {};
    rule.destination = {};
    rule.source = family == 4 ? world_v4(0xc6336480) : world_v6(0xd, 0);
    rule.source_mask = whole();
    rule.source_mask.w[3] = family == 4 ? __builtin_bswap32(0xffffff80) : 0;
    ports(5, 0, 65535, 0);
  }
  settings_[0].mark_rules = std::uint64_t{PL_MARK_RULES} << 32 | count;

  // Who traces, while anybody does: everything, and some of it.
  auto traces = machine_.array<pl_trace_slot>("trace_slots");
  for (pl_trace_slot& slot : traces.first(2)) {
    slot.rate = ~0u;
    slot.reasons[0] = slot.reasons[1] = ~0ull;
  }
  traces[1].rate = 3;
  traces[1].proto = kTcp;
  traces[1].port = __builtin_bswap16(80);
  traces[1].family = 4;
  traces[1].destination = {vip(4), whole()};
}

}  // namespace plenum::native
