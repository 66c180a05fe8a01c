/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two ends of a traced packet's way: trace_begin() keeps the packet as it came in when a
 * trace may want it, trace_end() hands the record over with the verdict. Only the tracing
 * build has them (trace.h).
 */
#ifndef PLENUM_BPF_TRACE_PACKET_H
#define PLENUM_BPF_TRACE_PACKET_H

#include "bpf/packet.h"
#include "bpf/trace.h"

#ifdef PL_TRACE

static __always_inline int trace_in_range(const struct pl_trace_range *range, const struct pl_addr *a)
{
	return (a->w[0] & range->mask.w[0]) == range->addr.w[0] && (a->w[1] & range->mask.w[1]) == range->addr.w[1] &&
	       (a->w[2] & range->mask.w[2]) == range->addr.w[2] && (a->w[3] & range->mask.w[3]) == range->addr.w[3];
}

static __always_inline int trace_wants(const struct pl_trace_slot *t, const struct pl_packet *p)
{
	if (!*(volatile __u32 *)&t->active)
		return 0;
	if (t->ifindex && t->ifindex != p->ifindex)
		return 0;
	if ((t->family && t->family != p->family) || (t->proto && t->proto != p->proto))
		return 0;
	if (t->port && t->port != p->sport && t->port != p->dport)
		return 0;
	return trace_in_range(&t->source, &p->src) && trace_in_range(&t->destination, &p->dst) &&
	       (trace_in_range(&t->either, &p->src) || trace_in_range(&t->either, &p->dst));
}

/* The traces that may want this packet, a bit each; its verdict is not known yet. */
__attribute__((noinline)) __u32 trace_takers(const struct pl_packet *p)
{
	__u32 slots = 0;

	if (!p)
		return 0;
	for (__u32 i = 0; i < PL_TRACE_SLOTS; i++) {
		__u32 index = i;
		struct pl_trace_slot *t = bpf_map_lookup_elem(&trace_slots, &index);

		if (t && trace_wants(t, p))
			slots |= 1u << i;
	}
	return slots;
}

/* Always 0. */
__attribute__((noinline)) int trace_begin(struct xdp_md *ctx)
{
	struct pl_packet p = {};
	struct pl_trace_record *r;
	__u32 zero = 0, length;

	r = bpf_map_lookup_elem(&trace_scratch, &zero);
	if (!ctx || !r)
		return 0;
	p.ifindex = ctx->ingress_ifindex;
	switch (parse_link(ctx, &p)) {
	case bpf_htons(ETH_P_IP):
		if (!parse_v4(ctx, &p))
			parse_transport(ctx, &p);
		break;
	case bpf_htons(ETH_P_IPV6):
		if (!parse_v6(ctx, &p))
			parse_transport(ctx, &p);
	}
	r->slots = trace_takers(&p);
	if (!r->slots)
		return 0;
	r->time = bpf_ktime_get_ns();
	r->counted[0] = r->counted[1] = 0;
	r->src = p.src;
	r->dst = p.dst;
	r->sport = p.sport;
	r->dport = p.dport;
	r->family = p.family;
	r->proto = p.proto;
	r->ifindex = p.ifindex;
	r->server = 0;
	r->generation = 0;
	r->length = ctx->data_end - ctx->data;
	/* Read back: the verifier knows no bounds of a difference of packet pointers. */
	length = *(volatile __u16 *)&r->length;
	if (length > PL_TRACE_BYTES)
		length = PL_TRACE_BYTES;
	r->captured = length;
	/* So that Linux 6.1 sees that it is not 0; of a frame of no bytes nothing is read. */
	length = (length - 1) & 0xff;
	if (length >= PL_TRACE_BYTES)
		length = PL_TRACE_BYTES - 1;
	if (bpf_xdp_load_bytes(ctx, 0, r->bytes, length + 1))
		r->captured = 0;
	return 0;
}

/* Whether a trace may have one record more in this second. */
static __always_inline int trace_afford(struct pl_trace_slot *t, __u32 second)
{
	__u64 before = *(volatile __u64 *)&t->budget;

	if (before >> 32 != second)
		__sync_val_compare_and_swap(&t->budget, before, (__u64)second << 32);
	return (__u32)__sync_fetch_and_add(&t->budget, 1) < t->rate;
}

/* Always 0. */
__attribute__((noinline)) int trace_end(__u32 action)
{
	struct pl_trace_record *r = trace_record();
	__u32 wanted, second, slots = 0;

	if (!r)
		return 0;
	wanted = r->slots;
	r->action = action;
	if (r->server) {
		__u32 id = r->server;
		struct pl_server *server = bpf_map_lookup_elem(&pl_servers, &id);

		r->generation = server ? server->generation : 0;
	}
	second = r->time / 1000000000;
	for (__u32 i = 0; i < PL_TRACE_SLOTS; i++) {
		__u32 index = i;
		struct pl_trace_slot *t;

		if (!(wanted >> i & 1))
			continue;
		t = bpf_map_lookup_elem(&trace_slots, &index);
		if (!t || !((r->counted[0] & t->reasons[0]) | (r->counted[1] & t->reasons[1])))
			continue;
		__sync_fetch_and_add(&t->matched, 1);
		if (trace_afford(t, second))
			slots |= 1u << i;
		else
			__sync_fetch_and_add(&t->suppressed, 1);
	}
	if (slots) {
		r->slots = slots;
		if (bpf_ringbuf_output(&trace_ring, r, sizeof(*r), 0))
			for (__u32 i = 0; i < PL_TRACE_SLOTS; i++) {
				__u32 index = i;
				struct pl_trace_slot *t = bpf_map_lookup_elem(&trace_slots, &index);

				if (t && slots >> i & 1)
					__sync_fetch_and_add(&t->lost, 1);
			}
	}
	r->slots = 0;
	return 0;
}

#endif

#endif
