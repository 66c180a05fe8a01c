/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The ABI between the director's XDP program and user space: every structure that lives in
 * a pinned map stands here and nowhere else. C11 and C++20 both read it. Addresses and
 * ports are in network order, everything else in host order.
 *
 * Who writes what: user space writes settings, ports, services, service, member, server,
 * next hop and nat filter; the program writes connections, loads, cursors, statistics and
 * reasons. Both change a connection's word, by compare-and-swap but for its time.
 */
#ifndef PLENUM_BPF_ABI_H
#define PLENUM_BPF_ABI_H

#include <linux/types.h>

#ifdef __cplusplus
#define PL_SIZE(type, n) static_assert(sizeof(type) == (n), #type " changed size")
#else
#define PL_SIZE(type, n) _Static_assert(sizeof(type) == (n), #type " changed size")
#endif

/* A daemon adopts pinned maps of its own version only. Raise with any change below. */
#define PL_ABI_VERSION 4

/* Forwarding methods; values are IP_VS_CONN_F_*. */
enum pl_forward { PL_FWD_MASQ = 0, PL_FWD_LOCAL = 1, PL_FWD_TUNNEL = 2, PL_FWD_ROUTE = 3 };

/* Tunnel types; values are IP_VS_CONN_F_TUNNEL_TYPE_*. */
enum pl_tunnel { PL_TUN_IPIP = 0, PL_TUN_GUE = 1, PL_TUN_GRE = 2 };

/* Checksums of tunnels; values are IP_VS_TUNNEL_ENCAP_FLAG_*. */
enum pl_tunnel_flags { PL_TUN_CSUM = 1, PL_TUN_REMCSUM = 2 };

/* IPv4 is v4-mapped: w[0] = w[1] = 0, w[2] = htonl(0xffff), w[3] = the address. */
struct pl_addr {
	__u32 w[4];
};
PL_SIZE(struct pl_addr, 16);

/* ---- settings: one element ---------------------------------------------------------- */

/* Time is counted in ticks of 2^24 ns (16.8 ms) of CLOCK_MONOTONIC: 32 bits last 834 days. */
#define PL_TICK_SHIFT 24

/* TCP states; values are IP_VS_TCP_S_*. */
enum pl_tcp_state {
	PL_TCP_NONE, PL_TCP_ESTABLISHED, PL_TCP_SYN_SENT, PL_TCP_SYN_RECV, PL_TCP_FIN_WAIT, PL_TCP_TIME_WAIT,
	PL_TCP_CLOSE, PL_TCP_CLOSE_WAIT, PL_TCP_LAST_ACK, PL_TCP_LISTEN, PL_TCP_SYNACK, PL_TCP_STATES
};

/* SCTP states; values are IP_VS_SCTP_S_*. */
enum pl_sctp_state {
	PL_SCTP_NONE, PL_SCTP_INIT1, PL_SCTP_INIT, PL_SCTP_COOKIE_SENT, PL_SCTP_COOKIE_REPLIED, PL_SCTP_COOKIE_WAIT,
	PL_SCTP_COOKIE, PL_SCTP_COOKIE_ECHOED, PL_SCTP_ESTABLISHED, PL_SCTP_SHUTDOWN_SENT, PL_SCTP_SHUTDOWN_RECEIVED,
	PL_SCTP_SHUTDOWN_ACK_SENT, PL_SCTP_REJECTED, PL_SCTP_CLOSED, PL_SCTP_STATES
};

/* A UDP flow is new until its client's second packet; IPVS has the first state alone. */
#define PL_UDP_NORMAL 0
#define PL_UDP_NEW 1

