#include "lb/conn_table.h"

#include <algorithm>
#include <bit>
#include <ctime>

#include "lb/mapped_array.h"

namespace plenum::lb {

namespace {

// How many buckets the sweep asks for before it gets there: enough for memory's delay.
constexpr std::uint32_t kFetchAhead = 24;

constexpr std::uint64_t kIdentity = PL_WORD_TAG | PL_WORD_LIVE | PL_WORD_BUSY | PL_WORD_TEMPLATE;

bool is_live(std::uint64_t word) { return (word & (PL_WORD_LIVE | PL_WORD_BUSY)) == PL_WORD_LIVE; }

}  // namespace

std::uint32_t current_tick() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const auto ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
  return static_cast<std::uint32_t>(ns >> PL_TICK_SHIFT);
}

// The primary bucket of an entry that stood in its alternate one has one spilled less.
void ConnTable::unspill(std::uint32_t bucket, std::uint64_t word) {
  const auto tag = static_cast<std::uint32_t>((word & PL_WORD_TAG) >> PL_WORD_TAG_SHIFT);
  const auto primary = (bucket ^ PL_ALTERNATE(tag)) & (bucket_count() - 1);
  auto counter = shared(buckets_[primary].word[1]);
  auto seen = counter.load();
  for (;;) {
    const auto spilled = seen >> PL_WORD_SPILL_SHIFT;
    if (spilled == 0 || spilled == PL_SPILL_MANY) return;
    if (counter.compare_exchange_weak(seen, seen - (1ULL << PL_WORD_SPILL_SHIFT))) return;
  }
}

// One connection less for the template at `place`, if there is one still.
void ConnTable::release(std::uint32_t place) {
  if (place == 0 || place > slot_count()) return;
  auto& b = buckets_[(place - 1) / PL_SLOTS];
  const auto slot = (place - 1) % PL_SLOTS;
  constexpr std::uint64_t kTemplate = PL_WORD_LIVE | PL_WORD_TEMPLATE;
  if ((shared(b.word[slot]).load() & kTemplate) != kTemplate) return;
  auto count = shared(b.conn[slot].packets);
  auto seen = count.load();
  while (seen != 0 && !count.compare_exchange_weak(seen, seen - 1)) {
  }
}

// A template past its time whose connections live. The kernel's timer does the same
// (ip_vs_conn_expire), and the template keeps the shorter time from then on.
void ConnTable::prolong(std::uint32_t bucket, std::uint32_t slot, std::uint64_t word, std::uint32_t now) {
  auto at = shared(buckets_[bucket].word[slot]);
  auto seen = static_cast<decltype(at)::value_type>(word);
  const auto longer = [now](std::uint64_t w) { return (w & ~PL_WORD_EXPIRES) | (now + PL_TEMPLATE_GRACE); };
  while (!at.compare_exchange_weak(seen, longer(seen)))
    if ((seen & ~PL_WORD_BUCKET) != (word & ~PL_WORD_BUCKET)) return;
  shared(buckets_[bucket].conn[slot].control).store(PL_TEMPLATE_GRACE);
}

bool ConnTable::end(std::uint32_t bucket, std::uint32_t slot, std::uint64_t word) {
  auto& b = buckets_[bucket];
  const auto server = b.conn[slot].server;
  const auto control = b.conn[slot].control;
  const bool is_template = (word & PL_WORD_TEMPLATE) != 0;
  auto at = shared(b.word[slot]);
  auto seen = static_cast<decltype(at)::value_type>(word);
  // Only the bucket's bits and the lock may differ; a changed expiry means it lives on.
  const bool is_call = is_template && (b.conn[slot].flags & PL_CONN_CALL_ID) != 0 && forget_call_;
  while (!at.compare_exchange_weak(seen, (seen & PL_WORD_BUCKET) | (is_call ? PL_WORD_BUSY : 0)))
    if ((seen & ~PL_WORD_BUCKET) != (word & ~PL_WORD_BUCKET)) return false;
  if (is_call) {
    forget_call_(PL_PLACE(bucket, slot));
    at.fetch_and(~PL_WORD_BUSY);
  }
  if (server < loads_.size()) {
    auto& load = loads_[server];
    shared(is_template ? load.persistent : (word & PL_WORD_ACTIVE) != 0 ? load.active : load.inactive).fetch_sub(1);
    if ((shared(load.flags).load() & PL_LOAD_WATCHED) != 0) pl_load_changed(&schedulers_, server, is_template ? 0 : -1);
  }
  if (!is_template) release(control);
  if ((word & PL_WORD_ALTERNATE) != 0) unspill(bucket, word);
  return true;
}

