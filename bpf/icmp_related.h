/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors about our connections. An error about an answer of a server goes on to that
 * server; one about a packet to a NAT server goes back to the client, told in the client's
 * terms; one about a tunnel's outer packet is told to the client about the inner one. Only
 * 8 bytes behind the embedded IP header are certain, and no more are read.
 */
#ifndef PLENUM_BPF_ICMP_RELATED_H
#define PLENUM_BPF_ICMP_RELATED_H

#include "bpf/answer.h"
#include "bpf/connection.h"
#include "bpf/forward/nat.h"
#include "bpf/forward/tunnel.h"

enum related { RELATED_NONE = -1, RELATED_TO_SERVER = -2 };

static __always_inline int icmp_is_error(const struct pl_packet *p, __u8 type)
{
	if (p->proto == IPPROTO_ICMPV6)
		return p->family == 6 && type < 128;
	return p->family == 4 && (type == 3 || type == 4 || type == 11);
}

/* The IP header and ports of a packet quoted at e->l3, of which only the front is there. */
static __always_inline int parse_quoted(struct xdp_md *ctx, struct pl_packet *e)
{
	void *l3 = at(ctx, e->l3), *end = end_of(ctx);
	__be16 *ports;

	if (e->family == 6) {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end || ip->version != 6)
			return -1;
		addr_v6(&e->src, &ip->saddr);
		addr_v6(&e->dst, &ip->daddr);
		e->proto = ip->nexthdr;
		e->length = bpf_ntohs(ip->payload_len) + sizeof(*ip);
		e->l4 = e->l3 + sizeof(*ip);
		if (e->proto == IPPROTO_FRAGMENT) {
			struct fragment_header *header = at(ctx, e->l4);

			if ((void *)(header + 1) > end || header->offset & bpf_htons(PL_IP6_OFFSET))
				return -1;
			e->proto = header->next;
			e->l4 += sizeof(*header);
		}
	} else {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5 ||
		    ip->frag_off & bpf_htons(PL_IP_OFFSET))
			return -1;
		addr_v4(&e->src, ip->saddr);
		addr_v4(&e->dst, ip->daddr);
		e->proto = ip->protocol;
		e->length = bpf_ntohs(ip->tot_len);
		e->df = !!(ip->frag_off & bpf_htons(PL_IP_DF));
		e->l4 = e->l3 + ip->ihl * 4;
	}
	ports = at(ctx, e->l4);
	if ((void *)(ports + 4) > end)
		return -1;
	e->sport = ports[0];
	e->dport = ports[1];
	return 0;
}

/*
 * Rewrites one end of the quoted packet and its checksums: the quoted IP header's and, by
 * `outer` more, the ICMP one. IPv6's covers the outer addresses too, IPv4's does not.
 */
static __always_inline int nat_quoted(struct xdp_md *ctx, const struct pl_packet *p, const struct pl_packet *e,
				      const struct nat_change *n, __u64 outer)
{
	struct icmp_error_header *icmp = at(ctx, p->l4);
	void *l3 = at(ctx, e->l3), *end = end_of(ctx);
	__u64 diff = csum_diff_addr(&n->from, &n->to, p->family) + csum_diff16(n->from_port, n->to_port);
	__be16 *ports;

	if ((void *)(icmp + 1) > end)
		return -1;
	if (p->family == 6) {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return -1;
		if (n->source)
			__builtin_memcpy(&ip->saddr, n->to.w, 16);
		else
			__builtin_memcpy(&ip->daddr, n->to.w, 16);
		diff += outer;
	} else {
		struct iphdr *ip = l3;
		__u16 before;

		if ((void *)(ip + 1) > end)
			return -1;
		before = ip->check;
		if (n->source)
			ip->saddr = n->to.w[3];
		else
			ip->daddr = n->to.w[3];
		ip->check = csum_apply(before, csum_diff32(n->from.w[3], n->to.w[3]));
		diff += csum_diff16(before, ip->check);
	}
	ports = at(ctx, e->l4);
	if ((void *)(ports + 2) > end)
		return -1;
	ports[n->source ? 0 : 1] = n->to_port;
	icmp->check = csum_apply(icmp->check, diff);
	return 0;
}

/*
 * An error about a server's answer, told in the server's terms. RELATED_TO_SERVER, or a
 * verdict.
 */
