// SPDX-License-Identifier: GPL-2.0-only
/*
 * A real server's end of the director's tunnels: takes IP in IP, GUE and GRE off packets for
 * a VIP and hands what was inside to the stack, as if it had come in plain. No tunnel device
 * and no tunnel module is needed.
 *
 * Only a packet that is addressed to this server outside and to a VIP inside is changed;
 * every other goes up the stack untouched, which then answers or drops and counts it as it
 * would have without this program. That includes what is broken: the stack verifies too.
 */
#include "bpf/carried.h"

char _license[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pl_rs_settings);
} pl_rs_settings SEC(".maps");

/* Inner destinations. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PL_RS_MAX_ADDRESSES);
	__type(key, struct pl_addr);
	__type(value, __u32);
} pl_rs_vips SEC(".maps");

/* Outer destinations: this server's own addresses. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PL_RS_MAX_ADDRESSES);
	__type(key, struct pl_addr);
	__type(value, __u32);
} pl_rs_locals SEC(".maps");

/* Packets by enum pl_rs_verdict. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PL_RS_VERDICT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} pl_rs_verdicts SEC(".maps");

#define ECN_MASK 3
#define ECN_ECT1 1
#define ECN_CE 3

#define LINK_MIN 14
#define LINK_MAX 22	/* two VLAN tags */

static __always_inline int end_with(__u32 why, int action)
{
	__u64 *n = bpf_map_lookup_elem(&pl_rs_verdicts, &why);

	if (n)
		(*n)++;
	return action;
}

static __always_inline int ipv4_checksum_ok(struct xdp_md *ctx, const struct pl_packet *p)
{
	__u32 header = p->l4 - p->l3;
	__u64 sum = 0;

	for (__u32 i = 0; i < 60; i += 4) {
		__u32 *w = at(ctx, p->l3 + i);

		if (i >= header)
			break;
		if ((void *)(w + 1) > end_of(ctx))
			return 0;
		sum += *w;
	}
	return csum_fold(sum) == 0xffff;
}

/*
 * RFC 6040 section 4.2: the ECN field that goes on, or -1 where the packet must be dropped.
 */
static __always_inline int ecn_out(__u8 outer, __u8 inner)
{
	outer &= ECN_MASK;
	inner &= ECN_MASK;
	if (outer == ECN_CE)
		return inner ? ECN_CE : -1;
	if (outer == ECN_ECT1 && inner && inner != ECN_CE)
		return ECN_ECT1;
	return inner;
}

/* Checks the inner IPv4 packet and gives it its ECN field; CARRIED, or why not. */
static __always_inline int take_v4(struct xdp_md *ctx, const struct pl_packet *p, const struct carried *c)
{
	struct iphdr *ip = at(ctx, c->offset);
	struct pl_addr to;
	__u16 *word = (void *)ip, old;
	int ecn;

	if (c->room < sizeof(*ip) || (void *)(ip + 1) > end_of(ctx))
		return PL_RS_INNER_MALFORMED;
	if (ip->version != 4 || ip->ihl < 5 || bpf_ntohs(ip->tot_len) < ip->ihl * 4 || bpf_ntohs(ip->tot_len) > c->room)
		return PL_RS_INNER_MALFORMED;
	addr_v4(&to, ip->daddr);
	if (!bpf_map_lookup_elem(&pl_rs_vips, &to))
		return PL_RS_NOT_VIP;
	ecn = ecn_out(p->tos, ip->tos);
	if (ecn < 0)
		return PL_RS_DROP_ECN;
	if (ecn != (ip->tos & ECN_MASK)) {
		old = *word;
		ip->tos = (ip->tos & ~ECN_MASK) | ecn;
		ip->check = csum_apply(ip->check, csum_diff16(old, *word));
	}
	return CARRIED;
}

static __always_inline int take_v6(struct xdp_md *ctx, const struct pl_packet *p, const struct carried *c)
{
	struct ipv6hdr *ip = at(ctx, c->offset);
	struct pl_addr to;
	__u8 *second = (__u8 *)ip + 1;
	int ecn;

	if (c->room < sizeof(*ip) || (void *)(ip + 1) > end_of(ctx))
		return PL_RS_INNER_MALFORMED;
	if (ip->version != 6 || sizeof(*ip) + bpf_ntohs(ip->payload_len) > c->room)
		return PL_RS_INNER_MALFORMED;
	addr_v6(&to, &ip->daddr);
	if (!bpf_map_lookup_elem(&pl_rs_vips, &to))
		return PL_RS_NOT_VIP;
	ecn = ecn_out(p->tos, *second >> 4);
	if (ecn < 0)
		return PL_RS_DROP_ECN;
	*second = (*second & 0xcf) | ecn << 4;
	return CARRIED;
}

