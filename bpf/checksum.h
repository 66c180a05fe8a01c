/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internet checksums changed in place (RFC 1624) and computed, and SCTP's CRC32c changed in
 * place: it is linear, so a change of the first four bytes moves it by a product with a
 * power of x, and no payload is read.
 */
#ifndef PLENUM_BPF_CHECKSUM_H
#define PLENUM_BPF_CHECKSUM_H

#include "bpf/packet.h"

/* Of a sum below 2^47, which a few hundred numbers of 32 bits are. */
static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + (sum >> 16);
}

/* What changing `from` to `to` adds to a one's complement sum. */
static __always_inline __u64 csum_diff32(__u32 from, __u32 to)
{
	return (__u64)(__u32)~from + to;
}

static __always_inline __u64 csum_diff16(__u16 from, __u16 to)
{
	return (__u64)(__u16)~from + to;
}

static __always_inline __u64 csum_diff_addr(const struct pl_addr *from, const struct pl_addr *to, int family)
{
	__u64 sum = csum_diff32(from->w[3], to->w[3]);

	if (family == 6) {
		sum += csum_diff32(from->w[0], to->w[0]);
		sum += csum_diff32(from->w[1], to->w[1]);
		sum += csum_diff32(from->w[2], to->w[2]);
	}
	return sum;
}

static __always_inline __u16 csum_apply(__u16 check, __u64 diff)
{
	return ~csum_fold((__u64)(__u16)~check + diff);
}

/* Sum of an IPv4 header without options. */
static __always_inline __u16 csum_ipv4(const struct iphdr *ip)
{
	const __u16 *w = (const void *)ip;
	__u64 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += w[i];
	return ~csum_fold(sum);
}

#define CRC32C_POLY 0x82f63b78u	/* reflected */

/* Product of two polynomials mod P, both reflected (x^0 is the top bit). */
static __always_inline __u32 crc_multiply(__u32 a, __u32 b)
{
	__u32 product = 0;

	for (int i = 0; i < 32; i++) {
		product ^= a & 0x80000000u ? b : 0;
		a <<= 1;
		b = b >> 1 ^ (b & 1 ? CRC32C_POLY : 0);
	}
	return product;
}

/* x^(8 * 2^k) mod P, reflected. */
const __u32 crc_power[16] = {
	0x00800000u, 0x00008000u, 0x82f63b78u, 0x6ea2d55cu, 0x18b8ea18u, 0x510ac59au, 0xb82be955u, 0xb8fdb1e7u,
	0x88e56f72u, 0x74c360a4u, 0xe4172b16u, 0x0d65762au, 0x35d73a62u, 0x28461564u, 0xbf455269u, 0xe2ea32dcu,
};

/*
 * What a CRC32c over `length` bytes changes by when the first four change by `diff` (old
 * xor new, as they stand in memory): diff * x^(8 length) mod P.
 */
__attribute__((noinline)) __u32 crc_change(__u32 diff, __u32 length)
{
	__u32 power = 0x80000000u;

	for (int k = 0; k < 16; k++)
		if (length & (1u << k))
			power = crc_multiply(power, crc_power[k]);
	return crc_multiply(power, diff);
}

#endif
