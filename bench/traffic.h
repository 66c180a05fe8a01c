#pragma once
// Packets through the data plane of a running plenum-lbd: its own program, found by its pinned
// link, under the driver of l4_driver.bpf.c. In the background as traffic, or so many at a time.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "bench/l4_driver.h"
#include "bpf/abi.h"
#include "tests/packet/maps.h"

struct l4_driver_bpf;

namespace plenum::bench {

class Traffic {
 public:
  // `bpf_dir`: of the daemon, which has attached its program to `interface`. Packets are for
  // vip:port over TCP. Throws std::runtime_error.
  Traffic(const std::string& bpf_dir, const std::string& vip, std::uint16_t port, const std::string& interface);
  ~Traffic();

  // Random packets of 1,024 flows from now on, in a thread of its own.
  void start();
  // Flows first to first + n - 1, one packet each: SYN where `begins`, else ACK.
  void send(std::uint64_t first, std::uint32_t n, bool begins);

  // Packets that the director sent on to servers, this and other traffic.
  [[nodiscard]] std::uint64_t forwarded() const;

 private:
  struct Unload {
    void operator()(l4_driver_bpf* skeleton) const;
  };
  static l4_driver_bpf* load();
  void run(std::uint32_t packets);

  std::unique_ptr<l4_driver_bpf, Unload> driver_;
  packet::MappedArray<l4_driver_order> order_;
  int reasons_ = -1;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace plenum::bench
