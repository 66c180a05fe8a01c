/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The schedulers: one file and one row each, in the order of enum pl_scheduler. A scheduler
 * is given its service and the range of its members, and names a server or 0.
 */
#ifndef PLENUM_BPF_SCHEDULER_TABLE_H
#define PLENUM_BPF_SCHEDULER_TABLE_H

#include "bpf/scheduler/lc.h"
#include "bpf/scheduler/rr.h"
#include "bpf/scheduler/wrr.h"

#define SCHEDULERS(X)          \
	X(PL_SCHED_RR, rr)     \
	X(PL_SCHED_WRR, wrr)   \
	X(PL_SCHED_LC, lc)     \
	X(PL_SCHED_WLC, wlc)

/* The server a service's scheduler chooses for a packet, by index; 0 when it has none to give. */
static __always_inline __u32 schedule(__u32 service, const struct pl_packet *p)
{
	struct pl_service *svc = bpf_map_lookup_elem(&pl_services, &service);
	__u32 first, n;
	__u64 list;

	if (!svc)
		return 0;
	list = *(volatile __u64 *)&svc->list;
	first = list >> 32;
	n = (__u32)list;
	if (!n)
		return 0;
#define CASE(id, name)   \
	case id:         \
		return schedule_##name(service, first, n);
	switch (svc->scheduler) { SCHEDULERS(CASE) }
#undef CASE
	return 0;
}

#endif
