/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet's headers, read once into a struct pl_packet. Knows Ethernet, up to two VLAN
 * tags, IPv4 with options, IPv6 with extension headers and the ports of TCP, UDP and SCTP.
 * Changes nothing.
 */
#ifndef PLENUM_BPF_PACKET_H
#define PLENUM_BPF_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "bpf/abi.h"

#define PL_MAPPED bpf_htonl(0xffff)
#define PL_IP_DF 0x4000
#define PL_IP_FRAGMENT 0x3fff	/* more fragments, or an offset */
#define PL_IP_MORE 0x2000
#define PL_IP_OFFSET 0x1fff	/* in units of 8 bytes */
#define PL_IP6_MORE 1
#define PL_IP6_OFFSET 0xfff8	/* in bytes */

/* Greatest offset of a transport header that is looked at: 22 bytes of link layer and
 * 20 + 40 of IPv4, or 40 + a few extension headers of IPv6. */
#define PL_OFFSET_MASK 0x1ff

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

/* IPv6's (RFC 8200 section 4.5). */
struct fragment_header {
	__u8 next, zero;
	__be16 offset;	/* PL_IP6_OFFSET, PL_IP6_MORE */
	__be32 id;
};

struct sctp_header {
	__be16 source, dest;
	__be32 vtag;
	__le32 checksum;
};

/* Of the flags byte of a TCP header. */
#define TCP_FLAG_FIN_BIT 0x01
#define TCP_FLAG_SYN_BIT 0x02
#define TCP_FLAG_RST_BIT 0x04
#define TCP_FLAG_ACK_BIT 0x10

/* Chunk types (RFC 9260 section 3.2). */
enum { SCTP_INIT = 1, SCTP_ABORT = 6, SCTP_COOKIE_ECHO = 10, SCTP_COOKIE_ACK = 11 };

struct pl_packet {
	struct pl_addr src __attribute__((aligned(8))), dst __attribute__((aligned(8)));
	__be16 sport, dport;
	__u16 l3, l4;		/* offsets from the start of the frame */
	__u16 length;		/* of the IP packet, header included, host order */
	__u8 family, proto;
	__u8 ttl, tos;
	__u8 event;		/* TCP flags byte, or first SCTP chunk type (see state/) */
	/* first: may make a connection: SYN without RST, INIT, any UDP; enum pl_first
	 * fragment: enum packet_part; cut: handed to user space, which cuts it to the path's MTU */
	__u8 df : 1, first : 2, fragment : 2, cut : 1;
	__u32 ifindex;		/* it came in by */
	__u32 now;		/* tick */
	__u64 hash;		/* of the connection a client's packet belongs to; 0 until it was looked for */
};

/* Why a packet may make a connection. Quoted by an ICMP error, it has no event. */
enum pl_first { PL_FIRST_NOT, PL_FIRST_PACKET, PL_FIRST_QUOTED };

/* What part of an IP packet this is. */
enum packet_part {
	PART_WHOLE,
	PART_FIRST,	/* a fragment, with the transport header */
	PART_LATER,	/* a fragment without; proto is IPPROTO_FRAGMENT, there are no ports */
};

/* The outcome of parsing: 0, or minus the reason why the packet is not for us. */
#define PL_PARSED 0

static __always_inline void *at(struct xdp_md *ctx, __u32 offset)
{
	/* Where clang knows the offset's bounds it would leave the mask out, by which the verifier does. */
	if (!__builtin_constant_p(offset))
		asm volatile("" : "+r"(offset));
	return (void *)(long)ctx->data + (offset & PL_OFFSET_MASK);
}

static __always_inline void *end_of(struct xdp_md *ctx)
{
	return (void *)(long)ctx->data_end;
}

/* Bytes of the frame from `from` on. Kept a number: the sum of pointers that clang would make
 * of a comparison with it is refused by Linux 6.1. */
static __always_inline __u64 room_behind(struct xdp_md *ctx, const void *from)
{
	__u64 room = end_of(ctx) - from;

	asm volatile("" : "+r"(room));
	return room;
}

static __always_inline void addr_v4(struct pl_addr *a, __be32 v4)
{
	a->w[0] = 0;
	a->w[1] = 0;
	a->w[2] = PL_MAPPED;
	a->w[3] = v4;
}

static __always_inline void addr_v6(struct pl_addr *a, const struct in6_addr *v6)
{
	const __u32 *w = (const void *)v6;

	a->w[0] = w[0];
	a->w[1] = w[1];
	a->w[2] = w[2];
	a->w[3] = w[3];
}

/* Two header fields that stand side by side, read and kept as one word. */
static __always_inline void ports_copy(__be16 *to, const void *from)
{
	*(__u32 *)to = *(const __u32 *)from;
}

static __always_inline int addr_equal(const struct pl_addr *a, const struct pl_addr *b)
{
	return a->w[3] == b->w[3] && a->w[2] == b->w[2] && a->w[1] == b->w[1] && a->w[0] == b->w[0];
}

