/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * schedule_icmp: an ICMP error about a packet that a virtual address is said to have sent, of
 * no connection known here, begins one as the quoted packet's client would have (ip_vs_in_icmp).
 * So such errors reach a server when another director made the connection. The connection has no
 * state and lives three seconds.
 */
#ifndef PLENUM_BPF_ICMP_SCHEDULE_H
#define PLENUM_BPF_ICMP_SCHEDULE_H

#include "bpf/icmp_related.h"

/* ip_vs_conn_new() gives 3 s to a connection that no packet has moved. */
#define QUOTED_LIFE 179

/*
 * Turns *p into the packet that its client would send to the virtual address: 1, for begin().
 * Else 0, with *p as it was.
 */
__attribute__((noinline)) int quoted_request(struct xdp_md *ctx, struct pl_packet *p)
{
	struct pl_settings *s = settings();
	struct icmp_error_header *icmp;
	struct pl_packet e = {};

	if (!ctx || !p || !(s->tuning & PL_TUNE_SCHEDULE_ICMP))
		return 0;
	icmp = at(ctx, p->l4);
	if ((void *)(icmp + 1) > end_of(ctx) || !icmp_is_error(p, icmp->type))
		return 0;
	e.family = p->family;
	e.l3 = p->l4 + sizeof(*icmp);
	if (parse_quoted(ctx, &e) || e.l4 + 8 > p->l3 + p->length ||
	    (e.proto != IPPROTO_TCP && e.proto != IPPROTO_UDP && e.proto != IPPROTO_SCTP))
		return 0;
	p->src = e.dst;
	p->dst = e.src;
	p->sport = e.dport;
	p->dport = e.sport;
	p->proto = e.proto;
	p->first = PL_FIRST_QUOTED;
	return 1;
}

/* *p as the ICMP packet again that it was; 0, or -1 when the packet is not there. */
static __always_inline int quoted_back(struct xdp_md *ctx, struct pl_packet *p)
{
	void *l3 = at(ctx, p->l3);

	if (p->family == 6) {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end_of(ctx))
			return -1;
		addr_v6(&p->src, &ip->saddr);
		addr_v6(&p->dst, &ip->daddr);
		p->proto = IPPROTO_ICMPV6;
	} else {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end_of(ctx))
			return -1;
		addr_v4(&p->src, ip->saddr);
		addr_v4(&p->dst, ip->daddr);
		p->proto = IPPROTO_ICMP;
	}
	return 0;
}

/* What begin() said of it: the verdict, or RELATED_TO_SERVER when there is a connection now. */
static __always_inline int quoted_begun(int reason, const struct conn_ref *r, __u32 now)
{
	struct pl_bucket *b;

	switch (reason) {
	case 0:
		b = bucket_at(r->bucket);
		if (b)
			*(volatile __u32 *)&b->word[r->slot & (PL_SLOTS - 1)] = now + QUOTED_LIFE;
		return RELATED_TO_SERVER;
	case PL_NOT_OURS:
	case PL_FTP_DATA:
		return verdict(reason, XDP_PASS);
	case PL_REPLY_NO_SERVER:
		/* Never an ICMP error about an ICMP error. */
		return verdict(PL_DROP_NO_SERVER, XDP_DROP);
	}
	return verdict(reason, XDP_DROP);
}

#endif
