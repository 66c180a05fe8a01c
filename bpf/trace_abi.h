/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The ABI between the tracing build of the director's program and user space. C11 and C++20
 * both read it. Its maps are never pinned: they live as long as somebody traces. Addresses
 * and ports are in network order.
 *
 * User space writes filters; the program writes records, budgets and what it suppressed.
 */
#ifndef PLENUM_BPF_TRACE_ABI_H
#define PLENUM_BPF_TRACE_ABI_H

#include "bpf/abi.h"

/* Traces at once; one bit each in a record. */
#define PL_TRACE_SLOTS 8
/* The packet's first bytes: two VLAN tags, IPv6 with options and TCP with options fit. */
#define PL_TRACE_BYTES 192
#define PL_TRACE_RING (1u << 20)

struct pl_trace_range {
	struct pl_addr addr, mask;	/* a packet's address & mask is to be addr; all zero: any */
};
PL_SIZE(struct pl_trace_range, 32);

/* What one trace wants, and how it fares. */
struct pl_trace_slot {
	__u32 active;		/* written last, 1: on */
	__u32 rate;		/* records it may have a second */
	struct pl_trace_range either;	/* source or destination */
	struct pl_trace_range source, destination;
	__u16 port;		/* source or destination; 0: any */
	__u8 proto;		/* 0: any */
	__u8 family;		/* 4, 6; 0: any, also what is not IP */
	__u32 ifindex;		/* it comes in by; 0: any */
	__u64 reasons[2];	/* bit n: packets for which reason or event number n was counted */
	__u64 budget;		/* second << 32 | records in it */
	__u64 matched;		/* packets that this trace wanted */
	__u64 suppressed;	/* of these, above the rate */
	__u64 lost;		/* of these, for lack of room in the ring */
};
PL_SIZE(struct pl_trace_slot, 160);

/* A packet's way: as it came in, and what became of it. */
struct pl_trace_record {
	__u64 time;		/* CLOCK_MONOTONIC, ns */
	__u64 counted[2];	/* bit n: reason number n was counted: the verdict, and events */
	struct pl_addr src, dst;
	__u16 sport, dport;
	__u8 family, proto;	/* 0: not IP, or not to be read */
	__u8 slots;		/* the traces it is for */
	__u8 action;		/* enum xdp_action */
	__u32 ifindex;		/* it came in by */
	__u32 server;		/* index; 0: none was reached */
	__u32 generation;	/* of that slot */
	__u16 length;		/* of the frame */
	__u16 captured;		/* of bytes[] */
	__u8 bytes[PL_TRACE_BYTES];
};
PL_SIZE(struct pl_trace_record, 272);

#endif