/* Moves the link-layer header, its EtherType changed, to just before the inner packet. */
static __always_inline int strip(struct xdp_md *ctx, const struct pl_packet *p, const struct carried *c)
{
	__be16 type = c->proto == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	__u32 link = p->l3;
	__u8 header[LINK_MAX];

	if (link < LINK_MIN || link > LINK_MAX)
		return -1;
	if (bpf_xdp_load_bytes(ctx, 0, header, link))
		return -1;
	if (bpf_xdp_adjust_head(ctx, c->offset - link))
		return -1;
	if (bpf_xdp_store_bytes(ctx, 0, header, link))
		return -1;
	return bpf_xdp_store_bytes(ctx, link - sizeof(type), &type, sizeof(type));
}

/* Beside the outcomes of parse_v4() and parse_v6(), which are PL_PARSED or negative. */
#define NO_IP 1

/*
 * The outer headers. A function of its own, not inlined: otherwise clang keeps a second,
 * unmasked copy of an offset and the verifier refuses it.
 */
static __attribute__((noinline)) int parse_outer(struct xdp_md *ctx, struct pl_packet *p)
{
	__be16 type = parse_link(ctx, p);

	if (type == bpf_htons(ETH_P_IP))
		return parse_v4(ctx, p);
	if (type == bpf_htons(ETH_P_IPV6))
		return parse_v6(ctx, p);
	return NO_IP;
}

/* PL_RS_* of an IP protocol other than UDP; 0: no tunnel. */
static __always_inline __u32 tunnel_of(__u8 proto)
{
	if (proto == IPPROTO_IPIP || proto == IPPROTO_IPV6)
		return PL_RS_IPIP;
	return proto == IPPROTO_GRE ? PL_RS_GRE : 0;
}

/* CARRIED, or why the packet is left alone. Not inlined for the same reason. */
static __attribute__((noinline)) int parse_carried(struct xdp_md *ctx, const struct pl_packet *p, struct carried *c)
{
	if (p->proto == IPPROTO_UDP)
		return parse_gue(ctx, p, c);
	if (p->proto == IPPROTO_GRE)
		return parse_gre(ctx, p, c);
	c->offset = p->l4;
	c->room = p->length - (p->l4 - p->l3);
	c->proto = p->proto;
	return CARRIED;
}

SEC("xdp")
int pl_realserver(struct xdp_md *ctx)
{
	struct pl_rs_settings *settings;
	struct pl_packet p = {};
	struct carried c = {};
	__u32 zero = 0;
	int why;

	settings = bpf_map_lookup_elem(&pl_rs_settings, &zero);
	why = parse_outer(ctx, &p);
	if (!settings || why == NO_IP)
		return end_with(PL_RS_NOT_TUNNEL, XDP_PASS);
	if (why == -PL_FRAGMENT)
		return end_with(PL_RS_FRAGMENT, XDP_PASS);
	if (why)
		return end_with(PL_RS_OUTER_MALFORMED, XDP_PASS);

	if (p.proto == IPPROTO_UDP && settings->tunnels & PL_RS_GUE) {
		struct udphdr *udp = at(ctx, p.l4);

		if ((void *)(udp + 1) > end_of(ctx))
			return end_with(PL_RS_OUTER_MALFORMED, XDP_PASS);
		if (udp->dest != settings->gue_port)
			return end_with(PL_RS_NOT_TUNNEL, XDP_PASS);
	} else if (!(settings->tunnels & tunnel_of(p.proto))) {
		return end_with(PL_RS_NOT_TUNNEL, XDP_PASS);
	}
	if (p.length < p.l4 - p.l3)
		return end_with(PL_RS_OUTER_MALFORMED, XDP_PASS);
	if (!bpf_map_lookup_elem(&pl_rs_locals, &p.dst))
		return end_with(PL_RS_NOT_LOCAL, XDP_PASS);
	if (p.family == 4 && !ipv4_checksum_ok(ctx, &p))
		return end_with(PL_RS_OUTER_CHECKSUM, XDP_PASS);

	why = parse_carried(ctx, &p, &c);
	if (why != CARRIED)
		return end_with(why, XDP_PASS);
	if (c.offset > PL_OFFSET_MASK - sizeof(struct ipv6hdr))
		return end_with(PL_RS_OUTER_MALFORMED, XDP_PASS);	/* headers longer than at() reaches */
	why = c.proto == IPPROTO_IPIP ? take_v4(ctx, &p, &c) : take_v6(ctx, &p, &c);
	if (why != CARRIED)
		return end_with(why, why == PL_RS_DROP_ECN ? XDP_DROP : XDP_PASS);
	if (c.fill && bpf_xdp_store_bytes(ctx, c.at, &c.checksum, sizeof(c.checksum)))
		return end_with(PL_RS_DROP_FAILED, XDP_DROP);
	if (strip(ctx, &p, &c))
		return end_with(PL_RS_DROP_FAILED, XDP_DROP);
	return end_with(p.proto == IPPROTO_UDP	 ? PL_RS_DECAP_GUE
			: p.proto == IPPROTO_GRE ? PL_RS_DECAP_GRE
						 : PL_RS_DECAP_IPIP,
			XDP_PASS);
}