/* Bits of pl_settings.tuning: IPVS's sysctls as they are in force. */
enum pl_tuning {
	PL_TUNE_SECURE_TCP = 4,		/* added to a direction: the second half of tcp_next */
	PL_TUNE_PASS = 1 << 3,		/* backup_only, and this is the backup: balance nothing */
	PL_TUNE_REUSE = 1 << 4,		/* conn_reuse_mode is not 0 */
	PL_TUNE_REUSE_FIN = 1 << 5,	/* it has bit 2 */
	PL_TUNE_EXPIRE_NODEST = 1 << 6,
	PL_TUNE_EXPIRE_QUIESCENT = 1 << 7,
	PL_TUNE_SLOPPY_TCP = 1 << 8,
	PL_TUNE_SLOPPY_SCTP = 1 << 9,
	PL_TUNE_SCHEDULE_ICMP = 1 << 10,
	PL_TUNE_NAT_ICMP_SEND = 1 << 11,
	PL_TUNE_CACHE_BYPASS = 1 << 12,
};

struct pl_settings {
	__u64 seed[2];		/* of the connection hash; random, once per data plane */
	__u32 bucket_mask;	/* buckets - 1; a power of two less one */
	__u32 abi_version;
	__u32 members;		/* rows of the member map */
	__u32 servers;		/* elements of the server map */
	__u32 tuning;		/* enum pl_tuning */
	__u32 drop_rate;	/* of packets that begin a connection every so many-th is dropped; 0: none */
	__u32 sync;		/* 1: changed connections are noted in pl_sync_rings */
	__u32 sync_threshold;	/* noted when packets % sync_period is this, */
	__u32 sync_period;	/* or, without a period, when packets is */
	__u32 sync_step;	/* without a period: when the expiry passes a multiple of so many ticks; 0: never */
	__u32 route_epoch;	/* raised when routes, neighbours or links change: see struct pl_route */
	__u32 spare;
	__u32 tcp_timeout[16];	/* ticks, by enum pl_tcp_state */
	__u32 sctp_timeout[16];	/* ticks, by enum pl_sctp_state */
	__u32 udp_timeout;	/* ticks */
	__u32 icmp_per_tick;	/* errors one CPU may send in a tick */
	__u64 mark_rules;	/* first rule << 32 | number of rules */
	__u32 lookups;		/* enum pl_lookups */
	__u32 lblc_expiration;	/* ticks */
	__u32 lblcr_expiration;	/* ticks */
	__u32 spare_tuning;
	__u64 born;		/* CLOCK_MONOTONIC ns at which the data plane was made */
	__u64 spare2[3];
	__u64 drop_counter;	/* written by the program, while drop_rate is not 0; a line of its own */
	__u64 spare3[7];
};
PL_SIZE(struct pl_settings, 320);

/* ---- ports: interfaces frames come in or leave by, indexed by ifindex % PL_PORTS -------- */

#define PL_PORTS 4096
#define PL_PORT_MACS 6

struct pl_port {
	__u32 ifindex;		/* 0: none; user space refuses two that share a slot */
	__u32 macs;		/* how many of mac[] are set */
	__u64 mac[PL_PORT_MACS];	/* 6 bytes as they stand in a frame, the upper 2 zero */
	__u32 parent;		/* a VLAN device: the interface that carries it, else 0 */
	__u16 vlan;		/* and its id, host order */
	__u16 flags;		/* enum pl_port_flags */
};
PL_SIZE(struct pl_port, 64);

enum pl_port_flags {
	PL_PORT_XMIT = 1,	/* takes redirected frames; else answers leave by the stack */
	PL_PORT_MARKED = 2,	/* brings packets that netfilter marked: see below */
};

/*
 * What nftables marked reaches the program by a pair of devices, as a frame that no other device
 * brings: to PL_MARKED_MAC, the mark in the last four bytes of its source, in host order. On its
 * way the packet lost a hop to live, and IPv4's DF, in whose place PL_MARKED_DF was set.
 */
#define PL_MARKED_MAC 0x0100004c5002ULL	/* 02:50:4c:00:00:01, as struct pl_port keeps it */
#define PL_MARKED_AT 8			/* offset of the mark in the frame */
#define PL_MARKED_DF 0x8000		/* of the fragment field, host order: the reserved bit */

/* ---- services ------------------------------------------------------------------------ */

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

/*
 * ---- firewall marks: an ordered list, the first rule that matches gives its mark. A list is
 * written into the half of the map that is not shown, then shown by pl_settings.mark_rules.
 */
#define PL_MARK_RULES 256

