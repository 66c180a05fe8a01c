/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The part of bpf/abi.h that is about synchronisation between directors; included there. */
#ifndef PLENUM_BPF_SYNC_ABI_H
#define PLENUM_BPF_SYNC_ABI_H

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

#endif
