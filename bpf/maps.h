/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The director's maps. All are pinned by name; the sizes here are the smallest, user space
 * sets the real ones before loading. Arrays are mappable: user space writes and reads them
 * without a system call an element.
 */
#ifndef PLENUM_BPF_MAPS_H
#define PLENUM_BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "bpf/abi.h"

#define PL_ARRAY(name, flags, value_type, entries)      \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_ARRAY);       \
		__uint(map_flags, flags);               \
		__uint(max_entries, entries);           \
		__type(key, __u32);                     \
		__type(value, value_type);              \
	} name SEC(".maps")

/*
 * Arrays of fixed size that any packet may ask: variables, each in a section, and so in a map, of
 * its own. The program knows where they are, so that an element costs an addition where a lookup
 * costs fifteen instructions. Pinned under the variable's name, as all others are.
 */
#define PL_FIXED(name, value_type, entries) value_type name[entries] SEC(".data." #name)

PL_FIXED(pl_settings, struct pl_settings, 1);

static __always_inline struct pl_settings *settings(void)
{
	return &pl_settings[0];
}

PL_FIXED(pl_ports, struct pl_port, PL_PORTS);

/* What traffic belongs to which service: the one hash map, read for new connections only. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 64);
	__type(key, struct pl_service_key);
	__type(value, __u32);
} pl_vips SEC(".maps");

PL_ARRAY(pl_marks, BPF_F_MMAPABLE, struct pl_mark_rule, 2 * PL_MARK_RULES);

PL_ARRAY(pl_services, BPF_F_MMAPABLE, struct pl_service, 64);

PL_ARRAY(pl_members, BPF_F_MMAPABLE, struct pl_row, 256);

PL_ARRAY(pl_slots, BPF_F_MMAPABLE, struct pl_hash_slots, 256);

/* lblc, lblcr: the destinations used last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct pl_locality_key);
	__type(value, struct pl_locality);
} pl_localities SEC(".maps");

PL_ARRAY(pl_servers, BPF_F_MMAPABLE, struct pl_server, 64);

PL_ARRAY(pl_loads, BPF_F_MMAPABLE, struct pl_load, 64);

PL_ARRAY(pl_next_hops, BPF_F_MMAPABLE, struct pl_next_hop, 64);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct pl_stats);
} pl_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PL_ROUTES);
	__type(key, __u32);
	__type(value, struct pl_route);
} pl_routes SEC(".maps");

/* NAT servers by address, port and protocol (0: of a mark's service); filled only while the
 * setting is on. The value is the index of one such server. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 64);
	__type(key, struct pl_service_key);
	__type(value, __u32);
} pl_reals SEC(".maps");

PL_FIXED(pl_nat_filter, __u64, PL_NAT_FILTER_BITS / 64);

/* The shortcut in front of pl_vips: see pl_front_place(). */
PL_FIXED(pl_vip_front, __u64, 1 << PL_FRONT_BITS);

/* One bit by hash of a virtual address: whether fragments to an address may concern us. */
PL_FIXED(pl_vip_filter, __u64, PL_NAT_FILTER_BITS / 64);

/* Datagrams in fragments. The kernel forgets the least recently used when there are too many. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PL_DATAGRAMS);
	__type(key, struct pl_fragment_key);
	__type(value, struct pl_datagram);
} pl_datagrams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PL_FRAME_RING);
} pl_frames SEC(".maps");

PL_ARRAY(pl_frame_keeper, BPF_F_MMAPABLE, struct pl_frame_keeper, 1);

PL_ARRAY(pl_conns, BPF_F_MMAPABLE, struct pl_bucket, 128);

/* Call-IDs of SIP templates, by PL_PLACE. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct pl_call_id);
} pl_call_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pl_sip);
} pl_sip SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PL_REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} pl_reasons SEC(".maps");

/* One a CPU; user space makes as many as there are, and reads them where they are. */
PL_ARRAY(pl_sync_rings, BPF_F_MMAPABLE, struct pl_sync_ring, 1);

/* Per CPU: ICMP errors sent in the current tick, tick << 32 | count. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} pl_icmp_budget SEC(".maps");

#endif