struct pl_mark_rule {
	struct pl_addr source, source_mask;
	struct pl_addr destination, destination_mask;
	__u32 mark;		/* never 0 */
	__u32 ifindex;		/* it came in by; 0: any */
	__u16 first_port, last_port;	/* destination ports, host order */
	__u8 proto;		/* 0: any */
	__u8 spare[3];
};
PL_SIZE(struct pl_mark_rule, 80);

/* ---- servers: index 0 stays free, so that a zeroed connection names none --------------- */

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

/* ---- connections ---------------------------------------------------------------------- */

/*
 * A set-associative table: bucket = hash of (client address, client port, protocol), so
 * that both directions of a NAT connection find the one entry. 8 slots a bucket; a full
 * bucket spills into its alternate (index ^ PL_ALTERNATE(tag)), and counts how many it has
 * there so that a lookup goes on only when there are any.
 *
 * All that changes with a packet is in the slot's word, so a hit reads two cache lines and
 * writes one, at most once a tick:
 *   0..31  tick at which the connection expires
 *   32..51 tag: 20 more bits of the hash
 *   52..55 state (enum pl_tcp_state, pl_sctp_state, 0 for UDP; of a template pl_template_state)
 *   56     a persistence template, which no packet belongs to
 *   57     counted as active on its server, else as inactive
 *   58     stands in its alternate bucket
 *   59     live
 *   60     being written
 *   61..63 of the bucket, not the slot: in word 0 bit 63 is the insert lock; in word 1 the
 *          number of entries spilled, 7 meaning "7 or more, no longer counted"
 */
#define PL_SLOTS 8

/* The time is also written alone, as the first four bytes of its word. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the connection table is for little-endian machines"
#endif

#define PL_WORD_EXPIRES 0x00000000ffffffffULL
#define PL_WORD_TAG_SHIFT 32
#define PL_WORD_TAG (0xfffffULL << PL_WORD_TAG_SHIFT)
#define PL_WORD_STATE_SHIFT 52
#define PL_WORD_STATE (0xfULL << PL_WORD_STATE_SHIFT)
#define PL_WORD_TEMPLATE (1ULL << 56)
#define PL_WORD_ACTIVE (1ULL << 57)
#define PL_WORD_ALTERNATE (1ULL << 58)
#define PL_WORD_LIVE (1ULL << 59)
#define PL_WORD_BUSY (1ULL << 60)
#define PL_WORD_BUCKET (7ULL << 61)
#define PL_WORD_LOCK (1ULL << 63)
#define PL_WORD_SPILL_SHIFT 61
#define PL_SPILL_MANY 7

/* Never 0 below the mask for tables of 2 buckets and more: bit 0 is always set. */
#define PL_ALTERNATE(tag) (((__u32)(tag) * 0x5bd1e995u) | 1u)

/*
 * A persistence template is an entry as well: client is the masked address with port 0, vip
 * and vport what the service is persistent for (vport 0: all its ports), proto 0 and vip
 * pl_mark_addr() for a mark's service. The server's persistent load counts it, no other.
 */
struct pl_conn {
	__u32 client;		/* last 32 bits of the client's address */
	__u32 vip;		/* last 32 bits of the virtual address */
	__u16 client_port;	/* down to the family one word: see PL_CONN_ENDS */
	__u16 vport;
	__u8 proto;
	__u8 family;
	__u8 flags;		/* enum pl_conn_flags */
	__u8 forward;		/* the server's at the time the connection was made */
	__u32 server;
	__u32 generation;	/* of the server slot; else the slot was given away */
	__u32 packets;		/* from the client, counted while settings.sync is on, else 1; of a template: the
				 * connections it controls */
	__u32 control;		/* its template's place, PL_PLACE; 0: none. Of a template: its timeout, ticks */
};
PL_SIZE(struct pl_conn, 32);

enum pl_conn_flags {
	PL_CONN_CALL_ID = 1,	/* template of a SIP call: hashed by and known by its Call-ID, in pl_call_ids */
};

