/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Weighted round robin as IPVS does it: passes over the members at a falling threshold,
 * from the greatest weight down by the weights' common divisor. The cursor holds the
 * threshold of the pass (upper half) and the index at which it goes on.
 */
#ifndef PLENUM_BPF_SCHEDULER_WRR_H
#define PLENUM_BPF_SCHEDULER_WRR_H

#include "bpf/scheduler/member.h"

struct wrr_walk {
	__u32 first, n, index, threshold;
	__u32 max, gcd;
	__u32 server;
};

static long wrr_step(__u32 i, struct wrr_walk *w)
{
	struct pl_member *m;

	if (w->index >= w->n) {
		w->index = 0;
		w->threshold = w->threshold > w->gcd ? w->threshold - w->gcd : w->max;
	}
	m = member_at(w->first + w->index++);
	if (!m)
		return 1;
	if (m->weight < w->threshold)
		return 0;
	w->server = m->server;
	return 1;
}

/* One choice; 0 when another CPU chose meanwhile, or there is nobody to choose. */
__attribute__((noinline)) __u32 wrr_try(__u32 service)
{
	struct pl_service *svc = bpf_map_lookup_elem(&pl_services, &service);
	struct wrr_walk w = {};
	__u64 at, list;

	if (!svc)
		return 0;
	list = *(volatile __u64 *)&svc->list;
	at = *(volatile __u64 *)&svc->cursor;
	w.first = list >> 32;
	w.n = (__u32)list;
	w.max = svc->wrr_max;
	w.gcd = svc->wrr_gcd;
	w.index = (__u32)at;
	w.threshold = at >> 32;
	if (!w.threshold || w.threshold > w.max)
		w.threshold = w.max;
	/* The pass under way and the next one hold a member: the heaviest. */
	bpf_loop(2 * w.n + 1, wrr_step, &w, 0);
	return CAS(&svc->cursor, at, (__u64)w.threshold << 32 | w.index) == at ? w.server : 0;
}

static __always_inline __u32 schedule_wrr(__u32 service, __u32 first, __u32 n)
{
	__u32 server = wrr_try(service);

	/* Calls in a row, not a loop: Linux 6.1 refuses some loops that end in a call. */
	if (!server)
		server = wrr_try(service);
	if (!server)
		server = wrr_try(service);
	if (!server)
		server = wrr_try(service);
	return server ? server : member_server(first);
}

#endif
