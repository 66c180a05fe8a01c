#include "bench/l4_rig.h"

#include <linux/bpf.h>
#include <sched.h>

#include <barrier>
#include <numeric>
#include <random>
#include <stdexcept>
#include <thread>

#include "director.skel.h"
#include "l4_driver.skel.h"

namespace plenum::bench {

namespace {

constexpr std::uint32_t kIngress = 1;  // what test_run's packets come in by: loopback
constexpr std::uint32_t kMostServers = 16384;
constexpr std::uint8_t kSyn = 2, kAck = 16;
constexpr std::uint8_t kDirectorMac[6] = {2, 0, 0, 0, 0, 1}, kOtherMac[6] = {2, 0, 0, 0, 0, 2};

pl_addr v4(std::uint32_t host_order) { return {{0, 0, __builtin_bswap32(0xffff), __builtin_bswap32(host_order)}}; }

std::uint32_t ticks(std::uint64_t seconds) { return static_cast<std::uint32_t>(seconds * 1000000000 >> PL_TICK_SHIFT); }

template <class Skeleton>
Skeleton* opened(Skeleton* skeleton, const char* name) {
  if (skeleton == nullptr) throw std::runtime_error(std::string("open ") + name);
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton->obj) bpf_map__set_pin_path(map, nullptr);
  return skeleton;
}

}  // namespace

const char* name_of(Mode mode) { return mode == Mode::Dr ? "dr" : mode == Mode::Tun ? "tun" : "nat"; }

void Rig::Unload::operator()(director_bpf* skeleton) const { director_bpf__destroy(skeleton); }
void Rig::Unload::operator()(l4_driver_bpf* skeleton) const { l4_driver_bpf__destroy(skeleton); }

director_bpf* Rig::load_director(std::uint32_t slots) {
  std::unique_ptr<director_bpf, Unload> s(opened(director_bpf__open(), "the director"));
  bpf_map__set_max_entries(s->maps.pl_conns, slots / PL_SLOTS);
  for (bpf_map* map : {s->maps.pl_servers, s->maps.pl_loads, s->maps.pl_stats, s->maps.pl_members, s->maps.pl_slots})
    bpf_map__set_max_entries(map, kMostServers);
  if (director_bpf__load(s.get()) != 0) throw std::runtime_error("load the director (root is needed)");
  return s.release();
}

l4_driver_bpf* Rig::load_driver() {
  std::unique_ptr<l4_driver_bpf, Unload> s(opened(l4_driver_bpf__open(), "the driver"));
  if (l4_driver_bpf__load(s.get()) != 0) throw std::runtime_error("load the driver (root is needed)");
  return s.release();
}

Rig::Rig(std::uint32_t slots)
    : director_(load_director(slots)),
      driver_(load_driver()),
      settings_(director_->maps.data_pl_settings),
      ports_(director_->maps.data_pl_ports),
      services_(director_->maps.pl_services),
      members_(director_->maps.pl_members),
      slots_(director_->maps.pl_slots),
      servers_(director_->maps.pl_servers),
      loads_(director_->maps.pl_loads),
      hops_(director_->maps.pl_next_hops),
      conns_(director_->maps.pl_conns),
      order_(driver_->maps.order) {
  std::random_device random;
  pl_settings& s = settings_[0];
  s.seed[0] = static_cast<std::uint64_t>(random()) << 32 | random();
  s.seed[1] = static_cast<std::uint64_t>(random()) << 32 | random();
  s.bucket_mask = static_cast<std::uint32_t>(conns_.size() - 1);
  s.abi_version = PL_ABI_VERSION;
  s.tuning = PL_TUNE_REUSE;
  s.members = static_cast<std::uint32_t>(members_.size());
  s.servers = static_cast<std::uint32_t>(servers_.size());
  for (__u32& timeout : s.tcp_timeout) timeout = ticks(900);
  s.lblc_expiration = s.lblcr_expiration = ticks(24 * 60 * 60);

  pl_port& port = ports_[kIngress];
  port.ifindex = kIngress;
  port.macs = 1;
  port.flags = PL_PORT_XMIT;
  std::memcpy(&port.mac[0], kDirectorMac, 6);

  pl_next_hop& hop = hops_[1];
  std::memcpy(hop.dst_mac, kOtherMac, 6);
  std::memcpy(hop.src_mac, kDirectorMac, 6);
  hop.ifindex = kIngress;  // XDP_TX, as with the null program
  hop.mtu = 1500;
  hop.source = v4(0xc0000201);

  pl_service_key key{};
  key.addr = v4(0xc000020a);
  key.port = __builtin_bswap16(80);
  key.proto = 6;
  key.family = 4;
  const __u32 service = 1;
  services_[service].in_use = 1;
  services_[service].key = key;
  if (bpf_map_update_elem(bpf_map__fd(director_->maps.pl_vips), &key, &service, BPF_ANY) != 0)
    throw std::runtime_error("add the service");
  const __u32 place = pl_front_place(key.addr.w[3], key.port, key.proto);
  packet::MappedArray<__u64>(director_->maps.data_pl_vip_front)[place] = service;
}

