/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hashes of dh, sh and mh, as Linux has them (hash_32() and hsiphash() of 64-bit machines,
 * which is SipHash-1-3): the program hashes packets, user space servers. Keys are IPVS's own.
 */
#ifndef PLENUM_BPF_MAGLEV_H
#define PLENUM_BPF_MAGLEV_H

#include "bpf/abi.h"

#define PL_MAGLEV_KEY_1 2654435761ULL
#define PL_MAGLEV_KEY_2 2654446892ULL

/* An address as one word in host order: IPv4's own, or IPv6's four words together. */
static inline __attribute__((always_inline)) __u32 pl_address_fold(const struct pl_addr *a, __u8 family)
{
	__u32 folded = family == 6 ? a->w[0] ^ a->w[1] ^ a->w[2] ^ a->w[3] : a->w[3];

	return __builtin_bswap32(folded);
}

/* What sh and mh hash: the client's address folded, and its port (network order, 0: none). */
static inline __attribute__((always_inline)) __u32 pl_client_key(const struct pl_addr *client, __u8 family, __u16 port)
{
	return __builtin_bswap16(port) + pl_address_fold(client, family);
}

/* Of 256 slots. */
static inline __attribute__((always_inline)) __u32 pl_hash_32(__u32 key)
{
	return (key * 0x61c88647u) >> 24;
}

/* With fallback sh tries these slots, from 0 on, where the first server is not available. */
static inline __attribute__((always_inline)) __u32 pl_sh_fallback(__u32 key, __u32 start, __u32 attempt)
{
	__u32 offset = (attempt + start) % PL_HASH_SLOTS;

	return (offset + pl_hash_32(key)) % PL_HASH_SLOTS;
}

static inline __attribute__((always_inline)) __u64 pl_rotate(__u64 x, int by)
{
	return x << by | x >> (64 - by);
}

static inline __attribute__((always_inline)) void pl_sip_round(__u64 v[4])
{
	v[0] += v[1];
	v[1] = pl_rotate(v[1], 13) ^ v[0];
	v[0] = pl_rotate(v[0], 32);
	v[2] += v[3];
	v[3] = pl_rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = pl_rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = pl_rotate(v[1], 17) ^ v[2];
	v[2] = pl_rotate(v[2], 32);
}

/* Of four bytes; both halves of the key are the same. */
static inline __attribute__((always_inline)) __u32 pl_maglev_hash(__u32 value, __u64 key)
{
	__u64 v[4] = { 0x736f6d6570736575ULL ^ key, 0x646f72616e646f6dULL ^ key, 0x6c7967656e657261ULL ^ key,
		       0x7465646279746573ULL ^ key };
	__u64 block = 4ULL << 56 | value;

	v[3] ^= block;
	pl_sip_round(v);
	v[0] ^= block;
	v[2] ^= 0xff;
	pl_sip_round(v);
	pl_sip_round(v);
	pl_sip_round(v);
	return (__u32)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

static inline __attribute__((always_inline)) __u32 pl_mh_slot(__u32 key)
{
	return pl_maglev_hash(key, PL_MAGLEV_KEY_1) % PL_MAGLEV_SLOTS;
}

/* As pl_sh_fallback(). */
static inline __attribute__((always_inline)) __u32 pl_mh_fallback(__u32 key, __u32 start, __u32 attempt)
{
	return pl_mh_slot(key + (attempt + start) % PL_MAGLEV_SLOTS);
}

#endif
