/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way out: room in front of the packet, a fresh link-layer header, TTL, and the verdict
 * that sends it. Next hops are looked up by user space and kept beside the server; those
 * to clients are in route.h.
 */
#ifndef PLENUM_BPF_FORWARD_LINK_H
#define PLENUM_BPF_FORWARD_LINK_H

#include "bpf/checksum.h"
#include "bpf/count.h"
#include "bpf/maps.h"

static __always_inline __be16 ethertype_of(__u8 family)
{
	return family == 6 ? bpf_htons(ETH_P_IPV6) : bpf_htons(ETH_P_IP);
}

/* Both addresses of a frame; not by way of struct ethhdr, which is packed: clang would write
 * byte by byte. */
static __always_inline void macs_copy(void *frame, const void *hop)
{
	*(__u64 *)frame = *(const __u64 *)hop;
	*((__u32 *)frame + 2) = *((const __u32 *)hop + 2);
}

/* By half-words, which is how a MAC is aligned everywhere here. */
static __always_inline void mac_copy(void *to, const void *from)
{
	__u16 *t = to;
	const __u16 *f = from;

	t[0] = f[0];
	t[1] = f[1];
	t[2] = f[2];
}

static __always_inline struct pl_port *port_of(__u32 ifindex)
{
	struct pl_port *port = &pl_ports[ifindex % PL_PORTS];

	/* One sum, made once: of two that clang would make the verifier follows one. */
	__asm__ volatile("" : "+r"(port));
	return port->ifindex == ifindex ? port : 0;
}

/* The front of struct pl_next_hop: what a link-layer header is made of. */
struct link_way {
	__u8 dst_mac[6] __attribute__((aligned(8)));
	__u8 src_mac[6];
	__u16 vlan;
	__u16 mtu;
};
_Static_assert(__builtin_offsetof(struct link_way, src_mac) == __builtin_offsetof(struct pl_next_hop, src_mac) &&
		       __builtin_offsetof(struct link_way, vlan) == __builtin_offsetof(struct pl_next_hop, vlan),
	       "a next hop is read as its front");

/*
 * Makes `outer` bytes between the link-layer header and the IP packet, writes that header
 * for the next hop, and leaves the packet's new place in p->l3. 0, or -1 for lack of room.
 */
static __always_inline int link_write_way(struct xdp_md *ctx, struct pl_packet *p, const struct link_way *hop,
					  __u32 outer, __be16 ethertype)
{
	__u32 link = sizeof(struct ethhdr) + (hop->vlan ? sizeof(struct vlan_tag) : 0);
	int grow = (int)(link + outer) - (int)p->l3;
	struct ethhdr *eth;

	if (grow && bpf_xdp_adjust_head(ctx, -grow))
		return -1;
	p->l3 = link + outer;
	eth = (void *)(long)ctx->data;
	if ((void *)(eth + 1) + sizeof(struct vlan_tag) > end_of(ctx))
		return -1;
	macs_copy(eth, hop);
	if (hop->vlan) {
		struct vlan_tag *tag = (void *)(eth + 1);

		eth->h_proto = bpf_htons(ETH_P_8021Q);
		tag->tci = bpf_htons(hop->vlan);
		tag->proto = ethertype;
	} else {
		eth->h_proto = ethertype;
	}
	return 0;
}

static __always_inline int link_write(struct xdp_md *ctx, struct pl_packet *p, const struct pl_next_hop *hop,
				      __u32 outer, __be16 ethertype)
{
	return link_write_way(ctx, p, (const void *)hop, outer, ethertype);
}

static __always_inline int link_send(const struct pl_packet *p, __u32 ifindex)
{
	return ifindex == p->ifindex ? XDP_TX : bpf_redirect(ifindex, 0);
}

/* An IPv4 header's checksum after a TTL less: what that loses the complement gains. */
static __always_inline __u16 ttl_checked(__u16 check)
{
	__u32 sum = check + bpf_htons(0x0100);

	return sum + (sum >> 16);
}

/* One hop less to live; the IPv4 checksum follows (RFC 1141). */
static __always_inline int ttl_decrement(struct xdp_md *ctx, const struct pl_packet *p)
{
	void *l3 = at(ctx, p->l3), *end = end_of(ctx);

	if (p->family == 6) {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return -1;
		ip->hop_limit--;
	} else {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return -1;
		ip->check = ttl_checked(ip->check);
		ip->ttl = p->ttl - 1;
	}
	return 0;
}

enum path_state { PATH_CLEAR, PATH_TTL, PATH_TOO_BIG, PATH_FRAGMENT };

/* Whether the packet may go by a path of this MTU with `outer` bytes more around it. */
static __always_inline int path_check(const struct pl_packet *p, __u32 mtu, __u32 outer)
{
	if (p->ttl <= 1)
		return PATH_TTL;
	if (p->length + outer <= mtu)
		return PATH_CLEAR;
	return p->df ? PATH_TOO_BIG : PATH_FRAGMENT;
}

#endif
