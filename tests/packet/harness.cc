#include "tests/packet/harness.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bpf/hash.h"
#include "director.skel.h"
#include "lb/vip_front.h"
#include "tests/packet/network.h"

namespace plenum::packet {

namespace {

// Largest frame that comes back.
constexpr std::size_t kRoom = 4096;

enum class Kind { Pass, Forward, Reply, Drop, Hold, Event };

struct ReasonRow {
  const char* name;
  Kind kind;
};

const ReasonRow& row(unsigned reason) {
  static constexpr Kind pass = Kind::Pass, forward = Kind::Forward, reply = Kind::Reply, drop = Kind::Drop,
                        hold = Kind::Hold, event = Kind::Event;
#define PLENUM_ROW(NAME, name, kind, text) {#name, kind},
  static constexpr ReasonRow kRows[] = {PL_REASONS(PLENUM_ROW)};
#undef PLENUM_ROW
  return kRows[reason];
}

void check_action(const Outcome& run, const Bytes& sent) {
  const Kind kind = row(run.reason).kind;
  const bool marked = run.events.contains(PL_EVENT_MARKED);  // which are made again what they were
  // Rewritten and left to the stack is the one way of forwarding that does not send.
  const bool sends =
      run.action == XDP_TX || run.action == XDP_REDIRECT || (run.reason == PL_FORWARD_STACK && run.action == XDP_PASS);
  if (kind == Kind::Pass) {
    EXPECT_EQ(run.action, XDP_PASS) << name_of(run.reason);
  }
  if (kind == Kind::Drop || kind == Kind::Hold) {
    EXPECT_EQ(run.action, XDP_DROP) << name_of(run.reason);
  }
  if (kind == Kind::Forward || kind == Kind::Reply) {
    EXPECT_TRUE(sends || (marked && kind == Kind::Reply && run.action == XDP_PASS))
        << name_of(run.reason) << " is action " << run.action;
  }
  if (kind == Kind::Pass && !marked) {
    EXPECT_EQ(difference(sent, run.frame), "") << "changed on its way to the stack";
  }
}

}  // namespace

const char* name_of(pl_reason reason) { return reason < PL_REASON_COUNT ? row(reason).name : "no reason"; }

std::uint32_t ticks(double seconds) {
  return static_cast<std::uint32_t>(std::ceil(seconds * 1e9 / (1 << PL_TICK_SHIFT)));
}

std::uint32_t now_tick() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint32_t>(
      (static_cast<std::uint64_t>(now.tv_sec) * 1000000000 + static_cast<std::uint64_t>(now.tv_nsec)) >> PL_TICK_SHIFT);
}

pl_addr to_abi(const net::Address& address) {
  pl_addr out;
  std::memcpy(&out, address.mapped().data(), sizeof(out));
  return out;
}

void Director::Unload::operator()(director_bpf* skeleton) const { director_bpf__destroy(skeleton); }

director_bpf* Director::load(const Sizes& sizes) {
  std::unique_ptr<director_bpf, Unload> s(director_bpf__open());
  if (!s) throw std::runtime_error("open the director's skeleton");
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, s->obj) bpf_map__set_pin_path(map, nullptr);
  bpf_map__set_max_entries(s->maps.pl_conns, sizes.buckets);
  bpf_map__set_max_entries(s->maps.pl_vips, sizes.services);
  bpf_map__set_max_entries(s->maps.pl_services, sizes.services);
  bpf_map__set_max_entries(s->maps.pl_members, sizes.members);
  bpf_map__set_max_entries(s->maps.pl_slots, sizes.slots);
  bpf_map__set_max_entries(s->maps.pl_servers, sizes.servers);
  bpf_map__set_max_entries(s->maps.pl_loads, sizes.servers);
  bpf_map__set_max_entries(s->maps.pl_stats, sizes.servers);
  bpf_map__set_max_entries(s->maps.pl_next_hops, sizes.next_hops);
  bpf_map__set_max_entries(s->maps.pl_sync_rings, static_cast<std::uint32_t>(libbpf_num_possible_cpus()));
  if (const int error = director_bpf__load(s.get()))
    throw std::runtime_error("load the director: " + std::string(std::strerror(-error)));
  return s.release();
}

