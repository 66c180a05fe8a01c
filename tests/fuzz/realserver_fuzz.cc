// The real server's program, compiled for this machine: one frame an input. The first octet
// says which tunnels are taken off and whether the frame's sums are made right first.
//
// What must hold: one verdict a frame, what is not taken off stays as it is, and what is taken
// off is the packet that was inside, but for its ECN field and a checksum that GUE's option asks
// for, with sums that are right when they were.

#include <linux/bpf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "bpf/realserver_abi.h"
#include "realserver.skel.h"
#include "tests/fuzz/native/judge.h"
#include "tests/fuzz/native/machine.h"

extern "C" int pl_realserver(xdp_md* ctx);

namespace {

using namespace plenum;
using native::Bytes;
using native::View;

struct Verdict {
  const char* name;
  std::string kind;
};

const std::vector<Verdict>& all_verdicts() {
#define PLENUM_VERDICT(NAME, name, kind, text) {#name, #kind},
  static const std::vector<Verdict> kAll = {PL_RS_VERDICTS(PLENUM_VERDICT)};
#undef PLENUM_VERDICT
  return kAll;
}

[[noreturn]] void wrong(const std::string& what) {
  std::fprintf(stderr, "realserver: %s\n", what.c_str());
  std::abort();
}

struct Unload {
  void operator()(realserver_bpf* skeleton) const { realserver_bpf__destroy(skeleton); }
};

class World {
 public:
  World() : skeleton_(realserver_bpf__open()), machine_({skeleton_->obj}, {}) {
    const __u32 present = PL_RS_PRESENT;
    for (const char* map : {"pl_rs_vips", "pl_rs_locals"})
      for (const std::uint32_t last : {10u, 11u}) {
        const bool vip = std::strcmp(map, "pl_rs_vips") == 0;
        const pl_addr four{
            {0, 0, __builtin_bswap32(0xffff), __builtin_bswap32((vip ? 0xcb007100u : 0x0a000000u) + last)}};
        const pl_addr six{
            {__builtin_bswap32(0x20010db8), __builtin_bswap32(vip ? 0xf0000u : 1u), 0, __builtin_bswap32(last)}};
        for (const pl_addr& address : {four, six}) machine_.map(map).update(&address, &present, BPF_ANY);
      }
  }

  void send(const Bytes& frame, std::uint32_t tunnels) {
    machine_.array<pl_rs_settings>("pl_rs_settings")[0] = {tunnels, __builtin_bswap16(6080), 0};
    const auto verdicts = machine_.array<__u64>("pl_rs_verdicts");
    std::ranges::fill(verdicts, 0u);
    const auto run = machine_.run(&pl_realserver, frame, 1);
    std::size_t counted = 0, which = 0;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      counted += verdicts[i];
      if (verdicts[i] != 0) which = i;
    }
    if (counted != 1) wrong(std::to_string(counted) + " verdicts for one packet");
    const auto& [name, kind] = all_verdicts()[which];
    if (run.action != (kind == "drop" ? XDP_DROP : XDP_PASS)) wrong(std::string(name) + ": another action");
    if (kind == "pass" && run.frame != frame) wrong(std::string(name) + " changed the frame");
    if (kind == "decap") check_inside(frame, run.frame);
  }

 private:
  static Bytes without_ecn(View packet) {
    Bytes out(packet.begin(), packet.end());
    if (out[0] >> 4 == 4) {
      out[1] &= 0xfc;
      out[10] = out[11] = 0;
    } else {
      out[1] &= 0xcf;
    }
    return out;
  }

  // GUE's option of a remote checksum: where, from the inner packet's start, it is filled in.
  static std::optional<std::size_t> checksum_to_fill(const native::Parsed& outer) {
    const auto t = outer.transport;
    if (outer.protocol != 17 || t.size() < 20 || t[8] != 2 || t[11] != 1 || t[12] != 0x80) return {};
    return packet::get16(t, 18);
  }

  static void check_inside(const Bytes& frame, const Bytes& left) {
    const auto before = native::ip_offset(frame), after = native::ip_offset(left);
    if (!before || !after) wrong("what was taken out is no IP packet");
    if (*before != *after) wrong("the link-layer header is of another length");
    const auto in = native::parse(View(frame).subspan(*before));
    if (!in) wrong("a packet cut short was taken apart");
    const auto rest = left.size() - *after;
    auto was = without_ecn(View(frame).last(rest)), is = without_ecn(View(left).last(rest));
    const auto field = checksum_to_fill(*in);
    if (field && *field + 2 <= rest)
      for (auto* packet : {&was, &is})
        std::fill_n(packet->begin() + static_cast<std::ptrdiff_t>(*field), 2, std::uint8_t{0});
    if (was != is) wrong("the packet inside was changed");
    // Inside may be less than its extension headers say, which is the stack's to refuse.
    const auto out = native::parse(View(left).last(rest));
    if (!out || field) return;  // before it was filled in any sum may have stood there
    if (native::sums(in->packet) == native::Sums::Good && native::sums(out->packet) == native::Sums::Bad)
      wrong("right sums were made wrong");
  }

  std::unique_ptr<realserver_bpf, Unload> skeleton_;
  native::Machine machine_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  if (size < 15) return 0;  // no driver hands on less than an Ethernet header
  Bytes frame(data + 1, data + size);
  if ((data[0] & 4) != 0) native::repair(frame);
  world.send(frame, (data[0] & (PL_RS_IPIP | PL_RS_GUE)) | ((data[0] & 8) != 0 ? PL_RS_GRE : 0));
  return 0;
}
