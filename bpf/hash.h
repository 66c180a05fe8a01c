/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The connection hash: keyed by a seed drawn once per data plane, so that nobody outside
 * can aim at one bucket. Over client address, client port and protocol alone; of a SIP
 * template over its Call-ID.
 */
#ifndef PLENUM_BPF_HASH_H
#define PLENUM_BPF_HASH_H

#include "bpf/abi.h"

#define PL_HASH_K1 0x9e3779b97f4a7c15ULL
#define PL_HASH_K2 0xd6e8feb86659fd93ULL

static inline __attribute__((always_inline)) __u64 pl_mix(__u64 x, __u64 key)
{
	x ^= x >> 32;
	x *= PL_HASH_K1;
	x ^= key;
	x ^= x >> 29;
	x *= PL_HASH_K2;
	x ^= x >> 32;
	return x;
}

static inline __attribute__((always_inline)) __u64 pl_hash(const struct pl_addr *client, __u16 port, __u8 proto,
							   __u8 family, const __u64 seed[2])
{
	/* Below the address, not over it: one bit under another, and a client with more than one
	 * address chooses flows of one hash without knowing the seed. */
	__u64 ports = (__u32)port << 16 | (__u32)proto << 8 | family;
	__u64 h = seed[0];

	if (family == 6) {
		h = pl_mix(h ^ ((__u64)client->w[0] << 32 | client->w[1]), seed[1]);
		h = pl_mix(h ^ client->w[2], seed[1]);
	}
	return pl_mix(pl_mix(h ^ ((__u64)client->w[3] << 32) ^ ports, seed[1]), seed[0]);
}

/* The same for a template known by its Call-ID. */
static inline __attribute__((always_inline)) __u64 pl_hash_call_id(const struct pl_call_id *id, const __u64 seed[2])
{
	__u64 h = seed[0] ^ id->length;

	for (__u32 i = 0; i < PL_CALL_ID_ROOM; i += 8) {
		const unsigned char *c = (const unsigned char *)&id->text[i];
		__u64 word = (__u64)c[0] | (__u64)c[1] << 8 | (__u64)c[2] << 16 | (__u64)c[3] << 24 |
			     (__u64)c[4] << 32 | (__u64)c[5] << 40 | (__u64)c[6] << 48 | (__u64)c[7] << 56;

		if (i >= id->length)
			break;
		h = pl_mix(h ^ word, seed[1]);
	}
	return pl_mix(h, seed[0]);
}

static inline __attribute__((always_inline)) __u32 pl_tag(__u64 hash)
{
	return (__u32)(hash >> 40) & 0xfffff;
}

/* Which bit of the NAT filter stands for an address. */
static inline __attribute__((always_inline)) __u32 pl_nat_bit(const struct pl_addr *a)
{
	__u32 x = a->w[0] ^ a->w[1] * 31 ^ a->w[2] * 131 ^ a->w[3];

	x ^= x >> 16;
	x *= 0x85ebca6bu;
	x ^= x >> 13;
	return x & (PL_NAT_FILTER_BITS - 1);
}

#endif