Director::Director(const Sizes& sizes)
    : skeleton_(load(sizes)),
      settings_(skeleton_->maps.data_pl_settings),
      ports_(skeleton_->maps.data_pl_ports),
      marks_(skeleton_->maps.pl_marks),
      services_(skeleton_->maps.pl_services),
      members_(skeleton_->maps.pl_members),
      slots_(skeleton_->maps.pl_slots),
      servers_(skeleton_->maps.pl_servers),
      loads_(skeleton_->maps.pl_loads),
      hops_(skeleton_->maps.pl_next_hops),
      nat_filter_(skeleton_->maps.data_pl_nat_filter),
      vip_filter_(skeleton_->maps.data_pl_vip_filter),
      vip_front_(skeleton_->maps.data_pl_vip_front),
      keeper_(skeleton_->maps.pl_frame_keeper),
      conns_(skeleton_->maps.pl_conns),
      rings_(skeleton_->maps.pl_sync_rings),
      taken_(rings_.size()) {
  reset();
}

Director::~Director() = default;

void Director::reset() {
  for (const pl_service_key& key : keys_) bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.pl_vips), &key);
  keys_.clear();
  for (const pl_service_key& key : reals_) bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.pl_reals), &key);
  reals_.clear();
  pl_locality_key destination;
  while (bpf_map_get_next_key(bpf_map__fd(skeleton_->maps.pl_localities), nullptr, &destination) == 0)
    bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.pl_localities), &destination);
  servers_of_.clear();
  specs_.clear();
  limits_.clear();
  protocols_.clear();
  next_service_ = next_server_ = next_hop_ = 1;
  ports_.clear();
  marks_.clear();
  services_.clear();
  members_.clear();
  slots_.clear();
  servers_.clear();
  loads_.clear();
  hops_.clear();
  nat_filter_.clear();
  vip_filter_.clear();
  vip_front_.clear();
  keeper_.clear();
  handed_over();
  for (const auto& key : datagrams()) bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.pl_datagrams), &key);
  conns_.clear();
  clear_per_cpu<std::uint64_t>(skeleton_->maps.pl_reasons);
  clear_per_cpu<std::uint64_t>(skeleton_->maps.pl_icmp_budget);
  clear_per_cpu<pl_stats>(skeleton_->maps.pl_stats);
  for (const auto& [place, text] : call_ids()) bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.pl_call_ids), &place);

  take_notes();

  pl_settings& s = settings_[0];
  const auto epoch = s.route_epoch;
  s = {};
  s.route_epoch = epoch + 1;
  s.seed[0] = 0x0123456789abcdef;
  s.seed[1] = 0xfedcba9876543210;
  s.bucket_mask = static_cast<std::uint32_t>(conns_.size() - 1);
  s.abi_version = PL_ABI_VERSION;
  s.tuning = PL_TUNE_REUSE;
  s.members = static_cast<std::uint32_t>(members_.size());
  s.servers = static_cast<std::uint32_t>(servers_.size());
  // Seconds, as IPVS begins with them.
  constexpr double tcp[PL_TCP_STATES] = {2, 900, 120, 60, 120, 120, 10, 60, 30, 120, 120};
  for (unsigned i = 0; i < PL_TCP_STATES; ++i) s.tcp_timeout[i] = ticks(tcp[i]);
  for (unsigned i = 0; i < PL_SCTP_STATES; ++i) s.sctp_timeout[i] = ticks(61);
  s.sctp_timeout[PL_SCTP_NONE] = ticks(2);
  s.sctp_timeout[PL_SCTP_INIT1] = s.sctp_timeout[PL_SCTP_REJECTED] = ticks(4);
  s.sctp_timeout[PL_SCTP_ESTABLISHED] = ticks(900);
  s.udp_timeout = ticks(300);
  s.icmp_per_tick = 1000000;
  s.lblc_expiration = s.lblcr_expiration = ticks(24 * 60 * 60);
  lists_ = std::make_unique<lb::MemberLists>(schedulers(), Duration::zero());

  pl_port& in = ports_[kIngress];
  in.ifindex = kIngress;
  in.macs = 1;
  in.flags = PL_PORT_XMIT;
  std::memcpy(&in.mac[0], kDirectorMac.bytes.data(), 6);

  const std::uint32_t out = egress();
  ports_[out % PL_PORTS].ifindex = out;
  ports_[out % PL_PORTS].flags = PL_PORT_XMIT;
}

