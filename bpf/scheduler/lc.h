/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Least connection and weighted least connection: the least overhead, divided by weight
 * for wlc (compared by cross-multiplication); the first in the list where two are equal.
 */
#ifndef PLENUM_BPF_SCHEDULER_LC_H
#define PLENUM_BPF_SCHEDULER_LC_H

#include "bpf/scheduler/member.h"

struct lc_walk {
	__u64 least;
	__u32 first, server, weight, weighted;
};

static long lc_step(__u32 i, struct lc_walk *w)
{
	struct pl_member *m = member_at(w->first + i);
	__u64 burden;

	if (!m)
		return 1;
	burden = overhead(m->server);
	if (w->server && (w->weighted ? w->least * m->weight <= burden * w->weight : w->least <= burden))
		return 0;
	w->least = burden;
	w->server = m->server;
	w->weight = m->weight;
	return 0;
}

static __always_inline __u32 schedule_least(__u32 first, __u32 n, __u32 weighted)
{
	struct lc_walk w = { .first = first, .weighted = weighted };

	bpf_loop(n, lc_step, &w, 0);
	return w.server;
}

static __always_inline __u32 schedule_lc(__u32 service, __u32 first, __u32 n)
{
	return schedule_least(first, n, 0);
}

static __always_inline __u32 schedule_wlc(__u32 service, __u32 first, __u32 n)
{
	return schedule_least(first, n, 1);
}

#endif
