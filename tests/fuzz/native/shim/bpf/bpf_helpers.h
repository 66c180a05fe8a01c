/*
 * Stands in for libbpf's header of the same name where a program of bpf/ is compiled for this
 * machine instead of the kernel's: maps are variables that only lend their address and name, helpers are
 * functions of helpers.cc. A helper that is missing here fails the build by name: add it in
 * both places.
 */
#ifndef PLENUM_NATIVE_BPF_HELPERS_H
#define PLENUM_NATIVE_BPF_HELPERS_H

#include <linux/bpf.h>
#include <linux/types.h>

#define SEC(name) __attribute__((used))
#define __uint(name, val) int(*name)[val]
#define __type(name, val) __typeof__(val)* name
#define __array(name, val) __typeof__(val)* name[]

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#ifndef barrier
#define barrier() __asm__ volatile("" : : : "memory")
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#define bpf_printk(...) ((void)0)

/* libbpf has functions of its own by these names, and they may be in the same process. */
#define bpf_map_lookup_elem native_map_lookup_elem
#define bpf_map_update_elem native_map_update_elem
#define bpf_map_delete_elem native_map_delete_elem

void* bpf_map_lookup_elem(void* map, const void* key);
void* bpf_map_lookup_percpu_elem(void* map, const void* key, __u32 cpu);
long bpf_map_update_elem(void* map, const void* key, const void* value, __u64 flags);
long bpf_map_delete_elem(void* map, const void* key);

__u64 bpf_ktime_get_ns(void);
__u64 bpf_ktime_get_boot_ns(void);
__u64 bpf_ktime_get_coarse_ns(void);
__u64 bpf_jiffies64(void);
__u32 bpf_get_prandom_u32(void);
__u32 bpf_get_smp_processor_id(void);

/* The callback's type is the caller's business, as with libbpf. */
long bpf_loop(__u32 times, void* callback, void* context, __u64 flags);
long bpf_tail_call(void* ctx, void* map, __u32 index);
long bpf_spin_lock(struct bpf_spin_lock* lock);
long bpf_spin_unlock(struct bpf_spin_lock* lock);

long bpf_xdp_adjust_head(struct xdp_md* ctx, int delta);
long bpf_xdp_adjust_tail(struct xdp_md* ctx, int delta);
long bpf_xdp_adjust_meta(struct xdp_md* ctx, int delta);
__u64 bpf_xdp_get_buff_len(struct xdp_md* ctx);
long bpf_xdp_load_bytes(struct xdp_md* ctx, __u32 offset, void* to, __u32 length);
long bpf_xdp_store_bytes(struct xdp_md* ctx, __u32 offset, void* from, __u32 length);
long bpf_redirect(__u32 ifindex, __u64 flags);
long bpf_redirect_map(void* map, __u64 key, __u64 flags);
long bpf_fib_lookup(void* ctx, struct bpf_fib_lookup* params, int length, __u32 flags);
__s64 bpf_csum_diff(__be32* from, __u32 from_size, __be32* to, __u32 to_size, __wsum seed);

void* bpf_ringbuf_reserve(void* ring, __u64 size, __u64 flags);
void bpf_ringbuf_submit(void* data, __u64 flags);
void bpf_ringbuf_discard(void* data, __u64 flags);
long bpf_ringbuf_output(void* ring, void* data, __u64 size, __u64 flags);
__u64 bpf_ringbuf_query(void* ring, __u64 flags);
long bpf_perf_event_output(void* ctx, void* map, __u64 flags, void* data, __u64 size);
long bpf_xdp_output(void* ctx, void* map, __u64 flags, void* data, __u64 size);

#endif
