/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP errors this director sends itself: no server, TTL exceeded, too big. The packet is
 * turned into the answer in place and leaves by the way it came; that of one which netfilter
 * marked, by the way its sender is reached.
 */
#ifndef PLENUM_BPF_ICMP_ERROR_H
#define PLENUM_BPF_ICMP_ERROR_H

#include "bpf/connection.h"
#include "bpf/forward/link.h"
#include "bpf/marked.h"

/* RFC 1812 section 4.3.2.3: at most 576 bytes; RFC 4443 section 2.4: at most 1280. */
#define ICMP4_MOST (576 - 28)
#define ICMP6_MOST (1280 - 48)
#define ICMP_LINK_MOST (sizeof(struct ethhdr) + 2 * sizeof(struct vlan_tag))

struct icmp_error_header {
	__u8 type, code;
	__be16 check;
	__be32 info;	/* MTU, or unused */
};

/* Sum of `length` bytes from the packet's `offset` on. */
static __always_inline __u64 csum_range(struct xdp_md *ctx, __u32 offset, __u32 length)
{
	__u64 sum = 0;
	__u8 *rest;

	for (__u32 i = 0; i < (ICMP6_MOST + 8) / 4; i++) {
		__u32 *w = (void *)(long)ctx->data + (offset & 63) + i * 4;

		if (i * 4 + 4 > length || (void *)(w + 1) > end_of(ctx))
			break;
		sum += *w;
	}
	rest = (void *)(long)ctx->data + (offset & 63) + (length & 0x7fc);
#pragma unroll
	for (__u32 i = 0; i < 3; i++)
		if (i < (length & 3) && (void *)(rest + i + 1) <= end_of(ctx))
			sum += i & 1 ? (__u32)rest[i] << 8 : rest[i];
	return sum;
}

static __always_inline int icmp_allowed(const struct pl_settings *s, __u32 reason, __u32 now)
{
	__u32 zero = 0;
	__u64 *budget = bpf_map_lookup_elem(&pl_icmp_budget, &zero);

	/* The kernel does not limit "fragmentation needed" either: transfers hang without. */
	if (!budget || reason == PL_REPLY_TOO_BIG)
		return 1;
	if (*budget >> 32 != now)
		*budget = (__u64)now << 32;
	return (__u32)((*budget)++) < s->icmp_per_tick;
}

static __always_inline int is_port_unreachable(__u32 reason)
{
	return reason == PL_REPLY_NO_SERVER || reason == PL_REPLY_STRAY;
}

static __always_inline void icmp_kind(__u8 family, __u32 reason, struct icmp_error_header *h, __u32 mtu)
{
	h->info = 0;
	if (family == 6) {
		h->type = reason == PL_REPLY_TOO_BIG ? 2 : reason == PL_REPLY_TTL ? 3 : 1;
		h->code = is_port_unreachable(reason) ? 4 : 0;
		if (reason == PL_REPLY_TOO_BIG)
			h->info = bpf_htonl(mtu);
	} else {
		h->type = reason == PL_REPLY_TTL ? 11 : 3;
		h->code = is_port_unreachable(reason) ? 3 : reason == PL_REPLY_TOO_BIG ? 4 : 0;
		if (reason == PL_REPLY_TOO_BIG)
			h->info = bpf_htonl(mtu & 0xffff);
	}
}

static __always_inline int icmp_write_v4(struct xdp_md *ctx, const struct pl_packet *p, const struct pl_addr *from,
					 __u32 embedded, const struct icmp_error_header *h)
{
	struct iphdr *ip = at(ctx, p->l3);
	struct icmp_error_header *icmp = (void *)(ip + 1);

	if ((void *)(icmp + 1) > end_of(ctx))
		return -1;
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0xc0;	/* internetwork control, as the kernel's */
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*icmp) + embedded);
	ip->id = 0;
	ip->frag_off = bpf_htons(PL_IP_DF);
	ip->ttl = 64;
	ip->protocol = IPPROTO_ICMP;
	ip->check = 0;
	ip->saddr = from->w[3];
	ip->daddr = p->src.w[3];
	ip->check = csum_ipv4(ip);
	*icmp = *h;
	icmp->check = 0;
	icmp->check = ~csum_fold(csum_range(ctx, p->l3 + sizeof(*ip), sizeof(*icmp) + embedded));
	return 0;
}