__attribute__((noinline)) int related_in(struct xdp_md *ctx, struct pl_packet *p, struct pl_packet *e, __u32 id)
{
	struct pl_server *server = bpf_map_lookup_elem(&pl_servers, &id);
	struct nat_change n = {};
	__u64 outer;

	if (!ctx || !p || !e || !server)
		return verdict(PL_DROP_SERVER_GONE, XDP_DROP);
	count_in(id, p->length);
	if (server->flags & PL_SERVER_LOCAL || server->forward == PL_FWD_LOCAL)
		return verdict(PL_LOCAL, XDP_PASS);
	if (server->forward != PL_FWD_MASQ)
		return RELATED_TO_SERVER;
	n.from = p->dst;
	n.to = server->addr;
	outer = csum_diff_addr(&n.from, &n.to, p->family);
	if (nat_l3(ctx, p, &n))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	n.from = e->src;
	n.source = 1;
	n.from_port = e->sport;
	n.to_port = pl_server_port(server, e->sport);
	if (nat_quoted(ctx, p, e, &n, outer))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	return RELATED_TO_SERVER;
}

/* What related_in() left, on its way. A verdict. */
__attribute__((noinline)) int forward_related(struct xdp_md *ctx, struct pl_packet *p, __u32 id)
{
	struct pl_server *server = bpf_map_lookup_elem(&pl_servers, &id);
	struct pl_next_hop *hop;
	__u32 index;

	if (!ctx || !p || !server)
		return verdict(PL_DROP_SERVER_GONE, XDP_DROP);
	index = server->next_hop;
	hop = bpf_map_lookup_elem(&pl_next_hops, &index);
	if (!hop || !hop->ifindex)
		return verdict(PL_DROP_NO_NEXT_HOP, XDP_DROP);
	/* Never an ICMP error about an ICMP error (RFC 1122 section 3.2.2). */
	if (path_check(p, hop->mtu, server->forward == PL_FWD_TUNNEL ? tunnel_overhead(server) : 0) != PATH_CLEAR)
		return verdict(PL_DROP_TOO_BIG, XDP_DROP);
	if (server->forward == PL_FWD_TUNNEL)
		return forward_tunnel(ctx, p, server, hop, PL_FORWARD_ICMP);
	return forward_dr(ctx, p, hop, PL_FORWARD_ICMP);
}

/* An error about a packet to a NAT server: to the client, from the virtual address. */
__attribute__((noinline)) int related_out(struct xdp_md *ctx, struct pl_packet *p, struct pl_packet *e,
					  struct conn_ref *r)
{
	struct pl_settings *s = settings();
	struct nat_change n = { .source = 1 };
	const struct pl_next_hop *hop;
	__u64 outer;

	if (!ctx || !p || !e || !r)
		return XDP_DROP;
	n.from = p->src;
	n.to = r->vip;
	outer = csum_diff_addr(&n.from, &n.to, p->family);
	hop = route_to(ctx, p, &r->vip, &p->dst, s);
	count_out(r->server, p->length);
	if (p->ttl <= 1)
		return verdict(PL_DROP_TOO_BIG, XDP_DROP);
	if (nat_l3(ctx, p, &n))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	n.from = e->dst;
	n.source = 0;
	n.from_port = e->dport;
	n.to_port = r->vport;
	if (nat_quoted(ctx, p, e, &n, outer))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	if (!hop)
		return verdict(PL_FORWARD_STACK, XDP_PASS);
	if (ttl_decrement(ctx, p) || link_write(ctx, p, hop, 0, ethertype_of(p->family)))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	return verdict(PL_FORWARD_ICMP, link_send(p, hop->ifindex));
}

static __always_inline int is_backup(void)
{
	struct pl_settings *s = settings();

	return s && s->tuning & PL_TUNE_PASS;
}

/* RELATED_NONE: not about a connection of ours; RELATED_TO_SERVER: to be forwarded to
 * r->server; else a verdict. */
__attribute__((noinline)) int icmp_related(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r)
{
	struct icmp_error_header *icmp;
	struct pl_packet e = {};

	if (!ctx || !p || !r)
		return RELATED_NONE;
	icmp = at(ctx, p->l4);
	if ((void *)(icmp + 1) > end_of(ctx) || !icmp_is_error(p, icmp->type))
		return RELATED_NONE;
	e.family = p->family;
	e.now = p->now;
	e.l3 = p->l4 + sizeof(*icmp);
	if (parse_quoted(ctx, &e) || e.l4 + 8 > p->l3 + p->length)
		return RELATED_NONE;
	if (!is_backup() && find(&e, r, KEY_QUOTED_ANSWER))
		return server_of(r) ? related_in(ctx, p, &e, r->server) : verdict(PL_DROP_SERVER_GONE, XDP_DROP);
	if (may_be_answer(&e.dst) && find(&e, r, KEY_QUOTED_REQUEST))
		return related_out(ctx, p, &e, r);
	return RELATED_NONE;
}

#endif
