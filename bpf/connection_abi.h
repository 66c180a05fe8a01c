/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The part of bpf/abi.h that is the table of connections; included there. */
#ifndef PLENUM_BPF_CONNECTION_ABI_H
#define PLENUM_BPF_CONNECTION_ABI_H

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

#endif