std::uint32_t Director::add(const Service& service) {
  const std::uint32_t index = next_service_++;
  pl_service& s = services_[index];
  s = {};
  s.in_use = 1;
  servers_of_[index];
  specs_[index] = service;
  protocols_[index] = service.protocol;
  const auto family = static_cast<__u8>(service.address.family());
  pl_service_key key{to_abi(service.address), __builtin_bswap16(service.port), service.protocol, family};
  if (service.mark != 0) {
    key.port = 0;
    key.proto = 0;
    pl_mark_addr(&key.addr, service.mark, family);
    settings_[0].lookups |= PL_LOOKUP_MARK;
  } else if (service.port == 21) {
    settings_[0].lookups |= PL_LOOKUP_FTP;
  } else if (service.port == 0) {
    settings_[0].lookups |= PL_LOOKUP_ANY_PORT;
  }
  const unsigned prefix = service.prefix.value_or(family == 6 ? 128 : 32);
  s.persist_ticks = ticks(service.persist);
  s.persist_mask = family == 6 ? prefix : __builtin_bswap32(static_cast<__u32>(~0ULL << (32 - prefix)));
  s.flags = service.flags;
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.pl_vips), &key, &index, BPF_NOEXIST) != 0)
    throw std::runtime_error("add service");
  lb::VipFront(vip_front_.span()).show(key, index);
  s.key = key;
  publish(index);
  keys_.push_back(key);
  const std::uint32_t bit = pl_nat_bit(&key.addr);
  vip_filter_[bit / 64] |= 1ULL << bit % 64;
  return index;
}

std::uint32_t Director::add(std::uint32_t service, const Server& server) {
  const std::uint32_t index = next_server_++;
  pl_server& s = servers_[index];
  s = {};
  s.addr = to_abi(server.address);
  s.port = __builtin_bswap16(server.port);
  s.family = static_cast<__u8>(server.address.family());
  s.forward = static_cast<__u8>(server.forward);
  s.tunnel = static_cast<__u8>(server.tunnel);
  s.tunnel_port = __builtin_bswap16(server.tunnel_port);
  s.tunnel_flags = static_cast<__u8>(server.tunnel_flags);
  s.flags = server.flags;
  s.service = service;
  s.next_hop = server.next_hop;
  s.weight = server.weight;
  s.proto = protocols_.at(service);
  s.generation = 1;
  if (server.forward == PL_FWD_MASQ) set_nat_filter(index, true);
  limits_[index] = {server.weight, server.upper, server.lower};
  lists_->set_load(index, limits_[index]);
  std::vector<std::uint32_t>& list = servers_of_.at(service);
  list.insert(list.begin(), index);
  publish(service);
  return index;
}

std::uint32_t Director::add(const NextHop& hop) {
  const std::uint32_t index = next_hop_++;
  pl_next_hop& h = hops_[index];
  h = {};
  std::ranges::copy(hop.to.bytes, h.dst_mac);
  std::ranges::copy(hop.from.bytes, h.src_mac);
  h.vlan = hop.vlan;
  h.mtu = hop.mtu;
  h.ifindex = hop.ifindex;
  h.source = to_abi(hop.source);
  return index;
}

