/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sum of a stretch of the frame of any length, in chunks that bpf_loop() goes through.
 * It reads every byte: for where nothing shorter tells the sum.
 */
#ifndef PLENUM_BPF_CHECKSUM_RANGE_H
#define PLENUM_BPF_CHECKSUM_RANGE_H

#include "bpf/checksum.h"

#define SUM_CHUNK 64
#define SUM_CHUNKS (65536 / SUM_CHUNK)

struct summing {
	struct xdp_md *ctx;
	__u64 sum;
	__u32 offset, left;
};

static long sum_chunk(__u32 index, struct summing *s)
{
	__u32 words[SUM_CHUNK / 4] = {};
	__u32 n = s->left;

	if (n == 0)
		return 1;
	if (n > SUM_CHUNK)
		n = SUM_CHUNK;
	/* The same again in the verifier's terms: Linux 6.1 forgets that n is not 0. */
	asm volatile("" : "+r"(n));
	n = ((n - 1) & (SUM_CHUNK - 1)) + 1;
	if (bpf_xdp_load_bytes(s->ctx, s->offset, words, n))
		return 1;	/* left is not 0, so the sum does not count */
	s->sum += (__u32)bpf_csum_diff(0, 0, words, sizeof(words), 0);
	s->offset += n;
	s->left -= n;
	return 0;
}

/* Adds the sum of `length` bytes from `offset` on to `start`. -1 where the frame is shorter. */
static __always_inline int csum_bytes(struct xdp_md *ctx, __u32 offset, __u32 length, __u64 start, __u16 *sum)
{
	struct summing s = { .ctx = ctx, .sum = start, .offset = offset, .left = length };

	bpf_loop(SUM_CHUNKS, sum_chunk, &s, 0);
	*sum = csum_fold(s.sum);
	return s.left ? -1 : 0;
}

#endif
