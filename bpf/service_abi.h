/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The part of bpf/abi.h that is about services, and how their schedulers see the servers; included there. */
#ifndef PLENUM_BPF_SERVICE_ABI_H
#define PLENUM_BPF_SERVICE_ABI_H

/* Key of the service hash map; its value is the index of a struct pl_service, never 0. */
struct pl_service_key {
	struct pl_addr addr;	/* of a mark's service: pl_mark_addr() */
	__u16 port;		/* 0: every port without a service of its own */
	__u8 proto;		/* 0: a firewall mark's */
	__u8 family;		/* 4 or 6 */
};
PL_SIZE(struct pl_service_key, 20);

/*
 * In front of the service hash map, for IPv4: the index of the service whose key hashes here, or
 * 0. A shortcut only: of two services that meet in a place one is not here, and who looks
 * compares the service's key.
 */
#define PL_FRONT_BITS 12

static inline __attribute__((always_inline)) __u32 pl_front_place(__u32 address, __u16 port, __u8 proto)
{
	return ((address ^ ((__u32)port << 8 | proto)) * 0x9e3779b1u) >> (32 - PL_FRONT_BITS);
}

/* Schedulers: index of bpf/scheduler/table.h and of src/lb/scheduler_names.cc. */
enum pl_scheduler {
	PL_SCHED_RR, PL_SCHED_WRR, PL_SCHED_LC, PL_SCHED_WLC, PL_SCHED_SED, PL_SCHED_NQ, PL_SCHED_FO, PL_SCHED_OVF,
	PL_SCHED_LBLC, PL_SCHED_LBLCR, PL_SCHED_DH, PL_SCHED_SH, PL_SCHED_MH, PL_SCHED_TWOS, PL_SCHEDULERS
};

/*
 * The servers of a service, as its scheduler sees them: in IPVS's list order (newest first),
 * those of weight 0 too, eight to a row. Above these rows (level 0) stands a tree: word j of
 * level k + 1 sums row j of level k up, and the last row holds one word, the root. What is
 * summed up depends on the scheduler (enum pl_tree), so that the next server is found, and a
 * changed load put in its place, in a handful of rows however many servers there are.
 *
 * Every word holds its value in the lower half. The upper half is, at level 0, the weight that
 * the tree goes by (0: not to be chosen), above it a version that every change raises.
 */
#define PL_FANOUT 8
struct pl_row {
	__u64 word[PL_FANOUT];
};
PL_SIZE(struct pl_row, 64);

enum pl_tree {
	PL_TREE_NONE,	/* dh, sh, mh: no tree */
	PL_TREE_LEAST,	/* lc, wlc, sed, nq, ovf, lblc, lblcr: the server with the least burden; bpf/ranking.h */
	PL_TREE_MOST,	/* rr, wrr, fo: the greatest weight */
	PL_TREE_SUM,	/* twos: the sum of the weights */
};

/*
 * pl_service.list, one word so that a new list is shown by one store: its first row, which of
 * the two halves of the service's range it is, whose scheduler's it is, the logarithm of the
 * servers it has room for (at least 3) and how many it has.
 */
#define PL_LIST_COUNT(list) ((__u32)(list) & 0x1fffff)
#define PL_LIST_CAPACITY(list) ((__u32)(list) >> 21 & 0x1f)
#define PL_LIST_SCHEDULER(list) ((__u32)(list) >> 26 & 0x1f)
#define PL_LIST_HALF(list) ((__u32)(list) >> 31)
#define PL_LIST_ROW(list) ((__u32)((list) >> 32))
#define PL_LIST(row, half, scheduler, capacity, count)                                        \
	((__u64)(row) << 32 | (__u64)(half) << 31 | (__u64)(scheduler) << 26 | (__u64)(capacity) << 21 | (count))
#define PL_LIST_MAX_CAPACITY 20
/* Levels above 0 of the largest list, the root's included. */
#define PL_LEVELS 7

/* Whom a hash stands for: slots of dh, sh and mh, 16 servers to an element. */
#define PL_SLOTS_EACH 16
struct pl_hash_slots {
	__u32 server[PL_SLOTS_EACH];
};
PL_SIZE(struct pl_hash_slots, 64);

#define PL_HASH_SLOTS 256	/* dh, sh */
#define PL_MAGLEV_SLOTS 4093	/* mh */

/* pl_service.scheduler_flags */
enum pl_scheduler_flags {
	PL_SCHED_FALLBACK = 1,	/* sh, mh: another server where the hash's own is not available */
	PL_SCHED_PORT = 2,	/* sh, mh: the client's port is part of the hash */
};

/* lblc and lblcr: where a destination was sent lately. */
struct pl_locality_key {
	struct pl_addr destination;
	__u32 service;
	__u32 epoch;	/* the service's */
};
PL_SIZE(struct pl_locality_key, 24);

struct pl_locality_server {
	__u32 server;
	__u32 generation;
};

/* A destination's servers: one for lblc; for lblcr as many as it needed, the last one added
 * first. IPVS knows no bound; one that has more takes the least burdened of all. */
#define PL_LOCALITY_SERVERS 16
struct pl_locality {
	__u32 used;	/* tick of the last use */
	__u32 changed;	/* tick of the last change of the set */
	__u32 busy;	/* 1 while one CPU changes the set: others leave it as it is */
	__u32 count;
	struct pl_locality_server server[PL_LOCALITY_SERVERS];
};
PL_SIZE(struct pl_locality, 144);

/* Two lines: the first written by user space, the second by schedulers. A new member list is
 * written to the half not shown and then shown by one store to `list`. */
struct pl_service {
	__u64 list;		/* PL_LIST */
	__u32 scheduler;
	__u32 scheduler_flags;
	__u32 wrr_max;		/* wrr: greatest weight - gcd + 1 */
	__u32 wrr_gcd;
	__u32 in_use;			/* 1 while its key or a server refers to it */
	struct pl_service_key key;	/* kept after the service is removed: its servers may come back */
	__u32 persist_ticks;	/* time of a persistence template; 0: not persistent */
	__u32 persist_mask;	/* of the client: IPv4 a mask in network order, IPv6 a prefix length */
	__u32 flags;		/* enum pl_service_flags */
	__u32 spare;
	__u64 cursor;		/* rr, wrr: where the last choice was; see bpf/scheduler/ */
	__u32 roomy;		/* lblc, lblcr: servers with PL_LOAD_ROOMY */
	__u32 epoch;		/* raised when the service is given another scheduler */
	__u32 table;		/* dh, sh, mh: first element of its slots; 0: none */
	__u32 spare2[11];
};
PL_SIZE(struct pl_service, 128);

/* Which services are there besides those of one port, so that nobody is looked for in vain. */
enum pl_lookups {
	PL_LOOKUP_MARK = 1,
	PL_LOOKUP_FTP = 2,	/* port 21 */
	PL_LOOKUP_ANY_PORT = 4,
};

enum pl_service_flags {
	PL_SERVICE_ONE_PACKET = 1,	/* UDP: each packet is scheduled alone */
	PL_SERVICE_SIP = 2,		/* persistence by Call-ID */
};

#endif
