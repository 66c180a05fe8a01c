/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The schedulers: one file and one row each. A scheduler is given its service, the service's
 * list or the packet, as it needs, and names a server or 0.
 */
#ifndef PLENUM_BPF_SCHEDULER_TABLE_H
#define PLENUM_BPF_SCHEDULER_TABLE_H

#include "bpf/scheduler/fo.h"
#include "bpf/scheduler/hash.h"
#include "bpf/scheduler/list.h"
#include "bpf/scheduler/locality.h"
#include "bpf/scheduler/rr.h"
#include "bpf/scheduler/twos.h"
#include "bpf/scheduler/wrr.h"

/* Those that compare loads find their choice at the root; pl_measure_of() says how they compare. */
#define SCHEDULERS(X)                                  \
	X(PL_SCHED_RR, schedule_rr(svc, list))         \
	X(PL_SCHED_WRR, schedule_wrr(service, list))   \
	X(PL_SCHED_LC, list_root(list))                \
	X(PL_SCHED_WLC, list_root(list))               \
	X(PL_SCHED_SED, list_root(list))               \
	X(PL_SCHED_NQ, list_root(list))                \
	X(PL_SCHED_FO, schedule_fo(list))              \
	X(PL_SCHED_OVF, list_root(list))               \
	X(PL_SCHED_LBLC, schedule_lblc(service, p))    \
	X(PL_SCHED_LBLCR, schedule_lblcr(service, p))  \
	X(PL_SCHED_DH, schedule_dh(svc, p))            \
	X(PL_SCHED_SH, schedule_sh(service, p))        \
	X(PL_SCHED_MH, schedule_mh(service, p))        \
	X(PL_SCHED_TWOS, schedule_twos(list))

/* The server a service's scheduler chooses for a packet, by index; 0 when it has none to give.
 * A function of its own, which three callers share. */
__attribute__((noinline)) __u32 schedule(__u32 service, struct pl_packet *p)
{
	struct pl_service *svc = pl_service_at(0, service);
	__u64 list;

	if (!svc || !p)
		return 0;
	list = PL_READ(svc->list);
	if (!PL_LIST_COUNT(list))
		return 0;
#define CASE(id, choice) \
	case id:         \
		return choice;
	switch (PL_LIST_SCHEDULER(list)) { SCHEDULERS(CASE) }
#undef CASE
	return 0;
}

#endif
