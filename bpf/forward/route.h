/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way to clients: the kernel's routing table, asked once a second at most for each
 * client and remembered between. User space says when routes or neighbours change
 * (pl_settings.route_epoch), and then every answer remembered is forgotten; without user
 * space they are a second old at worst.
 */
#ifndef PLENUM_BPF_FORWARD_ROUTE_H
#define PLENUM_BPF_FORWARD_ROUTE_H

#include "bpf/connection.h"
#include "bpf/forward/link.h"

#define PL_AF_INET 2
#define PL_AF_INET6 10

/* Ticks an answer holds: a second. */
#define ROUTE_TICKS 60

static __always_inline __u32 route_slot(const struct pl_addr *from, const struct pl_addr *to)
{
	__u32 x = (to->w[3] ^ to->w[2] ^ to->w[1] ^ to->w[0] ^ from->w[3] * 31) * 0x9e3779b1u;

	return x >> (32 - PL_ROUTES_SHIFT);
}

/*
 * Asks the kernel and writes its answer to the slot. 1 when packets can go there from here;
 * 0 when there is no neighbour yet or the device takes no redirected frames.
 */
__attribute__((noinline)) int route_ask(struct xdp_md *ctx, struct pl_packet *p, struct pl_addr *from,
					struct pl_addr *to, __u32 slot)
{
	struct pl_route *route = bpf_map_lookup_elem(&pl_routes, &slot);
	struct pl_settings *s = settings();
	struct bpf_fib_lookup fib = {};
	struct pl_port *port;

	if (!ctx || !p || !from || !to || !route)
		return 0;
	route->ifindex = 0;
	fib.ifindex = p->ifindex;
	if (p->family == 6) {
		fib.family = PL_AF_INET6;
		__builtin_memcpy(fib.ipv6_src, from->w, 16);
		__builtin_memcpy(fib.ipv6_dst, to->w, 16);
	} else {
		fib.family = PL_AF_INET;
		fib.ipv4_src = from->w[3];
		fib.ipv4_dst = to->w[3];
	}
	/* Before the question: a change while it is asked must not be missed. */
	route->epoch = *(volatile __u32 *)&s->route_epoch;
	if (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_SUCCESS)
		return 0;
	port = port_of(fib.ifindex);
	if (!port || !(port->flags & PL_PORT_XMIT))
		return 0;
	mac_copy(route->hop.dst_mac, fib.dmac);
	mac_copy(route->hop.src_mac, fib.smac);
	route->hop.mtu = fib.mtu_result;
	route->hop.vlan = port->vlan;
	route->hop.ifindex = port->parent ? port->parent : fib.ifindex;
	route->from = *from;
	route->to = *to;
	route->asked = p->now;
	route->ifindex = p->ifindex;
	return 1;
}

/* The next hop from `from` to a client; NULL: the stack is to route the packet. */
static __always_inline const struct pl_next_hop *route_to(struct xdp_md *ctx, struct pl_packet *p, struct pl_addr *from,
							  struct pl_addr *to, const struct pl_settings *s)
{
	__u32 slot = route_slot(from, to);
	struct pl_route *route = bpf_map_lookup_elem(&pl_routes, &slot);

	if (!route)
		return 0;
	if (route->ifindex != p->ifindex || route->epoch != *(volatile __u32 *)&s->route_epoch ||
	    p->now - route->asked > ROUTE_TICKS || !addr_equal(&route->to, to) || !addr_equal(&route->from, from)) {
		if (!route_ask(ctx, p, from, to, slot))
			return 0;
	}
	return &route->hop;
}

#endif
