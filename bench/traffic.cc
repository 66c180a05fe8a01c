#include "bench/traffic.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <numeric>
#include <stdexcept>

#include "l4_driver.skel.h"

namespace plenum::bench {

namespace {

constexpr std::uint8_t kSyn = 2, kAck = 16;
constexpr std::uint32_t kLoopback = 1;  // what test_run's packets come in by
constexpr std::uint8_t kMac[6] = {2, 0, 0, 0, 0, 1};
constexpr std::uint32_t kFlows = 1024;

int opened(const std::string& path) {
  const int fd = bpf_obj_get(path.c_str());
  if (fd < 0) throw std::runtime_error("open " + path);
  return fd;
}

// The program a link runs.
int program_of(const std::string& link) {
  const int fd = opened(link);
  bpf_link_info info{};
  __u32 length = sizeof(info);
  const int failed = bpf_obj_get_info_by_fd(fd, &info, &length);
  ::close(fd);
  if (failed != 0) throw std::runtime_error("look at " + link);
  const int program = bpf_prog_get_fd_by_id(info.prog_id);
  if (program < 0) throw std::runtime_error("open the program of " + link);
  return program;
}

// Frames from the loopback interface are the director's own business from now on.
void take_loopback(const std::string& maps) {
  const int fd = opened(maps + "/pl_ports");
  constexpr std::size_t kBytes = sizeof(pl_port) * PL_PORTS;
  void* at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) throw std::runtime_error("map the ports");
  pl_port& port = static_cast<pl_port*>(at)[kLoopback];
  port.macs = 1;
  std::memcpy(&port.mac[0], kMac, sizeof(kMac));
  port.ifindex = kLoopback;
  ::munmap(at, kBytes);
}

}  // namespace

void Traffic::Unload::operator()(l4_driver_bpf* skeleton) const { l4_driver_bpf__destroy(skeleton); }

l4_driver_bpf* Traffic::load() {
  std::unique_ptr<l4_driver_bpf, Unload> s(l4_driver_bpf__open());
  if (!s || l4_driver_bpf__load(s.get()) != 0) throw std::runtime_error("load the driver (root is needed)");
  return s.release();
}

Traffic::Traffic(const std::string& bpf_dir, const std::string& vip, std::uint16_t port, const std::string& interface)
    : driver_(load()), order_(driver_->maps.order) {
  take_loopback(bpf_dir + "/maps");
  reasons_ = opened(bpf_dir + "/maps/pl_reasons");
  const int program = program_of(bpf_dir + "/links/" + std::to_string(::if_nametoindex(interface.c_str())));
  const __u32 zero = 0;
  const int failed = bpf_map_update_elem(bpf_map__fd(driver_->maps.under_test), &zero, &program, BPF_ANY);
  ::close(program);
  if (failed != 0) throw std::runtime_error("put the director under the driver");
  l4_driver_order& order = order_[0];
  order.state = 88172645463325252;
  order.vip = ::inet_addr(vip.c_str());
  order.port = htons(port);
  std::memcpy(order.to_mac, kMac, sizeof(kMac));
  std::memcpy(order.from_mac, kMac, sizeof(kMac));
}

Traffic::~Traffic() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  if (reasons_ >= 0) ::close(reasons_);
}

void Traffic::run(std::uint32_t packets) {
  std::uint8_t in[64] = {}, out[512];
  LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_out = out, .data_size_in = sizeof(in),
              .data_size_out = sizeof(out), .repeat = static_cast<int>(packets));
  if (bpf_prog_test_run_opts(bpf_program__fd(driver_->progs.l4_driver), &opts) != 0)
    throw std::runtime_error("BPF_PROG_TEST_RUN");
}

void Traffic::start() {
  order_[0].random = 1;
  order_[0].mask = kFlows - 1;
  order_[0].flags = kSyn;
  thread_ = std::thread([this] {
    while (!stop_) {
      run(64);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
}

void Traffic::send(std::uint64_t first, std::uint32_t n, bool begins) {
  order_[0].random = 0;
  order_[0].next = first;
  order_[0].flags = begins ? kSyn : kAck;
  run(n);
}

std::uint64_t Traffic::forwarded() const {
  std::uint64_t sum = 0;
  for (const __u32 reason : {PL_FORWARD_NAT, PL_FORWARD_DR, PL_FORWARD_TUNNEL}) {
    std::vector<std::uint64_t> each(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    if (bpf_map_lookup_elem(reasons_, &reason, each.data()) == 0) sum = std::accumulate(each.begin(), each.end(), sum);
  }
  return sum;
}

}  // namespace plenum::bench
