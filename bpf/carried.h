/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands between the outer IP header and the packet a tunnel carries, on a real server:
 * nothing, UDP and GUE (variants 0 and 1), or GRE. Reads and verifies, changes nothing. A
 * checksum that is there is honoured: the sender took the trouble, so the whole is summed.
 */
#ifndef PLENUM_BPF_CARRIED_H
#define PLENUM_BPF_CARRIED_H

#include "bpf/checksum_range.h"
#include "bpf/realserver_abi.h"

/* What a tunnel carries. */
struct carried {
	__u32 offset;	/* of the inner IP header, from the start of the frame */
	__u32 room;	/* bytes of the outer payload from there on */
	__u8 proto;	/* 4 or 41 */
	__u8 fill;	/* an inner checksum is still to be filled in: */
	__u16 checksum;	/* this one */
	__u32 at;	/* here, from the start of the frame */
};

#define CARRIED 0

static __always_inline int udp_checksum_ok(struct xdp_md *ctx, const struct pl_packet *p, __u16 length)
{
	__u64 pseudo = (__u64)bpf_htons(IPPROTO_UDP) + bpf_htons(length) + p->src.w[3] + p->dst.w[3];
	__u16 sum;

	if (p->family == 6) {
		pseudo += (__u64)p->src.w[0] + p->src.w[1] + p->src.w[2];
		pseudo += (__u64)p->dst.w[0] + p->dst.w[1] + p->dst.w[2];
	}
	return !csum_bytes(ctx, p->l4, length, pseudo, &sum) && sum == 0xffff;
}

/* Flags and options of GUE as Linux has them (include/net/gue.h). */
#define GUE_FLAG_PRIVATE 0x0001		/* 4 bytes of private flags follow the header */
#define GUE_PRIVATE_REMCSUM 0x80000000u	/* and 4 bytes: where the sum starts, where it goes */

/*
 * Remote checksum offload: the inner transport checksum holds the sum of its pseudo header
 * only, the rest is for the receiver to add. Nobody has touched the packet: the outer
 * checksum, which is verified by now, covers it.
 */
static __always_inline int parse_remcsum(struct xdp_md *ctx, __u8 *option, struct carried *c)
{
	__u32 start, field;
	__u16 sum;

	if ((void *)(option + 4) > end_of(ctx))
		return PL_RS_OUTER_MALFORMED;
	start = bpf_ntohs(*(__be16 *)option);
	field = bpf_ntohs(*(__be16 *)(option + 2));
	if (start > field || field + sizeof(sum) > c->room)
		return PL_RS_OUTER_MALFORMED;
	if (csum_bytes(ctx, c->offset + start, c->room - start, 0, &sum))
		return PL_RS_OUTER_MALFORMED;
	sum = ~sum;
	c->checksum = sum ? sum : 0xffff;	/* 0 says "none" in UDP, and is the same in TCP */
	c->at = c->offset + field;
	c->fill = 1;
	return CARRIED;
}

/* The options of a GUE header that has flags; `options` bytes of them, at `offset`. */
static __always_inline int parse_gue_flags(struct xdp_md *ctx, const struct udphdr *udp, __u16 flags, __u32 offset,
					   __u32 options, struct carried *c)
{
	__u8 *private = at(ctx, offset);
	__u32 wants;

	if (flags != bpf_htons(GUE_FLAG_PRIVATE) || options < 4 || (void *)(private + 4) > end_of(ctx))
		return PL_RS_GUE_FLAGS;
	wants = bpf_ntohl(*(__be32 *)private);
	if (!wants)
		return CARRIED;
	/* Without a checksum around it nothing would notice what the way did to the packet. */
	if (wants != GUE_PRIVATE_REMCSUM || options < 8 || !udp->check)
		return PL_RS_GUE_FLAGS;
	return parse_remcsum(ctx, private + 4, c);
}

/* draft-ietf-intarea-gue; variant 1 is an IP header in place of GUE's. CARRIED, or why not. */
static __always_inline int parse_gue(struct xdp_md *ctx, const struct pl_packet *p, struct carried *c)
{
	struct udphdr *udp = at(ctx, p->l4);
	__u32 room = p->length - (p->l4 - p->l3), skip = sizeof(*udp), options = 0, length;
	__u16 flags = 0;
	__u8 *gue;

	if ((void *)(udp + 1) > end_of(ctx))
		return PL_RS_OUTER_MALFORMED;
	length = bpf_ntohs(udp->len);
	if (length < sizeof(*udp) || length > room)
		return PL_RS_OUTER_MALFORMED;
	if (udp->check && !udp_checksum_ok(ctx, p, length))
		return PL_RS_UDP_CHECKSUM;
	gue = at(ctx, p->l4 + sizeof(*udp));
	if (length < sizeof(*udp) + 4 || (void *)(gue + 4) > end_of(ctx))
		return PL_RS_OUTER_MALFORMED;
	if (gue[0] >> 4 == 4) {
		c->proto = IPPROTO_IPIP;
	} else if (gue[0] >> 4 == 6) {
		c->proto = IPPROTO_IPV6;
	} else {
		if (gue[0] >> 5)	/* version, or a control message */
			return PL_RS_GUE_UNKNOWN;
		flags = *(__u16 *)(gue + 2);
		c->proto = gue[1];
		options = (gue[0] & 0x1f) * 4;
		skip += 4 + options;
	}
	if (c->proto != IPPROTO_IPIP && c->proto != IPPROTO_IPV6)
		return PL_RS_GUE_UNKNOWN;
	if (skip > length)
		return PL_RS_OUTER_MALFORMED;
	c->offset = p->l4 + skip;
	c->room = length - skip;
	return flags ? parse_gue_flags(ctx, udp, flags, p->l4 + sizeof(*udp) + 4, options, c) : CARRIED;
}

#define GRE_HEADER 4
#define GRE_CHECKSUM 0x8000	/* a checksum and two reserved bytes follow */

/* RFC 2784: no key, no sequence number, no routing. CARRIED, or why not. */
static __always_inline int parse_gre(struct xdp_md *ctx, const struct pl_packet *p, struct carried *c)
{
	__u32 room = p->length - (p->l4 - p->l3), skip = GRE_HEADER;
	__be16 *gre = at(ctx, p->l4);
	__u16 sum;

	if (room < GRE_HEADER || (void *)(gre + 2) > end_of(ctx))
		return PL_RS_OUTER_MALFORMED;
	if (gre[0] & ~bpf_htons(GRE_CHECKSUM))
		return PL_RS_GRE_UNKNOWN;
	if (gre[1] == bpf_htons(ETH_P_IP))
		c->proto = IPPROTO_IPIP;
	else if (gre[1] == bpf_htons(ETH_P_IPV6))
		c->proto = IPPROTO_IPV6;
	else
		return PL_RS_GRE_UNKNOWN;
	if (gre[0]) {
		skip += 4;
		if (room < skip)
			return PL_RS_OUTER_MALFORMED;
		if (csum_bytes(ctx, p->l4, room, 0, &sum) || sum != 0xffff)
			return PL_RS_GRE_CHECKSUM;
	}
	c->offset = p->l4 + skip;
	c->room = room - skip;
	return CARRIED;
}

#endif
