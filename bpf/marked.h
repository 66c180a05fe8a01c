/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets that netfilter marked: they went up the stack as nobody's and are brought back by a
 * device of our own (PL_PORT_MARKED), with the mark in the frame. Here they become what they
 * were, and errors about them find the way to their senders, who are not behind that device.
 */
#ifndef PLENUM_BPF_MARKED_H
#define PLENUM_BPF_MARKED_H

#include "bpf/forward/route.h"

static __always_inline struct pl_port *marked_port(__u32 ifindex)
{
	struct pl_port *port = port_of(ifindex);

	return port && port->flags & PL_PORT_MARKED ? port : 0;
}

static __always_inline __u32 marked_with(struct xdp_md *ctx)
{
	void *frame = (void *)(long)ctx->data;

	return frame + sizeof(struct ethhdr) > end_of(ctx) ? 0 : *(__u32 *)(frame + PL_MARKED_AT);
}

/* Hops to live and DF as they came in. */
static __always_inline void marked_restore(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct ipv6hdr *six = (void *)(eth + 1);
	struct iphdr *ip = (void *)(eth + 1);
	__u16 *hops, before, field;
	__u64 diff;

	if ((void *)(ip + 1) > end_of(ctx))
		return;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		hops = (void *)&ip->ttl;
		before = *hops;
		ip->ttl++;
		diff = csum_diff16(before, *hops);
		field = ip->frag_off;
		if (field & bpf_htons(PL_MARKED_DF)) {
			ip->frag_off = (field & ~bpf_htons(PL_MARKED_DF)) | bpf_htons(PL_IP_DF);
			diff += csum_diff16(field, ip->frag_off);
		}
		ip->check = csum_apply(ip->check, diff);
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(six + 1) <= end_of(ctx)) {
		six->hop_limit++;
	}
}

/* 1: a marked packet, from here on as it came in; 0: a frame to another host, which is untouched. */
__attribute__((noinline)) int marked_in(struct xdp_md *ctx, __u32 ifindex)
{
	struct pl_port *port = marked_port(ifindex);
	void *frame;
	__u64 mac;

	if (!ctx || !port)
		return 0;
	frame = (void *)(long)ctx->data;
	if (frame + sizeof(struct ethhdr) > end_of(ctx))
		return 0;
	mac = *(__u32 *)frame | (__u64)((__u16 *)frame)[2] << 32;
	if (mac != PL_MARKED_MAC)
		return 0;
	/* Where it goes up the stack once more, that must take it. */
	mac_copy(frame, &port->mac[0]);
	marked_restore(ctx);
	count(PL_EVENT_MARKED);
	return 1;
}

/* Sends the answer that a packet has become to its sender: back as it came, or by the kernel's route. An action. */
__attribute__((noinline)) int answer_way(struct xdp_md *ctx, struct pl_packet *p, struct pl_addr *from)
{
	struct pl_settings *s = settings();
	const struct pl_next_hop *hop;
	struct pl_port *port;
	void *frame;

	if (!ctx || !p || !from)
		return XDP_DROP;
	port = marked_port(p->ifindex);
	if (!port)
		return XDP_TX;
	hop = route_to(ctx, p, from, &p->src, s);
	if (hop)
		return link_write(ctx, p, hop, 0, ethertype_of(p->family)) ? XDP_DROP : link_send(p, hop->ifindex);
	/* No neighbour yet: the stack sends it on. */
	frame = (void *)(long)ctx->data;
	if (frame + sizeof(struct ethhdr) > end_of(ctx))
		return XDP_DROP;
	mac_copy(frame, &port->mac[0]);
	return XDP_PASS;
}

#endif
