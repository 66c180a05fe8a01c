// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drives the program under test. BPF_PROG_TEST_RUN gives a program the buffer that the run
 * before left behind, by then encapsulated and rewritten, so each run here first makes it
 * the same length again, writes a whole new packet, and tail-calls the program under test.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "bench/l4_driver.h"

char _license[] SEC("license") = "GPL";

#define LENGTH 64

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} under_test SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct l4_driver_order);
} order SEC(".maps");

/* xorshift64 (Marsaglia): a few instructions, where the kernel's helper costs as much as the
 * rest of the driver together. */
static __always_inline __u32 random_flow(struct l4_driver_order *o)
{
	__u64 x = o->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	o->state = x;
	return x >> 32 & o->mask;
}

SEC("xdp")
int l4_driver(struct xdp_md *ctx)
{
	int grown = (int)(ctx->data_end - ctx->data) - LENGTH;
	struct l4_driver_order *o;
	struct tcphdr *tcp;
	struct iphdr *ip;
	struct ethhdr *eth;
	__u32 zero = 0, flow;
	__u64 *word;

	if (grown && bpf_xdp_adjust_head(ctx, grown))
		return XDP_ABORTED;
	word = (void *)(long)ctx->data;
	o = bpf_map_lookup_elem(&order, &zero);
	if (!o || (void *)word + LENGTH > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	flow = o->random ? random_flow(o) : o->next++;

	/* Whole words and no packed structures: byte by byte the driver would cost three times this. */
	for (int i = 0; i < LENGTH / 8; i++)
		word[i] = 0;
	eth = (void *)word;
	ip = (void *)word + sizeof(*eth);
	tcp = (void *)word + sizeof(*eth) + sizeof(*ip);
	*(__u32 *)eth->h_dest = *(__u32 *)o->to_mac;
	*(__u16 *)(eth->h_dest + 4) = *(__u16 *)(o->to_mac + 4);
	*(__u16 *)eth->h_source = *(__u16 *)o->from_mac;
	*(__u32 *)(eth->h_source + 2) = *(__u32 *)(o->from_mac + 2);
	eth->h_proto = bpf_htons(ETH_P_IP);
	*(__u8 *)ip = 0x45;
	ip->tot_len = bpf_htons(LENGTH - sizeof(*eth));
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = bpf_htonl(0x0a000000 + (flow >> 4));
	ip->daddr = o->vip;
	tcp->source = bpf_htons(1024 + (flow & 15));
	tcp->dest = o->port;
	*((__u8 *)tcp + 12) = 0x50;
	*((__u8 *)tcp + 13) = o->flags;
	bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

/* What the driver and the test run cost by themselves. */
SEC("xdp")
int null(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_TX;
}
