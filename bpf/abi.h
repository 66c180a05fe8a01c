/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The ABI between the director's XDP program and user space: every structure that lives in
 * a pinned map stands here or in the parts included at the end, and nowhere else. C11 and
 * C++20 both read it. Addresses and ports are in network order, everything else in host order.
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
#define PL_ABI_VERSION 5

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
	__u32 takeover;		/* until this tick strays are dropped: see bpf/takeover.h; 0: they are not */
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

/* ---- the rest: each part as it needs those before it ------------------------------------- */

#include "bpf/service_abi.h"
#include "bpf/server_abi.h"
#include "bpf/connection_abi.h"
#include "bpf/sync_abi.h"
#include "bpf/fragment_abi.h"
#include "bpf/reason_abi.h"

#endif
