/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The firewall mark of a packet. XDP is before netfilter, so marks come from rules of our
 * own: the first that matches gives its mark. What netfilter marked comes back with its mark
 * (marked.h). Asked only for packets that belong to no connection, and only while a service for
 * a mark is there.
 */
#ifndef PLENUM_BPF_MARK_H
#define PLENUM_BPF_MARK_H

#include "bpf/maps.h"
#include "bpf/marked.h"
#include "bpf/packet.h"

struct mark_walk {
	const struct pl_packet *p;
	__u32 first;
	__u32 mark;
};

static __always_inline int in_prefix(const struct pl_addr *a, const struct pl_addr *prefix, const struct pl_addr *mask)
{
	return !(((a->w[0] ^ prefix->w[0]) & mask->w[0]) | ((a->w[1] ^ prefix->w[1]) & mask->w[1]) |
		 ((a->w[2] ^ prefix->w[2]) & mask->w[2]) | ((a->w[3] ^ prefix->w[3]) & mask->w[3]));
}

static long mark_step(__u32 i, struct mark_walk *w)
{
	__u32 index = w->first + i;
	struct pl_mark_rule *rule = bpf_map_lookup_elem(&pl_marks, &index);
	const struct pl_packet *p = w->p;
	__u32 port = bpf_ntohs(p->dport);

	if (!rule)
		return 1;
	if ((rule->proto && rule->proto != p->proto) || (rule->ifindex && rule->ifindex != p->ifindex) ||
	    port < rule->first_port || port > rule->last_port ||
	    !in_prefix(&p->dst, &rule->destination, &rule->destination_mask) ||
	    !in_prefix(&p->src, &rule->source, &rule->source_mask))
		return 0;
	w->mark = rule->mark;
	return 1;
}

/* 0: none. */
__attribute__((noinline)) __u32 mark_of(struct xdp_md *ctx, struct pl_packet *p)
{
	struct mark_walk w = {};
	__u32 count;
	__u64 rules;

	if (!ctx || !p)
		return 0;
	if (marked_port(p->ifindex))
		return marked_with(ctx);
	rules = *(volatile __u64 *)&settings()->mark_rules;
	w.p = p;
	w.first = rules >> 32;
	count = rules;
	/* Else the upper half goes along, and newer kernels look at it. */
	__asm__ volatile("" : "+r"(count));
	bpf_loop(count, mark_step, &w, 0);
	return w.mark;
}

#endif
