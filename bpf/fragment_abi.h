/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The part of bpf/abi.h that is about IP fragments; included there.
 *
 * A first fragment is a packet like any other, and what became of it is noted by (source,
 * destination, id, protocol): its later fragments go the same way. A later fragment that
 * comes before the first is handed to user space through a ring of frames, and comes back as
 * though it came in then. The same ring takes packets that are to be cut into fragments.
 */
#ifndef PLENUM_BPF_FRAGMENT_ABI_H
#define PLENUM_BPF_FRAGMENT_ABI_H

/* Datagrams whose fragments are on their way at once; beyond, the least recently used goes. */
#define PL_DATAGRAMS 8192

/* Seconds after the first of its fragments that a datagram is forgotten (RFC 8200: 60; Linux: 30 for IPv4). */
#define PL_DATAGRAM_SECONDS_V4 30
#define PL_DATAGRAM_SECONDS_V6 60

struct pl_fragment_key {
	struct pl_addr src, dst;
	__u32 id;		/* network order; IPv4 in the first two bytes */
	__u8 proto;		/* 0 for IPv6: there the id stands alone (RFC 8200 section 4.5) */
	__u8 family;
	__u16 zero;
};
PL_SIZE(struct pl_fragment_key, 40);

enum pl_datagram_state {
	PL_DATAGRAM_NEW,	/* being made */
	PL_DATAGRAM_WAITING,	/* later fragments came, the first did not */
	PL_DATAGRAM_TO_SERVER,
	PL_DATAGRAM_TO_CLIENT,	/* a NAT server's answer */
	PL_DATAGRAM_TO_STACK,	/* none of ours */
	PL_DATAGRAM_REFUSED,	/* the first fragment was */
	PL_DATAGRAM_OVERLAPPED,	/* its fragments overlap: the rest is dropped (RFC 5722) */
};

/* 8 bytes each: a datagram has 64 KiB at most. */
#define PL_DATAGRAM_UNITS 8192

struct pl_datagram {
	__u32 state;		/* enum pl_datagram_state */
	__u32 expires;		/* tick */
	__u32 touched;		/* tick of the last fragment that was sent on */
	__u32 server;
	__u32 generation;	/* of the server's slot */
	__u32 units;		/* how many were sent on */
	__u32 total;		/* how many there are; 0: the last fragment has not come */
	__u32 spare;
	struct pl_addr vip;	/* PL_DATAGRAM_TO_CLIENT: what they come from */
	__u64 seen[PL_DATAGRAM_UNITS / 64];	/* units sent on */
};
PL_SIZE(struct pl_datagram, 1072);

/* The ring of frames. A frame of more bytes is not handed over: it could not come back. */
#define PL_FRAME_RING (1 << 20)
#define PL_FRAME_SMALL 2048	/* room in a record; a power of two */
#define PL_FRAME_LARGE 4096	/* the same for longer frames */
#define PL_FRAME_MOST 3072

enum pl_frame_kind {
	PL_FRAME_HELD,		/* a fragment before its first one */
	PL_FRAME_FIRST,		/* no frame: the first fragment of `key` was sent on */
	PL_FRAME_CUT,		/* to be cut into fragments of at most `mtu` */
};

struct pl_frame {
	__u32 kind;		/* enum pl_frame_kind */
	__u32 ifindex;		/* it came in by */
	__u32 length;		/* bytes of the frame, which follows */
	__u16 l3;		/* where its IP header begins */
	__u16 mtu;
	__u32 tick;
	__u32 spare;
	struct pl_fragment_key key;
};
PL_SIZE(struct pl_frame, 64);

/* One element, written by user space: that it listens, and what became of frames handed to it. */
struct pl_frame_keeper {
	__u32 until;		/* tick until which user space says that it reads the ring */
	__u32 spare;
	__u64 released;		/* fragments that followed their first one */
	__u64 expired;		/* fragments whose first one never came */
	__u64 no_room;		/* fragments that found the store full */
	__u64 cut;		/* fragments made out of packets that were too large */
};
PL_SIZE(struct pl_frame_keeper, 40);

#endif
