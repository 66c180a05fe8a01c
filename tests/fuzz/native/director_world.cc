#include "tests/fuzz/native/director_world.h"

#include <linux/bpf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bpf/trace_abi.h"
#include "director_trace.skel.h"
#include "lb/packet_cutter.h"
#include "sync.skel.h"

extern "C" int director(xdp_md* ctx);
extern "C" int sync_apply(xdp_md* ctx);

namespace plenum::native {

namespace {

constexpr std::uint64_t kStart = 1000ull * 1000000000;

// Small tables, so that they fill up; and room for all services.
const std::map<std::string, std::uint32_t> kSizes = {
    {"pl_conns", kWorldBuckets}, {"pl_members", 1024}, {"pl_slots", 2048},    {"pl_vips", 128},
    {"pl_services", 128},        {"pl_servers", 256},  {"pl_loads", 256},     {"pl_stats", 256},
    {"pl_reals", 256},           {"pl_call_ids", 8},   {"pl_localities", 16}, {"pl_datagrams", 16},
};

constexpr std::uint8_t kTcp = 6, kSctp = 132;

template <class Skeleton>
Skeleton* opened(Skeleton* skeleton) {
  if (skeleton == nullptr) wrong("an object cannot be opened");
  return skeleton;
}

}  // namespace

void wrong(const std::string& what) {
  std::fprintf(stderr, "director: %s\n", what.c_str());
  std::abort();
}

long world_route(bpf_fib_lookup& fib) {
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

pl_addr world_v4(std::uint32_t host_order) {
  return {{0, 0, __builtin_bswap32(0xffff), __builtin_bswap32(host_order)}};
}
pl_addr world_v6(std::uint32_t net, std::uint32_t host) {
  return {{__builtin_bswap32(0x20010db8), __builtin_bswap32(net), 0, __builtin_bswap32(host)}};
}

std::uint32_t world_ticks(std::uint64_t seconds) {
  return static_cast<std::uint32_t>(seconds * 1000000000 >> PL_TICK_SHIFT);
}

std::uint32_t world_hop(std::uint8_t family, std::uint32_t kind) {
  return kind == kUnresolved ? 0 : (family == 6 ? kWorldHops : 0u) + kind;
}

void DirectorWorld::Unload::operator()(director_trace_bpf* skeleton) const { director_trace_bpf__destroy(skeleton); }
void DirectorWorld::Unload::operator()(sync_bpf* skeleton) const { sync_bpf__destroy(skeleton); }

DirectorWorld::DirectorWorld()
    : skeleton_(opened(director_trace_bpf__open())),
      sync_skeleton_(opened(sync_bpf__open())),
      machine_({skeleton_->obj, sync_skeleton_->obj}, kSizes),
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
      reasons_(machine_.array<__u64>("pl_reasons")),
      stats_(machine_.array<pl_stats>("pl_stats")),
      notes_(machine_.array<pl_sync_ring>("pl_sync_rings")),
      calls_(&machine_.map("pl_call_ids")) {
  machine_.set_fib(world_route);
  machine_.clear_maps();
  lists_ = std::make_unique<lb::MemberLists>(schedulers(), Duration::zero());
  pl_settings& s = settings_[0];
  s.seed[0] = 0x0123456789abcdef;
  s.seed[1] = 0xfedcba9876543210;
  s.bucket_mask = kWorldBuckets - 1;
  s.abi_version = PL_ABI_VERSION;
  s.members = static_cast<std::uint32_t>(members_.size());
  s.servers = static_cast<std::uint32_t>(servers_.size());
  for (std::uint32_t i = 0; i < 16; ++i) {
    s.tcp_timeout[i] = world_ticks(i == PL_TCP_ESTABLISHED ? 900 : 10 + 10 * i);
    s.sctp_timeout[i] = world_ticks(i == PL_SCTP_ESTABLISHED ? 900 : 4 + 5 * i);
  }
  s.udp_timeout = world_ticks(300);
  s.icmp_per_tick = 20;
  s.lblc_expiration = s.lblcr_expiration = world_ticks(60);
  machine_.array<pl_frame_keeper>("pl_frame_keeper")[0].until = static_cast<__u32>(kStart >> PL_TICK_SHIFT) + 100000;
  add_ports();
  add_next_hops();
  for (const std::uint8_t family : {std::uint8_t{4}, std::uint8_t{6}}) add_plain_services(family);
  for (const std::uint8_t family : {std::uint8_t{4}, std::uint8_t{6}}) add_scheduled_services(family);
  for (const std::uint8_t family : {std::uint8_t{4}, std::uint8_t{6}}) add_persistent_services(family);
  add_marks();
  machine_.keep_maps();
  first_lists_ = std::make_unique<lb::MemberLists>(*lists_);
  first_limits_ = limits_;
}

DirectorWorld::~DirectorWorld() = default;

void DirectorWorld::reset() {
  machine_.restore_maps();
  machine_.set_now(kStart);
  machine_.set_room(true);
  *lists_ = *first_lists_;
  limits_ = first_limits_;
  held_.clear();
  traced_ = false;
}

lb::SchedulerMaps DirectorWorld::schedulers() const { return {services_, members_, slots_, servers_, loads_}; }

void DirectorWorld::publish(std::uint32_t service) {
  std::vector<lb::Member> members;
  for (const auto server : servers_of_[service])
    if ((servers_[server].flags & PL_SERVER_AVAILABLE) != 0) members.push_back({server, servers_[server].weight});
  const pl_service& s = services_[service];
  if (!lists_->set(service, s.scheduler, s.scheduler_flags, std::move(members), TimePoint{}))
    wrong("no room for a list");
}

void DirectorWorld::pass_ticks(std::uint32_t n) {
  machine_.set_now(machine_.now() + (static_cast<std::uint64_t>(n) << PL_TICK_SHIFT));
}

void DirectorWorld::age() {
  lb::ConnTable table(conns_, schedulers(), [this](std::uint32_t place) { (void)calls_->remove(&place); });
  look();
  table.age(0, kWorldBuckets, static_cast<std::uint32_t>(machine_.now() >> PL_TICK_SHIFT));
  check_thresholds();
  check_table();
  check_lists();
}

void DirectorWorld::change_server(std::uint32_t which, std::uint32_t how) {
  const std::uint32_t index = 1 + which % last_server_, value = how / 10;
  pl_server& s = servers_[index];
  auto& limits = limits_[index];
  switch (how % 10) {
    case 0:
      s.flags ^= PL_SERVER_AVAILABLE;
      break;
    case 1:
      // Only what nobody refers to is given away.
      if (loads_[index].active == 0 && loads_[index].inactive == 0 && loads_[index].persistent == 0) ++s.generation;
      break;
    case 2:
      s.next_hop = world_hop(s.family, value % kWorldHops);
      break;
    case 3:
      // A server of the other family can only be reached by a tunnel.
      if (s.family == services_[s.service].key.family) s.forward = static_cast<__u8>(value % 4);
      break;
    case 4:
      s.tunnel = static_cast<__u8>(value % 3);
      s.tunnel_flags = static_cast<__u8>(value / 3 % 3);
      break;
    case 5:
      limits.weight = 1 + value % 3;
      break;
    case 6:
      limits.weight = 0;
      break;
    case 7:
      limits.upper = value % 8;
      limits.lower = value / 8;
      break;
    case 8:
      s.flags ^= PL_SERVER_LOCAL;
      break;
    case 9:
      s.flags ^= PL_SERVER_IGNORE_DF;
      break;
  }
  s.weight = limits.weight;
  lists_->edited(s.service);
  lists_->set_load(index, limits);
  publish(s.service);
  check_lists();
}

void DirectorWorld::tune(std::uint32_t choice) {
  pl_settings& s = settings_[0];
  s.tuning = choice & 0x1ffc;
  s.sync = (choice & kSync) != 0;
  s.sync_threshold = 1;
  s.sync_period = (choice & kSyncPeriod) != 0 ? 2 : 0;
  s.sync_step = (choice & kSyncTime) != 0 ? 100 : 0;
  s.drop_rate = choice >> kDropShift & 3;
  s.lookups = (s.lookups & ~__u32{PL_LOOKUP_MARK}) | ((choice & kMarks) != 0 ? PL_LOOKUP_MARK : 0);
  ++s.route_epoch;
  const auto now = static_cast<__u32>(machine_.now() >> PL_TICK_SHIFT);
  machine_.array<pl_frame_keeper>("pl_frame_keeper")[0].until = now + ((choice & kNoKeeper) != 0 ? 0 : 100000);
  machine_.set_room((choice & kFullRings) == 0);
  ports_[kEgress].flags = (choice & kNoXmit) != 0 ? 0 : PL_PORT_XMIT;
  traced_ = (choice & kTraced) != 0;
  for (pl_trace_slot& slot : machine_.array<pl_trace_slot>("trace_slots").first(2)) slot.active = traced_;
  for (std::uint32_t i = 1; i <= last_server_; ++i) {
    auto& flags = servers_[i].flags;
    flags = (choice & kIgnoreDf) != 0 ? flags | PL_SERVER_IGNORE_DF : flags & ~__u32{PL_SERVER_IGNORE_DF};
  }
}

// As a daemon that is a backup makes it of what it was sent.
pl_sync_record DirectorWorld::told_record(View told, pl_call_id& call) const {
  pl_sync_record out{};
  call = {};
  const std::uint32_t service = 1 + told[0] % last_service_;
  const pl_service& s = services_[service];
  const auto servers = servers_of_.find(service);
  if (servers != servers_of_.end() && !servers->second.empty() && told[1] != 0xff)
    out.server = servers->second[told[1] % servers->second.size()];
  const bool is_template = (told[4] & 0x40) != 0;
  out.family = s.key.family;
  out.client = s.key.family == 4 ? world_v4(0xc6336400u | told[2]) : world_v6(0xc, told[2]);
  out.vip = s.key.addr;
  out.vport = s.key.port;
  out.proto = s.key.proto;
  out.timeout = told[5] * 60u;
  out.packets = 1;
  if (is_template) {
    out.flags = PL_SYNC_TEMPLATE;
    out.state = told[4] & PL_TEMPLATE_ASSURED;
    out.client.w[3] &= s.key.family == 4 ? s.persist_mask : ~0u;
    if (out.vport == __builtin_bswap16(21)) out.vport = 0;
    if ((s.flags & PL_SERVICE_SIP) == 0) return out;
    out.flags |= PL_SYNC_CALL_ID;
    call.length = 5;
    std::memcpy(call.text, "call", 4);
    call.text[4] = static_cast<char>('0' + (told[7] & 7));
    return out;
  }
  if (out.proto == 0) {  // a mark's
    out.proto = kTcp;
    out.vip = s.key.family == 4 ? world_v4(0xcb00710c) : world_v6(0xf0000, 0x12);
  }
  if (out.vport == 0) out.vport = __builtin_bswap16(static_cast<std::uint16_t>(2000 + told[6]));
  out.client_port = __builtin_bswap16(static_cast<std::uint16_t>(1000 + told[3]));
  out.flags = (told[4] & 0x80) != 0 ? PL_SYNC_ACTIVE : 0;
  const unsigned states = out.proto == kTcp ? PL_TCP_STATES : out.proto == kSctp ? PL_SCTP_STATES : 1;
  out.state = static_cast<__u8>((told[4] & 15u) % states);
  return out;
}

void DirectorWorld::enter(View told) {
  const auto inbox = machine_.array<pl_sync_record>("sync_inbox");
  const auto calls = machine_.array<pl_call_id>("sync_calls");
  std::size_t count = 0;
  for (; told.size() >= 8 && count < 16; told = told.subspan(8), ++count) {
    inbox[count] = told_record(told, calls[count]);
    inbox[count].result = PL_SYNC_RESULTS;  // none of them: the program must set it
  }
  inbox[count].proto = PL_SYNC_END;
  look();
  machine_.run(&::sync_apply, Bytes(64), 0);
  for (const auto& record : inbox.first(count)) {
    if (record.result >= PL_SYNC_RESULTS) wrong("nobody says what became of a record");
    if ((record.server == 0) != (record.result == PL_SYNC_REFUSED)) wrong("a record was refused wrongly, or taken so");
  }
  check_thresholds();
  check_notes();
  check_table();
  check_lists();
}

Run DirectorWorld::send(const Bytes& frame, std::uint32_t ifindex) {
  look();
  Run run = machine_.run(&::director, frame, ifindex);
  // What netfilter had is judged by what it was before.
  const bool marked = ifindex == kMarkedPort;
  const Bytes came = marked && is_brought(frame) ? as_it_came(frame, kMarkedPortMac) : frame;
  const auto verdict = check_verdict(came, run, ifindex);
  if (run.action != XDP_DROP) check_frame(came, run, static_cast<pl_reason>(verdict));
  if (marked)
    check_marked(frame, came, run, static_cast<pl_reason>(verdict));
  else if (reasons_[PL_EVENT_MARKED] != before_.reasons[PL_EVENT_MARKED])
    wrong("somebody else pretends to have been to netfilter");
  check_trace(frame, run, verdict);
  check_thresholds();
  check_notes();
  check_table();
  check_lists();
  take_records(came, run);
  return run;
}

// What was handed over is the frame that came in, and says how long it is.
void DirectorWorld::take_records(const Bytes& frame, const Run& run) {
  for (const auto& [ring, bytes] : run.records) {
    if (ring != "pl_frames") continue;
    pl_frame head{};
    if (bytes.size() < sizeof(head)) wrong("a record of no proper length");
    std::memcpy(&head, bytes.data(), sizeof(head));
    if (head.kind == PL_FRAME_FIRST) continue;
    const View handed = View(bytes).subspan(sizeof(head));
    if (head.length > handed.size() || head.length > frame.size() || head.l3 > head.length ||
        !std::equal(handed.begin(), handed.begin() + head.length, frame.begin()))
      wrong("another frame was handed over");
    if (held_.size() >= 64) continue;
    if (head.kind == PL_FRAME_HELD)
      held_.emplace_back(Bytes(handed.begin(), handed.begin() + head.length), head.ifindex);
    if (head.kind != PL_FRAME_CUT) continue;
    for (auto& piece : lb::cut_ipv4(handed.first(head.length), head.l3, head.mtu))
      held_.emplace_back(std::move(piece), head.ifindex);
  }
}

void DirectorWorld::send_held() {
  for (const auto& [frame, ifindex] : std::exchange(held_, {})) send(frame, ifindex);
}

}  // namespace plenum::native
