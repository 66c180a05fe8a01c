/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tracing build of the program (director_trace.bpf.c, PL_TRACE) notes on a packet's
 * way; in the other build all of it is nothing. The packet at hand has one record per CPU,
 * which is wanted by the traces of record->slots; 0 while nobody wants it.
 */
#ifndef PLENUM_BPF_TRACE_H
#define PLENUM_BPF_TRACE_H

#include "bpf/maps.h"

#ifdef PL_TRACE

#include "bpf/trace_abi.h"

PL_ARRAY(trace_slots, BPF_F_MMAPABLE, struct pl_trace_slot, PL_TRACE_SLOTS);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pl_trace_record);
} trace_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PL_TRACE_RING);
} trace_ring SEC(".maps");

/* The record of the packet at hand; 0 when nobody wants it. */
static __always_inline struct pl_trace_record *trace_record(void)
{
	__u32 zero = 0;
	struct pl_trace_record *r = bpf_map_lookup_elem(&trace_scratch, &zero);

	return r && r->slots ? r : 0;
}

/* Functions of their own, so that the verifier looks at them once and not at every verdict.
 * Always 0: Linux 6.1 takes no global function that returns nothing. */
__attribute__((noinline)) int trace_counted(__u32 reason)
{
	struct pl_trace_record *r = trace_record();

	if (r)
		r->counted[reason >> 6 & 1] |= 1ULL << (reason & 63);
	return 0;
}

__attribute__((noinline)) int trace_server(__u32 server)
{
	struct pl_trace_record *r = trace_record();

	if (r)
		r->server = server;
	return 0;
}

#else

static __always_inline void trace_counted(__u32 reason) { }
static __always_inline void trace_server(__u32 server) { }

#endif

#endif
