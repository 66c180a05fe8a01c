#include "lb/explain/plane_view.h"

#include <cstring>

#include "bpf/hash.h"
#include "lb/mapped_array.h"

namespace plenum::lb {

namespace {

std::uint64_t read_word(const pl_bucket& bucket, std::uint32_t slot) {
  return shared(const_cast<__u64&>(bucket.word[slot])).load();
}

bool equal(const pl_addr& a, const pl_addr& b) { return std::memcmp(a.w, b.w, sizeof a.w) == 0; }

bool matches(const PlaneView& view, const pl_conn& c, const pl_conn_upper& upper, const EntryKey& key) {
  if (c.client != key.client.w[3] || c.client_port != key.client_port || c.proto != key.protocol ||
      c.family != key.family)
    return false;
  if (key.is_template && c.flags != 0) return false;
  if (key.family == 6 && std::memcmp(upper.client, key.client.w, sizeof upper.client) != 0) return false;
  if (key.answer) {
    if (c.server >= view.servers.size()) return false;
    const auto& server = view.servers[c.server];
    return c.forward == PL_FWD_MASQ && server.generation == c.generation && equal(server.addr, key.other) &&
           pl_server_port(&server, c.vport) == key.other_port;
  }
  if (c.vip != key.other.w[3] || c.vport != key.other_port) return false;
  return key.family != 6 || std::memcmp(upper.vip, key.other.w, sizeof upper.vip) == 0;
}

}  // namespace

std::optional<FoundEntry> find_entry(const PlaneView& view, const EntryKey& key, std::uint32_t now) {
  const auto hash = pl_hash(&key.client, key.client_port, key.protocol, key.family, view.settings->seed);
  const auto tag = pl_tag(hash);
  const auto primary = static_cast<std::uint32_t>(hash) & view.settings->bucket_mask;
  const auto alternate = (primary ^ PL_ALTERNATE(tag)) & view.settings->bucket_mask;
  const auto want =
      PL_WORD_LIVE | static_cast<std::uint64_t>(tag) << PL_WORD_TAG_SHIFT | (key.is_template ? PL_WORD_TEMPLATE : 0);
  auto mask = PL_WORD_LIVE | PL_WORD_BUSY | PL_WORD_TAG | PL_WORD_TEMPLATE;
  constexpr auto kInvalid = static_cast<std::uint64_t>(PL_TEMPLATE_INVALID) << PL_WORD_STATE_SHIFT;
  if (key.is_template && !key.ended) mask |= kInvalid;
  for (const auto index : {primary, alternate}) {
    if (index >= view.buckets.size()) return std::nullopt;
    const auto& bucket = view.buckets[index];
    for (std::uint32_t slot = 0; slot < PL_SLOTS; ++slot) {
      FoundEntry found{index, slot, read_word(bucket, slot), bucket.conn[slot]};
      if ((found.word & mask) != want) continue;
      // A template is kept by its connections, whatever its time says.
      const std::uint32_t lost = PL_PLACE(index, slot) == key.released ? 1 : 0;
      const bool kept = key.is_template && found.conn.packets > lost;
      const bool there = found.left(now) >= 0 || kept;
      if (key.ended ? there && (found.word & kInvalid) == 0 : !there) continue;
      if (matches(view, found.conn, bucket.upper[slot], key) && (read_word(bucket, slot) & mask) == want) return found;
    }
    if (read_word(bucket, 1) >> PL_WORD_SPILL_SHIFT == 0) break;
  }
  return std::nullopt;
}

std::uint32_t server_of(const PlaneView& view, const FoundEntry& entry) {
  const auto id = entry.conn.server;
  if (id == 0 || id >= view.servers.size()) return 0;
  const auto& server = view.servers[id];
  return (server.flags & PL_SERVER_AVAILABLE) != 0 && server.generation == entry.conn.generation ? id : 0;
}

bool may_be_nat_server(const PlaneView& view, const pl_addr& address) {
  const auto bit = pl_nat_bit(&address);
  return bit / 64 < view.nat_filter.size() && (view.nat_filter[bit / 64] >> (bit % 64) & 1) != 0;
}

}  // namespace plenum::lb
