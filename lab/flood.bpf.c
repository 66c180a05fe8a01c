// SPDX-License-Identifier: GPL-2.0-only
// A flood's packet: the frame it is given, from an address and port that nobody has ever seen,
// sent out of the interface it is said to have come in by. IPv4 without options, TCP or UDP;
// run by lab/flood.py with live frames, so that the kernel sends each of them for real.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_helpers.h>

struct changed {
	__be32 address;
	__be32 port;	/* and nothing behind it */
};

static __always_inline __sum16 folded(__s64 sum)
{
	__u32 s = sum;

	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return ~s;
}

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *port = (void *)(ip + 1);
	struct changed before = {}, after = {};
	__u32 random = bpf_get_prandom_u32();
	__sum16 *check;

	if ((void *)port + sizeof(struct udphdr) > end)
		return XDP_ABORTED;
	if (ip->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = (void *)port;

		if ((void *)(tcp + 1) > end)
			return XDP_ABORTED;
		check = &tcp->check;
	} else {
		check = &((struct udphdr *)port)->check;
	}
	before.address = ip->saddr;
	before.port = *port;
	/* 10.0.0.0/8: no address of the lab's. */
	after.address = (random & 0xffffff00) | 10;
	after.port = (bpf_get_prandom_u32() & 0xffff) | 4;
	ip->check = folded(bpf_csum_diff(&before.address, 4, &after.address, 4, (__u16)~ip->check));
	*check = folded(bpf_csum_diff((void *)&before, sizeof(before), (void *)&after, sizeof(after), (__u16)~*check));
	ip->saddr = after.address;
	*port = after.port;
	return XDP_TX;
}

char _license[] SEC("license") = "GPL";