/* The transport header of a packet that may be plain, of `room` bytes with what it carries. The
 * caller made sure that a UDP header is in the frame. */
static __always_inline int parse_plain_transport(struct pl_packet *p, void *l4, void *end, __u32 room)
{
	struct tcphdr *tcp = l4;

	p->event = 0;
	p->first = 1;
	if (p->proto == IPPROTO_TCP) {
		__u8 words;

		if ((void *)(tcp + 1) > end)
			return 0;
		words = ((__u8 *)tcp)[12] >> 4;
		if (words < 5 || words * 4 > room)
			return 0;
		p->event = ((__u8 *)tcp)[13];
		p->first = (p->event & (TCP_FLAG_SYN_BIT | TCP_FLAG_RST_BIT)) == TCP_FLAG_SYN_BIT;
	} else if (p->proto != IPPROTO_UDP) {
		return 0;
	}
	return 1;
}

/*
 * The packet that most are: TCP or UDP over IPv4, no options, no fragment, no VLAN tag. 1 and
 * all of *p filled; 0 and nothing said: the functions below look at it piece by piece.
 */
static __always_inline int parse_plain(struct xdp_md *ctx, struct pl_packet *p)
{
	void *frame = (void *)(long)ctx->data, *end = end_of(ctx);
	struct iphdr *ip = frame + sizeof(struct ethhdr);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end || ((__be16 *)frame)[6] != bpf_htons(ETH_P_IP) || *(__u8 *)ip != 0x45 ||
	    ip->frag_off & bpf_htons(PL_IP_FRAGMENT))
		return 0;
	p->length = bpf_ntohs(ip->tot_len);
	if (p->length < sizeof(*ip) + sizeof(*udp) || p->length > room_behind(ctx, ip))
		return 0;
	p->proto = ip->protocol;
	if (!parse_plain_transport(p, udp, end, p->length - sizeof(*ip)))
		return 0;
	addr_v4(&p->src, ip->saddr);
	addr_v4(&p->dst, ip->daddr);
	ports_copy(&p->sport, udp);
	p->l3 = sizeof(struct ethhdr);
	p->l4 = sizeof(struct ethhdr) + sizeof(*ip);
	p->family = 4;
	p->ttl = ip->ttl;
	p->tos = ip->tos;
	p->df = !!(ip->frag_off & bpf_htons(PL_IP_DF));
	return 1;
}

/* The same over IPv6, without extension headers. */
static __always_inline int parse_plain6(struct xdp_md *ctx, struct pl_packet *p)
{
	void *frame = (void *)(long)ctx->data, *end = end_of(ctx);
	struct ipv6hdr *ip = frame + sizeof(struct ethhdr);
	struct udphdr *udp = (void *)(ip + 1);
	__u32 room;

	if ((void *)(udp + 1) > end || ((__be16 *)frame)[6] != bpf_htons(ETH_P_IPV6) || *(__u8 *)ip >> 4 != 6)
		return 0;
	room = bpf_ntohs(ip->payload_len);
	if (room < sizeof(*udp) || room + sizeof(*ip) > room_behind(ctx, ip))
		return 0;
	p->length = room + sizeof(*ip);
	p->proto = ip->nexthdr;
	if (!parse_plain_transport(p, udp, end, room))
		return 0;
	addr_v6(&p->src, &ip->saddr);
	addr_v6(&p->dst, &ip->daddr);
	ports_copy(&p->sport, udp);
	p->l3 = sizeof(struct ethhdr);
	p->l4 = sizeof(struct ethhdr) + sizeof(*ip);
	p->family = 6;
	p->ttl = ip->hop_limit;
	p->tos = ((__u8 *)ip)[0] << 4 | ((__u8 *)ip)[1] >> 4;
	p->df = 1;
	return 1;
}

/* Ethernet and VLAN tags: sets p->l3, gives the EtherType in network order or 0. */
static __always_inline __be16 parse_link(struct xdp_md *ctx, struct pl_packet *p)
{
	struct ethhdr *eth = at(ctx, 0);
	void *end = end_of(ctx);
	__be16 proto;

	if ((void *)(eth + 1) > end)
		return 0;
	proto = eth->h_proto;
	p->l3 = sizeof(*eth);
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct vlan_tag *tag;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		tag = at(ctx, p->l3);
		if ((void *)(tag + 1) > end)
			return 0;
		proto = tag->proto;
		p->l3 += sizeof(*tag);
	}
	return proto;
}

/* A length that came out of a byte swap: Linux 6.1 forgets that it has 16 bits. */
static __always_inline __u32 bounded(__u32 length)
{
	asm volatile("" : "+r"(length));
	return length & 0xffff;
}

