/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locality-based least connection, without (lblc) and with replication (lblcr): where a
 * destination was sent lately it is sent again, unless that server has more than its weight
 * to do while another has less than half. The least burdened server is the tree's root.
 */
#ifndef PLENUM_BPF_SCHEDULER_LOCALITY_H
#define PLENUM_BPF_SCHEDULER_LOCALITY_H

#include "bpf/locality.h"
#include "bpf/scheduler/list.h"

/* What a destination begins with. */
const struct pl_locality pl_no_locality = {};

static __always_inline void locality_key(struct pl_locality_key *key, __u32 service, struct pl_service *svc,
					 const struct pl_packet *p)
{
	key->destination = p->dst;
	key->service = service;
	key->epoch = svc->epoch;
}

/* What is known of a destination, forgotten when nobody asked for it in so long. */
static __always_inline struct pl_locality *locality_find(const struct pl_locality_key *key, __u32 now,
							  __u32 expiration)
{
	struct pl_locality *known = bpf_map_lookup_elem(&pl_localities, key);

	if (known && now - PL_READ(known->used) >= expiration)
		known->count = 0;
	return known;
}

static __always_inline struct pl_locality *locality_make(const struct pl_locality_key *key)
{
	bpf_map_update_elem(&pl_localities, key, &pl_no_locality, BPF_NOEXIST);
	return bpf_map_lookup_elem(&pl_localities, key);
}

/* 1: this CPU may change the set. IPVS waits for its lock here; a change less is no harm. */
static __always_inline int locality_lock(struct pl_locality *known)
{
	return PL_CAS(&known->busy, 0, 1) == 0;
}

static __always_inline void locality_unlock(struct pl_locality *known)
{
	PL_CAS(&known->busy, 1, 0);
}

__attribute__((noinline)) __u32 schedule_lblc(__u32 service, const struct pl_packet *p)
{
	struct pl_service *svc = pl_service_at(0, service);
	struct pl_settings *s = settings();
	struct pl_locality_key key = {};
	struct pl_locality *known;
	struct pl_server *server;
	struct pl_load *l;
	__u32 id;

	if (!svc || !p)
		return 0;
	locality_key(&key, service, svc, p);
	known = locality_find(&key, p->now, s->lblc_expiration);
	if (known && known->count) {
		known->used = p->now;
		id = known->server[0].server;
		l = pl_load_at(0, id);
		if (pl_known_server(0, &known->server[0]) && l && PL_READ(l->weight) && !pl_locality_crowded(l, svc))
			return id;
	}
	id = list_root(PL_READ(svc->list));
	server = id ? pl_server_at(0, id) : 0;
	if (!server)
		return 0;
	if (!known)
		known = locality_make(&key);
	if (known && locality_lock(known)) {
		known->server[0].server = id;
		known->server[0].generation = server->generation;
		known->count = 1;
		known->used = known->changed = p->now;
		locality_unlock(known);
	}
	return id;
}

/* Takes a server out of the set. */
__attribute__((noinline)) int locality_erase(struct pl_locality *known, __u32 id, __u32 now)
{
	__u32 found = 0;

	if (!known || known->count < 2 || !locality_lock(known))
		return 0;
	PL_UNROLL
	for (__u32 i = 0; i < PL_LOCALITY_SERVERS - 1; i++) {
		if (known->server[i].server == id)
			found = 1;
		if (found)
			known->server[i] = known->server[i + 1];
	}
	/* Not among the first: the last of a full set, or another CPU took it out. */
	if (found || known->server[PL_LOCALITY_SERVERS - 1].server == id) {
		known->count--;
		known->changed = now;
	}
	locality_unlock(known);
	return 0;
}

/* Puts a server at the head of the set, unless it is there or there is no room. */
__attribute__((noinline)) int locality_add(struct pl_locality *known, __u32 id, __u32 generation, __u32 now)
{
	__u32 count;

	if (!known || !locality_lock(known))
		return 0;
	count = known->count;
	for (__u32 i = 0; i < PL_LOCALITY_SERVERS; i++)
		if (i < count && known->server[i].server == id && known->server[i].generation == generation)
			count = PL_LOCALITY_SERVERS;
	if (count < PL_LOCALITY_SERVERS) {
		for (__u32 i = PL_LOCALITY_SERVERS - 1; i > 0; i--)
			known->server[i] = known->server[i - 1];
		known->server[0].server = id;
		known->server[0].generation = generation;
		known->count = count + 1;
		known->changed = now;
	}
	locality_unlock(known);
	return 0;
}

__attribute__((noinline)) __u32 schedule_lblcr(__u32 service, const struct pl_packet *p)
{
	struct pl_service *svc = pl_service_at(0, service);
	struct pl_settings *s = settings();
	struct pl_locality_key key = {};
	struct pl_locality *known;
	struct pl_server *server;
	__u32 id;

	if (!svc || !p)
		return 0;
	locality_key(&key, service, svc, p);
	known = locality_find(&key, p->now, s->lblcr_expiration);
	if (known && known->count) {
		struct pl_load *l;
		__u32 most = 0;

		known->used = p->now;
		id = pl_locality_pick(0, known, 0);
		if (known->count > 1 && p->now - known->changed > s->lblcr_expiration)
			most = pl_locality_pick(0, known, 1);
		if (most)
			locality_erase(known, most, p->now);
		l = id ? pl_load_at(0, id) : 0;
		if (l && !pl_locality_crowded(l, svc))
			return id;
	}
	id = list_root(PL_READ(svc->list));
	server = id ? pl_server_at(0, id) : 0;
	if (!server)
		return 0;
	if (!known)
		known = locality_make(&key);
	if (known) {
		known->used = p->now;
		locality_add(known, id, server->generation, p->now);
	}
	return id;
}

#endif
