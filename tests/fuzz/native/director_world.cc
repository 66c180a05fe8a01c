#include "tests/fuzz/native/director_world.h"

#include <linux/bpf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>

#include "bpf/hash.h"
#include "director.skel.h"
#include "lb/vip_front.h"

extern "C" int director(xdp_md* ctx);

namespace plenum::native {

namespace {

constexpr std::uint32_t kBuckets = 16;
constexpr std::uint64_t kStart = 1000ull * 1000000000;

// Small tables, so that they fill up.
const std::map<std::string, std::uint32_t> kSizes = {{"pl_conns", kBuckets}, {"pl_members", 1024}, {"pl_slots", 1024}};

constexpr std::uint8_t kTcp = 6, kUdp = 17, kSctp = 132;

// Kinds of next hops, for each family.
constexpr std::uint32_t kUnresolved = 0, kPlain = 1, kOther = 2, kVlan = 3, kNarrow = 4, kHops = 5;

std::uint32_t hop_of(std::uint8_t family, std::uint32_t kind) {
  return kind == kUnresolved ? 0 : (family == 6 ? kHops : 0u) + kind;
}

[[noreturn]] void wrong(const std::string& what) {
  std::fprintf(stderr, "director: %s\n", what.c_str());
  std::abort();
}

pl_addr v4(std::uint32_t host_order) { return {{0, 0, __builtin_bswap32(0xffff), __builtin_bswap32(host_order)}}; }
pl_addr v6(std::uint32_t net, std::uint32_t host) {
  return {{__builtin_bswap32(0x20010db8), __builtin_bswap32(net), 0, __builtin_bswap32(host)}};
}

std::uint32_t ticks(std::uint64_t seconds) { return static_cast<std::uint32_t>(seconds * 1000000000 >> PL_TICK_SHIFT); }

struct Reason {
  const char* name;
  std::string kind;
};

const std::vector<Reason>& all_reasons() {
#define PLENUM_REASON(NAME, name, kind, text) {#name, #kind},
  static const std::vector<Reason> kAll = {PL_REASONS(PLENUM_REASON)};
#undef PLENUM_REASON
  return kAll;
}

// Answers by the last bits of the destination, so that frames choose them.
long route(bpf_fib_lookup& fib) {
  const std::uint32_t last = __builtin_bswap32(fib.family == 2 ? fib.ipv4_dst : fib.ipv6_dst[3]);
  switch (last & 7) {
    case 6:
      return BPF_FIB_LKUP_RET_NO_NEIGH;
    case 7:
      return BPF_FIB_LKUP_RET_UNREACHABLE;
    case 5:
      fib.ifindex = DirectorWorld::kVlanDevice;
      break;
    case 4:
      fib.ifindex = 9;  // no port of ours
      break;
    default:
      fib.ifindex = (last & 1) != 0 ? DirectorWorld::kIngress : DirectorWorld::kEgress;
  }
  for (int i = 0; i < 6; ++i) fib.dmac[i] = static_cast<__u8>(0x10 + i);
  for (int i = 0; i < 6; ++i) fib.smac[i] = static_cast<__u8>(0x20 + i);
  fib.mtu_result = static_cast<__u16>((last & 3) == 3 ? 1280 : 1500);
  return BPF_FIB_LKUP_RET_SUCCESS;
}

director_bpf* opened() {
  director_bpf* skeleton = director_bpf__open();
  if (skeleton == nullptr) wrong("the object cannot be opened");
  return skeleton;
}

}  // namespace

void DirectorWorld::Unload::operator()(director_bpf* skeleton) const { director_bpf__destroy(skeleton); }

DirectorWorld::DirectorWorld()
    : skeleton_(opened()),
      machine_(skeleton_->obj, kSizes),
      settings_(machine_.array<pl_settings>("pl_settings")),
      ports_(machine_.array<pl_port>("pl_ports")),
      services_(machine_.array<pl_service>("pl_services")),
      members_(machine_.array<pl_row>("pl_members")),
      slots_(machine_.array<pl_hash_slots>("pl_slots")),
      servers_(machine_.array<pl_server>("pl_servers")),
      loads_(machine_.array<pl_load>("pl_loads")),
      hops_(machine_.array<pl_next_hop>("pl_next_hops")),
      nat_filter_(machine_.array<__u64>("pl_nat_filter")),
      conns_(machine_.array<pl_bucket>("pl_conns")),
      reasons_(machine_.array<__u64>("pl_reasons")) {
  machine_.set_fib(route);
  reset();
}

DirectorWorld::~DirectorWorld() = default;

void DirectorWorld::reset() {
  machine_.clear_maps();
  machine_.set_now(kStart);
  servers_of_.clear();
  held_.clear();
  lists_ = std::make_unique<lb::MemberLists>(schedulers(), Duration::zero());
  last_service_ = last_server_ = 0;
  pl_settings& s = settings_[0];
  s.seed[0] = 0x0123456789abcdef;
  s.seed[1] = 0xfedcba9876543210;
  s.bucket_mask = kBuckets - 1;
  s.abi_version = PL_ABI_VERSION;
  s.members = static_cast<std::uint32_t>(members_.size());
  s.servers = static_cast<std::uint32_t>(servers_.size());
  for (std::uint32_t i = 0; i < 16; ++i) {
    s.tcp_timeout[i] = ticks(i == PL_TCP_ESTABLISHED ? 900 : 10 + 10 * i);
    s.sctp_timeout[i] = ticks(i == PL_SCTP_ESTABLISHED ? 900 : 4 + 5 * i);
  }
  s.udp_timeout = ticks(300);
  s.icmp_per_tick = 20;
  s.lblc_expiration = s.lblcr_expiration = ticks(60);
  machine_.array<pl_frame_keeper>("pl_frame_keeper")[0].until = static_cast<__u32>(kStart >> PL_TICK_SHIFT) + 100000;
  add_ports();
  add_next_hops();
  add_services();
}

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
  ports_[kVlanDevice].parent = kEgress;
  ports_[kVlanDevice].vlan = 7;
}

