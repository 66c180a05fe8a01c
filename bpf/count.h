/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters: verdicts by reason, and IPVS's statistics by server. Per CPU, so exact. */
#ifndef PLENUM_BPF_COUNT_H
#define PLENUM_BPF_COUNT_H

#include "bpf/maps.h"
#include "bpf/trace.h"

static __always_inline void count(__u32 reason)
{
	__u64 *n = bpf_map_lookup_elem(&pl_reasons, &reason);

	if (n)
		(*n)++;
	trace_counted(reason);
}

/* Ends a packet's way: counts why and gives the XDP verdict back. */
static __always_inline int verdict(__u32 reason, int action)
{
	count(reason);
	return action;
}

static __always_inline void count_in(__u32 server, __u32 bytes)
{
	struct pl_stats *s = bpf_map_lookup_elem(&pl_stats, &server);

	trace_server(server);
	if (s) {
		s->in_packets++;
		s->in_bytes += bytes;
	}
}

static __always_inline void count_out(__u32 server, __u32 bytes)
{
	struct pl_stats *s = bpf_map_lookup_elem(&pl_stats, &server);

	trace_server(server);
	if (s) {
		s->out_packets++;
		s->out_bytes += bytes;
	}
}

static __always_inline void count_connection(__u32 server)
{
	struct pl_stats *s = bpf_map_lookup_elem(&pl_stats, &server);

	if (s)
		s->connections++;
}

#endif
