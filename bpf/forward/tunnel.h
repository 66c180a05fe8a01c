/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tunnels: the packet as it is, inside another IP packet to the server: plainly (IPIP, any
 * family in any) or in UDP with a GUE header. As IPVS: TOS and TTL are the inner ones, DF
 * is copied, the id is 0 with DF.
 */
#ifndef PLENUM_BPF_FORWARD_TUNNEL_H
#define PLENUM_BPF_FORWARD_TUNNEL_H

#include "bpf/hash.h"
#include "bpf/icmp_error.h"

struct gue_header {
	__u8 control;	/* version 0, no options */
	__u8 proto;	/* of what follows */
	__be16 flags;
};

#define GUE_LENGTH (sizeof(struct udphdr) + sizeof(struct gue_header))

static __always_inline __u32 tunnel_overhead(const struct pl_server *server)
{
	return (server->family == 6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) +
	       (server->tunnel == PL_TUN_GUE ? GUE_LENGTH : 0);
}

static __always_inline int gue_write(void *l4, void *end, const struct pl_packet *p, const struct pl_server *server,
				     __u8 inner)
{
	struct udphdr *udp = l4;
	struct gue_header *gue = (void *)(udp + 1);
	__u32 flow;

	if ((void *)(gue + 1) > end)
		return -1;
	/* The source port spreads flows over the paths and queues between here and there. */
	flow = p->src.w[3] ^ p->dst.w[3] * 31 ^ ((__u32)p->sport << 16 | p->dport);
	flow = (flow ^ flow >> 16) * 0x85ebca6bu;
	udp->source = bpf_htons(0x8000 | flow >> 17);
	udp->dest = server->tunnel_port;
	udp->len = bpf_htons(GUE_LENGTH + p->length);
	udp->check = 0;
	gue->control = 0;
	gue->proto = inner;
	gue->flags = 0;
	return 0;
}

static __always_inline int outer_write_v4(struct xdp_md *ctx, const struct pl_packet *p, const struct pl_server *server,
					  const struct pl_next_hop *hop, __u32 outer, __u8 inner)
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
	ip->protocol = server->tunnel == PL_TUN_GUE ? IPPROTO_UDP : inner;
	ip->check = 0;
	ip->saddr = hop->source.w[3];
	ip->daddr = server->addr.w[3];
	ip->check = csum_ipv4(ip);
	return server->tunnel == PL_TUN_GUE ? gue_write(ip + 1, end_of(ctx), p, server, inner) : 0;
}

static __always_inline int outer_write_v6(struct xdp_md *ctx, const struct pl_packet *p, const struct pl_server *server,
					  const struct pl_next_hop *hop, __u32 outer, __u8 inner)
{
	struct ipv6hdr *ip = at(ctx, p->l3 - outer);

	if ((void *)(ip + 1) > end_of(ctx))
		return -1;
	__builtin_memset(ip, 0, 4);
	ip->version = 6;
	ip->priority = p->tos >> 4;
	ip->flow_lbl[0] = p->tos << 4;
	ip->payload_len = bpf_htons(outer - sizeof(*ip) + p->length);
	ip->nexthdr = server->tunnel == PL_TUN_GUE ? IPPROTO_UDP : inner;
	ip->hop_limit = p->ttl - 1;
	__builtin_memcpy(&ip->saddr, hop->source.w, 16);
	__builtin_memcpy(&ip->daddr, server->addr.w, 16);
	return server->tunnel == PL_TUN_GUE ? gue_write(ip + 1, end_of(ctx), p, server, inner) : 0;
}

/* The next hop that is this host's own stack: the frame keeps the addresses it came with. */
static __always_inline int hop_up(struct xdp_md *ctx, struct pl_next_hop *up)
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
	__u32 outer = tunnel_overhead(server);
	__u8 inner = p->family == 6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	const struct pl_next_hop *out = hop;
	struct pl_next_hop up = {};

	if (server->tunnel != PL_TUN_IPIP && server->tunnel != PL_TUN_GUE)
		return verdict(PL_DROP_UNSUPPORTED, XDP_DROP);
	if (server->flags & PL_SERVER_IGNORE_DF && p->family == 4)
		p->df = 0;
	switch (path_check(p, hop->mtu, outer)) {
	case PATH_TTL:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_TTL, 0);
	case PATH_TOO_BIG:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_TOO_BIG, hop->mtu - outer);
	case PATH_FRAGMENT:
		/* The outer IPv4 packet may be fragmented, which is the stack's art. */
		if (server->family == 6 || p->l3 != sizeof(struct ethhdr) || hop_up(ctx, &up))
			return verdict(PL_DROP_TOO_BIG, XDP_DROP);
		out = &up;
	}
	if (ttl_decrement(ctx, p) || link_write(ctx, p, out, outer, ethertype_of(server->family)))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	if (server->family == 6 ? outer_write_v6(ctx, p, server, hop, outer, inner)
				: outer_write_v4(ctx, p, server, hop, outer, inner))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	return out == &up ? verdict(PL_FORWARD_STACK, XDP_PASS) : verdict(reason, link_send(p, hop->ifindex));
}

#endif