void DirectorWorld::add_next_hops() {
  for (std::uint32_t family : {0u, 1u})
    for (std::uint32_t kind = kPlain; kind < kHops; ++kind) {
      pl_next_hop& hop = hops_[family * kHops + kind];
      for (std::uint8_t i = 0; i < 6; ++i) {
        hop.dst_mac[i] = static_cast<__u8>(0x30 + i);
        hop.src_mac[i] = static_cast<__u8>(0x40 + i);
      }
      hop.vlan = kind == kVlan ? 5 : 0;
      hop.mtu = kind == kNarrow ? 576 : kind == kOther ? 9000 : 1500;
      hop.ifindex = kind == kOther ? kEgress : kIngress;
      hop.source = family == 0 ? v4(0x0a000001) : v6(1, 1);
    }
}

lb::SchedulerMaps DirectorWorld::schedulers() const { return {services_, members_, slots_, servers_, loads_}; }

void DirectorWorld::publish(std::uint32_t service) {
  std::vector<lb::Member> members;
  for (const auto server : servers_of_[service]) {
    if ((servers_[server].flags & PL_SERVER_AVAILABLE) == 0) continue;
    lists_->set_load(server, {servers_[server].weight, 0, 0});
    members.push_back({server, servers_[server].weight});
  }
  const auto scheduler = services_[service].scheduler;
  if (!lists_->set(service, scheduler, 0, std::move(members), TimePoint{})) wrong("no room for a list");
}

std::uint32_t DirectorWorld::add_service(const pl_addr& address, std::uint8_t family, std::uint16_t port,
                                         std::uint8_t protocol, std::uint32_t scheduler) {
  const std::uint32_t index = ++last_service_;
  pl_service& s = services_[index];
  s.in_use = 1;
  s.scheduler = scheduler;
  s.key = {address, __builtin_bswap16(port), protocol, family};
  if (port == 0) settings_[0].lookups |= PL_LOOKUP_ANY_PORT;
  if (machine_.map("pl_vips").update(&s.key, &index, BPF_NOEXIST) != 0) wrong("no room for a service");
  lb::VipFront(machine_.array<__u64>("pl_vip_front")).show(s.key, index);
  const auto bit = pl_nat_bit(&address);
  machine_.array<__u64>("pl_vip_filter")[bit / 64] |= 1ull << (bit & 63);
  publish(index);
  return index;
}

