// Makes packets and counts what they cost, in the emulated machine where a nanosecond is one
// instruction: bench/instructions.sh runs it. Knows nothing of what handles the packets.
//
//   bench_flow attach IF drop|pass|bounce|route an XDP program on an interface, for good
//   bench_flow attach IF redirect OUT TO_MAC    the same, which sends everything by OUT
//   bench_flow detach IF
//   bench_flow drop-skb IF                      what the stack sends to IF ends there
//   bench_flow send IF TO_MAC PACKETS FLOWS udp|syn|ack CLIENT PORT SERVER PORT RUNS new|known
//       prints ns per packet of each run. known: the flows' packets are sent once before, uncounted;
//       new: each packet is of the flow after the one before.

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/flow_programs.h"
#include "flow_programs.skel.h"

namespace {

using Words = std::vector<std::string>;

constexpr std::uint8_t kOwnMac[6] = {2, 0, 0, 0, 0, 9};
constexpr std::uint32_t kBatch = 64;

struct Unload {
  void operator()(flow_programs_bpf* skeleton) const { flow_programs_bpf__destroy(skeleton); }
};
using Programs = std::unique_ptr<flow_programs_bpf, Unload>;

void check(int result, const std::string& what) {
  if (result != 0) throw std::runtime_error(what + ": " + std::strerror(result < 0 ? -result : result));
}

Programs load() {
  Programs programs(flow_programs_bpf__open_and_load());
  if (!programs) throw std::runtime_error("load the programs");
  return programs;
}

std::uint32_t interface_of(const std::string& name) {
  const std::uint32_t index = ::if_nametoindex(name.c_str());
  if (index == 0) throw std::runtime_error("no interface " + name);
  return index;
}

void read_mac(const std::string& text, std::uint8_t* mac) {
  std::array<unsigned, 6> octets{};
  if (std::sscanf(text.c_str(), "%x:%x:%x:%x:%x:%x", &octets[0], &octets[1], &octets[2], &octets[3], &octets[4],
                  &octets[5]) != 6)
    throw std::runtime_error("no MAC address: " + text);
  for (std::size_t i = 0; i < octets.size(); ++i) mac[i] = static_cast<std::uint8_t>(octets[i]);
}

std::uint32_t address_of(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) throw std::runtime_error("no IPv4 address: " + text);
  return ntohl(address.s_addr);
}

void attach(const Words& words) {
  const Programs programs = load();
  const std::string& name = words.at(1);
  if (name == "redirect") {
    flow_way way{};
    way.ifindex = interface_of(words.at(2));
    read_mac(words.at(3), way.to_mac);
    std::memcpy(way.from_mac, kOwnMac, sizeof(kOwnMac));
    const std::uint32_t zero = 0;
    check(bpf_map__update_elem(programs->maps.ways, &zero, sizeof(zero), &way, sizeof(way), BPF_ANY), "tell the way");
  }
  const bpf_program* program = bpf_object__find_program_by_name(programs->obj, name.c_str());
  if (program == nullptr) throw std::runtime_error("no program " + name);
  check(bpf_xdp_attach(static_cast<int>(interface_of(words.at(0))), bpf_program__fd(program), XDP_FLAGS_DRV_MODE,
                       nullptr),
        "attach " + name);
}

void drop_skb(const Words& words) {
  const Programs programs = load();
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(interface_of(words.at(0))),
              .attach_point = BPF_TC_INGRESS);
  check(bpf_tc_hook_create(&hook), "make the tc hook");
  LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = bpf_program__fd(programs->progs.drop_skb));
  check(bpf_tc_attach(&hook, &options), "attach drop_skb");
}

flow_order order_of(const Words& words) {
  flow_order order{};
  order.ifindex = interface_of(words.at(0));
  read_mac(words.at(1), order.to_mac);
  std::memcpy(order.from_mac, kOwnMac, sizeof(kOwnMac));
  order.mask = static_cast<std::uint32_t>(std::stoul(words.at(3))) - 1;
  const std::string& kind = words.at(4);
  order.protocol = kind == "udp" ? IPPROTO_UDP : IPPROTO_TCP;
  order.flags = kind == "syn" ? 0x02 : 0x10;
  order.client = address_of(words.at(5));
  order.client_port = static_cast<std::uint16_t>(std::stoul(words.at(6)));
  order.server = address_of(words.at(7));
  order.server_port = static_cast<std::uint16_t>(std::stoul(words.at(8)));
  return order;
}

// Sends `packets`; ns for each.
double run(const flow_programs_bpf* programs, flow_order& order, std::uint32_t packets) {
  const std::uint32_t zero = 0;
  order.first = order.next;
  order.last = order.next + (packets - 1) / kBatch * kBatch;
  check(bpf_map__update_elem(programs->maps.orders, &zero, sizeof(zero), &order, sizeof(order), BPF_ANY), "order");
  std::array<char, 60> frame{};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = frame.size(),
              .repeat = static_cast<int>(packets), .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = kBatch);
  check(bpf_prog_test_run_opts(bpf_program__fd(programs->progs.generate), &options), "send");
  check(bpf_map__lookup_elem(programs->maps.orders, &zero, sizeof(zero), &order, sizeof(order), 0), "read the order");
  return static_cast<double>(order.ended - order.started) / (order.last - order.first);
}

void send(const Words& words) {
  const Programs programs = load();
  flow_order order = order_of(words);
  const auto packets = static_cast<std::uint32_t>(std::stoul(words.at(2)));
  const bool known = words.at(10) == "known";
  // Known flows: their neighbours, connections and pages are there before anything is counted.
  if (known) run(programs.get(), order, std::max<std::uint32_t>(4096, (order.mask + 1) * 3));
  for (unsigned long i = 0; i < std::stoul(words.at(9)); ++i) {
    if (known) order.next = 0;
    std::printf("%.1f ", run(programs.get(), order, packets));
  }
  std::puts("");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Words words(argv + 1, argv + argc);
    const std::string command = words.empty() ? "" : words.front();
    if (words.empty()) throw std::runtime_error("usage: bench_flow attach|detach|drop-skb|send IF ...");
    words.erase(words.begin());
    if (command == "attach") {
      attach(words);
    } else if (command == "detach") {
      check(bpf_xdp_detach(static_cast<int>(interface_of(words.at(0))), 0, nullptr), "detach");
    } else if (command == "drop-skb") {
      drop_skb(words);
    } else if (command == "send") {
      send(words);
    } else {
      throw std::runtime_error("no command " + command);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_flow: %s\n", error.what());
    return 1;
  }
  return 0;
}
