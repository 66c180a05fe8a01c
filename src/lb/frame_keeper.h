#pragma once
// User space's half of fragments (bpf/fragment_abi.h): keeps those that came before their first
// one, cuts packets that are too large for a path, and sends both through the program again as
// though they came in then (BPF_PROG_TEST_RUN with live frames). While it does not say that it
// listens the program does without. What became of frames is counted in the map itself, so the
// counts outlive the daemon.

#include <cstdint>
#include <memory>
#include <set>

#include "base/clock.h"
#include "base/result.h"
#include "lb/fragment_store.h"
#include "lb/xdp_program.h"
#include "net/address.h"
#include "rt/loop.h"

struct ring_buffer;

namespace plenum::lb {

class FrameKeeper {
 public:
  // All that is borrowed outlives it. Errors: the ring cannot be read.
  static Result<std::unique_ptr<FrameKeeper>> open(rt::Loop& loop, const Clock& clock, XdpProgram& program);
  ~FrameKeeper();
  FrameKeeper(const FrameKeeper&) = delete;
  FrameKeeper& operator=(const FrameKeeper&) = delete;

  // Whether frames are to be handed over. Frames that come back cannot leave by an interface
  // without native XDP.
  void listen(bool on);

 private:
  FrameKeeper(rt::Loop& loop, const Clock& clock, XdpProgram& program);
  static int take(void* self, void* data, std::size_t size);
  void take(const pl_frame& head, const std::uint8_t* bytes);
  void hold(const pl_frame& head, Frame frame);
  void cut(const pl_frame& head, const Frame& frame);
  void release(const FragmentKey& key);
  [[nodiscard]] bool first_has_passed(const FragmentKey& key) const;
  bool send(const Frame& frame, std::uint32_t ifindex);
  void tell();
  void sweep();

  struct Free {
    void operator()(ring_buffer* ring) const;
  };

  const Clock& clock_;
  XdpProgram& program_;
  FragmentStore store_;
  std::unique_ptr<ring_buffer, Free> ring_;
  rt::Watch readable_;
  rt::Timer telling_, sweeping_;
  bool listening_ = false;
};

// Shows the program the addresses fragments may be for; `any`: all may be.
void show_fragment_targets(const MappedArray<std::uint64_t>& filter, const std::set<net::Address>& addresses, bool any);

}  // namespace plenum::lb
