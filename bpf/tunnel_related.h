/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "Too big" from a router inside a tunnel: it quotes our outer packet, whose sender is this
 * director, but only the client can send smaller. So the client is told, about its own
 * packet, with the MTU less the outer header (as ip_vs_in_icmp() does). Without this a
 * transfer through a tunnel with a narrow link in it hangs.
 */
#ifndef PLENUM_BPF_TUNNEL_RELATED_H
#define PLENUM_BPF_TUNNEL_RELATED_H

#include "bpf/icmp_related.h"

/* The MTU a "too big" tells, else 0. */
static __always_inline __u32 mtu_told(struct xdp_md *ctx, const struct pl_packet *p)
{
	struct icmp_error_header *icmp = at(ctx, p->l4);

	if ((void *)(icmp + 1) > end_of(ctx))
		return 0;
	if (p->family == 6)
		return icmp->type == 2 ? bpf_ntohl(icmp->info) : 0;
	return icmp->type == 3 && icmp->code == 4 ? bpf_ntohl(icmp->info) & 0xffff : 0;
}

/* Turns *p from the ICMP packet to the one quoted inside the quoted outer packet. */
static __always_inline int parse_inner(struct xdp_md *ctx, struct pl_packet *p, struct pl_addr *server)
{
	__u32 end_of_packet = p->l3 + p->length;
	struct gue_header *gue;
	struct gre_header *gre;

	p->l3 = p->l4 + sizeof(struct icmp_error_header);
	if (parse_quoted(ctx, p))
		return -1;
	*server = p->dst;
	p->l3 = p->l4;
	if (p->proto == IPPROTO_UDP) {
		gue = at(ctx, p->l4 + sizeof(struct udphdr));
		if ((void *)(gue + 1) > end_of(ctx) || gue->control)
			return -1;
		p->proto = gue->proto;
		p->l3 += GUE_LENGTH;
	} else if (p->proto == IPPROTO_GRE) {
		gre = at(ctx, p->l4);
		if ((void *)(gre + 1) > end_of(ctx) || gre->flags & ~bpf_htons(GRE_CSUM))
			return -1;
		p->l3 += gre->flags ? GRE_LENGTH + 4 : GRE_LENGTH;
		p->proto = gre->ethertype == bpf_htons(ETH_P_IP)     ? IPPROTO_IPIP
			   : gre->ethertype == bpf_htons(ETH_P_IPV6) ? IPPROTO_IPV6
								     : IPPROTO_NONE;
	}
	if (p->proto != IPPROTO_IPIP && p->proto != IPPROTO_IPV6)
		return -1;
	p->family = p->proto == IPPROTO_IPV6 ? 6 : 4;
	if (parse_quoted(ctx, p) || end_of_packet < p->l4)
		return -1;
	if (p->length > end_of_packet - p->l3)
		p->length = end_of_packet - p->l3;
	return 0;
}

/* Takes everything between the link-layer header and the inner packet away. */
static __always_inline int strip_to_inner(struct xdp_md *ctx, struct pl_packet *p)
{
	struct ethhdr saved, *eth = at(ctx, 0);

	if ((void *)(eth + 1) > end_of(ctx))
		return -1;
	saved = *eth;
	saved.h_proto = ethertype_of(p->family);
	if (bpf_xdp_adjust_head(ctx, (p->l3 - sizeof(saved)) & PL_OFFSET_MASK))
		return -1;
	eth = at(ctx, 0);
	if ((void *)(eth + 1) > end_of(ctx))
		return -1;
	*eth = saved;
	p->l3 = sizeof(saved);
	return 0;
}

/* An answer icmp_build() made, sent the client's way rather than back to the router. */
__attribute__((noinline)) int send_to_client(struct xdp_md *ctx, struct pl_packet *p)
{
	struct pl_settings *s = settings();
	const struct pl_next_hop *hop;

	if (!ctx || !p)
		return XDP_DROP;
	hop = route_to(ctx, p, &p->dst, &p->src, s);
	if (!hop || link_write(ctx, p, hop, 0, ethertype_of(p->family)))
		return XDP_TX;
	return link_send(p, hop->ifindex);
}

/*
 * The MTU that the client is to be told of its packet, which a router inside a tunnel of ours
 * found too big; 0: it is no such thing. *p stays the ICMP packet, which others look at then.
 */
__attribute__((noinline)) __u32 tunnel_mtu(struct xdp_md *ctx, const struct pl_packet *p, struct conn_ref *r)
{
	struct pl_addr to = {};
	struct pl_server *server;
	struct pl_packet inner;
	__u32 mtu, id;

	if (!ctx || !p || !r)
		return 0;
	mtu = mtu_told(ctx, p);
	if (!mtu || p->l3 != sizeof(struct ethhdr))
		return 0;
	inner = *p;
	if (parse_inner(ctx, &inner, &to) || !find(&inner, r, KEY_REQUEST))
		return 0;
	id = r->server;
	server = bpf_map_lookup_elem(&pl_servers, &id);
	if (!server || server->forward != PL_FWD_TUNNEL || !addr_equal(&server->addr, &to) ||
	    mtu <= tunnel_overhead(server))
		return 0;
	return mtu - tunnel_overhead(server);
}

/* A verdict, or RELATED_NONE with the packet as it was. */
__attribute__((noinline)) int tunnel_related(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r)
{
	struct pl_addr to = {};
	__u32 mtu, reason;

	if (!ctx || !p || !r)
		return RELATED_NONE;
	mtu = tunnel_mtu(ctx, p, r);
	if (!mtu)
		return RELATED_NONE;
	if (parse_inner(ctx, p, &to) || strip_to_inner(ctx, p))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	reason = icmp_build(ctx, p, &p->dst, PL_REPLY_TOO_BIG, mtu);
	if (reason != PL_REPLY_TOO_BIG)
		return verdict(reason, XDP_DROP);
	return verdict(PL_FORWARD_ICMP, send_to_client(ctx, p));
}

#endif