/* Bits of a template's state. */
enum pl_template_state {
	PL_TEMPLATE_ASSURED = 1,	/* a connection of it was established */
	PL_TEMPLATE_INVALID = 2,	/* its server is gone: found no more, ends with its time */
};

/* A slot of the table as one number, never 0. */
#define PL_PLACE(bucket, slot) ((bucket) * PL_SLOTS + (slot) + 1)

/* A template whose time is over while it controls connections goes on for 60 s, in ticks. */
#define PL_TEMPLATE_GRACE 3577

/* A firewall mark in an address's place, as IPVS shows it: 0.0.0.5 and 0:5::. */
static inline void pl_mark_addr(struct pl_addr *a, __u32 mark, __u8 family)
{
	a->w[0] = family == 6 ? __builtin_bswap32(mark) : 0;
	a->w[1] = 0;
	a->w[2] = family == 6 ? 0 : __builtin_bswap32(0xffff);
	a->w[3] = family == 6 ? 0 : __builtin_bswap32(mark);
}

/* Of the word that begins with client_port: what tells one connection from another. */
#define PL_CONN_ENDS 0x0000ffffffffffffULL

/* The upper 96 bits of both addresses; read for IPv6 only. */
struct pl_conn_upper {
	__u32 client[3];
	__u32 vip[3];
};
PL_SIZE(struct pl_conn_upper, 24);

/* What a SIP template is known by; text is zero behind its length. */
#define PL_CALL_ID_LENGTH 255
#define PL_CALL_ID_ROOM 256

struct pl_call_id {
	__u64 length;
	char text[PL_CALL_ID_ROOM];
};
PL_SIZE(struct pl_call_id, 264);

/* One CPU's room for reading a SIP message; no more of it is looked at. */
#define PL_SIP_MESSAGE 2048

/*
 * How far it is read. Not on the stack: Linux 6.1 takes bpf_loop() for one turn, and removes from
 * the program what only later turns reach, where it knows what the stack held before.
 */
struct pl_sip_walk {
	__u32 at;
	__u32 matched;		/* characters of the name */
	__u32 length;		/* of the value */
	__u32 word;		/* length of the part before or behind the @ */
	__u8 last;		/* the character before */
	__u8 folded;		/* a line ended among the blanks: only a continuation may follow */
	__u8 pad[6];
};

struct pl_sip {
	struct pl_call_id call_id;
	struct pl_sip_walk walk;
	__u8 message[PL_SIP_MESSAGE];
};
PL_SIZE(struct pl_sip, 2336);

struct pl_bucket {
	__u64 word[PL_SLOTS];
	struct pl_conn conn[PL_SLOTS];
	struct pl_conn_upper upper[PL_SLOTS];
};
PL_SIZE(struct pl_bucket, 512);

/* ---- synchronisation ------------------------------------------------------------------- */

/*
 * Connections of which the other directors should hear, as the program meets them: one ring
 * a CPU, written by that CPU alone and read by user space, which remembers how far. Nobody
 * waits for the reader: when `head` is more than PL_SYNC_RING ahead of it, notes are lost, and
 * it looks the whole table over instead.
 */
#define PL_SYNC_RING 32768

enum pl_sync_note {
	PL_SYNC_PACKETS = 1,	/* the packet count (or the time) says so */
	PL_SYNC_STATE = 2,	/* its state changed */
	PL_SYNC_NEW = 3,
};

#define PL_SYNC_NOTE_SHIFT 30	/* bucket * PL_SLOTS + slot below, enum pl_sync_note above */

struct pl_sync_ring {
	__u64 head;		/* notes ever written; the next goes to note[head % PL_SYNC_RING] */
	__u64 spare[7];
	__u32 note[PL_SYNC_RING];
};
PL_SIZE(struct pl_sync_ring, 64 + 4 * PL_SYNC_RING);

/*
 * A connection as another director told it, to be entered into the table by the program
 * `sync_apply` (bpf/sync.bpf.c), which takes them in order up to the first of protocol PL_SYNC_END.
 */
#define PL_SYNC_INBOX 512
#define PL_SYNC_END 255	/* no protocol of services */