void Director::set_marks(const std::vector<MarkRule>& rules) {
  const auto fill = [](const std::optional<net::Prefix>& prefix, pl_addr& address, pl_addr& mask) {
    if (!prefix) return;
    address = to_abi(prefix->address);
    const unsigned length = prefix->length + (prefix->address.is_v4() ? 96 : 0);
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned bits = std::clamp(static_cast<int>(length) - static_cast<int>(i * 32), 0, 32);
      mask.w[i] = __builtin_bswap32(static_cast<__u32>(~0ULL << (32 - bits)));
    }
  };
  for (std::size_t i = 0; i < rules.size(); ++i) {
    pl_mark_rule& rule = marks_[PL_MARK_RULES + i];
    rule = {};
    rule.mark = rules[i].mark;
    fill(rules[i].source, rule.source, rule.source_mask);
    fill(rules[i].destination, rule.destination, rule.destination_mask);
    rule.proto = rules[i].protocol;
    rule.first_port = rules[i].first_port;
    rule.last_port = rules[i].last_port;
    rule.ifindex = rules[i].ifindex;
  }
  settings_[0].mark_rules = std::uint64_t{PL_MARK_RULES} << 32 | rules.size();
}

void Director::set_nat_filter(std::uint32_t server, bool on) {
  const std::uint32_t bit = pl_nat_bit(&servers_[server].addr);
  const __u64 mask = 1ULL << bit % 64;
  auto& word = nat_filter_[bit / 64];
  word = on ? word | mask : word & ~mask;
}

void Director::add_real(std::uint32_t server) {
  const pl_server& s = servers_[server];
  pl_service_key key{};
  key.addr = s.addr;
  key.port = s.port;
  key.proto = static_cast<__u8>(s.proto);
  key.family = s.family;
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.pl_reals), &key, &server, BPF_NOEXIST) != 0)
    throw std::runtime_error("add real server");
  reals_.push_back(key);
}

void Director::set_weight(std::uint32_t server, std::uint32_t weight) {
  servers_[server].weight = weight;
  limits_[server].weight = weight;
  lists_->edited(servers_[server].service);
  lists_->set_load(server, limits_[server]);
  publish(servers_[server].service);
}

void Director::set_limits(std::uint32_t server, std::uint32_t upper, std::uint32_t lower) {
  limits_[server].upper = upper;
  limits_[server].lower = lower;
  lists_->edited(servers_[server].service);
  lists_->set_load(server, limits_[server]);
}

void Director::remove(std::uint32_t server) {
  const std::uint32_t service = servers_[server].service;
  servers_[server].flags = 0;
  std::erase(servers_of_.at(service), server);
  publish(service);
}

void Director::set_load(std::uint32_t server, Connections connections) {
  loads_[server].active = connections.active;
  loads_[server].inactive = connections.inactive;
  const pl_maps view = schedulers().view();
  pl_load_changed(&view, server, 1);
}

lb::SchedulerMaps Director::schedulers() {
  return {services_.span(), members_.span(), slots_.span(), servers_.span(), loads_.span()};
}

// What user space owes the schedulers when a list changes; the director's own code does it.
void Director::publish(std::uint32_t service) {
  std::vector<lb::Member> members;
  for (const std::uint32_t server : servers_of_.at(service)) members.push_back({server, limits_[server].weight});
  const Service& spec = specs_.at(service);
  if (auto set = lists_->set(service, spec.scheduler, spec.scheduler_flags, members, TimePoint{}); !set)
    throw std::runtime_error("set the list of servers");
}

std::vector<std::uint64_t> Director::counts() const {
  std::vector<std::uint64_t> all(PL_REASON_COUNT);
  for (unsigned i = 0; i < PL_REASON_COUNT; ++i) all[i] = count(static_cast<pl_reason>(i));
  return all;
}

std::uint64_t Director::count(pl_reason reason) const {
  const auto each = read_per_cpu<std::uint64_t>(skeleton_->maps.pl_reasons, reason);
  return std::accumulate(each.begin(), each.end(), std::uint64_t{0});
}

std::vector<pl_stats> Director::stats_per_cpu(std::uint32_t server) const {
  return read_per_cpu<pl_stats>(skeleton_->maps.pl_stats, server);
}

pl_stats Director::stats(std::uint32_t server) const {
  pl_stats sum{};
  for (const pl_stats& s : stats_per_cpu(server)) {
    sum.connections += s.connections;
    sum.in_packets += s.in_packets;
    sum.out_packets += s.out_packets;
    sum.in_bytes += s.in_bytes;
    sum.out_bytes += s.out_bytes;
  }
  return sum;
}

