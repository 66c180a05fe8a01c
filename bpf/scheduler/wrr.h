/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Weighted round robin as IPVS does it: passes over the list at a falling threshold, from the
 * greatest weight down by the weights' common divisor to 1. The cursor holds the threshold of
 * the pass (upper half) and the place at which it goes on. Passes at thresholds that nobody
 * reaches are left out in one step. Who finds again and again that another CPU was quicker
 * takes the server it saw: it shares the other's turn, for to be refused would be worse.
 */
#ifndef PLENUM_BPF_SCHEDULER_WRR_H
#define PLENUM_BPF_SCHEDULER_WRR_H

#include "bpf/scheduler/list.h"

/* Beside the server: another CPU chose meanwhile. */
#define WRR_LOST (1U << 31)

/* One choice; 0: there is nobody to choose. */
__attribute__((noinline)) __u32 wrr_try(__u32 service, __u64 list)
{
	struct pl_service *svc = pl_service_at(0, service);
	__u32 threshold, place, max, gcd, heaviest, from;
	__u64 at, to;

	if (!svc)
		return 0;
	max = PL_READ(svc->wrr_max);
	gcd = PL_READ(svc->wrr_gcd);
	at = PL_READ(svc->cursor);
	if (!max || !gcd)
		return 0;
	threshold = at >> 32;
	if (!threshold || threshold > max)
		threshold = max;
	from = (__u32)at;
	place = from < PL_LIST_COUNT(list) ? list_find(list, from, threshold) : NOWHERE;
	if (place == NOWHERE) {
		heaviest = list_root(list);
		if (!heaviest) {
			/* IPVS stays where it is if it came by in the last pass, and else begins anew. */
			if (!from || threshold > gcd)
				PL_CAS(&svc->cursor, at, (__u64)max << 32);
			return 0;
		}
		threshold = pl_next_pass(threshold, max, gcd, heaviest);
		place = list_find(list, 0, threshold);
		if (place == NOWHERE)
			return WRR_LOST;
	}
	to = (__u64)threshold << 32 | (place + 1);
	return list_server(list, place) | (PL_CAS(&svc->cursor, at, to) == at ? 0 : WRR_LOST);
}

static __always_inline __u32 schedule_wrr(__u32 service, __u64 list)
{
	__u32 server = wrr_try(service, list);

	/* CURSOR_TRIES in a row, not a loop: Linux 6.1 refuses some loops that end in a call. */
	if (server & WRR_LOST)
		server = wrr_try(service, list);
	if (server & WRR_LOST)
		server = wrr_try(service, list);
	if (server & WRR_LOST)
		server = wrr_try(service, list);
	if (server & WRR_LOST)
		server = wrr_try(service, list);
	if (server & WRR_LOST)
		server = wrr_try(service, list);
	if (server & WRR_LOST)
		server = wrr_try(service, list);
	if (server & WRR_LOST)
		server = wrr_try(service, list);
	return server & ~WRR_LOST;
}

#endif
