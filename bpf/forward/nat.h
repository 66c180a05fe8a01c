/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NAT: to the server its own address and port as the destination, back to the client the
 * virtual ones as the source; checksums changed by the difference.
 */
#ifndef PLENUM_BPF_FORWARD_NAT_H
#define PLENUM_BPF_FORWARD_NAT_H

#include "bpf/forward/route.h"
#include "bpf/icmp_error.h"

/* One end of a packet: which address and port are rewritten, from what to what. */
struct nat_change {
	struct pl_addr from, to;
	__be16 from_port, to_port;
	__u8 source;	/* the source is rewritten, else the destination */
};

static __always_inline int nat_l3(struct xdp_md *ctx, const struct pl_packet *p, const struct nat_change *n)
{
	void *l3 = at(ctx, p->l3), *end = end_of(ctx);

	if (p->family == 6) {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return -1;
		if (n->source)
			__builtin_memcpy(&ip->saddr, n->to.w, 16);
		else
			__builtin_memcpy(&ip->daddr, n->to.w, 16);
	} else {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return -1;
		if (n->source)
			ip->saddr = n->to.w[3];
		else
			ip->daddr = n->to.w[3];
		ip->check = csum_apply(ip->check, csum_diff32(n->from.w[3], n->to.w[3]));
	}
	return 0;
}

static __always_inline int nat_l4(struct xdp_md *ctx, const struct pl_packet *p, const struct nat_change *n)
{
	void *l4 = at(ctx, p->l4), *end = end_of(ctx);
	__u64 diff = csum_diff_addr(&n->from, &n->to, p->family) + csum_diff16(n->from_port, n->to_port);

	if (p->proto == IPPROTO_TCP) {
		struct tcphdr *tcp = l4;

		if ((void *)(tcp + 1) > end)
			return -1;
		if (n->source)
			tcp->source = n->to_port;
		else
			tcp->dest = n->to_port;
		tcp->check = csum_apply(tcp->check, diff);
	} else if (p->proto == IPPROTO_UDP) {
		struct udphdr *udp = l4;

		if ((void *)(udp + 1) > end)
			return -1;
		if (n->source)
			udp->source = n->to_port;
		else
			udp->dest = n->to_port;
		if (udp->check) {
			udp->check = csum_apply(udp->check, diff);
			if (!udp->check)
				udp->check = 0xffff;
		}
	} else if (p->proto == IPPROTO_SCTP && n->from_port != n->to_port) {
		struct sctp_header *sctp = l4;
		__u32 *ports = l4, before;
		__u32 length = p->length - (p->l4 - p->l3);

		/* The change of a CRC takes the length of the whole, which a fragment does not tell. */
		if ((void *)(sctp + 1) > end || p->fragment)
			return -1;
		before = *ports;
		if (n->source)
			sctp->source = n->to_port;
		else
			sctp->dest = n->to_port;
		sctp->checksum ^= crc_change(before ^ *ports, length);
	}
	return 0;
}

static __always_inline int nat_rewrite(struct xdp_md *ctx, struct pl_packet *p, const struct nat_change *n)
{
	return nat_l3(ctx, p, n) || nat_l4(ctx, p, n) ? -1 : 0;
}

/* To the server. Without a neighbour, or to be fragmented, the stack sends it on. */
static __always_inline int forward_nat(struct xdp_md *ctx, struct pl_packet *p, const struct pl_server *server,
				       const struct pl_next_hop *hop)
{
	struct nat_change n = { .from = p->dst, .to = server->addr, .from_port = p->dport };
	int stack = !hop || !hop->ifindex;

	n.to_port = pl_server_port(server, p->dport);
	switch (path_check(p, stack ? 0xffff : hop->mtu, 0)) {
	case PATH_TTL:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_TTL, 0);
	case PATH_TOO_BIG:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_TOO_BIG, stack ? 0xffff : hop->mtu);
	case PATH_FRAGMENT:
		stack = 1;
	}
	if (nat_rewrite(ctx, p, &n))
		return verdict(p->fragment ? PL_DROP_UNSUPPORTED : PL_DROP_NO_ROOM, XDP_DROP);
	if (stack)
		return verdict(PL_FORWARD_STACK, XDP_PASS);
	if (ttl_decrement(ctx, p) || link_write(ctx, p, hop, 0, ethertype_of(p->family)))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	return verdict(PL_FORWARD_NAT, link_send(p, hop->ifindex));
}

/* Back to the client, from the virtual address, by the kernel's route. */
static __always_inline int forward_answer(struct xdp_md *ctx, struct pl_packet *p, struct pl_addr *vip, __be16 vport,
					  const struct pl_settings *s)
{
	struct nat_change n = { .from = p->src, .to = *vip, .from_port = p->sport, .to_port = vport, .source = 1 };
	const struct pl_next_hop *hop = route_to(ctx, p, vip, &p->dst, s);
	__u32 mtu = hop && hop->mtu ? hop->mtu : 0xffff;

	switch (path_check(p, mtu, 0)) {
	case PATH_TTL:
		return icmp_error(ctx, p, vip, PL_REPLY_TTL, 0);
	case PATH_TOO_BIG:
		return icmp_error(ctx, p, vip, PL_REPLY_TOO_BIG, mtu);
	case PATH_FRAGMENT:
		hop = 0;
	}
	if (nat_rewrite(ctx, p, &n))
		return verdict(p->fragment ? PL_DROP_UNSUPPORTED : PL_DROP_NO_ROOM, XDP_DROP);
	if (!hop)
		return verdict(PL_FORWARD_STACK, XDP_PASS);
	if (ttl_decrement(ctx, p) || link_write(ctx, p, hop, 0, ethertype_of(p->family)))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	return verdict(PL_FORWARD_NAT_REPLY, link_send(p, hop->ifindex));
}

#endif