void Director::set_keeper(bool listens) { keeper_[0].until = listens ? now_tick() + 1000000 : now_tick(); }

std::vector<Handed> Director::handed_over() {
  std::vector<Handed> out;
  const auto take = [](void* to, void* data, std::size_t size) {
    Handed one;
    std::memcpy(&one.head, data, sizeof(one.head));
    const auto* bytes = static_cast<const std::uint8_t*>(data) + sizeof(one.head);
    if (one.head.length > size - sizeof(one.head)) return -1;
    one.frame.assign(bytes, bytes + one.head.length);
    static_cast<std::vector<Handed>*>(to)->push_back(std::move(one));
    return 0;
  };
  ring_buffer* ring = ring_buffer__new(bpf_map__fd(skeleton_->maps.pl_frames), take, &out, nullptr);
  if (!ring) throw std::runtime_error("read the ring of frames");
  const int error = ring_buffer__consume(ring);
  ring_buffer__free(ring);
  EXPECT_GE(error, 0);
  return out;
}

std::vector<pl_fragment_key> Director::datagrams() const {
  std::vector<pl_fragment_key> out;
  pl_fragment_key key{};
  const int fd = bpf_map__fd(skeleton_->maps.pl_datagrams);
  for (int rc = bpf_map_get_next_key(fd, nullptr, &key); rc == 0; rc = bpf_map_get_next_key(fd, &out.back(), &key))
    out.push_back(key);
  return out;
}

pl_datagram Director::datagram(const pl_fragment_key& key) const {
  pl_datagram out{};
  EXPECT_EQ(bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.pl_datagrams), &key, &out), 0);
  return out;
}

void Director::set_datagram(const pl_fragment_key& key, const pl_datagram& datagram) {
  EXPECT_EQ(bpf_map_update_elem(bpf_map__fd(skeleton_->maps.pl_datagrams), &key, &datagram, BPF_EXIST), 0);
}

std::uint32_t Director::run_only(const Bytes& frame, int times) {
  std::uint8_t out[kRoom];
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data(), .data_out = out,
              .data_size_in = static_cast<__u32>(frame.size()), .data_size_out = kRoom, .repeat = times);
  if (const int error = bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.director), &opts))
    throw std::runtime_error("test_run: " + std::string(std::strerror(-error)));
  return opts.retval;
}

Outcome Director::run(const Bytes& frame) {
  const std::vector<std::uint64_t> before = counts();
  Outcome run;
  run.frame.resize(kRoom);
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.data(), .data_out = run.frame.data(),
              .data_size_in = static_cast<__u32>(frame.size()), .data_size_out = kRoom, .repeat = 1);
  if (const int error = bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.director), &opts)) {
    ADD_FAILURE() << "test_run of " << frame.size() << " bytes: " << std::strerror(-error);
    return run;
  }
  run.frame.resize(opts.data_size_out);
  run.action = opts.retval;
  const std::vector<std::uint64_t> after = counts();
  std::uint64_t verdicts = 0;
  for (unsigned i = 0; i < PL_REASON_COUNT; ++i) {
    const std::uint64_t more = after[i] - before[i];
    if (more == 0) continue;
    const auto reason = static_cast<pl_reason>(i);
    if (row(i).kind == Kind::Event) {
      run.events[reason] = more;
    } else {
      verdicts += more;
      run.reason = reason;
    }
  }
  EXPECT_EQ(verdicts, 1u) << "verdict reasons counted for one packet (action " << run.action << ")";
  if (verdicts == 1) check_action(run, frame);
  return run;
}

std::vector<Director::Note> Director::take_notes() {
  std::vector<Note> out;
  for (std::size_t cpu = 0; cpu < rings_.size(); ++cpu)
    for (; taken_[cpu] < rings_[cpu].head; ++taken_[cpu]) {
      const auto note = rings_[cpu].note[taken_[cpu] % PL_SYNC_RING];
      const auto index = note & ((1u << PL_SYNC_NOTE_SHIFT) - 1);
      out.push_back({index / PL_SLOTS, index % PL_SLOTS, static_cast<pl_sync_note>(note >> PL_SYNC_NOTE_SHIFT)});
    }
  return out;
}