enum pl_sync_result {
	PL_SYNC_REFUSED,	/* no such server, or a protocol nobody speaks */
	PL_SYNC_MADE, PL_SYNC_UPDATED,
	PL_SYNC_MOVED,		/* it was on another server */
	PL_SYNC_IGNORED,	/* the end of a connection that meanwhile is another one */
	PL_SYNC_FULL, PL_SYNC_CONTENDED, PL_SYNC_RESULTS
};

enum pl_sync_flags {
	PL_SYNC_ACTIVE = 1,	/* counts as active on its server */
	PL_SYNC_TEMPLATE = 2,	/* a persistence template */
	PL_SYNC_CALL_ID = 4,	/* of a SIP call, whose Call-ID stands in sync_calls */
};

struct pl_sync_record {
	struct pl_addr client;
	struct pl_addr vip;
	__u16 client_port;
	__u16 vport;
	__u8 proto;
	__u8 family;
	__u8 state;		/* less than the protocol's number of states */
	__u8 flags;		/* enum pl_sync_flags */
	__u32 server;
	__u32 timeout;		/* ticks from now on */
	__u32 packets;
	__u32 result;		/* enum pl_sync_result, set by the program */
};
PL_SIZE(struct pl_sync_record, 56);

/* ---- fragments ------------------------------------------------------------------------ */

#include "bpf/fragment_abi.h"

/* ---- reasons -------------------------------------------------------------------------- */

/*
 * Every packet ends in exactly one verdict and every verdict has a name: the counter map,
 * `plenum status --drops`, metrics and documentation all read this list.
 * X(NAME, name, kind, text); kind is pass (up the stack, untouched), forward, reply (an
 * error sent back), hold (handed to user space, which brings it back) or drop. Events that
 * are no verdict are of kind event.
 */