static __always_inline int icmp_write_v6(struct xdp_md *ctx, const struct pl_packet *p, const struct pl_addr *from,
					 __u32 embedded, const struct icmp_error_header *h)
{
	struct ipv6hdr *ip = at(ctx, p->l3);
	struct icmp_error_header *icmp = (void *)(ip + 1);
	__u32 length = sizeof(*icmp) + embedded;
	__u64 sum;

	if ((void *)(icmp + 1) > end_of(ctx))
		return -1;
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 6;
	ip->payload_len = bpf_htons(length);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = 64;
	__builtin_memcpy(&ip->saddr, from->w, 16);
	__builtin_memcpy(&ip->daddr, p->src.w, 16);
	*icmp = *h;
	icmp->check = 0;
	sum = csum_range(ctx, p->l3 + sizeof(*ip), length) + bpf_htonl(length) + bpf_htonl(IPPROTO_ICMPV6);
#pragma unroll
	for (int i = 0; i < 4; i++)
		sum += (__u64)from->w[i] + p->src.w[i];
	icmp->check = ~csum_fold(sum);
	return 0;
}

/*
 * Turns packet *p into the error `reason` stands for, sent from `from`; `mtu` for
 * PL_REPLY_TOO_BIG. `reason` again, or that of a drop. p->src is what the packet still says.
 */
__attribute__((noinline)) int icmp_build(struct xdp_md *ctx, struct pl_packet *p, struct pl_addr *from, __u32 reason,
					 __u32 mtu)
{
	struct icmp_error_header h = {};
	__u8 link[ICMP_LINK_MOST] = {};
	struct pl_settings *s = settings();
	__u32 header, embedded, frame, tags;
	__u8 *l2;

	if (!ctx || !p || !from)
		return PL_DROP_NO_ROOM;
	if (!icmp_allowed(s, reason, p->now))
		return PL_DROP_ICMP_LIMIT;
	header = (p->family == 6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) + sizeof(h);
	embedded = p->length;
	if (p->family == 6 && embedded > ICMP6_MOST)
		embedded = ICMP6_MOST;
	if (p->family != 6 && embedded > ICMP4_MOST)
		embedded = ICMP4_MOST;

	/* Link-layer header aside, with the addresses turned round. */
	l2 = (void *)(long)ctx->data;
	if ((void *)(l2 + ICMP_LINK_MOST) > end_of(ctx))
		return PL_DROP_NO_ROOM;
	__builtin_memcpy(link, l2 + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(link + ETH_ALEN, l2, ETH_ALEN);
	__builtin_memcpy(link + 2 * ETH_ALEN, l2 + 2 * ETH_ALEN, ICMP_LINK_MOST - 2 * ETH_ALEN);
	tags = p->l3 - sizeof(struct ethhdr);

	frame = ctx->data_end - ctx->data;
	if (frame > p->l3 + embedded && bpf_xdp_adjust_tail(ctx, -(int)(frame - p->l3 - embedded)))
		return PL_DROP_NO_ROOM;
	if (bpf_xdp_adjust_head(ctx, -(int)header))
		return PL_DROP_NO_ROOM;
	l2 = (void *)(long)ctx->data;
	if ((void *)(l2 + ICMP_LINK_MOST) > end_of(ctx))
		return PL_DROP_NO_ROOM;
	__builtin_memcpy(l2, link, sizeof(struct ethhdr));
	if (tags >= sizeof(struct vlan_tag))
		__builtin_memcpy(l2 + sizeof(struct ethhdr), link + sizeof(struct ethhdr), sizeof(struct vlan_tag));
	if (tags >= 2 * sizeof(struct vlan_tag))
		__builtin_memcpy(l2 + sizeof(struct ethhdr) + sizeof(struct vlan_tag),
				 link + sizeof(struct ethhdr) + sizeof(struct vlan_tag), sizeof(struct vlan_tag));

	icmp_kind(p->family, reason, &h, mtu);
	if (p->family == 6 ? icmp_write_v6(ctx, p, from, embedded, &h) : icmp_write_v4(ctx, p, from, embedded, &h))
		return PL_DROP_NO_ROOM;
	return reason;
}

/* The same as a packet's verdict: it goes back the way it came. */
static __always_inline int icmp_error(struct xdp_md *ctx, struct pl_packet *p, struct pl_addr *from, __u32 reason,
				      __u32 mtu)
{
	__u32 done;

	if (p->fragment == PART_LATER && p->family == 4)	/* RFC 1122 section 3.2.2 */
		return verdict(PL_DROP_FRAGMENT_ERROR, XDP_DROP);
	done = icmp_build(ctx, p, from, reason, mtu);
	if (done != reason)
		return verdict(done, XDP_DROP);
	return verdict(done, answer_way(ctx, p, from));
}

#endif