const bpf_object* Director::object() const { return skeleton_->obj; }

namespace {

std::function<std::uint32_t(const pl_service_key&)> index_in(const bpf_map* map) {
  return [fd = bpf_map__fd(map)](const pl_service_key& key) {
    std::uint32_t index = 0;
    return bpf_map_lookup_elem(fd, &key, &index) == 0 ? index : 0;
  };
}

}  // namespace

lb::PlaneView Director::view() const {
  return {.settings = &settings_.span()[0],
          .services = services_.span(),
          .members = members_.span(),
          .slots = slots_.span(),
          .servers = servers_.span(),
          .loads = loads_.span(),
          .next_hops = hops_.span(),
          .nat_filter = nat_filter_.span(),
          .buckets = conns_.span(),
          .marks = marks_.span(),
          .frame_keeper = &keeper_.span()[0],
          .service = index_in(skeleton_->maps.pl_vips),
          .real = index_in(skeleton_->maps.pl_reals),
          .locality = [fd = bpf_map__fd(skeleton_->maps.pl_localities)](
                          const pl_locality_key& key) -> std::optional<pl_locality> {
            pl_locality known{};
            if (bpf_map_lookup_elem(fd, &key, &known) != 0) return std::nullopt;
            return known;
          }};
}

std::vector<Entry> Director::entries() {
  std::vector<Entry> out;
  for (std::uint32_t b = 0; b <= settings_[0].bucket_mask; ++b)
    for (std::uint32_t s = 0; s < PL_SLOTS; ++s)
      if (conns_[b].word[s] & PL_WORD_LIVE) out.push_back({b, s, conns_[b].word[s], conns_[b].conn[s]});
  return out;
}

std::optional<Entry> Director::entry(const net::Address& client, std::uint16_t port) {
  const pl_addr want = to_abi(client);
  std::optional<Entry> found;
  for (const Entry& e : entries()) {
    if (e.conn.client != want.w[3] || e.conn.client_port != __builtin_bswap16(port)) continue;
    const pl_conn_upper& upper = conns_[e.bucket].upper[e.slot];
    if (!client.is_v4() && std::memcmp(upper.client, want.w, sizeof(upper.client)) != 0) continue;
    EXPECT_FALSE(found.has_value()) << "two entries for one client";
    found = e;
  }
  return found;
}

std::map<std::uint32_t, std::string> Director::call_ids() const {
  std::map<std::uint32_t, std::string> out;
  const int fd = bpf_map__fd(skeleton_->maps.pl_call_ids);
  std::uint32_t key = 0, next = 0;
  for (const std::uint32_t* from = nullptr; bpf_map_get_next_key(fd, from, &next) == 0; from = &key) {
    key = next;
    pl_call_id id{};
    if (bpf_map_lookup_elem(fd, &key, &id) == 0) out[key] = std::string(id.text, id.length);
  }
  return out;
}

void Director::force_state(const Entry& entry, unsigned state, bool active) {
  __u64& word = conns_[entry.bucket].word[entry.slot];
  pl_load& load = loads_[entry.conn.server];
  if (word & PL_WORD_ACTIVE) {
    --load.active;
  } else {
    --load.inactive;
  }
  word = (word & ~(PL_WORD_STATE | PL_WORD_ACTIVE)) | static_cast<__u64>(state) << PL_WORD_STATE_SHIFT |
         (active ? PL_WORD_ACTIVE : 0);
  if (active) {
    ++load.active;
  } else {
    ++load.inactive;
  }
  const pl_maps view = schedulers().view();
  pl_load_changed(&view, entry.conn.server, 0);
}

void Director::set_expiry(const Entry& entry, std::uint32_t tick) {
  __u64& word = conns_[entry.bucket].word[entry.slot];
  word = (word & ~PL_WORD_EXPIRES) | tick;
}

}  // namespace plenum::packet
