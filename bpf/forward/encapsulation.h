/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands between a tunnel's outer IP header and the packet inside: nothing (IPIP), UDP
 * and a GUE header, or a GRE header (RFC 2784), the latter two with a checksum where the
 * server wants one.
 *
 * The checksum covers all that is inside. Where that is a whole TCP or UDP packet with a
 * checksum of its own, the sum of the whole is known without reading the payload: what a
 * transport checksum covers sums up to the inverse of its pseudo header. A packet that was
 * broken before it came here gets an outer checksum as wrong as its inner one.
 *
 * "Remote checksum" of GUE asks the receiver to fill the inner checksum in. As in IPVS only
 * a packet whose inner checksum is not filled in yet goes that way, and none that comes off
 * a wire is one of these: here it is the same as the full checksum.
 */
#ifndef PLENUM_BPF_FORWARD_ENCAPSULATION_H
#define PLENUM_BPF_FORWARD_ENCAPSULATION_H

#include "bpf/checksum_range.h"

struct gue_header {
	__u8 control;	/* version, whether a control message, words of options */
	__u8 proto;	/* of what follows */
	__be16 flags;
};

struct gre_header {
	__be16 flags;
	__be16 ethertype;	/* of what follows */
};

#define GRE_CSUM 0x8000		/* a checksum and two zero bytes follow */

#define GUE_LENGTH (sizeof(struct udphdr) + sizeof(struct gue_header))
#define GRE_LENGTH sizeof(struct gre_header)

/* Bytes between the outer IP header and the inner one. */
static __always_inline __u32 encapsulation_length(const struct pl_server *server)
{
	if (server->tunnel == PL_TUN_IPIP)
		return 0;
	if (server->tunnel == PL_TUN_GUE)
		return GUE_LENGTH;
	return server->tunnel_flags & PL_TUN_CSUM ? GRE_LENGTH + 4 : GRE_LENGTH;
}

/* The protocol of the outer IP header; `inner` is what IPIP has. */
static __always_inline __u8 outer_protocol(const struct pl_server *server, __u8 inner)
{
	if (server->tunnel == PL_TUN_IPIP)
		return inner;
	return server->tunnel == PL_TUN_GUE ? IPPROTO_UDP : IPPROTO_GRE;
}

/* The folded sum of a packet of `length` bytes whose transport checksum is right, from its headers alone; 0: unknown. */
static __always_inline __u32 sum_by_headers(struct xdp_md *ctx, const struct pl_packet *p, __u32 header)
{
	__u32 length = p->length - header;
	void *end = end_of(ctx);
	__u64 pseudo;

	if (p->fragment)
		return 0;
	if (p->proto == IPPROTO_UDP) {
		struct udphdr *udp = at(ctx, p->l3 + header);

		if ((void *)(udp + 1) > end || !udp->check || bpf_ntohs(udp->len) != length)
			return 0;
	} else if (p->proto != IPPROTO_TCP) {
		return 0;
	}
	pseudo = (__u64)bpf_htons(p->proto) + bpf_htons(length);
	if (p->family == 6) {
		struct ipv6hdr *ip = at(ctx, p->l3);
		__u32 *words = (void *)ip;

		/* The addresses stand in the header and in the pseudo header: they cancel out. */
		if (header != sizeof(*ip) || (void *)(ip + 1) > end)
			return 0;
		return csum_fold((__u64)words[0] + words[1] + (__u16)~csum_fold(pseudo));
	}
	/* The header's own checksum makes it sum up to nothing. */
	pseudo += (__u64)p->src.w[3] + p->dst.w[3];
	return (__u16)~csum_fold(pseudo);
}

/*
 * The folded sum of the packet at p->l3, whose transport header is `header` bytes further;
 * a frame shorter than the packet says gives -1.
 */
__attribute__((noinline)) int sum_of_inner(struct xdp_md *ctx, struct pl_packet *p, __u32 header)
{
	__u32 known;
	__u16 sum = 0;

	if (!ctx || !p)
		return -1;
	known = sum_by_headers(ctx, p, header);
	if (known)
		return known & 0xffff;
	if (csum_bytes(ctx, p->l3, p->length, 0, &sum))
		return -1;
	return sum;
}

/* `pseudo`: the sum of the outer addresses; `sum`: that of the inner packet. */
static __always_inline int gue_write(struct xdp_md *ctx, __u32 offset, const struct pl_packet *p,
				     const struct pl_server *server, __u8 inner, __u64 pseudo, int sum)
{
	struct udphdr *udp = at(ctx, offset);
	struct gue_header *gue = (void *)(udp + 1);
	__u32 flow;

	if ((void *)(gue + 1) > end_of(ctx))
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
	if (server->tunnel_flags) {
		pseudo += (__u64)udp->source + udp->dest + udp->len + udp->len + bpf_htons(IPPROTO_UDP) + *(__u32 *)gue;
		udp->check = ~csum_fold(pseudo + (__u32)sum);
		if (!udp->check)
			udp->check = 0xffff;
	}
	return 0;
}

static __always_inline int gre_write(struct xdp_md *ctx, __u32 offset, const struct pl_packet *p,
				     const struct pl_server *server, int sum)
{
	struct gre_header *gre = at(ctx, offset);
	__be16 *check = (void *)(gre + 1);

	if ((void *)(gre + 1) > end_of(ctx))
		return -1;
	gre->ethertype = ethertype_of(p->family);
	gre->flags = 0;
	if (!(server->tunnel_flags & PL_TUN_CSUM))
		return 0;
	if ((void *)(check + 2) > end_of(ctx))
		return -1;
	gre->flags = bpf_htons(GRE_CSUM);
	check[1] = 0;
	check[0] = ~csum_fold((__u64)gre->flags + gre->ethertype + (__u32)sum);
	return 0;
}

#endif
