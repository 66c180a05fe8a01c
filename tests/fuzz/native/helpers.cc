// The helpers of shim/bpf/bpf_helpers.h, asked of the machine that runs.

#include <linux/bpf.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "tests/fuzz/native/machine.h"

// Two helpers are called as structures are: so they are named in the kernel.
#pragma GCC diagnostic ignored "-Wshadow"

using plenum::native::Machine;

extern "C" {

void* native_map_lookup_elem(void* map, const void* key) { return Machine::running().at(map).lookup(key); }

void* bpf_map_lookup_percpu_elem(void* map, const void* key, std::uint32_t cpu) {
  return cpu == 0 ? native_map_lookup_elem(map, key) : nullptr;
}

long native_map_update_elem(void* map, const void* key, const void* value, std::uint64_t flags) {
  return Machine::running().at(map).update(key, value, flags);
}

long native_map_delete_elem(void* map, const void* key) { return Machine::running().at(map).remove(key); }

std::uint64_t bpf_ktime_get_ns() { return Machine::running().now(); }
std::uint64_t bpf_ktime_get_boot_ns() { return Machine::running().now(); }
std::uint64_t bpf_ktime_get_coarse_ns() { return Machine::running().now(); }
std::uint64_t bpf_jiffies64() { return Machine::running().now() / 4000000; }
std::uint32_t bpf_get_prandom_u32() { return Machine::running().random(); }
std::uint32_t bpf_get_smp_processor_id() { return 0; }

long bpf_loop(std::uint32_t times, void* callback, void* context, std::uint64_t) {
  const auto step = reinterpret_cast<long (*)(std::uint32_t, void*)>(callback);
  for (std::uint32_t i = 0; i < times; ++i)
    if (step(i, context) != 0) return i + 1;
  return times;
}

// As where no program stands in that place: the caller goes on.
long bpf_tail_call(void*, void*, std::uint32_t) { return -ENOENT; }
long bpf_spin_lock(struct bpf_spin_lock*) { return 0; }
long bpf_spin_unlock(struct bpf_spin_lock*) { return 0; }

long bpf_xdp_adjust_head(xdp_md* ctx, int delta) { return Machine::running().adjust_head(*ctx, delta); }
long bpf_xdp_adjust_tail(xdp_md* ctx, int delta) { return Machine::running().adjust_tail(*ctx, delta); }
// As drivers without room for metadata.
long bpf_xdp_adjust_meta(xdp_md*, int) { return -ENOTSUP; }
std::uint64_t bpf_xdp_get_buff_len(xdp_md* ctx) { return ctx->data_end - ctx->data; }

long bpf_xdp_load_bytes(xdp_md* ctx, std::uint32_t offset, void* to, std::uint32_t length) {
  if (length == 0 || std::uint64_t{offset} + length > ctx->data_end - ctx->data) return -EINVAL;
  std::memcpy(to, reinterpret_cast<const void*>(std::uintptr_t{ctx->data} + offset), length);
  return 0;
}

long bpf_xdp_store_bytes(xdp_md* ctx, std::uint32_t offset, void* from, std::uint32_t length) {
  if (length == 0 || std::uint64_t{offset} + length > ctx->data_end - ctx->data) return -EINVAL;
  std::memcpy(reinterpret_cast<void*>(std::uintptr_t{ctx->data} + offset), from, length);
  return 0;
}

long bpf_redirect(std::uint32_t ifindex, std::uint64_t) {
  Machine::running().redirect(ifindex);
  return XDP_REDIRECT;
}

long bpf_redirect_map(void*, std::uint64_t key, std::uint64_t) {
  Machine::running().redirect(static_cast<std::uint32_t>(key));
  return XDP_REDIRECT;
}

long bpf_fib_lookup(void*, struct bpf_fib_lookup* params, int, std::uint32_t) {
  return Machine::running().fib(*params);
}

std::int64_t bpf_csum_diff(__be32* from, std::uint32_t from_size, __be32* to, std::uint32_t to_size, __wsum seed) {
  if (from_size % 4 != 0 || to_size % 4 != 0 || from_size > 512 || to_size > 512) return -EINVAL;
  std::uint64_t sum = seed;
  for (std::uint32_t i = 0; i < from_size / 4; ++i) sum += static_cast<std::uint32_t>(~from[i]);
  for (std::uint32_t i = 0; i < to_size / 4; ++i) sum += to[i];
  while (sum >> 32 != 0) sum = (sum & 0xffffffff) + (sum >> 32);
  return static_cast<std::int64_t>(sum);
}

void* bpf_ringbuf_reserve(void* ring, std::uint64_t size, std::uint64_t) {
  return Machine::running().record(ring, size);
}
void bpf_ringbuf_submit(void* data, std::uint64_t) { Machine::running().submit(data); }
void bpf_ringbuf_discard(void*, std::uint64_t) {}

// What is handed on is read to its end, so that the sanitizer sees it.
long bpf_ringbuf_output(void* ring, void* data, std::uint64_t size, std::uint64_t) {
  std::uint8_t* record = Machine::running().record(ring, size);
  if (record == nullptr) return -EAGAIN;
  std::memcpy(record, data, size);
  Machine::running().submit(record);
  return 0;
}

std::uint64_t bpf_ringbuf_query(void*, std::uint64_t) { return 0; }

long bpf_perf_event_output(void*, void* map, std::uint64_t, void* data, std::uint64_t size) {
  return bpf_ringbuf_output(map, data, size, 0);
}

long bpf_xdp_output(void*, void* map, std::uint64_t, void* data, std::uint64_t size) {
  return bpf_ringbuf_output(map, data, size, 0);
}
}