void DirectorWorld::add_server(std::uint32_t service, const pl_addr& address, std::uint8_t family, std::uint8_t forward,
                               std::uint8_t tunnel, std::uint32_t next_hop) {
  const std::uint32_t index = ++last_server_;
  pl_server& s = servers_[index];
  s.addr = address;
  s.port = forward == PL_FWD_MASQ && (index & 1) != 0 ? __builtin_bswap16(8080) : 0;
  s.family = family;
  s.forward = forward;
  s.tunnel = tunnel;
  s.tunnel_flags = tunnel != PL_TUN_IPIP && (index & 1) != 0 ? PL_TUN_CSUM : 0;
  s.tunnel_port = __builtin_bswap16(6080);
  s.flags = PL_SERVER_AVAILABLE;
  s.service = service;
  s.next_hop = hop_of(family, next_hop);
  s.weight = 1 + index % 3;
  s.proto = services_[service].key.proto;
  s.generation = 1;
  const auto bit = pl_nat_bit(&address);
  nat_filter_[bit / 64] |= 1ull << (bit & 63);
  // Where a server that sends without a connection is told so.
  const pl_service_key real{address, s.port, services_[service].key.proto, family};
  if (forward == PL_FWD_MASQ) (void)machine_.map("pl_reals").update(&real, &index, BPF_ANY);
  auto& list = servers_of_[service];
  list.insert(list.begin(), index);
  publish(service);
}

void DirectorWorld::add_services() {
  constexpr std::uint32_t kSchedulers[] = {PL_SCHED_RR, PL_SCHED_WRR, PL_SCHED_LC, PL_SCHED_WLC};
  std::uint32_t scheduler = 0, host = 10;
  for (const std::uint8_t family : {std::uint8_t{4}, std::uint8_t{6}}) {
    const pl_addr vip = family == 4 ? v4(0xcb00710a) : v6(0xf0000, 0x10);
    for (const std::uint8_t protocol : {kTcp, kUdp, kSctp}) {
      const auto service = add_service(vip, family, 80, protocol, kSchedulers[scheduler++ % 4]);
      const auto server = [&](std::uint8_t other, std::uint8_t forward, std::uint8_t tunnel, std::uint32_t hop) {
        ++host;
        add_server(service, other == 4 ? v4(0x0a000000 + host) : v6(1, host), other, forward, tunnel, hop);
      };
      server(family, PL_FWD_MASQ, 0, kPlain);
      server(family, PL_FWD_ROUTE, 0, kPlain);
      server(family, PL_FWD_TUNNEL, PL_TUN_IPIP, kPlain);
      server(family == 4 ? 6 : 4, PL_FWD_TUNNEL, PL_TUN_GUE, kOther);
      server(family, PL_FWD_MASQ, 0, kNarrow);
      server(family, PL_FWD_TUNNEL, PL_TUN_GUE, kVlan);
      server(family, PL_FWD_TUNNEL, PL_TUN_GRE, kPlain);
    }
    // Every other protocol's service of this kind has nobody behind it.
    add_service(vip, family, 81, kUdp, PL_SCHED_RR);
    const auto odd = add_service(vip, family, 82, kUdp, PL_SCHED_WLC);
    add_server(odd, vip, family, PL_FWD_LOCAL, 0, kUnresolved);
    add_server(odd, family == 4 ? v4(0x0a0000f0) : v6(1, 0xf0), family, PL_FWD_MASQ, 0, kUnresolved);
    add_server(odd, family == 4 ? v4(0x0a0000f1) : v6(1, 0xf1), family, PL_FWD_ROUTE, 0, kNarrow);
    add_server(odd, family == 4 ? v4(0x0a0000f2) : v6(1, 0xf2), family, PL_FWD_TUNNEL, PL_TUN_IPIP, kNarrow);
  }
}

