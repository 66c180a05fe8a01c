/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames that user space takes for a moment (bpf/fragment_abi.h): it keeps a fragment until
 * its first one has come, or cuts a packet into fragments, and sends what it has through
 * this program again. It says in a word that it listens; without it nothing is handed over.
 */
#ifndef PLENUM_BPF_HAND_OVER_H
#define PLENUM_BPF_HAND_OVER_H

#include "bpf/maps.h"
#include "bpf/packet.h"

static __always_inline int keeper_listens(__u32 now)
{
	struct pl_frame_keeper *keeper;
	__u32 zero = 0;

	keeper = bpf_map_lookup_elem(&pl_frame_keeper, &zero);
	return keeper && (__s32)(*(volatile __u32 *)&keeper->until - now) > 0;
}

/* The record's head and, in the `room` bytes behind it, a power of two, the frame. */
static __always_inline int frame_fill(struct xdp_md *ctx, const struct pl_packet *p, struct pl_frame *frame, __u32 kind,
				      __u32 length, __u32 room, __u32 mtu)
{
	__builtin_memset(frame, 0, sizeof(*frame));
	frame->kind = kind;
	frame->ifindex = p->ifindex;
	frame->length = length;
	frame->l3 = p->l3;
	frame->mtu = mtu;
	frame->tick = p->now;
	/* The same again in the verifier's terms: Linux 6.1 forgets that the length is not 0. */
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (room - 1)) + 1;
	return bpf_xdp_load_bytes(ctx, 0, frame + 1, length);
}

/*
 * Hands the frame over. `key` for PL_FRAME_HELD, else 0. 0, or -1: nobody listens, the ring
 * is full or the frame too long.
 */
static __always_inline int hand_over(struct xdp_md *ctx, const struct pl_packet *p, __u32 kind,
				     const struct pl_fragment_key *key, __u32 mtu)
{
	__u32 length = p->l3 + p->length;	/* without padding */
	struct pl_frame *frame;
	int rc;

	if (!keeper_listens(p->now))
		return -1;
	if (length <= PL_FRAME_SMALL) {
		frame = bpf_ringbuf_reserve(&pl_frames, sizeof(*frame) + PL_FRAME_SMALL, 0);
		if (!frame)
			return -1;
		rc = frame_fill(ctx, p, frame, kind, length, PL_FRAME_SMALL, mtu);
	} else if (length <= PL_FRAME_MOST) {
		frame = bpf_ringbuf_reserve(&pl_frames, sizeof(*frame) + PL_FRAME_LARGE, 0);
		if (!frame)
			return -1;
		rc = frame_fill(ctx, p, frame, kind, length, PL_FRAME_LARGE, mtu);
	} else {
		return -1;
	}
	if (rc) {
		bpf_ringbuf_discard(frame, 0);
		return -1;
	}
	if (key)
		frame->key = *key;
	bpf_ringbuf_submit(frame, 0);
	return 0;
}

/* Tells that the first fragment of `key` was sent on. Lost when the ring is full: user space looks, too. */
static __always_inline void tell_first(const struct pl_fragment_key *key, __u32 now)
{
	struct pl_frame *frame = bpf_ringbuf_reserve(&pl_frames, sizeof(*frame), 0);

	if (!frame)
		return;
	__builtin_memset(frame, 0, sizeof(*frame));
	frame->kind = PL_FRAME_FIRST;
	frame->tick = now;
	frame->key = *key;
	bpf_ringbuf_submit(frame, 0);
}

/* Has a packet that may be fragmented cut to `mtu`. 0 when it is handed over. */
__attribute__((noinline)) int cut_packet(struct xdp_md *ctx, struct pl_packet *p, __u32 mtu)
{
	struct iphdr *ip;

	if (!ctx || !p || p->family != 4)
		return -1;
	/* Where DF of the outer header is to be ignored (pmtu_disc), that inside is not. */
	ip = at(ctx, p->l3);
	if ((void *)(ip + 1) > end_of(ctx) || ip->frag_off & bpf_htons(PL_IP_DF))
		return -1;
	if (hand_over(ctx, p, PL_FRAME_CUT, 0, mtu))
		return -1;
	p->cut = 1;
	return 0;
}

#endif
