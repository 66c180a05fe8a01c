/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The part of bpf/abi.h that is about servers and the ways to them; included there. */
#ifndef PLENUM_BPF_SERVER_ABI_H
#define PLENUM_BPF_SERVER_ABI_H

enum pl_server_flags {
	PL_SERVER_AVAILABLE = 1,	/* else: removed, its connections are dropped or expired */
	PL_SERVER_LOCAL = 2,		/* the director itself: up the stack, untouched */
	PL_SERVER_IGNORE_DF = 4,	/* pmtu_disc is 0: a tunnel's outer packet may be fragmented */
	PL_SERVER_HELD = 8,		/* of no service here, but of connections another director told */
};

struct pl_server {
	struct pl_addr addr;
	__u16 port;		/* 0: the connection's virtual port */
	__u8 family;
	__u8 forward;		/* enum pl_forward */
	__u8 tunnel;		/* enum pl_tunnel */
	__u8 tunnel_flags;	/* enum pl_tunnel_flags */
	__u16 tunnel_port;	/* GUE: destination port */
	__u32 flags;		/* enum pl_server_flags */
	__u32 service;		/* index of its struct pl_service */
	__u32 next_hop;		/* index of a struct pl_next_hop; 0: not reachable now */
	__u32 weight;
	__u32 proto;
	__u32 generation;	/* raised when the slot is given to another server */
	__u32 leaf[2];		/* its place in its service's list, for each half */
	__u32 port_for;		/* PL_PORT_FOR: `port` stands for this virtual port alone; 0: for any */
	__u32 spare;
};
PL_SIZE(struct pl_server, 64);

/* A persistent service that takes more ports than its own translates its own alone. */
#define PL_PORT_FOR(port) (0x10000u | (port))	/* in network order */
#define PL_PORT_FOR_NONE 0x20000u		/* it has no port of its own: a mark's, or every port */

/* The port that a server hears a virtual port's connections on, both in network order. */
static inline __attribute__((always_inline)) __u16 pl_server_port(const struct pl_server *server, __u16 vport)
{
	if (!server->port || (server->port_for && server->port_for != PL_PORT_FOR(vport)))
		return vport;
	return server->port;
}

/* What changes with every connection of a server, and what is decided by it: two a line, for
 * schedulers compare many. */
struct pl_load {
	__u32 active;
	__u32 inactive;
	__u32 persistent;	/* templates; no part of any comparison or threshold */
	__u32 flags;		/* enum pl_load_flags */
	__u32 weight;		/* in force */
	__u32 upper;		/* overloaded from so many connections on; 0: never */
	__u32 clear_below;	/* and no longer below so many */
	__u32 last_weight;	/* the last one that was not 0, for mh */
};
PL_SIZE(struct pl_load, 32);

enum pl_load_flags {
	PL_LOAD_OVERLOADED = 1,	/* no new connections for it: see upper, clear_below */
	PL_LOAD_ROOMY = 2,	/* twice its active connections are below its weight; counted in its service */
	PL_LOAD_LIMITED = 4,	/* it has thresholds */
	PL_LOAD_RANKED = 8,	/* its service's tree depends on its load */
	PL_LOAD_ROOM_COUNTED = 16,	/* its service wants to know who is roomy */
	PL_LOAD_WATCHED = PL_LOAD_LIMITED | PL_LOAD_RANKED | PL_LOAD_ROOM_COUNTED,
};

/* Immutable once shown: a change is a new element and one store to pl_server.next_hop. */
struct pl_next_hop {
	__u8 dst_mac[6];	/* as both stand in a frame */
	__u8 src_mac[6];
	__u16 vlan;		/* host order; 0: untagged */
	__u16 mtu;		/* of the route, IP bytes */
	__u32 ifindex;		/* 0: unset */
	__u32 spare;
	struct pl_addr source;	/* outer source address of tunnels */
	__u64 spare2[3];
};
PL_SIZE(struct pl_next_hop, 64);

/* The way to a client as the kernel last told it; per CPU, by hash of the addresses. */
#define PL_ROUTES_SHIFT 10
#define PL_ROUTES (1u << PL_ROUTES_SHIFT)

struct pl_route {
	struct pl_addr from, to;
	__u32 ifindex;		/* the packet came in by; 0: nothing known */
	__u32 epoch;		/* pl_settings.route_epoch at that time */
	__u32 asked;		/* tick */
	__u32 spare;
	struct pl_next_hop hop;
};
PL_SIZE(struct pl_route, 112);

/* Per CPU, by server index. Bytes are those of the IP packet. */
struct pl_stats {
	__u64 connections, in_packets, out_packets, in_bytes, out_bytes;
};
PL_SIZE(struct pl_stats, 40);

/* One bit by hash of a NAT server's address: without it a packet cannot be an answer to a
 * NAT connection, and the second table lookup is saved. */
#define PL_NAT_FILTER_BITS 65536

#endif
