/* SPDX-License-Identifier: GPL-2.0-only */
/* What schedulers are made of: the members of a service and the loads of servers. */
#ifndef PLENUM_BPF_SCHEDULER_MEMBER_H
#define PLENUM_BPF_SCHEDULER_MEMBER_H

#include "bpf/connection.h"

/* How often a scheduler tries to move its cursor before it chooses without. */
#define CURSOR_TRIES 8

static __always_inline struct pl_member *member_at(__u32 index)
{
	return bpf_map_lookup_elem(&pl_members, &index);
}

static __always_inline __u32 member_server(__u32 index)
{
	struct pl_member *m = member_at(index);

	return m ? m->server : 0;
}

/* IPVS's measure of a server's burden: an active connection weighs 256 inactive ones. */
static __always_inline __u64 overhead(__u32 server)
{
	struct pl_load *l = bpf_map_lookup_elem(&pl_loads, &server);

	return l ? ((__u64)*(volatile __u32 *)&l->active << 8) + *(volatile __u32 *)&l->inactive : 0;
}

#endif
