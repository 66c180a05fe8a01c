/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Power of two choices: two servers drawn at random by weight, the less burdened one. Which
 * ones IPVS draws nobody can say; how probable each is, is the same (ip_vs_twos.c).
 */
#ifndef PLENUM_BPF_SCHEDULER_TWOS_H
#define PLENUM_BPF_SCHEDULER_TWOS_H

#include "bpf/scheduler/list.h"

/* The first word of a row at which the weights reach *left (not 0), which falls by those before it. */
static __always_inline __u32 row_draw(struct pl_row *row, __u32 level, __u32 *left)
{
	__u64 sum = 0, before = 0;
	__u32 at = 0;

	PL_NO_UNROLL
	for (__u32 i = 0; i < PL_FANOUT; i++) {
		__u32 weight = pl_weight_in(PL_READ(row->word[i]), level);
		__u64 passed;

		sum += weight;
		passed = pl_less(sum, *left);
		before += passed * weight;
		at += passed;
	}
	*left -= before;
	return at;
}

/* The first server at which the weights of the list reach `left`; 0: none. For PL_TREE_SUM. */
__attribute__((noinline)) __u32 list_draw(__u64 list, __u32 left)
{
	__u32 base = PL_LIST_ROW(list) + 1, level = 0, place = 0;

	/* Nothing is reached where nothing has a weight: from 0 or from 1 is the same. */
	left += !left;
	for (__u32 up = 0; up < PL_LEVELS && pl_rows_at(list, level) > 1; up++)
		base += pl_rows_at(list, level++);
	for (__u32 down = 0; down < PL_LEVELS; down++) {
		struct pl_row *row = pl_row_at(0, base + place);
		__u32 at;

		if (!row)
			return 0;
		at = row_draw(row, level, &left);
		if (at == PL_FANOUT)
			return 0;
		place = place * PL_FANOUT + at;
		if (!level)
			return list_server(list, place);
		PL_OPAQUE(level);
		level--;
		base -= pl_rows_at(list, level);
	}
	return 0;
}

static __always_inline __u32 schedule_twos(__u64 list)
{
	__u32 total = list_root(list), one, two;
	struct pl_load *first, *second;

	if (!total)
		return 0;
	/* From 0 to the sum, both included: as IPVS draws. */
	one = list_draw(list, bpf_get_prandom_u32() % (total + 1));
	two = list_draw(list, bpf_get_prandom_u32() % (total + 1));
	if (!one || !two) {
		/* A weight went at this very moment. */
		__u32 place = list_find(list, 0, 1);

		return one ? one : two ? two : place != NOWHERE ? list_server(list, place) : 0;
	}
	first = pl_load_at(0, one);
	second = pl_load_at(0, two);
	if (first && second &&
	    PL_READ(second->weight) * pl_overhead(first) > PL_READ(first->weight) * pl_overhead(second))
		return two;
	return one;
}

#endif
