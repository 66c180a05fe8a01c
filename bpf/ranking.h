/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The servers of a service kept in the order its scheduler asks for (struct pl_row in abi.h).
 * Connections begin and end on several CPUs and in user space at once, so this is compiled
 * on both sides and takes no lock: whoever changed a load sums the rows above it up again,
 * one after the other. A sum is put in place by compare-and-swap and tried twice: who loses
 * twice lost to somebody who began after the change and saw it. When nobody is at work any
 * more, every word is what its row says (Jayanti's f-array).
 *
 * Knows loads, thresholds and rows; does not know connections or packets.
 */
#ifndef PLENUM_BPF_RANKING_H
#define PLENUM_BPF_RANKING_H

#include "bpf/abi.h"

#define PL_INLINE static inline __attribute__((always_inline))
#define PL_READ(word) (*(volatile __typeof__(word) *)&(word))
#define PL_CAS(at, from, to) __sync_val_compare_and_swap(at, from, to)

/* How both sides reach an element of a map; 0 where there is none. */
#ifdef PLENUM_BPF_MAPS_H
typedef __u32 pl_view;	/* of no meaning: the maps are at hand */
/* Functions of their own, which the verifier looks at once each. */
#define PL_OUT_OF_LINE __attribute__((noinline))
/* Without a use the compiler would leave the argument unset, which the verifier refuses. */
#define PL_USE(argument) asm volatile("" : : "r"(argument))
#define PL_AT(type, name, map)                                        \
	PL_INLINE struct type *name(pl_view view, __u32 index)        \
	{                                                             \
		(void)view;                                           \
		return bpf_map_lookup_elem(&map, &index);             \
	}
PL_AT(pl_row, pl_row_at, pl_members)
PL_AT(pl_load, pl_load_at, pl_loads)
PL_AT(pl_server, pl_server_at, pl_servers)
PL_AT(pl_service, pl_service_at, pl_services)
#else
#define PL_OUT_OF_LINE static inline
#define PL_USE(argument) (void)(argument)
struct pl_maps {
	struct pl_row *rows;
	struct pl_load *loads;
	struct pl_server *servers;
	struct pl_service *services;
	__u32 row_count, server_count, service_count;
};
typedef const struct pl_maps *pl_view;
#define PL_AT(type, name, array, count)                               \
	PL_INLINE struct type *name(pl_view view, __u32 index)        \
	{                                                             \
		return index < view->count ? &view->array[index] : 0; \
	}
PL_AT(pl_row, pl_row_at, rows, row_count)
PL_AT(pl_load, pl_load_at, loads, server_count)
PL_AT(pl_server, pl_server_at, servers, server_count)
PL_AT(pl_service, pl_service_at, services, service_count)
#endif
#undef PL_AT

/* For loops whose iterations the verifier should see as one. */
#ifdef __clang__
#define PL_NO_UNROLL _Pragma("clang loop unroll(disable)")
/* For loops Linux 6.1 would refuse: it takes none whose last instruction falls into its first. */
#define PL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PL_NO_UNROLL
#define PL_UNROLL
#endif

/* Hides where a value comes from, so that the compiler keeps to what is written: loops the
 * verifier can count, arithmetic in place of branches it would have to follow. */
#define PL_OPAQUE(value) asm volatile("" : "+r"(value))

/* 1 when a < b, else 0; no branch. */
PL_INLINE __u64 pl_less(__u64 a, __u64 b)
{
	__u64 difference = a - b;

	PL_OPAQUE(difference);
	return difference >> 63;
}

/* ---- shape ------------------------------------------------------------------------------ */

/*
 * The first row of a half holds the root as its first word; level 0 follows, then the levels
 * above it, each an eighth of the one below.
 */
PL_INLINE __u32 pl_rows_at(__u64 list, __u32 level)
{
	int shift = (int)(PL_LIST_CAPACITY(list) - 3 - 3 * level);

	/* At least one, without a branch for the verifier to follow. */
	return 1u << (shift & ~(shift >> 31) & 31);
}

/* The word of a row that a place leads to. Masked where it is used: on the way there Linux 6.1
 * forgets bounds. */
PL_INLINE __u64 *pl_word_at(struct pl_row *row, __u32 place)
{
	__u64 at = place;

	PL_OPAQUE(at);
	return &row->word[at & (PL_FANOUT - 1)];
}

/* What the tree of a scheduler sums up: enum pl_tree. */
PL_INLINE __u32 pl_tree_of(__u32 scheduler)
{
	switch (scheduler) {
	case PL_SCHED_RR:
	case PL_SCHED_WRR:
	case PL_SCHED_FO:
		return PL_TREE_MOST;
	case PL_SCHED_TWOS:
		return PL_TREE_SUM;
	case PL_SCHED_DH:
	case PL_SCHED_SH:
	case PL_SCHED_MH:
		return PL_TREE_NONE;
	}
	return PL_TREE_LEAST;
}

/* ---- burden ----------------------------------------------------------------------------- */

/* How a scheduler measures servers against each other: burden / weight, the least is chosen. */
struct pl_measure {
	__u32 per_active, per_inactive, extra;
	__u32 weighted;		/* else every weight counts as 1 */
	__u32 idle_first;	/* nq: no active connection is no burden */
	__u32 within_weight;	/* ovf: no more active connections than its weight, else not at all */
};

PL_INLINE void pl_measure_of(__u32 scheduler, struct pl_measure *m)
{
	__u32 connections = scheduler == PL_SCHED_LC || scheduler == PL_SCHED_WLC || scheduler == PL_SCHED_LBLC ||
			    scheduler == PL_SCHED_LBLCR;

	/* An active connection weighs 256 inactive ones (ip_vs_dest_conn_overhead). sed and nq
	 * count the one to come; ovf looks for the greatest weight, the least 1 / weight. */
	m->per_active = connections ? 256 : scheduler != PL_SCHED_OVF;
	m->per_inactive = connections;
	m->extra = !connections;
	m->weighted = scheduler != PL_SCHED_LC;
	m->idle_first = scheduler == PL_SCHED_NQ;
	m->within_weight = scheduler == PL_SCHED_OVF;
}

PL_INLINE __u64 pl_burden(const struct pl_measure *m, __u32 active, __u32 inactive)
{
	if (m->idle_first && !active)
		return 0;
	return (__u64)active * m->per_active + (__u64)inactive * m->per_inactive + m->extra;
}

PL_INLINE __u64 pl_overhead(struct pl_load *l)
{
	return ((__u64)PL_READ(l->active) << 8) + PL_READ(l->inactive);
}

/* Whether a server is given new connections at all. */
PL_INLINE int pl_is_eligible(struct pl_load *l)
{
	return PL_READ(l->weight) && !(PL_READ(l->flags) & PL_LOAD_OVERLOADED);
}

/* wrr: the threshold after this one at which there is somebody, who has at least weight 1. */
PL_INLINE __u32 pl_next_pass(__u32 threshold, __u32 max, __u32 gcd, __u32 heaviest)
{
	threshold = threshold > gcd ? threshold - gcd : max;
	if (threshold > heaviest)
		threshold -= (threshold - heaviest + gcd - 1) / gcd * gcd;
	return threshold;
}

/* ---- rows ------------------------------------------------------------------------------- */

/* The server of a row's with the least burden, the first of equals; 0: none may be chosen. */
PL_INLINE __u32 pl_least(pl_view view, struct pl_row *row, const struct pl_measure *m)
{
	__u64 least = 0;
	__u32 best = 0, best_weight = 0;

	for (int i = 0; i < PL_FANOUT; i++) {
		__u32 server = (__u32)PL_READ(row->word[i]), weight, active;
		struct pl_load *l;
		__u64 burden;

		if (!server)
			continue;
		l = pl_load_at(view, server);
		if (!l || PL_READ(l->flags) & PL_LOAD_OVERLOADED)
			continue;
		weight = PL_READ(l->weight);
		active = PL_READ(l->active);
		if (!weight || (m->within_weight && active > weight))
			continue;
		burden = pl_burden(m, active, PL_READ(l->inactive));
		if (!m->weighted)
			weight = 1;
		if (best && least * weight <= burden * best_weight)
			continue;
		best = server;
		best_weight = weight;
		least = burden;
	}
	return best;
}

/* A weight or a sum of weights, as it stands in a word of this level. */
PL_INLINE __u32 pl_weight_in(__u64 word, __u32 level)
{
	return level ? (__u32)word : (__u32)(word >> 32);
}

PL_INLINE __u32 pl_most(struct pl_row *row, __u32 level)
{
	__u32 most = 0;

	for (int i = 0; i < PL_FANOUT; i++) {
		__u32 weight = pl_weight_in(PL_READ(row->word[i]), level);

		if (weight > most)
			most = weight;
	}
	return most;
}

PL_INLINE __u32 pl_sum(struct pl_row *row, __u32 level)
{
	__u64 sum = 0;

	for (int i = 0; i < PL_FANOUT; i++)
		sum += pl_weight_in(PL_READ(row->word[i]), level);
	return sum > 0xfffffffe ? 0xfffffffe : (__u32)sum;
}

/* What a row sums up to. */
PL_OUT_OF_LINE __u32 pl_row_value(pl_view view, __u32 index, __u32 level, __u32 scheduler)
{
	__u32 tree = pl_tree_of(scheduler);
	struct pl_row *row = pl_row_at(view, index);
	struct pl_measure m;

	PL_USE(view);
	if (!row)
		return 0;
	if (tree == PL_TREE_MOST)
		return pl_most(row, level);
	if (tree == PL_TREE_SUM)
		return pl_sum(row, level);
	pl_measure_of(scheduler, &m);
	return pl_least(view, row, &m);
}

/*
 * Sums a row up into its word above. 1 when levels above may have to follow: the word has
 * another value now, or it still names the server whose load is another now.
 */
PL_INLINE int pl_sum_up(pl_view view, __u32 row, __u64 *into, __u32 level, __u32 scheduler, __u32 server)
{
	for (int i = 0; i < 2; i++) {
		__u64 before = PL_READ(*into);
		__u32 value = pl_row_value(view, row, level, scheduler);
		__u64 after = ((before >> 32) + 1) << 32 | value;

		/* Swapped even if the value stays: who read the row before the change must fail. */
		if (PL_CAS(into, before, after) == before)
			return (__u32)before != value || (pl_tree_of(scheduler) == PL_TREE_LEAST && value == server);
	}
	return 1;
}

/* The weight that level 0 has for a server, made to agree with its load. */
PL_INLINE void pl_leaf_update(struct pl_load *l, __u64 *leaf, __u32 server)
{
	for (int i = 0; i < 4; i++) {
		__u64 before = PL_READ(*leaf);
		__u32 weight = pl_is_eligible(l) ? PL_READ(l->weight) : 0;

		if ((__u32)before != server || before >> 32 == weight)
			return;
		PL_CAS(leaf, before, (__u64)weight << 32 | server);
	}
}

/* Puts a server whose load changed in its place again. */
PL_OUT_OF_LINE int pl_climb(pl_view view, __u32 server)
{
	struct pl_server *srv = pl_server_at(view, server);
	struct pl_load *l = pl_load_at(view, server);
	struct pl_service *svc;
	struct pl_row *row;
	__u32 place, base, root, scheduler;
	__u64 list;

	PL_USE(view);
	if (!srv || !l)
		return 0;
	svc = pl_service_at(view, PL_READ(srv->service));
	if (!svc)
		return 0;
	list = PL_READ(svc->list);
	scheduler = PL_LIST_SCHEDULER(list);
	place = PL_READ(srv->leaf[PL_LIST_HALF(list)]);
	if (place >= PL_LIST_COUNT(list) || pl_tree_of(scheduler) == PL_TREE_NONE)
		return 0;
	root = PL_LIST_ROW(list);
	base = root + 1;
	row = pl_row_at(view, base + place / PL_FANOUT);
	if (!row || (__u32)PL_READ(*pl_word_at(row, place)) != server)
		return 0;
	if (pl_tree_of(scheduler) != PL_TREE_LEAST)
		pl_leaf_update(l, pl_word_at(row, place), server);
	for (__u32 level = 0; level < PL_LEVELS; level++) {
		__u32 rows = pl_rows_at(list, level), above = rows == 1 ? root : base + rows;

		place /= PL_FANOUT;
		row = pl_row_at(view, above + place / PL_FANOUT);
		if (!row || !pl_sum_up(view, base + place, pl_word_at(row, place), level, scheduler, server))
			return 0;
		if (rows == 1)
			return 0;
		base = above;
	}
	return 0;
}

/* ---- loads ------------------------------------------------------------------------------ */

/*
 * After a server's connections became more (grew > 0) or fewer: whether it is overloaded, as
 * ip_vs_bind_dest() and ip_vs_unbind_dest() say it. 1 when that is another answer than before.
 */
PL_INLINE int pl_judge(struct pl_load *l, int grew)
{
	int changed = 0;

	for (int i = 0; i < 4; i++) {
		__u32 flags = PL_READ(l->flags), over = flags & PL_LOAD_OVERLOADED;
		__u32 total = PL_READ(l->active) + PL_READ(l->inactive);
		__u32 upper = PL_READ(l->upper);

		/* Once it was changed here, both ways count: another CPU may have gone by before it. */
		if ((grew > 0 || changed) && !over && upper && total >= upper)
			over = PL_LOAD_OVERLOADED;
		else if ((grew < 0 || changed) && over && (!upper || total < PL_READ(l->clear_below)))
			over = 0;
		else
			return changed;
		if (PL_CAS(&l->flags, flags, flags ^ PL_LOAD_OVERLOADED) == flags)
			changed = 1;
	}
	return 1;
}

/* Keeps count of the service's servers that have less than half of their weight to do. */
PL_INLINE void pl_count_room(pl_view view, __u32 server, struct pl_load *l)
{
	struct pl_server *srv = pl_server_at(view, server);
	struct pl_service *svc = srv ? pl_service_at(view, PL_READ(srv->service)) : 0;

	if (!svc)
		return;
	for (int i = 0; i < 4; i++) {
		__u32 flags = PL_READ(l->flags);
		int roomy = flags & PL_LOAD_ROOM_COUNTED && (__u64)PL_READ(l->active) * 2 < PL_READ(l->weight);

		if (!!(flags & PL_LOAD_ROOMY) == roomy)
			return;
		if (PL_CAS(&l->flags, flags, flags ^ PL_LOAD_ROOMY) == flags)
			__sync_fetch_and_add(&svc->roomy, roomy ? 1u : -1u);
	}
}

/* What follows from a load that has any of PL_LOAD_WATCHED set, after it changed. */
PL_OUT_OF_LINE int pl_load_changed(pl_view view, __u32 server, int grew)
{
	struct pl_load *l = pl_load_at(view, server);
	__u32 flags;
	int moved;

	PL_USE(view);
	if (!l)
		return 0;
	flags = PL_READ(l->flags);
	moved = flags & PL_LOAD_RANKED;
	if (flags & PL_LOAD_LIMITED)
		moved |= pl_judge(l, grew);
	if (flags & PL_LOAD_ROOM_COUNTED)
		pl_count_room(view, server, l);
	if (moved)
		pl_climb(view, server);
	return 0;
}

#endif