Rig::~Rig() = default;

void Rig::begin(Mode mode, pl_scheduler scheduler, std::uint32_t servers, bool weighted) {
  constexpr std::uint32_t kService = 1, kWeights = 7;
  constexpr std::uint32_t kUnit = 100000;  // of a weight: ovf must never have had enough
  conns_.clear();
  loads_.clear();
  members_.clear();
  services_[kService].list = services_[kService].cursor = 0;
  services_[kService].roomy = 0;
  lists_ = std::make_unique<lb::MemberLists>(
      lb::SchedulerMaps{services_.span(), members_.span(), slots_.span(), servers_.span(), loads_.span()},
      Duration::zero());
  std::vector<lb::Member> members;
  for (std::uint32_t i = 0; i < servers; ++i) {
    pl_server& server = servers_[i + 1];
    server = {};
    server.addr = v4(0xc6336401 + i);
    server.port = __builtin_bswap16(8080);
    server.family = 4;
    server.forward = mode == Mode::Dr ? PL_FWD_ROUTE : mode == Mode::Tun ? PL_FWD_TUNNEL : PL_FWD_MASQ;
    server.tunnel = PL_TUN_IPIP;
    server.flags = PL_SERVER_AVAILABLE;
    server.service = kService;
    server.next_hop = 1;
    server.weight = weighted ? (i % kWeights + 1) * kUnit : 1;
    server.proto = 6;
    server.generation = 1;
    lists_->set_load(i + 1, {server.weight, 0, 0});
    members.push_back({i + 1, server.weight});
  }
  if (!lists_->set(kService, scheduler, 0, std::move(members), TimePoint{}))
    throw std::runtime_error("no room for the servers");
  forwarded_ = mode == Mode::Dr ? PL_FORWARD_DR : mode == Mode::Tun ? PL_FORWARD_TUNNEL : PL_FORWARD_NAT;

  l4_driver_order& order = order_[0];
  order = {};
  order.state = 88172645463325252;
  order.vip = __builtin_bswap32(0xc000020a);
  order.port = __builtin_bswap16(80);
  std::memcpy(order.to_mac, kDirectorMac, 6);
  std::memcpy(order.from_mac, kOtherMac, 6);
  put_under_test(bpf_program__fd(director_->progs.director));
}

void Rig::put_under_test(int program) {
  const __u32 zero = 0;
  if (bpf_map_update_elem(bpf_map__fd(driver_->maps.under_test), &zero, &program, BPF_ANY) != 0)
    throw std::runtime_error("put the program under the driver");
}

double Rig::run(const l4_driver_bpf& driver, std::uint32_t packets) {
  std::uint8_t in[64] = {}, out[512];
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_out = out, .data_size_in = sizeof(in),
              .data_size_out = sizeof(out), .repeat = static_cast<int>(packets));
  if (bpf_prog_test_run_opts(bpf_program__fd(driver.progs.l4_driver), &opts) != 0)
    throw std::runtime_error("BPF_PROG_TEST_RUN");
  if (opts.retval != XDP_TX)
    throw std::runtime_error("the last packet was not sent: action " + std::to_string(opts.retval));
  return opts.duration;  // the kernel's own average, without the time it was scheduled away
}

std::uint64_t Rig::count(pl_reason reason) const {
  const auto each = packet::read_per_cpu<std::uint64_t>(director_->maps.pl_reasons, reason);
  return std::accumulate(each.begin(), each.end(), std::uint64_t{0});
}

void Rig::expect_counted(pl_reason reason, std::uint64_t before, std::uint64_t packets) const {
  const std::uint64_t counted = count(reason) - before;
  // A hash table loses one in very many by chance; more would be another path measured.
  if (counted > packets || counted + packets / 1000 < packets)
    throw std::runtime_error("of " + std::to_string(packets) + " packets only " + std::to_string(counted) +
                             " took the path to be measured");
}