void DirectorWorld::pass_ticks(std::uint32_t n) {
  machine_.set_now(machine_.now() + (static_cast<std::uint64_t>(n) << PL_TICK_SHIFT));
}

void DirectorWorld::age() {
  lb::ConnTable table(conns_, schedulers());
  table.age(0, kBuckets, static_cast<std::uint32_t>(machine_.now() >> PL_TICK_SHIFT));
  check_table();
}

void DirectorWorld::change_server(std::uint32_t which, std::uint32_t how) {
  const std::uint32_t index = 1 + which % last_server_;
  pl_server& s = servers_[index];
  switch (how % 6) {
    case 0:
      s.flags ^= PL_SERVER_AVAILABLE;
      break;
    case 1:
      // Only what nobody refers to is given away.
      if (loads_[index].active == 0 && loads_[index].inactive == 0) ++s.generation;
      break;
    case 2:
      s.next_hop = hop_of(s.family, how / 6 % kHops);
      break;
    case 3:
      // A server of the other family can only be reached by a tunnel.
      if (s.family == services_[s.service].key.family) s.forward = static_cast<__u8>(how / 6 % 4);
      break;
    case 4:
      s.tunnel = static_cast<__u8>(how / 6 % 3);
      s.tunnel_flags = static_cast<__u8>(how / 18 % 3);
      break;
    case 5:
      s.weight = 1 + how / 6 % 3;
      break;
  }
  publish(s.service);
}

void DirectorWorld::tune(std::uint32_t choice) {
  pl_settings& s = settings_[0];
  s.tuning = choice & 0x1ffc;
  s.sync = choice >> 13 & 1;
  s.sync_threshold = 1;
  s.sync_period = choice >> 14 & 2;
  s.sync_step = 100;
  s.drop_rate = choice >> 16 & 3;
}

Run DirectorWorld::send(const Bytes& frame, std::uint32_t ifindex) {
  counted_.assign(reasons_.begin(), reasons_.end());
  Run run = machine_.run(&::director, frame, ifindex);
  const auto held = reasons_[PL_FRAGMENT_HELD] != counted_[PL_FRAGMENT_HELD];
  if (held && held_.size() < 64) held_.emplace_back(frame, ifindex);
  check_verdict(frame, run);
  check_table();
  return run;
}

void DirectorWorld::send_held() {
  for (const auto& [frame, ifindex] : std::exchange(held_, {})) send(frame, ifindex);
}

// Exactly one verdict, and it fits what became of the frame.
void DirectorWorld::check_verdict(const Bytes& frame, const Run& run) {
  const auto& reasons = all_reasons();
  std::vector<std::uint32_t> verdicts;
  for (std::uint32_t i = 0; i < reasons.size(); ++i) {
    const auto more = reasons_[i] - counted_[i];
    if (more != 0 && reasons[i].kind != "event") verdicts.insert(verdicts.end(), more, i);
  }
  if (verdicts.size() != 1) wrong(std::to_string(verdicts.size()) + " verdicts for one packet");
  const auto& [name, kind] = reasons[verdicts[0]];
  const bool sent = run.action == XDP_TX || run.action == XDP_REDIRECT;
  if (kind == "pass" && run.action != XDP_PASS) wrong(std::string(name) + " was not passed");
  if (kind == "hold" && (run.action != XDP_DROP || run.frame != frame))
    wrong(std::string(name) + " was not taken as it came");
  if (kind == "drop" && run.action != XDP_DROP) wrong(std::string(name) + " was not dropped");
  if (kind == "reply" && !sent) wrong(std::string(name) + " was not sent");
  if (kind == "forward" && !sent && run.action != XDP_PASS) wrong(std::string(name) + " did not go on");
  if (run.action == XDP_REDIRECT && run.redirected == 0) wrong(std::string(name) + " redirected to nowhere");
  if (kind == "pass" && run.frame != frame) wrong(std::string(name) + " changed the frame");
  if (run.action != XDP_DROP) check_frame(frame, run, static_cast<pl_reason>(verdicts[0]));
}

