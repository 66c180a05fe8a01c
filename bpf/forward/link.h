/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way out: room in front of the packet, a fresh link-layer header, TTL, and the verdict
 * that sends it. Next hops are looked up by user space and kept beside the server; only
 * answers to clients ask the kernel's routing table here.
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
	__u32 index = ifindex % PL_PORTS;
	struct pl_port *port = bpf_map_lookup_elem(&pl_ports, &index);

	return port && port->ifindex == ifindex ? port : 0;
}

/*
 * Makes `outer` bytes between the link-layer header and the IP packet, writes that header
 * for the next hop, and leaves the packet's new place in p->l3. 0, or -1 for lack of room.
 */
static __always_inline int link_write(struct xdp_md *ctx, struct pl_packet *p, const struct pl_next_hop *hop,
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
	mac_copy(eth->h_dest, hop->dst_mac);
	mac_copy(eth->h_source, hop->src_mac);
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

static __always_inline int link_send(const struct pl_packet *p, __u32 ifindex)
{
	return ifindex == p->ifindex ? XDP_TX : bpf_redirect(ifindex, 0);
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
		ip->check = csum_apply(ip->check, csum_diff16(bpf_htons((__u16)p->ttl << 8), bpf_htons((__u16)(p->ttl - 1) << 8)));
		ip->ttl--;
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

#define PL_AF_INET 2
#define PL_AF_INET6 10

/*
 * The kernel's route and neighbour towards `to`. 1 with *hop filled; 0 when there is no
 * neighbour yet or the device takes no redirected frames: then the stack routes it.
 */
static __always_inline int route_lookup(struct xdp_md *ctx, const struct pl_packet *p, const struct pl_addr *from,
					const struct pl_addr *to, struct pl_next_hop *hop)
{
	struct bpf_fib_lookup fib = { .ifindex = p->ifindex };
	struct pl_port *port;
	long rc;

	if (p->family == 6) {
		fib.family = PL_AF_INET6;
		__builtin_memcpy(fib.ipv6_src, from->w, 16);
		__builtin_memcpy(fib.ipv6_dst, to->w, 16);
	} else {
		fib.family = PL_AF_INET;
		fib.ipv4_src = from->w[3];
		fib.ipv4_dst = to->w[3];
	}
	rc = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (rc != BPF_FIB_LKUP_RET_SUCCESS)
		return 0;
	port = port_of(fib.ifindex);
	if (!port || !(port->flags & PL_PORT_XMIT))
		return 0;
	mac_copy(hop->dst_mac, fib.dmac);
	mac_copy(hop->src_mac, fib.smac);
	hop->mtu = fib.mtu_result;
	hop->vlan = port->vlan;
	hop->ifindex = port->parent ? port->parent : fib.ifindex;
	return 1;
}

#endif
