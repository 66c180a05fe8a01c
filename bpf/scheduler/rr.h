/* SPDX-License-Identifier: GPL-2.0-only */
/* Round robin. The cursor is the index at which the next search begins. */
#ifndef PLENUM_BPF_SCHEDULER_RR_H
#define PLENUM_BPF_SCHEDULER_RR_H

#include "bpf/scheduler/member.h"

static __always_inline __u32 schedule_rr(__u32 service, __u32 first, __u32 n)
{
	struct pl_service *svc = bpf_map_lookup_elem(&pl_services, &service);

	if (!svc)
		return 0;
	for (int i = 0; i < CURSOR_TRIES; i++) {
		__u64 at = *(volatile __u64 *)&svc->cursor;
		__u32 index = (__u32)at < n ? (__u32)at : 0;

		if (CAS(&svc->cursor, at, index + 1) == at)
			return member_server(first + index);
	}
	return member_server(first);
}

#endif
