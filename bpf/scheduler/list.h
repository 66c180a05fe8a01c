/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What schedulers ask of a service's servers and the tree above them (struct pl_row in
 * abi.h): the root, and the next server in the list from a given place on.
 */
#ifndef PLENUM_BPF_SCHEDULER_LIST_H
#define PLENUM_BPF_SCHEDULER_LIST_H

#include "bpf/connection.h"
#include "bpf/ranking.h"

/* How often a scheduler tries to move its cursor before it chooses without. */
#define CURSOR_TRIES 8

/* No such place in the list. */
#define NOWHERE 0xffffffffU

/* The whole list summed up: a server (PL_TREE_LEAST) or a weight. */
static __always_inline __u32 list_root(__u64 list)
{
	struct pl_row *row = pl_row_at(0, PL_LIST_ROW(list));

	return row ? (__u32)PL_READ(row->word[0]) : 0;
}

static __always_inline __u64 list_word(__u64 list, __u32 place)
{
	struct pl_row *row = pl_row_at(0, PL_LIST_ROW(list) + 1 + place / PL_FANOUT);

	return row ? PL_READ(*pl_word_at(row, place)) : 0;
}

static __always_inline __u32 list_server(__u64 list, __u32 place)
{
	return (__u32)list_word(list, place);
}

/* The first word of a row, from `from` on, of at least this weight; PL_FANOUT: none. */
static __always_inline __u32 row_find(struct pl_row *row, __u32 from, __u32 weight, __u32 level)
{
	__u32 mask = 0, lowest;

	PL_NO_UNROLL
	for (__u32 i = 0; i < PL_FANOUT; i++)
		mask |= (1 ^ (__u32)pl_less(pl_weight_in(PL_READ(row->word[i]), level), weight)) << i;
	mask = mask >> from << from;
	lowest = mask & -mask;
	if (!lowest)
		return PL_FANOUT;
	/* The number of the only bit, by a de Bruijn sequence. */
	return 0x34572610u >> ((lowest * 0x1d & 0xff) >> 5) * 4 & 7;
}

/* From a word of a level above 0 down to the first server below it of at least this weight. */
static __always_inline __u32 list_down(__u64 list, __u32 base, __u32 level, __u32 place, __u32 weight)
{
	for (__u32 i = 0; i < PL_LEVELS && level; i++) {
		struct pl_row *row;
		__u32 at;

		PL_OPAQUE(level);
		level--;
		base -= pl_rows_at(list, level);
		row = pl_row_at(0, base + place);
		if (!row)
			return NOWHERE;
		at = row_find(row, 0, weight, level);
		if (at == PL_FANOUT)
			return NOWHERE;	/* it became overloaded meanwhile */
		place = place * PL_FANOUT + at;
	}
	return place;
}

/*
 * The first server at `place` or behind it that has at least this weight (not 0) and may be
 * chosen; NOWHERE: none. For PL_TREE_MOST. Up the tree until a row has one further right,
 * then down to it.
 */
__attribute__((noinline)) __u32 list_find(__u64 list, __u32 place, __u32 weight)
{
	__u32 base = PL_LIST_ROW(list) + 1;

	for (__u32 level = 0; level < PL_LEVELS; level++) {
		__u32 rows = pl_rows_at(list, level), at;
		struct pl_row *row = pl_row_at(0, base + place / PL_FANOUT);

		if (!row || place / PL_FANOUT >= rows)
			return NOWHERE;
		at = row_find(row, place % PL_FANOUT, weight, level);
		if (at < PL_FANOUT) {
			place = place / PL_FANOUT * PL_FANOUT + at;
			return level ? list_down(list, base, level, place, weight) : place;
		}
		if (rows == 1)
			return NOWHERE;
		place = place / PL_FANOUT + 1;
		base += rows;
	}
	return NOWHERE;
}

#endif
