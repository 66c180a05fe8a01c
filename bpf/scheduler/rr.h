/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Round robin: the next server in the list that has a weight and is not overloaded. The
 * cursor is the place at which the search begins, behind the last choice.
 */
#ifndef PLENUM_BPF_SCHEDULER_RR_H
#define PLENUM_BPF_SCHEDULER_RR_H

#include "bpf/scheduler/list.h"

/* The choice where the server at the cursor cannot be it. 0: nobody can; *lost: another CPU chose. */
static __always_inline __u32 rr_search(struct pl_service *svc, __u64 list, int *lost)
{
	__u64 at = PL_READ(svc->cursor);
	__u32 from = (__u32)at < PL_LIST_COUNT(list) ? (__u32)at : 0;
	__u32 place = list_find(list, from, 1);

	if (place == NOWHERE)
		place = list_find(list, 0, 1);
	*lost = place != NOWHERE && PL_CAS(&svc->cursor, at, place + 1) != at;
	return place == NOWHERE ? 0 : list_server(list, place);
}

static __always_inline __u32 schedule_rr(struct pl_service *svc, __u64 list)
{
	__u32 server;
	int lost;

	for (int i = 0; i < CURSOR_TRIES; i++) {
		__u64 at = PL_READ(svc->cursor);
		__u32 from = (__u32)at < PL_LIST_COUNT(list) ? (__u32)at : 0;
		__u64 word = list_word(list, from);

		if (!(word >> 32))
			break;
		if (PL_CAS(&svc->cursor, at, from + 1) == at)
			return (__u32)word;
	}
	/* In a row, not a loop: Linux 6.1 refuses some loops that end in a call. */
	server = rr_search(svc, list, &lost);
	if (lost)
		server = rr_search(svc, list, &lost);
	if (lost)
		server = rr_search(svc, list, &lost);
	return server;
}

#endif
