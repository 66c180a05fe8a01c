#pragma once
// The way back for packets that netfilter marked. XDP saw them before they were, so they reach the stack;
// where IPVS would take them, behind the filter of LOCAL_IN, tables of our own send those whose mark has a
// service into a pair of veth devices, at whose other end the director's program stands: what becomes of
// them there is bpf/marked.h. All of it is the kernel's, and goes on while no daemon runs. Knows devices
// and tables; knows nothing of the program.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/address.h"
#include "rt/loop.h"
#include "rt/netlink.h"
#include "rt/nftables.h"

namespace plenum::lb {

// Marks that have a service, by its family.
struct MarksServed {
  std::set<std::uint32_t> v4, v6;
  [[nodiscard]] bool empty() const { return v4.empty() && v6.empty(); }
  bool operator==(const MarksServed&) const = default;
};

class MarkWay {
 public:
  // Where the packets come out; nobody else sends to it.
  struct Port {
    std::uint32_t ifindex = 0;
    net::Mac mac;
    bool operator==(const Port&) const = default;
  };
  static constexpr const char* kPortName = "plenum-m1";

  // `on_change`: somebody changed a table or a device, call both functions below again. `loop` and `clock`
  // outlive it; both are of the network namespace the thread is in.
  MarkWay(rt::Loop& loop, const Clock& clock, std::function<void()> on_change);

  // Makes the devices, or without marks takes all of it away. None: no marks, or it failed (problem()).
  // Idempotent, as show() is.
  std::optional<Port> open(const MarksServed& marks);
  // Behind open(), when the program stands at the port: from here on packets come there.
  void show(const MarksServed& marks);
  // What netfilter's marks cannot be used for; empty: nothing, they work.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // Whether what failed is to be tried again now.
  [[nodiscard]] bool due() const { return !problem_.empty() && clock_.now() >= again_; }

  // Takes away what a daemon left in this network namespace; nothing happens where there is nothing.
  static Result<> clear();

 private:
  Result<Port> devices(bool v6);
  Result<> tables(const MarksServed& marks);
  void failed(const Error& error);

  rt::Loop& loop_;
  const Clock& clock_;
  std::function<void()> on_change_;
  std::optional<rt::Netlink> netlink_;
  std::optional<rt::Nftables> nftables_;
  std::unique_ptr<rt::NftMonitor> monitor_;
  Port port_;
  std::uint32_t entry_ = 0;  // index of the device that packets go in by
  MarksServed shown_;        // by the tables; empty: to be written anew
  bool is_clear_ = false;    // nothing of it is there
  std::string problem_;
  TimePoint again_{};
};

// The tables' rules for the marks of both families, in the place of those before: packets go into device
// `entry` unless they come out of `port`. Pure.
rt::NftBatch mark_tables(const MarksServed& marks, std::uint32_t entry, std::uint32_t port);

}  // namespace plenum::lb
