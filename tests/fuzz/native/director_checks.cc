// What must hold in the director's world after every frame, sweep and change.

#include <linux/bpf.h>

#include <algorithm>
#include <cstring>

#include "bpf/hash.h"
#include "bpf/trace_abi.h"
#include "tests/fuzz/native/director_world.h"

namespace plenum::native {

namespace {

struct Reason {
  const char* name;
  std::string kind;
};

const std::vector<Reason>& all_reasons() {
#define PLENUM_REASON(NAME, name, kind, text) {#name, #kind},
  static const std::vector<Reason> kAll = {PL_REASONS(PLENUM_REASON)};
#undef PLENUM_REASON
  return kAll;
}

std::uint64_t total(const pl_load& load) { return std::uint64_t{load.active} + load.inactive; }

// A TCP, UDP or SCTP packet without what NAT changes of it at one end: address, port, sums, TTL.
Bytes without_end(const Parsed& p, bool source) {
  Bytes out = without_hop(p);
  const std::size_t size = p.version == 4 ? 4 : 16, first = p.version == 4 ? 12 : 8;
  const auto blank = [&](std::size_t at, std::size_t count) {
    for (std::size_t i = at; i < std::min(at + count, out.size()); ++i) out[i] = 0;
  };
  blank(first + (source ? 0 : size), size);
  const std::size_t transport = p.packet.size() - p.transport.size();
  blank(transport + (source ? 0 : 2), 2);
  if (p.protocol == 6) blank(transport + 16, 2);
  if (p.protocol == 17) blank(transport + 6, 2);
  if (p.protocol == 132) blank(transport + 8, 4);
  return out;
}

std::uint8_t hops(const Parsed& p) { return p.packet[p.version == 4 ? 8 : 7]; }

}  // namespace

const std::string& reason_kind(std::uint32_t reason) { return all_reasons()[reason].kind; }

void DirectorWorld::look() {
  before_.reasons.assign(reasons_.begin(), reasons_.end());
  before_.loads.assign(loads_.begin(), loads_.end());
  before_.stats.assign(stats_.begin(), stats_.end());
  before_.notes = notes_[0].head;
}

// Exactly one verdict, and it fits what became of the frame.
std::uint32_t DirectorWorld::check_verdict(const Bytes& frame, const Run& run, std::uint32_t ifindex) const {
  const auto& reasons = all_reasons();
  std::vector<std::uint32_t> verdicts;
  for (std::uint32_t i = 0; i < reasons.size(); ++i) {
    const auto more = reasons_[i] - before_.reasons[i];
    if (more != 0 && reasons[i].kind != "event") verdicts.insert(verdicts.end(), more, i);
  }
  if (verdicts.size() != 1) wrong(std::to_string(verdicts.size()) + " verdicts for one packet");
  const auto& [name, kind] = reasons[verdicts[0]];
  const bool sent = run.action == XDP_TX || run.action == XDP_REDIRECT;
  if (kind == "pass" && run.action != XDP_PASS) wrong(std::string(name) + " was not passed");
  if (kind == "hold" && (run.action != XDP_DROP || run.frame != frame))
    wrong(std::string(name) + " was not taken as it came");
  if (kind == "drop" && run.action != XDP_DROP) wrong(std::string(name) + " was not dropped");
  // Errors about what netfilter marked may be the stack's to send on.
  if (kind == "reply" && !sent && (ifindex != kMarkedPort || run.action != XDP_PASS))
    wrong(std::string(name) + " was not sent");
  if (kind == "forward" && !sent && run.action != XDP_PASS) wrong(std::string(name) + " did not go on");
  if (run.action == XDP_REDIRECT && run.redirected == 0) wrong(std::string(name) + " redirected to nowhere");
  if (kind == "pass" && run.frame != frame) wrong(std::string(name) + " changed the frame");
  return verdicts[0];
}

void DirectorWorld::check_frame(const Bytes& frame, const Run& run, pl_reason reason) const {
  const std::string name = all_reasons()[reason].name;
  if (run.frame.size() < 14 || run.frame.size() > frame.size() + 128) wrong(name + " left a frame of no proper length");
  const auto before = ip_offset(frame), after = ip_offset(run.frame);
  const bool passed = all_reasons()[reason].kind == "pass";
  if (passed) return;
  if (!after) wrong(name + " left no IP packet");
  const auto out = parse(View(run.frame).subspan(*after));
  if (!out) wrong(name + " left a packet cut short");
  const auto in = before ? parse(View(frame).subspan(*before)) : std::nullopt;
  if (in) check_length(*in, *out, reason);
  if (in) check_stats(*in, reason);
  if (in) check_hop(*in, *out, reason);
  if (in && all_reasons()[reason].kind == "reply") check_error(*in, *out);
  if (in && in->fragment && reason == PL_FORWARD_DR && without_hop(*in) != without_hop(*out))
    wrong("direct routing changed the fragment");
  if (!in || sums(in->packet) != Sums::Good) return;
  if (sums(out->packet) == Sums::Bad) wrong(name + " made right checksums wrong");
  if (reason == PL_FORWARD_DR && without_hop(*in) != without_hop(*out)) wrong("direct routing changed the packet");
  if ((reason == PL_FORWARD_NAT || reason == PL_FORWARD_NAT_REPLY) && has_ports(*in)) {
    const bool back = reason == PL_FORWARD_NAT_REPLY;
    if (sums(out->packet) != Sums::Good) wrong(name + " left checksums that are not right");
    if (without_end(*in, back) != without_end(*out, back)) wrong(name + " changed more than one end");
  }
  if (reason == PL_FORWARD_TUNNEL || reason == PL_FORWARD_DR) {
    const auto carried = View(out->packet).last(std::min(in->packet.size(), out->packet.size()));
    const auto inner = parse(carried);
    if (!inner || without_hop(*inner) != without_hop(*in)) wrong(name + " changed the packet inside");
  }
}

// One hop less to live, for whom the packet is for.
void DirectorWorld::check_hop(const Parsed& in, const Parsed& out, pl_reason reason) const {
  std::optional<Parsed> last = out;
  if (reason == PL_FORWARD_TUNNEL)
    last = parse(View(out.packet).last(std::min(in.packet.size(), out.packet.size())));
  else if (reason != PL_FORWARD_NAT && reason != PL_FORWARD_NAT_REPLY && reason != PL_FORWARD_DR)
    return;
  if (last && hops(*last) + 1 != hops(in))
    wrong(std::string(all_reasons()[reason].name) + " took more than a hop, or none");
}

// An error is for the sender, and quotes the packet as it came in, as far as it quotes it.
void DirectorWorld::check_error(const Parsed& in, const Parsed& out) const {
  const std::size_t size = in.version == 4 ? 4 : 16, source = in.version == 4 ? 12 : 8;
  const View sender = in.packet.subspan(source, size);
  if (out.version != in.version || !std::ranges::equal(sender, out.packet.subspan(source + size, size)))
    wrong("an error that is not for the sender");
  if (out.transport.size() < 8) wrong("an error without a header");
  const View quoted = out.transport.subspan(8);
  if (quoted.size() > in.packet.size() || !std::ranges::equal(quoted, in.packet.first(quoted.size())))
    wrong("an error about another packet");
}

// No packet grows but by what goes around it.
void DirectorWorld::check_length(const Parsed& in, const Parsed& out, pl_reason reason) const {
  const std::string name = all_reasons()[reason].name;
  const auto was = in.packet.size(), is = out.packet.size();
  switch (reason) {
    case PL_FORWARD_NAT:
    case PL_FORWARD_NAT_REPLY:
    case PL_FORWARD_DR:
      if (is != was) wrong(name + " left a packet of another length");
      break;
    case PL_FORWARD_TUNNEL:
      // IPv6, UDP and GUE with an option of a private flag.
      if (is < was + 20 || is > was + 40 + 8 + 12) wrong(name + " put too much around the packet, or nothing");
      break;
    case PL_REPLY_NO_SERVER:
    case PL_REPLY_STRAY:
    case PL_REPLY_TTL:
    case PL_REPLY_TOO_BIG:
      if (is > std::min<std::size_t>(was + 48, out.version == 4 ? 576 : 1280)) wrong(name + " sent too long an error");
      break;
    default:
      break;
  }
}

// A packet that was sent on is counted once, with all its octets, for one server.
void DirectorWorld::check_stats(const Parsed& in, pl_reason reason) const {
  const bool to_server = reason == PL_FORWARD_NAT || reason == PL_FORWARD_DR || reason == PL_FORWARD_TUNNEL;
  if (!to_server && reason != PL_FORWARD_NAT_REPLY) return;
  pl_stats sum{};
  for (std::size_t i = 0; i < stats_.size(); ++i) {
    sum.in_packets += stats_[i].in_packets - before_.stats[i].in_packets;
    sum.in_bytes += stats_[i].in_bytes - before_.stats[i].in_bytes;
    sum.out_packets += stats_[i].out_packets - before_.stats[i].out_packets;
    sum.out_bytes += stats_[i].out_bytes - before_.stats[i].out_bytes;
  }
  const std::string name = all_reasons()[reason].name;
  if (sum.in_packets != (to_server ? 1 : 0) || sum.out_packets != (to_server ? 0 : 1))
    wrong(name + " was not counted once");
  if (sum.in_bytes + sum.out_bytes != in.packet.size()) wrong(name + " was counted with another length");
}

// While somebody traces everything, there is one record of each packet: as it came in, and its verdict.
void DirectorWorld::check_trace(const Bytes& frame, const Run& run, std::uint32_t verdict) const {
  std::size_t count = 0;
  for (const auto& [ring, bytes] : run.records) {
    if (ring != "trace_ring") continue;
    ++count;
    pl_trace_record r{};
    if (bytes.size() != sizeof(r)) wrong("a trace of another length");
    std::memcpy(&r, bytes.data(), sizeof(r));
    if ((r.slots & 1) == 0 || r.slots > 3) wrong("a trace for somebody else");
    if (r.length != (frame.size() & 0xffff) || r.captured != std::min<std::size_t>(frame.size(), PL_TRACE_BYTES) ||
        !std::equal(r.bytes, r.bytes + r.captured, frame.begin()))
      wrong("a trace of another frame");
    if (r.action != run.action) wrong("a trace of another action");
    if ((r.counted[verdict >> 6] >> (verdict & 63) & 1) == 0) wrong("a trace without the verdict");
    if (r.server >= servers_.size()) wrong("a trace of no server");
  }
  if (traced_ ? count > 1 : count != 0) wrong(std::to_string(count) + " traces of one packet");
}

// Whoever was given one connection too many is overloaded at once, and only who has thresholds.
void DirectorWorld::check_thresholds() const {
  for (std::size_t i = 0; i < loads_.size(); ++i) {
    const pl_load& l = loads_[i];
    const bool over = (l.flags & PL_LOAD_OVERLOADED) != 0;
    if ((l.flags & PL_LOAD_LIMITED) == 0) {
      if (over) wrong("a server without thresholds is overloaded");
      continue;
    }
    const auto was = total(before_.loads[i]), is = total(l);
    if (is > was && l.upper != 0 && is >= l.upper && !over) wrong("a server above its threshold is not overloaded");
    if (is < was && is < l.clear_below && over) wrong("a server below its threshold is overloaded still");
  }
}

// Other directors are told of connections that are there, while they are told at all.
void DirectorWorld::check_notes() const {
  const auto head = notes_[0].head;
  if (settings_[0].sync == 0 && head != before_.notes) wrong("notes for other directors that nobody wants");
  for (auto i = before_.notes; i < head; ++i) {
    const auto note = notes_[0].note[i % PL_SYNC_RING];
    const auto index = note & ((1u << PL_SYNC_NOTE_SHIFT) - 1), why = note >> PL_SYNC_NOTE_SHIFT;
    if (index >= kWorldBuckets * PL_SLOTS || why == 0) wrong("a note that says nothing");
  }
}

// Every entry stands where its hash says, spills are counted, loads are what entries count for.
void DirectorWorld::check_table() const {
  std::vector<pl_load> loads(loads_.size());
  std::vector<std::uint32_t> spilled(kWorldBuckets);
  std::map<std::uint32_t, std::uint32_t> controlled;  // connections by place of their template
  const pl_settings& s = settings_[0];
  const auto& calls = calls_->hash;
  for (std::uint32_t b = 0; b < kWorldBuckets; ++b) {
    for (std::uint32_t i = 0; i < PL_SLOTS; ++i) {
      const std::uint64_t word = conns_[b].word[i];
      if ((word & PL_WORD_BUSY) != 0) wrong("a slot is left being written");
      if (i == 0 && (word & PL_WORD_LOCK) != 0) wrong("a bucket is left locked");
      if (i > 1 && (word & PL_WORD_BUCKET) != 0) wrong("a word has bits of another");
      if ((word & PL_WORD_LIVE) == 0) continue;
      const pl_conn& c = conns_[b].conn[i];
      const pl_conn_upper& u = conns_[b].upper[i];
      const bool is_template = (word & PL_WORD_TEMPLATE) != 0;
      const auto tag = static_cast<std::uint32_t>((word & PL_WORD_TAG) >> PL_WORD_TAG_SHIFT);
      const bool spill = (word & PL_WORD_ALTERNATE) != 0;
      const auto primary = spill ? (b ^ PL_ALTERNATE(tag)) & s.bucket_mask : b;
      pl_addr client{{0, 0, __builtin_bswap32(0xffff), c.client}};
      if (c.family == 6) client = {{u.client[0], u.client[1], u.client[2], c.client}};
      auto h = pl_hash(&client, c.client_port, c.proto, c.family, s.seed);
      if (is_template && (c.flags & PL_CONN_CALL_ID) != 0) {
        const std::uint32_t place = PL_PLACE(b, i);
        const auto* at = reinterpret_cast<const std::uint8_t*>(&place);
        const auto call = calls.find(Bytes(at, at + sizeof(place)));
        // One that found no room among the Call-IDs is known by nothing.
        if (call == calls.end() && reasons_[PL_EVENT_CALL_ID_FULL] == 0) wrong("a call without its Call-ID");
        h = call == calls.end() ? std::uint64_t{tag} << 40 | primary
                                : pl_hash_call_id(reinterpret_cast<const pl_call_id*>(call->second.get()), s.seed);
      }
      if (tag != pl_tag(h)) wrong("a tag is not its entry's");
      if (primary != (static_cast<std::uint32_t>(h) & s.bucket_mask))
        wrong("an entry stands in a bucket that is not its own");
      if (spill) ++spilled[primary];
      if (c.server == 0 || c.server >= loads.size()) wrong("an entry names no server");
      if (is_template)
        ++loads[c.server].persistent;
      else
        ++((word & PL_WORD_ACTIVE) != 0 ? loads[c.server].active : loads[c.server].inactive);
      if (is_template && c.client_port != 0) wrong("a template of one port of a client's");
      if (!is_template && c.control != 0) ++controlled[c.control];
    }
  }
  for (std::uint32_t b = 0; b < kWorldBuckets; ++b) {
    const auto counted = conns_[b].word[1] >> PL_WORD_SPILL_SHIFT;
    if (counted != PL_SPILL_MANY && counted != spilled[b]) wrong("spilled entries are not counted");
  }
  for (std::size_t i = 0; i < loads.size(); ++i)
    if (loads[i].active != loads_[i].active || loads[i].inactive != loads_[i].inactive ||
        loads[i].persistent != loads_[i].persistent)
      wrong("the load of server " + std::to_string(i) + " is not what its connections are");
  check_templates(controlled);
}

// A template counts its connections; and Call-IDs are kept for templates of calls alone.
void DirectorWorld::check_templates(const std::map<std::uint32_t, std::uint32_t>& controlled) const {
  // Where one with connections had to go, these may be of the next one at its place.
  const bool exact = reasons_[PL_EVENT_EVICTED_HALF_OPEN] == 0 && reasons_[PL_EVENT_EVICTED_OLDEST] == 0;
  for (std::uint32_t b = 0; b < kWorldBuckets; ++b)
    for (std::uint32_t i = 0; i < PL_SLOTS; ++i) {
      constexpr auto kTemplate = PL_WORD_LIVE | PL_WORD_TEMPLATE;
      if ((conns_[b].word[i] & kTemplate) != kTemplate) continue;
      const auto of = controlled.find(PL_PLACE(b, i));
      const auto connections = of == controlled.end() ? 0 : of->second, counted = conns_[b].conn[i].packets;
      if (counted > connections || (exact && counted != connections))
        wrong("a template counts " + std::to_string(counted) + " connections and has " + std::to_string(connections));
    }
  for (const auto& [key, call] : calls_->hash) {
    std::uint32_t place = 0;
    std::memcpy(&place, key.data(), sizeof(place));
    const auto& bucket = conns_[(place - 1) / PL_SLOTS];
    const auto slot = (place - 1) % PL_SLOTS;
    if ((bucket.word[slot] & PL_WORD_TEMPLATE) == 0 || (bucket.conn[slot].flags & PL_CONN_CALL_ID) == 0)
      wrong("a Call-ID of nobody's");
  }
}

// With nobody at work, every word of a tree is what its row says, and who has room is counted.
void DirectorWorld::check_lists() const {
  const auto view = schedulers().view();
  for (std::uint32_t service = 1; service <= last_service_; ++service) {
    const auto list = services_[service].list;
    const auto scheduler = PL_LIST_SCHEDULER(list), count = PL_LIST_COUNT(list), tree = pl_tree_of(scheduler);
    if (count == 0) continue;
    const auto root = PL_LIST_ROW(list);
    std::uint32_t roomy = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto word = members_[root + 1 + i / PL_FANOUT].word[i % PL_FANOUT];
      pl_load& load = loads_[static_cast<std::uint32_t>(word)];
      const bool by_weight = tree == PL_TREE_MOST || tree == PL_TREE_SUM;
      if (by_weight && word >> 32 != (pl_is_eligible(&load) ? load.weight : 0)) wrong("a leaf of another weight");
      if ((load.flags & PL_LOAD_ROOM_COUNTED) != 0 &&
          ((load.flags & PL_LOAD_ROOMY) != 0) != (std::uint64_t{load.active} * 2 < load.weight))
        wrong("a server is taken for one with room that has none, or not for one that has");
      roomy += (load.flags & PL_LOAD_ROOMY) != 0 ? 1 : 0;
    }
    if (roomy != services_[service].roomy) wrong("servers with room are not counted");
    if (tree == PL_TREE_NONE) continue;
    auto base = root + 1, used = (count + PL_FANOUT - 1) / PL_FANOUT;
    for (std::uint32_t level = 0;; ++level) {
      const auto rows = pl_rows_at(list, level), above = rows == 1 ? root : base + rows;
      for (std::uint32_t i = 0; i < used; ++i)
        if (static_cast<__u32>(members_[above + i / PL_FANOUT].word[i % PL_FANOUT]) !=
            pl_row_value(&view, base + i, level, scheduler))
          wrong("a tree of service " + std::to_string(service) + " is not what its servers sum up to");
      if (rows == 1) break;
      base = above;
      used = (used + PL_FANOUT - 1) / PL_FANOUT;
    }
  }
}

}  // namespace plenum::native
