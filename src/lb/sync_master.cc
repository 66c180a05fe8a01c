#include "lb/sync_master.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "bpf/hash.h"
#include "lb/abi_values.h"
#include "lb/mapped_array.h"
#include "lb/timeouts.h"
#include "rt/sync_socket.h"

namespace plenum::lb {

namespace {

// How often notes are read and something is sent, while there is anything. With kBurst datagrams each
// time: 32,000 a second, 1.3 million connections. IPVS's receiver has room for about 90 at once.
constexpr Duration kPeriod = std::chrono::milliseconds(2);
constexpr std::size_t kBurst = 64;
// Else: a ring lasts it at 1.8 million notes a second and CPU.
constexpr Duration kIdlePeriod = std::chrono::milliseconds(16);

// A datagram waits no longer than this for more connections: what waits when a director dies is lost.
// (IPVS: two seconds.)
constexpr std::uint32_t kFlush = 1;  // ticks, 17 ms

// Buckets looked over in one period: a table of a million connections in a quarter of a second.
constexpr std::uint32_t kWalk = 1024, kWalkInHaste = 16384;

std::uint32_t identity_of(const ConnTable::Entry& entry) {
  const auto& c = entry.conn;
  std::uint64_t h = pl_mix(std::uint64_t{c.client} << 32 | c.vip, PL_HASH_K1);
  h = pl_mix(h ^ (std::uint64_t{c.client_port} << 32 | std::uint64_t{c.vport} << 16 | c.proto), PL_HASH_K2);
  if (c.family == 6)
    for (std::size_t i = 0; i < 3; ++i)
      h = pl_mix(h ^ (std::uint64_t{entry.upper.client[i]} << 32 | entry.upper.vip[i]), PL_HASH_K1);
  return static_cast<std::uint32_t>(h >> 32) | 1;
}

}  // namespace

SyncMaster::SyncMaster(rt::Loop& loop, XdpProgram& program, const DataPlane& data_plane, const SyncTuning& tuning)
    : loop_(loop), program_(program), data_plane_(data_plane), decision_(program.conns.size() * PL_SLOTS, tuning) {}

Result<std::unique_ptr<SyncMaster>> SyncMaster::open(rt::Loop& loop, XdpProgram& program, const DataPlane& data_plane,
                                                     const conf::SyncDaemon& daemon, const SyncTuning& tuning) {
  std::unique_ptr<SyncMaster> out(new SyncMaster(loop, program, data_plane, tuning));
  auto to = daemon.peers;
  if (to.empty()) to.push_back(daemon.group);
  for (std::uint32_t lane = 0; lane < std::max(tuning.ports, 1u); ++lane) {
    out->lanes_.push_back({proto::SyncWriter(daemon.syncid, daemon.maxlen), 0, {}});
    for (const auto& address : to) {
      const auto port = static_cast<std::uint16_t>(daemon.port + lane);
      PLENUM_TRY(auto socket, rt::open_sync_sender({daemon.interface, {address, port}, daemon.ttl, tuning.socket_size}),
                 "master");
      out->lanes_.back().sockets.push_back(std::move(socket));
    }
  }
  out->publish();
  for (const auto& ring : program.sync_rings.span()) out->read_.push_back(shared(const_cast<__u64&>(ring.head)).load());
  out->walk_ = 0;
  out->timer_ = loop.after(kPeriod, [master = out.get()] { master->tick(); });
  return out;
}

SyncMaster::~SyncMaster() {
  shared(program_.settings[0].sync).store(0);
  flush(true);
  while (!waiting_.empty()) {
    const auto before = waiting_.size();
    send_some();
    if (waiting_.size() == before) break;
  }
}

void SyncMaster::set(const SyncTuning& tuning) {
  decision_.set(tuning);
  publish();
}

void SyncMaster::last_word() {
  decision_ = SyncDecision(program_.conns.size() * PL_SLOTS, decision_.tuning());
  in_haste_ = true;
  walk_ = 0;
  tick();
}

// What the program is to note.
void SyncMaster::publish() {
  const auto& tuning = decision_.tuning();
  auto& s = program_.settings[0];
  s.sync_threshold = tuning.threshold;
  s.sync_period = tuning.period;
  // Finer than the period: what is sent again is due an eighth of it apart.
  s.sync_step = tuning.refresh > 0 ? std::max(ticks_of(tuning.refresh) / 8, 1u) : 0;
  shared(s.sync).store(1);
}

void SyncMaster::tick() {
  now_ = current_tick();
  const bool walking = walk_.has_value();
  if (walk_ && waiting_.size() < 4 * kBurst) walk_on();
  const bool noted = read_notes();
  flush(false);
  send_some();
  const bool busy = noted || walking || !waiting_.empty();
  timer_ = loop_.after(busy ? kPeriod : kIdlePeriod, [this] { tick(); });
}

bool SyncMaster::read_notes() {
  constexpr std::uint32_t index_mask = (1u << PL_SYNC_NOTE_SHIFT) - 1;
  bool any = false;
  for (std::size_t cpu = 0; cpu < read_.size(); ++cpu) {
    auto& ring = program_.sync_rings[cpu];
    const auto head = shared(ring.head).load();
    any = any || head != read_[cpu];
    // The writer goes on while we read: what is left of a full ring may be written over.
    if (head - read_[cpu] > PL_SYNC_RING - PL_SYNC_RING / 8) {
      read_[cpu] = head;
      ++sent_.overruns;
      walk_ = 0;
      continue;
    }
    for (; read_[cpu] != head; ++read_[cpu]) {
      const auto note = shared(ring.note[read_[cpu] % PL_SYNC_RING]).load(std::memory_order_relaxed);
      const auto index = note & index_mask;
      const auto why = static_cast<pl_sync_note>(note >> PL_SYNC_NOTE_SHIFT);
      if (why == PL_SYNC_NEW) decision_.forget(index);
      consider(index, why == PL_SYNC_PACKETS || (why == PL_SYNC_NEW && decision_.tuning().threshold == 1), false);
    }
    if (shared(ring.head).load() - read_[cpu] > PL_SYNC_RING / 8 * 7) {
      ++sent_.overruns;
      walk_ = 0;
    }
  }
  return any;
}

void SyncMaster::walk_on() {
  const auto buckets = program_.conns.size();
  const auto end = std::min(*walk_ + (in_haste_ ? kWalkInHaste : kWalk), buckets);
  for (auto bucket = *walk_; bucket < end; ++bucket)
    for (std::uint32_t slot = 0; slot < PL_SLOTS; ++slot) consider(bucket * PL_SLOTS + slot, false, true);
  walk_ = end < buckets ? std::optional(end) : std::nullopt;
}

void SyncMaster::consider(std::uint32_t index, bool counted, bool walking) {
  if (index / PL_SLOTS >= program_.conns.size()) return;
  const auto entry = data_plane_.table().entry(index / PL_SLOTS, index % PL_SLOTS);
  if (!entry) return;
  const auto state = static_cast<std::uint8_t>((entry->word & PL_WORD_STATE) >> PL_WORD_STATE_SHIFT);
  const bool is_template = (entry->word & PL_WORD_TEMPLATE) != 0;
  const auto control = is_template ? 0 : entry->conn.control;
  const SyncCandidate candidate{
      index,
      identity_of(*entry),
      entry->conn.proto,
      state,
      is_template,
      control != 0,
      is_template ? entry->conn.control : timeout_of(program_.settings[0], entry->conn.proto, state)};
  if (walking ? decision_.missed(candidate, now_) : decision_.needed(candidate, counted, now_))
    if (const auto connection = data_plane_.told(*entry)) tell(index, *connection);
  // A template goes with its connections; a walk comes by it anyway.
  if (control != 0 && !walking) consider(control - 1, true, false);
}

void SyncMaster::tell(std::uint32_t index, const proto::SyncConnection& connection) {
  auto& lane = lanes_[index % lanes_.size()];
  if (lane.writer.empty()) lane.since = now_;
  ++sent_.connections;
  if (auto full = lane.writer.add(connection)) {
    lane.since = now_;
    queue(index % lanes_.size(), *std::move(full));
  }
}

void SyncMaster::queue(std::size_t lane, std::vector<std::uint8_t> bytes) {
  const auto most = decision_.tuning().queue != 0 ? decision_.tuning().queue : kSyncQueue;
  if (waiting_.size() >= most) {
    ++sent_.queue_full;
    return;
  }
  waiting_.push_back({lane, std::move(bytes)});
}

void SyncMaster::flush(bool all) {
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (all || now_ - lanes_[i].since >= kFlush)
      if (auto bytes = lanes_[i].writer.take()) queue(i, *std::move(bytes));
}

void SyncMaster::send_some() {
  for (std::size_t n = 0; n < kBurst && !waiting_.empty(); ++n) {
    const auto& next = waiting_.front();
    bool later = false;
    for (const auto& socket : lanes_[next.lane].sockets) {
      if (::send(socket.get(), next.bytes.data(), next.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        ++sent_.datagrams;
      } else if (errno == EAGAIN || errno == ENOBUFS) {
        later = true;
      } else {
        ++sent_.failed;
      }
    }
    // To one peer of several it may have gone: hearing twice is harmless.
    if (later) return;
    waiting_.pop_front();
  }
}

}  // namespace plenum::lb
