// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs around the one whose instructions are counted: `generate` makes packets and sends
 * them by an interface, `drop` ends them, and `bounce`, `redirect` and `route` are the least that
 * sending, sending elsewhere and routing can cost in XDP, to compare with.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "bench/flow_programs.h"

char _license[] SEC("license") = "GPL";

#define LENGTH 60
#define PAYLOAD_END 46
#define FAMILY_V4 2

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_order);
} orders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_way);
} ways SEC(".maps");

static __always_inline __u16 folded(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline void address(struct ethhdr *eth, const __u8 *to, const __u8 *from)
{
	__builtin_memcpy(eth->h_dest, to, 6);
	__builtin_memcpy(eth->h_source, from, 6);
}

/* Run over live frames. Time is taken here, between the first packets of two batches: around
 * the whole run it would contain the kernel's waiting for other CPUs. */
SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct flow_order *o;
	__u32 zero = 0, n, sum = 0;
	__u16 *word = (void *)ip;

	o = bpf_map_lookup_elem(&orders, &zero);
	if (!o || data + LENGTH > (void *)(long)ctx->data_end)
		return XDP_DROP;
	n = o->next++;
	if (n == o->first)
		o->started = bpf_ktime_get_ns();
	if (n == o->last)
		o->ended = bpf_ktime_get_ns();
	n &= o->mask;
	address(eth, o->to_mac, o->from_mac);
	eth->h_proto = bpf_htons(ETH_P_IP);
	__builtin_memset(ip, 0, 40);
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = bpf_htons(PAYLOAD_END);
	ip->ttl = 64;
	ip->protocol = o->protocol;
	ip->saddr = bpf_htonl(o->client + (n >> 14));
	ip->daddr = bpf_htonl(o->server);
#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += word[i];
	ip->check = folded(sum);
	if (o->protocol == IPPROTO_UDP) {
		udp->source = bpf_htons(o->client_port + (n & 0x3fff));
		udp->dest = bpf_htons(o->server_port);
		udp->len = bpf_htons(PAYLOAD_END - sizeof(*ip));
		udp->check = 0x1234; /* nobody looks */
	} else {
		tcp->source = bpf_htons(o->client_port + (n & 0x3fff));
		tcp->dest = bpf_htons(o->server_port);
		tcp->doff = 5;
		tcp->window = bpf_htons(4096);
		tcp->check = 0x1234;
		*((__u8 *)tcp + 13) = o->flags;
	}
	return bpf_redirect(o->ifindex, 0);
}

SEC("xdp")
int drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

/* A frame that XDP sent wakes its receiver only where a program is. */
SEC("xdp")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

SEC("xdp")
int bounce(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	__u8 from[6];

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	__builtin_memcpy(from, eth->h_source, 6);
	address(eth, from, eth->h_dest);
	return XDP_TX;
}

SEC("xdp")
int redirect(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct flow_way *way;
	__u32 zero = 0;

	way = bpf_map_lookup_elem(&ways, &zero);
	if (!way || (void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	address(eth, way->to_mac, way->from_mac);
	return bpf_redirect(way->ifindex, 0);
}

SEC("xdp")
int route(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct bpf_fib_lookup fib = {};
	__u32 sum;

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end || ip->ttl <= 1)
		return XDP_PASS;
	fib.family = FAMILY_V4;
	fib.tos = ip->tos;
	fib.l4_protocol = ip->protocol;
	fib.tot_len = bpf_ntohs(ip->tot_len);
	fib.ifindex = ctx->ingress_ifindex;
	fib.ipv4_src = ip->saddr;
	fib.ipv4_dst = ip->daddr;
	if (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0))
		return XDP_PASS;
	sum = (__u32)ip->check + bpf_htons(0x0100);
	ip->check = sum + (sum >= 0xffff);
	ip->ttl--;
	address(eth, fib.dmac, fib.smac);
	return bpf_redirect(fib.ifindex, 0);
}

/* The end of packets that the kernel's stack sent. */
SEC("tc")
int drop_skb(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_SHOT;
}