// One bit a slot: its connection is past its time.
std::uint32_t ConnTable::expired(std::uint32_t bucket, std::uint32_t now) const {
  std::uint32_t slots = 0;
  // Without branches: which slots are live nobody can foretell, and a wrong guess for every
  // other one costs three times the whole.
  for (std::uint32_t slot = 0; slot < PL_SLOTS; ++slot) {
    const auto word = shared(buckets_[bucket].word[slot]).load(std::memory_order_relaxed);
    const auto past = (static_cast<std::uint32_t>(word) - now) >> 31;
    slots |= (is_live(word) ? past : 0u) << slot;
  }
  return slots;
}

std::uint32_t ConnTable::age(std::uint32_t first, std::uint32_t count, std::uint32_t now) {
  std::uint32_t ended = 0;
  const auto last = std::min(bucket_count() - std::min(first, bucket_count()), count) + first;
  for (std::uint32_t bucket = first; bucket < last; ++bucket) {
    // The buckets' words stand 512 bytes apart, a cache line each that nothing fetches by itself.
    if (bucket + kFetchAhead < last) __builtin_prefetch(&buckets_[bucket + kFetchAhead]);
    for (auto slots = expired(bucket, now); slots != 0; slots &= slots - 1) {
      const auto slot = static_cast<std::uint32_t>(std::countr_zero(slots));
      const auto word = shared(buckets_[bucket].word[slot]).load(std::memory_order_relaxed);
      if (!is_live(word)) continue;
      if (static_cast<std::int32_t>(static_cast<std::uint32_t>(word) - now) >= 0) continue;
      if ((word & PL_WORD_TEMPLATE) != 0 && shared(buckets_[bucket].conn[slot].packets).load() != 0)
        prolong(bucket, slot, word, now);
      else
        ended += end(bucket, slot, word) ? 1 : 0;
    }
  }
  return ended;
}

// A copy of one live connection; none where the slot is free, or changes all the time.
std::optional<ConnTable::Entry> ConnTable::entry(std::uint32_t bucket, std::uint32_t slot) const {
  auto& b = buckets_[bucket];
  for (int tries = 0; tries < 8; ++tries) {
    Entry entry;
    entry.place = PL_PLACE(bucket, slot);
    entry.word = shared(b.word[slot]).load();
    if (!is_live(entry.word)) return std::nullopt;
    entry.conn = b.conn[slot];
    entry.upper = b.upper[slot];
    const auto after = shared(b.word[slot]).load();
    if ((after & kIdentity) == (entry.word & kIdentity)) return entry;
  }
  return std::nullopt;
}

void ConnTable::read(std::uint32_t bucket, const std::function<void(const Entry&)>& take) const {
  for (std::uint32_t slot = 0; slot < PL_SLOTS; ++slot)
    if (const auto one = entry(bucket, slot)) take(*one);
}

std::uint32_t ConnTable::remove_if(std::uint32_t bucket, const std::function<bool(const Entry&)>& unwanted) {
  std::uint32_t ended = 0;
  for (std::uint32_t slot = 0; slot < PL_SLOTS; ++slot) {
    const auto one = entry(bucket, slot);
    if (one && unwanted(*one) && end(bucket, slot, one->word)) ++ended;
  }
  return ended;
}

}  // namespace plenum::lb
