/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Destination, source and Maglev hashing: a hash of the packet names a slot, the slot a
 * server. User space fills the slots (src/lb/slot_table.h); the hashes are IPVS's, bit for bit.
 */
#ifndef PLENUM_BPF_SCHEDULER_HASH_H
#define PLENUM_BPF_SCHEDULER_HASH_H

#include "bpf/maglev.h"
#include "bpf/scheduler/list.h"

static __always_inline __u32 slot_server(__u32 table, __u32 slot)
{
	__u32 index = table + slot / PL_SLOTS_EACH;
	struct pl_hash_slots *slots = bpf_map_lookup_elem(&pl_slots, &index);
	__u64 at = slot;

	PL_OPAQUE(at);
	return slots ? PL_READ(slots->server[at & (PL_SLOTS_EACH - 1)]) : 0;
}

/* The server if it is given new connections, else 0. */
static __always_inline __u32 if_eligible(__u32 server)
{
	struct pl_load *l = server ? pl_load_at(0, server) : 0;

	return l && pl_is_eligible(l) ? server : 0;
}

static __always_inline __u32 client_hash_key(struct pl_service *svc, const struct pl_packet *p)
{
	return pl_client_key(&p->src, p->family, svc->scheduler_flags & PL_SCHED_PORT ? p->sport : 0);
}

static __always_inline __u32 schedule_dh(struct pl_service *svc, const struct pl_packet *p)
{
	return if_eligible(slot_server(svc->table, pl_hash_32(pl_address_fold(&p->dst, p->family))));
}

struct slot_walk {
	__u32 table, key, start;
	__u32 server;
};

static long sh_fallback_step(__u32 i, struct slot_walk *w)
{
	__u32 server = slot_server(w->table, pl_sh_fallback(w->key, w->start, i));

	w->server = if_eligible(server);
	return !server || w->server;
}

__attribute__((noinline)) __u32 schedule_sh(__u32 service, const struct pl_packet *p)
{
	struct pl_service *svc = pl_service_at(0, service);
	struct slot_walk w = {};

	if (!svc || !p)
		return 0;
	w.table = svc->table;
	w.key = client_hash_key(svc, p);
	w.start = pl_hash_32(w.key);
	w.server = if_eligible(slot_server(w.table, w.start));
	if (!w.server && svc->scheduler_flags & PL_SCHED_FALLBACK)
		bpf_loop(PL_HASH_SLOTS, sh_fallback_step, &w, 0);
	return w.server;
}

static long mh_fallback_step(__u32 i, struct slot_walk *w)
{
	__u32 server = slot_server(w->table, pl_mh_fallback(w->key, w->start, i));

	w->server = if_eligible(server);
	return !server || w->server;
}

__attribute__((noinline)) __u32 schedule_mh(__u32 service, const struct pl_packet *p)
{
	struct pl_service *svc = pl_service_at(0, service);
	struct slot_walk w = {};

	if (!svc || !p)
		return 0;
	w.table = svc->table;
	w.key = client_hash_key(svc, p);
	w.start = pl_mh_slot(w.key);
	w.server = if_eligible(slot_server(w.table, w.start));
	if (!w.server && svc->scheduler_flags & PL_SCHED_FALLBACK)
		bpf_loop(PL_MAGLEV_SLOTS, mh_fallback_step, &w, 0);
	return w.server;
}

#endif