static __always_inline int parse_v4(struct xdp_md *ctx, struct pl_packet *p)
{
	struct iphdr *ip = at(ctx, p->l3);
	void *end = end_of(ctx);
	__u32 header;

	if ((void *)(ip + 1) > end)
		return -PL_MALFORMED;
	header = ip->ihl * 4;
	p->length = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || p->length < header)
		return -PL_MALFORMED;
	if (p->length > room_behind(ctx, ip))
		return -PL_MALFORMED;
	addr_v4(&p->src, ip->saddr);
	addr_v4(&p->dst, ip->daddr);
	p->family = 4;
	p->proto = ip->protocol;
	p->ttl = ip->ttl;
	p->tos = ip->tos;
	p->df = !!(ip->frag_off & bpf_htons(PL_IP_DF));
	p->l4 = p->l3 + header;
	if (ip->frag_off & bpf_htons(PL_IP_FRAGMENT))
		return -PL_FRAGMENT;
	return PL_PARSED;
}

#define PL_V6_EXTENSIONS 6

static __always_inline int parse_v6(struct xdp_md *ctx, struct pl_packet *p)
{
	struct ipv6hdr *ip = at(ctx, p->l3);
	void *end = end_of(ctx);
	__u8 next;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return -PL_MALFORMED;
	p->length = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	if (p->length > room_behind(ctx, ip))
		return -PL_MALFORMED;
	addr_v6(&p->src, &ip->saddr);
	addr_v6(&p->dst, &ip->daddr);
	p->family = 6;
	p->ttl = ip->hop_limit;
	p->tos = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	p->df = 1;
	p->l4 = p->l3 + sizeof(*ip);
	next = ip->nexthdr;
	for (int i = 0; i < PL_V6_EXTENSIONS; i++) {
		struct ipv6_opt_hdr *ext;

		if (next == IPPROTO_FRAGMENT)
			return -PL_FRAGMENT;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS)
			break;
		ext = at(ctx, p->l4);
		if ((void *)(ext + 1) > end)
			return -PL_MALFORMED;
		next = ext->nexthdr;
		p->l4 += (ext->hdrlen + 1) * 8;
		if (p->l4 > PL_OFFSET_MASK - 64)
			return -PL_NOT_OURS;
	}
	p->proto = next;
	return PL_PARSED;
}

/* RFC 9260 section 3.3.7: an ABORT bundled behind a cookie is what counts. */
static __always_inline __u8 event_behind_cookie(struct xdp_md *ctx, const struct pl_packet *p, __u8 *cookie, __u16 room)
{
	__u32 length = bpf_ntohs(*(__be16 *)(cookie + 2));
	__u32 next = sizeof(struct sctp_header) + ((length + 3) & ~3u);
	__u8 *chunk = at(ctx, p->l4) + (next & 0x7ff);

	if (length < 4 || next > 0x7ff || next + 4 > room || (void *)(chunk + 4) > end_of(ctx))
		return cookie[0];
	return chunk[0] == SCTP_ABORT ? SCTP_ABORT : cookie[0];
}

/* Ports and what the state machines want to know. */
static __always_inline int parse_transport(struct xdp_md *ctx, struct pl_packet *p)
{
	void *end = end_of(ctx), *l4 = at(ctx, p->l4);
	__u16 room = p->length - (p->l4 - p->l3);

	if (p->length < p->l4 - p->l3)
		return -PL_MALFORMED;
	if (p->proto == IPPROTO_TCP) {
		struct tcphdr *tcp = l4;

		if ((void *)(tcp + 1) > end || room < sizeof(*tcp) || tcp->doff < 5 || tcp->doff * 4 > room)
			return -PL_MALFORMED;
		p->sport = tcp->source;
		p->dport = tcp->dest;
		p->event = ((__u8 *)tcp)[13];
		p->first = tcp->syn && !tcp->rst;
	} else if (p->proto == IPPROTO_UDP) {
		struct udphdr *udp = l4;

		if ((void *)(udp + 1) > end || room < sizeof(*udp))
			return -PL_MALFORMED;
		p->sport = udp->source;
		p->dport = udp->dest;
		p->first = 1;
	} else if (p->proto == IPPROTO_SCTP) {
		struct sctp_header *sctp = l4;
		__u8 *chunk = l4 + sizeof(*sctp);

		if ((void *)(sctp + 1) > end || room < sizeof(*sctp))
			return -PL_MALFORMED;
		p->sport = sctp->source;
		p->dport = sctp->dest;
		p->event = 0;
		if ((void *)(chunk + 4) <= end && room >= sizeof(*sctp) + 4) {
			p->event = chunk[0];
			p->first = chunk[0] == SCTP_INIT;
			if (chunk[0] == SCTP_COOKIE_ECHO || chunk[0] == SCTP_COOKIE_ACK)
				p->event = event_behind_cookie(ctx, p, chunk, room);
		}
	} else {
		return -PL_NOT_OURS;
	}
	return PL_PARSED;
}

#endif
