/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tunnels: the packet as it is, inside another IP packet to the server, either family inside
 * either (what stands between the two: encapsulation.h). As IPVS: TOS and TTL are the inner
 * ones, DF is copied, the id is 0 with DF.
 */
#ifndef PLENUM_BPF_FORWARD_TUNNEL_H
#define PLENUM_BPF_FORWARD_TUNNEL_H

#include "bpf/forward/encapsulation.h"
#include "bpf/hand_over.h"
#include "bpf/icmp_error.h"

static __always_inline __u32 tunnel_overhead(const struct pl_server *server)
{
	return (server->family == 6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) + encapsulation_length(server);
}

/* The outer IP header, `outer` bytes before the inner one; gives the sum of its addresses. */
static __always_inline int outer_write_v4(struct xdp_md *ctx, const struct pl_packet *p, const struct pl_server *server,
					  const struct pl_next_hop *hop, __u32 outer, __u8 inner, __u64 *pseudo)
{
	struct iphdr *ip = at(ctx, p->l3 - outer);

	if ((void *)(ip + 1) > end_of(ctx))
		return -1;
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = p->tos;
	ip->tot_len = bpf_htons(outer + p->length);
	ip->id = p->df ? 0 : bpf_get_prandom_u32();
	ip->frag_off = p->df ? bpf_htons(PL_IP_DF) : 0;
	ip->ttl = p->ttl - 1;
	ip->protocol = outer_protocol(server, inner);
	ip->check = 0;
	ip->saddr = hop->source.w[3];
	ip->daddr = server->addr.w[3];
	ip->check = csum_ipv4(ip);
	*pseudo = (__u64)ip->saddr + ip->daddr;
	return 0;
}

static __always_inline int outer_write_v6(struct xdp_md *ctx, const struct pl_packet *p, const struct pl_server *server,
					  const struct pl_next_hop *hop, __u32 outer, __u8 inner, __u64 *pseudo)
{
	struct ipv6hdr *ip = at(ctx, p->l3 - outer);

	if ((void *)(ip + 1) > end_of(ctx))
		return -1;
	__builtin_memset(ip, 0, 4);
	ip->version = 6;
	ip->priority = p->tos >> 4;
	ip->flow_lbl[0] = p->tos << 4;
	ip->payload_len = bpf_htons(outer - sizeof(*ip) + p->length);
	ip->nexthdr = outer_protocol(server, inner);
	ip->hop_limit = p->ttl - 1;
	__builtin_memcpy(&ip->saddr, hop->source.w, 16);
	__builtin_memcpy(&ip->daddr, server->addr.w, 16);
	*pseudo = 0;
#pragma unroll
	for (int i = 0; i < 4; i++)
		*pseudo += (__u64)hop->source.w[i] + server->addr.w[i];
	return 0;
}

/* All that goes around the packet at p->l3, which has `outer` bytes of room before it. */
static __always_inline int outer_write(struct xdp_md *ctx, struct pl_packet *p, const struct pl_server *server,
				       const struct pl_next_hop *hop, __u32 outer, __u32 header)
{
	__u32 shim = p->l3 - encapsulation_length(server);
	__u8 inner = p->family == 6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	__u64 pseudo;
	int sum = 0;

	if (server->family == 6 ? outer_write_v6(ctx, p, server, hop, outer, inner, &pseudo)
				: outer_write_v4(ctx, p, server, hop, outer, inner, &pseudo))
		return -1;
	if (server->tunnel == PL_TUN_IPIP)
		return 0;
	if (server->tunnel_flags) {
		sum = sum_of_inner(ctx, p, header);
		if (sum < 0)
			return -1;
	}
	return server->tunnel == PL_TUN_GUE ? gue_write(ctx, shim, p, server, inner, pseudo, sum)
					    : gre_write(ctx, shim, p, server, sum);
}

/* The next hop that is this host's own stack: the frame keeps the addresses it came with. */
static __always_inline int hop_up(struct xdp_md *ctx, struct link_way *up)
{
	struct ethhdr *eth = at(ctx, 0);

	if ((void *)(eth + 1) > end_of(ctx))
		return -1;
	__builtin_memcpy(up->dst_mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(up->src_mac, eth->h_source, ETH_ALEN);
	return 0;
}

static __always_inline int forward_tunnel(struct xdp_md *ctx, struct pl_packet *p, const struct pl_server *server,
					  const struct pl_next_hop *hop, __u32 reason)
{
	__u32 outer = tunnel_overhead(server), header = p->l4 - p->l3;
	const struct link_way *out = (const void *)hop;
	struct link_way up = {};

	if (server->flags & PL_SERVER_IGNORE_DF && p->family == 4)
		p->df = 0;
	switch (path_check(p, hop->mtu, outer)) {
	case PATH_TTL:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_TTL, 0);
	case PATH_TOO_BIG:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_TOO_BIG, hop->mtu - outer);
	case PATH_FRAGMENT:
		/* Inside, so that the server gets whole tunnel packets. */
		if (!cut_packet(ctx, p, hop->mtu - outer))
			return verdict(PL_TOO_BIG_CUT, XDP_DROP);
		/* The outer IPv4 packet may be fragmented, which is the stack's art. */
		if (server->family == 6 || p->l3 != sizeof(struct ethhdr) || hop_up(ctx, &up))
			return verdict(PL_DROP_TOO_BIG, XDP_DROP);
		out = &up;
	}
	if (ttl_decrement(ctx, p) || link_write_way(ctx, p, out, outer, ethertype_of(server->family)) ||
	    outer_write(ctx, p, server, hop, outer, header))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	return out == &up ? verdict(PL_FORWARD_STACK, XDP_PASS) : verdict(reason, link_send(p, hop->ifindex));
}

#endif
