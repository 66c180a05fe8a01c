// What must hold of the frames that come in by the port of marked packets.

#include <linux/bpf.h>

#include <algorithm>
#include <cstring>

#include "bpf/abi.h"
#include "tests/fuzz/native/director_world.h"

namespace plenum::native {

namespace {

bool is_to(View frame, const MacBytes& mac) { return std::equal(mac.begin(), mac.end(), frame.begin()); }

std::optional<Parsed> packet_of(const Bytes& frame) {
  const auto offset = ip_offset(frame);
  return offset ? parse(View(frame).subspan(*offset)) : std::nullopt;
}

}  // namespace

void DirectorWorld::check_marked(const Bytes& frame, const Bytes& came, const Run& run, pl_reason reason) const {
  const bool ours = is_brought(frame);
  if (reasons_[PL_EVENT_MARKED] - before_.reasons[PL_EVENT_MARKED] != (ours ? 1 : 0))
    wrong("marked packets are not counted");
  if (!ours && !is_to(frame, kMarkedPortMac)) {
    if (reason != PL_OTHER_HOST) wrong("a frame to another host was taken for a marked packet");
    return;
  }
  if (reason == PL_OTHER_HOST) wrong("a marked packet is taken for another host's");
  // But for what a router said about a tunnel's packet: that never goes up, for it is told to the client at once.
  if ((run.action == XDP_TX && reason != PL_FORWARD_ICMP) ||
      (run.action == XDP_REDIRECT && run.redirected == kMarkedPort))
    wrong("a frame was sent where nobody is");
  if (run.action == XDP_PASS && !is_to(run.frame, kMarkedPortMac)) wrong("the stack would not take a frame passed up");
  check_mark(came, reason);
  if (reason_kind(reason) == "reply") check_answer_way(came, run);
}

// The service of a packet's mark has it, where there is one: no other begins a connection, and rules of
// the file are not asked. What is for the director itself is counted when it begins one, and else was before.
void DirectorWorld::check_mark(const Bytes& came, pl_reason reason) const {
  const auto p = packet_of(came);
  if (!p) return;
  const auto mark = mark_in(came);
  pl_addr key{};
  pl_mark_addr(&key, mark, p->version);
  const pl_settings& s = settings_[0];
  std::uint32_t service = 0;
  for (std::uint32_t i = 1; i <= last_service_; ++i) {
    const auto& other = services_[i].key;
    if (mark != 0 && (s.lookups & PL_LOOKUP_MARK) != 0 && other.proto == 0 && other.family == p->version &&
        std::memcmp(&other.addr, &key, sizeof key) == 0)
      service = i;
  }
  std::uint64_t begun = 0, counted = 0;
  for (std::size_t i = 0; i < stats_.size(); ++i) {
    counted += stats_[i].in_packets - before_.stats[i].in_packets;
    const auto more = stats_[i].connections - before_.stats[i].connections;
    begun += more;
    if (more == 0) continue;
    const auto owner = servers_[i].service;
    if (service != 0 ? owner != service : services_[owner].key.proto == 0)
      wrong("a connection of another mark's service");
  }
  if (p->fragment || !has_ports(*p)) return;
  if (reason == PL_LOCAL && counted != begun) wrong("what is for the director itself was counted twice");
  if (reason == PL_NOT_OURS && service != 0 && (s.tuning & PL_TUNE_CACHE_BYPASS) == 0 &&
      p->packet.size() - p->transport.size() <= 60)
    wrong("a packet of a mark's service is taken for nobody's");
}

// Errors take the way to the packet's sender, who is not where it came from; where none is known, the stack's.
void DirectorWorld::check_answer_way(const Bytes& came, const Run& run) const {
  const auto p = packet_of(came);
  if (!p) return;
  bpf_fib_lookup fib{};
  fib.family = p->version == 4 ? 2 : 10;
  if (p->version == 4)
    std::memcpy(&fib.ipv4_dst, &p->packet[12], 4);
  else
    std::memcpy(fib.ipv6_dst, &p->packet[8], 16);
  const bool known = world_route(fib) == BPF_FIB_LKUP_RET_SUCCESS;
  const pl_port& port = ports_[fib.ifindex];
  if (!known || port.ifindex != fib.ifindex || (port.flags & PL_PORT_XMIT) == 0) {
    if (run.action != XDP_PASS) wrong("an error was sent by a way that is not known");
    return;
  }
  if (run.action != XDP_REDIRECT || run.redirected != (port.parent != 0 ? port.parent : port.ifindex))
    wrong("an error did not take the way to its sender");
  if (!std::equal(fib.dmac, fib.dmac + 6, run.frame.begin()) ||
      !std::equal(fib.smac, fib.smac + 6, run.frame.begin() + 6))
    wrong("an error is addressed to nobody on its way");
}

}  // namespace plenum::native