void Rig::establish(std::uint64_t n) {
  for (const std::uint8_t flags : {kSyn, kAck}) {
    order_[0].random = 0;
    order_[0].next = 0;
    order_[0].flags = flags;
    const std::uint64_t before = count(forwarded_);
    run(static_cast<std::uint32_t>(n));
    expect_counted(forwarded_, before, n);
  }
}

double Rig::hit(std::uint32_t flows, std::uint32_t packets) {
  order_[0].random = 1;
  order_[0].mask = flows - 1;
  order_[0].flags = kAck;
  const std::uint64_t before = count(forwarded_);
  const double ns = run(packets);
  expect_counted(forwarded_, before, packets);
  return ns;
}

double Rig::fresh(std::uint64_t first, std::uint32_t packets) {
  order_[0].random = 0;
  order_[0].next = first;
  order_[0].flags = kSyn;
  const std::uint64_t before = count(PL_EVENT_NEW);
  const double ns = run(packets);
  expect_counted(PL_EVENT_NEW, before, packets);
  return ns;
}

double Rig::null(std::uint32_t packets) {
  put_under_test(bpf_program__fd(driver_->progs.null));
  order_[0].random = 1;
  order_[0].mask = 0xffff;
  const double ns = run(packets);
  put_under_test(bpf_program__fd(director_->progs.director));
  return ns;
}

double Rig::run_on(const std::vector<int>& cpus, std::uint64_t flows_each, std::uint32_t packets, pl_reason counted) {
  std::vector<std::unique_ptr<l4_driver_bpf, Unload>> drivers;
  const int director = bpf_program__fd(director_->progs.director);
  const __u32 zero = 0;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    drivers.emplace_back(load_driver());
    packet::MappedArray<l4_driver_order> order(drivers.back()->maps.order);
    order[0] = order_[0];
    order[0].state = order_[0].state * (2 * i + 3);
    order[0].next += flows_each * i;
    if (bpf_map_update_elem(bpf_map__fd(drivers.back()->maps.under_test), &zero, &director, BPF_ANY) != 0)
      throw std::runtime_error("put the director under a driver");
  }
  const std::uint64_t before = count(counted);
  std::vector<double> ns(cpus.size());
  std::vector<std::string> errors(cpus.size());
  std::barrier together(static_cast<std::ptrdiff_t>(cpus.size()));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < cpus.size(); ++i)
    threads.emplace_back([&, i] {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpus[i], &one);
      if (::sched_setaffinity(0, sizeof(one), &one) != 0) errors[i] = "stay on one CPU";
      together.arrive_and_wait();
      try {
        if (errors[i].empty()) ns[i] = run(*drivers[i], packets);
      } catch (const std::runtime_error& error) {
        errors[i] = error.what();
      }
    });
  for (auto& thread : threads) thread.join();
  for (const auto& error : errors)
    if (!error.empty()) throw std::runtime_error(error);
  expect_counted(counted, before, std::uint64_t{packets} * cpus.size());
  return std::accumulate(ns.begin(), ns.end(), 0.0, [](double sum, double each) { return sum + 1e9 / each; });
}

double Rig::hit_on(const std::vector<int>& cpus, std::uint32_t flows, std::uint32_t packets) {
  order_[0].random = 1;
  order_[0].mask = flows - 1;
  order_[0].flags = kAck;
  return run_on(cpus, 0, packets, forwarded_);
}

double Rig::fresh_on(const std::vector<int>& cpus, std::uint64_t first, std::uint32_t packets) {
  order_[0].random = 0;
  order_[0].next = first;
  order_[0].flags = kSyn;
  return run_on(cpus, packets, packets, PL_EVENT_NEW);
}

std::uint64_t Rig::counted_connections() {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < loads_.size(); ++i) sum += loads_[i].active + loads_[i].inactive;
  return sum;
}

std::uint64_t Rig::live_connections() {
  std::uint64_t sum = 0;
  for (std::size_t b = 0; b < conns_.size(); ++b)
    for (const std::uint64_t word : conns_[b].word) sum += (word & PL_WORD_LIVE) != 0 ? 1 : 0;
  return sum;
}

double Rig::bytes_per_connection() const {
  return static_cast<double>(bpf_map__value_size(director_->maps.pl_conns)) / PL_SLOTS;
}

}  // namespace plenum::bench
