/* SPDX-License-Identifier: GPL-2.0-only */
/* Weighted failover: the first of the servers with the greatest weight. */
#ifndef PLENUM_BPF_SCHEDULER_FO_H
#define PLENUM_BPF_SCHEDULER_FO_H

#include "bpf/scheduler/list.h"

static __always_inline __u32 schedule_fo(__u64 list)
{
	__u32 heaviest = list_root(list), place;

	if (!heaviest)
		return 0;
	place = list_find(list, 0, heaviest);
	/* The heaviest became overloaded just now: the next heaviest. */
	if (place == NOWHERE) {
		heaviest = list_root(list);
		place = heaviest ? list_find(list, 0, heaviest) : NOWHERE;
	}
	return place == NOWHERE ? 0 : list_server(list, place);
}

#endif