#define PL_REASONS(X)                                                                                                  \
	X(NOT_IP, not_ip, pass, "neither IPv4 nor IPv6")                                                               \
	X(NOT_OURS, not_ours, pass, "no service and no connection of ours")                                            \
	X(OTHER_HOST, other_host, pass, "link-layer address is not this interface's")                                  \
	X(FRAGMENT, fragment, pass, "IP fragment of a datagram that is none of ours")                                  \
	X(FRAGMENT_UNHELD, fragment_unheld, pass, "fragment before its first one, with nobody to keep it")             \
	X(MALFORMED, malformed, pass, "header truncated or inconsistent, left to the stack")                           \
	X(NO_SYN, no_syn, pass, "TCP segment without SYN and without a connection, left to the stack")                 \
	X(FTP_DATA, ftp_data, pass, "from port 20 and of no connection: a server's FTP data, left to the stack")        \
	X(BACKUP, backup, pass, "backup_only: this director is the backup, left to the stack")                         \
	X(LOCAL, local, pass, "the chosen server is this director")                                                    \
	X(FORWARD_NAT, nat, forward, "to a server by NAT")                                                             \
	X(FORWARD_NAT_REPLY, nat_reply, forward, "from a NAT server back to its client")                               \
	X(FORWARD_DR, dr, forward, "to a server by direct routing")                                                    \
	X(FORWARD_TUNNEL, tunnel, forward, "to a server through a tunnel")                                             \
	X(FORWARD_STACK, stack, forward, "rewritten, then left to the stack: no neighbour yet, or to be fragmented")   \
	X(FORWARD_ICMP, icmp_related, forward, "ICMP error of a known connection")                                     \
	X(REPLY_NO_SERVER, no_server, reply, "no server available: port unreachable sent")                             \
	X(REPLY_STRAY, stray, reply, "a NAT server's packet of no connection: port unreachable sent (nat_icmp_send)")  \
	X(REPLY_TTL, ttl_exceeded, reply, "TTL ran out: time exceeded sent")                                           \
	X(REPLY_TOO_BIG, too_big, reply, "larger than the path's MTU: fragmentation needed sent")                      \
	X(DROP_ICMP_LIMIT, icmp_limited, drop, "an ICMP error was due but the rate limit was reached")                 \
	X(DROP_SERVER_GONE, server_gone, drop, "the connection's server was removed")                                  \
	X(DROP_NO_SERVER, no_server_icmp, drop, "an ICMP error for a service without a server")                        \
	X(DROP_NO_NEXT_HOP, no_next_hop, drop, "no route or neighbour to the server at the moment")                    \
	X(DROP_TOO_BIG, too_big_no_df, drop, "larger than the path's MTU, may be fragmented, cannot be here")          \
	X(DROP_TABLE_FULL, table_full, drop, "both buckets hold only connections being written")                       \
	X(DROP_CONTENDED, contended, drop, "the bucket stayed locked by another CPU")                                  \
	X(DROP_NO_CALL_ID, no_call_id, drop, "persistence engine sip: no Call-ID in the packet, or not UDP")            \
	X(DROP_NO_ROOM, no_room, drop, "no headroom in the buffer for the outer header")                               \
	X(DROP_DEFENCE, defence, drop, "drop_packet: a packet that would begin a connection, dropped under load")      \
	X(DROP_UNSUPPORTED, unsupported, drop, "the forwarding method cannot carry this packet")                       \
	X(FRAGMENT_HELD, fragment_held, hold, "fragment before its first one: kept until that has come")               \
	X(TOO_BIG_CUT, too_big_cut, hold, "larger than the path's MTU: handed on to be cut into fragments")            \
	X(DROP_FRAGMENT_TINY, fragment_tiny, drop, "first fragment without a whole transport header")                  \
	X(DROP_FRAGMENT_OVERLAP, fragment_overlap, drop, "fragment of a datagram whose fragments overlap")             \
	X(DROP_FRAGMENT_DUPLICATE, fragment_duplicate, drop, "fragment that came before")                              \
	X(DROP_FRAGMENT_REFUSED, fragment_refused, drop, "fragment of a datagram whose first one was refused")         \
	X(DROP_FRAGMENT_ERROR, fragment_error, drop, "an ICMP error was due, but none is sent about a later fragment") \
	X(EVENT_NEW, connection_new, event, "connections made")                                                        \
	X(EVENT_TEMPLATE, template_new, event, "persistence templates made")                                           \
	X(EVENT_CALL_ID_FULL, call_ids_full, event, "SIP calls whose Call-ID found no room: not persistent")                \
	X(EVENT_REUSED, connection_reused, event, "closed connections made anew by a SYN")                             \
	X(EVENT_EVICTED_EXPIRED, evicted_expired, event, "expired connections replaced in place")                      \
	X(EVENT_EVICTED_HALF_OPEN, evicted_half_open, event, "half-open connections evicted from a full bucket")       \
	X(EVENT_EVICTED_CLOSED, evicted_closed, event, "closed connections evicted from a full bucket")                \
	X(EVENT_EVICTED_OLDEST, evicted_oldest, event, "live connections evicted from a full bucket")                  \
	X(EVENT_NODEST, expired_nodest, event, "connections ended at a packet since their server was removed")         \
	X(EVENT_DROP_ENTRY, dropped_entries, event, "connections removed by the drop_entry defence")                   \
	X(EVENT_SPILLED, spilled, event, "connections placed in their alternate bucket")                               \
	X(EVENT_RACE, insert_race, event, "flows that two CPUs inserted at once; one entry was kept")                  \
	X(EVENT_FRAGMENTS_RELEASED, fragments_released, event, "fragments kept, and sent on after their first one")    \
	X(EVENT_FRAGMENTS_EXPIRED, fragments_expired, event, "fragments kept in vain: their first one never came")     \
	X(EVENT_FRAGMENTS_NO_ROOM, fragments_no_room, event, "fragments that could not be kept: too many already")     \
	X(EVENT_FRAGMENTS_CUT, fragments_cut, event, "fragments made out of packets too large for their path")          \
	X(EVENT_MARKED, marked, event, "packets that came up to netfilter, were marked there and brought back")

#define PL_REASON_ENUM(NAME, name, kind, text) PL_##NAME,
enum pl_reason { PL_REASONS(PL_REASON_ENUM) PL_REASON_COUNT };
#undef PL_REASON_ENUM

#endif