void DirectorWorld::check_frame(const Bytes& frame, const Run& run, pl_reason reason) const {
  const std::string name = all_reasons()[reason].name;
  if (run.frame.size() < 14 || run.frame.size() > frame.size() + 128) wrong(name + " left a frame of no proper length");
  const auto before = ip_offset(frame), after = ip_offset(run.frame);
  const bool passed = all_reasons()[reason].kind == "pass";
  if (passed) return;
  if (!after) wrong(name + " left no IP packet");
  const auto out = parse(View(run.frame).subspan(*after));
  if (!out) wrong(name + " left a packet cut short");
  const auto in = before ? parse(View(frame).subspan(*before)) : std::nullopt;
  if (in && in->fragment && reason == PL_FORWARD_DR && without_hop(*in) != without_hop(*out))
    wrong("direct routing changed the fragment");
  if (!before || sums(View(frame).subspan(*before)) != Sums::Good) return;
  if (sums(out->packet) == Sums::Bad) wrong(name + " made right checksums wrong");
  if (reason == PL_FORWARD_DR && without_hop(*in) != without_hop(*out)) wrong("direct routing changed the packet");
  if (reason == PL_FORWARD_TUNNEL || reason == PL_FORWARD_DR) {
    const auto carried = View(out->packet).last(std::min(in->packet.size(), out->packet.size()));
    const auto inner = parse(carried);
    if (!inner || without_hop(*inner) != without_hop(*in)) wrong(name + " changed the packet inside");
  }
}

// Every entry stands where its hash says, spills are counted, loads are what entries count for.
void DirectorWorld::check_table() const {
  std::vector<pl_load> loads(loads_.size());
  std::vector<std::uint32_t> spilled(kBuckets);
  const pl_settings& s = settings_[0];
  for (std::uint32_t b = 0; b < kBuckets; ++b) {
    for (std::uint32_t i = 0; i < PL_SLOTS; ++i) {
      const std::uint64_t word = conns_[b].word[i];
      if ((word & PL_WORD_BUSY) != 0) wrong("a slot is left being written");
      if (i == 0 && (word & PL_WORD_LOCK) != 0) wrong("a bucket is left locked");
      if (i > 1 && (word & PL_WORD_BUCKET) != 0) wrong("a word has bits of another");
      if ((word & PL_WORD_LIVE) == 0) continue;
      const pl_conn& c = conns_[b].conn[i];
      const pl_conn_upper& u = conns_[b].upper[i];
      pl_addr client{{0, 0, __builtin_bswap32(0xffff), c.client}};
      if (c.family == 6) client = {{u.client[0], u.client[1], u.client[2], c.client}};
      const auto h = pl_hash(&client, c.client_port, c.proto, c.family, s.seed);
      const auto primary = static_cast<std::uint32_t>(h) & s.bucket_mask;
      const auto alternate = (primary ^ PL_ALTERNATE(pl_tag(h))) & s.bucket_mask;
      if ((word & PL_WORD_TAG) >> PL_WORD_TAG_SHIFT != pl_tag(h)) wrong("a tag is not its entry's");
      const bool spill = (word & PL_WORD_ALTERNATE) != 0;
      if (b != (spill ? alternate : primary)) wrong("an entry stands in a bucket that is not its own");
      if (spill) ++spilled[primary];
      if (c.server == 0 || c.server >= loads.size()) wrong("an entry names no server");
      ++((word & PL_WORD_ACTIVE) != 0 ? loads[c.server].active : loads[c.server].inactive);
    }
  }
  for (std::uint32_t b = 0; b < kBuckets; ++b) {
    const auto counted = conns_[b].word[1] >> PL_WORD_SPILL_SHIFT;
    if (counted != PL_SPILL_MANY && counted != spilled[b]) wrong("spilled entries are not counted");
  }
  for (std::size_t i = 0; i < loads.size(); ++i)
    if (loads[i].active != loads_[i].active || loads[i].inactive != loads_[i].inactive)
      wrong("the load of server " + std::to_string(i) + " is not what its connections are");
}

}  // namespace plenum::native
