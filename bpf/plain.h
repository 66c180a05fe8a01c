/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way: one more packet of a known connection, TCP or UDP over bare IPv4 or IPv6, by direct
 * routing or NAT (a tunnel: up to the outer header) to a server whose next hop is known,
 * changing nothing but the connection's time. That is nearly every packet, so all it needs stands here in line, is kept in
 * registers and is read once. What is not so goes the long way, which asks everything anew:
 * nothing is written here before it is certain.
 */
#ifndef PLENUM_BPF_PLAIN_H
#define PLENUM_BPF_PLAIN_H

#include "bpf/connection.h"
#include "bpf/forward/link.h"
#include "bpf/marked.h"

/* Whether a packet leaves its connection's state as it is. */
static __always_inline int plain_state_stays(const struct pl_packet *q, __u32 state, __u8 forward,
					     const struct pl_settings *s)
{
	__u32 direction = forward == PL_FWD_MASQ ? PL_INPUT : PL_INPUT_ONLY;

	if (q->proto != IPPROTO_TCP)
		return state == PL_UDP_NORMAL;
	/* A SYN may begin another connection. */
	if (q->first)
		return 0;
	return tcp_state(state, direction | (s->tuning & PL_TUNE_SECURE_TCP), q->event) == state;
}

/* Whether the frame is addressed to this interface: a flooding switch delivers others. */
static __always_inline int is_for_us(struct xdp_md *ctx, __u32 ifindex)
{
	struct pl_port *port = port_of(ifindex);
	void *frame = (void *)(long)ctx->data;
	__u64 mac;

	if (!port || frame + sizeof(struct ethhdr) > end_of(ctx))
		return 0;
	mac = *(__u32 *)frame | (__u64)((__u16 *)frame)[2] << 32;
	if (mac == port->mac[0])
		return 1;
	for (__u32 i = 1; i < PL_PORT_MACS; i++)
		if (i < port->macs && mac == port->mac[i])
			return 1;
	return 0;
}

/* What stands between the link-layer header and the transport header. */
static __always_inline __u32 plain_header(int family)
{
	return family == 6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
}

/* Where the transport header's checksum stands; NULL: not in the frame. */
static __always_inline __u16 *plain_check(struct xdp_md *ctx, const struct pl_packet *q, int family)
{
	__u64 at = q->proto == IPPROTO_TCP ? __builtin_offsetof(struct tcphdr, check)
					   : __builtin_offsetof(struct udphdr, check);
	__u16 *check;

	/* A number: two pointers in one comparison are more than the verifier follows. */
	__asm__ volatile("" : "+r"(at));
	check = (void *)(long)ctx->data + sizeof(struct ethhdr) + plain_header(family) + (at & 31);
	return (void *)(check + 1) > end_of(ctx) ? 0 : check;
}

/* What NAT writes: destination, port and TTL, checksums changed by the difference. */
static __always_inline int plain_nat(struct xdp_md *ctx, const struct pl_packet *q, const struct pl_server *server,
				     int family)
{
	void *l3 = (void *)(long)ctx->data + sizeof(struct ethhdr), *l4 = l3 + plain_header(family);
	__be16 port = pl_server_port(server, q->dport);
	__u64 diff = csum_diff_addr(&q->dst, &server->addr, family);
	__u16 *check = plain_check(ctx, q, family), sum;

	if (!check || l4 + sizeof(__u32) > end_of(ctx))
		return -1;
	if (family == 6) {
		struct ipv6hdr *ip = l3;

		__builtin_memcpy(&ip->daddr, server->addr.w, sizeof(ip->daddr));
		ip->hop_limit = q->ttl - 1;
	} else {
		struct iphdr *ip = l3;

		ip->daddr = server->addr.w[3];
		ip->check = csum_apply(ip->check, diff + (__u16)~bpf_htons(0x0100));
		ip->ttl = q->ttl - 1;
	}
	((__be16 *)l4)[1] = port;
	if (q->proto == IPPROTO_TCP || *check) {
		sum = csum_apply(*check, diff + csum_diff16(q->dport, port));
		*check = sum || q->proto == IPPROTO_TCP ? sum : 0xffff;
	}
	return 0;
}

static __always_inline int plain_dr(struct xdp_md *ctx, const struct pl_packet *q, int family)
{
	void *l3 = (void *)(long)ctx->data + sizeof(struct ethhdr);

	if (l3 + plain_header(family) > end_of(ctx))
		return -1;
	if (family == 6) {
		((struct ipv6hdr *)l3)->hop_limit = q->ttl - 1;
	} else {
		struct iphdr *ip = l3;

		ip->check = ttl_checked(ip->check);
		ip->ttl = q->ttl - 1;
	}
	return 0;
}

/*
 * The next hop of a packet that was rewritten for its server (for a tunnel's, nothing was). NULL,
 * and nothing was written: the short way does not lead there.
 */
static __always_inline struct pl_next_hop *plain_rewritten(struct xdp_md *ctx, const struct pl_packet *q,
							   const struct pl_server *server, int family)
{
	__u32 index = server->next_hop;
	struct pl_next_hop *hop = bpf_map_lookup_elem(&pl_next_hops, &index);

	if (!hop || !hop->ifindex || hop->vlan || q->ttl <= 1 || q->length > hop->mtu)
		return 0;
	if (server->forward == PL_FWD_ROUTE ? plain_dr(ctx, q, family)
	    : server->forward == PL_FWD_MASQ ? plain_nat(ctx, q, server, family)
					     : server->forward != PL_FWD_TUNNEL)
		return 0;
	return hop;
}

/* Sends it there, unless it is a tunnel's. A verdict. */
static __always_inline int plain_sent(struct xdp_md *ctx, const struct pl_packet *q, const struct pl_server *server,
				      const struct pl_next_hop *hop)
{
	void *frame = (void *)(long)ctx->data;

	if (frame + sizeof(struct ethhdr) > end_of(ctx))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	macs_copy(frame, hop);
	return verdict(server->forward == PL_FWD_MASQ ? PL_FORWARD_NAT : PL_FORWARD_DR,
		       hop->ifindex == q->ifindex ? XDP_TX : bpf_redirect(hop->ifindex, 0));
}

#define LOOK_ON (-1)
/* All is done but what forward() does to the server of this number less. */
#define FORWARD_ON (-1000)

/* Whether an entry of the right tag is the packet's connection. `ends`: its word of the ports. */
static __always_inline int plain_is(const struct pl_bucket *b, __u64 slot, __u64 ends, const struct pl_packet *q,
				    int family)
{
	const struct pl_conn *c = &b->conn[slot & (PL_SLOTS - 1)];
	const struct pl_conn_upper *u = &b->upper[slot & (PL_SLOTS - 1)];

	if (*(const __u64 *)&c->client != ((__u64)q->dst.w[3] << 32 | q->src.w[3]) ||
	    (ends & PL_CONN_ENDS) !=
		    ((__u64)q->proto << 32 | (__u64)family << 40 | (__u32)q->dport << 16 | q->sport))
		return 0;
	return family == 4 || (u->client[0] == q->src.w[0] && u->client[1] == q->src.w[1] &&
			       u->client[2] == q->src.w[2] && u->vip[0] == q->dst.w[0] && u->vip[1] == q->dst.w[1] &&
			       u->vip[2] == q->dst.w[2]);
}

/* A verdict; or LOOK_ON less what was seen of the connection, and the packet as it was. */
static __always_inline int plain_way(struct xdp_md *ctx, const struct pl_packet *q, const struct pl_settings *s,
				     int family)
{
	__u32 index = (__u32)q->hash & s->bucket_mask, id, state, expires;
	struct pl_bucket *b = bpf_map_lookup_elem(&pl_conns, &index);
	__u64 want = PL_WORD_LIVE | (__u64)pl_tag(q->hash) << PL_WORD_TAG_SHIFT, slot, word, ends;
	struct pl_next_hop *hop;
	struct pl_server *server;
	struct pl_conn *c;

	if (!b)
		return LOOK_ON - LOOK_NOT_THERE;
	slot = slot_with(b, want);
	if (slot == PL_SLOTS)
		return LOOK_ON - (spills(b) ? LOOK_FURTHER : LOOK_NOT_THERE);
	c = &b->conn[slot & (PL_SLOTS - 1)];
	ends = *(__u64 *)&c->client_port;
	if (!plain_is(b, slot, ends, q, family))
		return LOOK_ON - LOOK_FURTHER;
	id = c->server;
	server = bpf_map_lookup_elem(&pl_servers, &id);
	if (!server || server->generation != c->generation ||
	    (server->flags & (PL_SERVER_AVAILABLE | PL_SERVER_LOCAL)) != PL_SERVER_AVAILABLE)
		return LOOK_ON - LOOK_FURTHER;
	word = word_read(b, slot);
	state = word_state(word);
	if ((word & IDENTITY) != want || (__s32)((__u32)word - q->now) < 0 ||
	    !plain_state_stays(q, state, ends >> 56, s))
		return LOOK_ON - LOOK_FURTHER;
	hop = plain_rewritten(ctx, q, server, family);
	if (!hop)
		return LOOK_ON - LOOK_FURTHER;

	if (s->sync)
		sync_count(index * PL_SLOTS + slot, word);
	expires = q->now + (q->proto == IPPROTO_TCP ? s->tcp_timeout[state & 15] : s->udp_timeout);
	if (expires != (__u32)word)
		*(volatile __u32 *)&b->word[slot & (PL_SLOTS - 1)] = expires;
	if (server->forward == PL_FWD_TUNNEL)
		return FORWARD_ON - (int)id;
	count_in(id, q->length);
	return plain_sent(ctx, q, server, hop);
}

#define NOT_PLAIN (-100)

/*
 * Every packet comes by here first. A verdict; NOT_PLAIN with p->now set; or with *p filled
 * LOOK_ON less what was seen of the connection, or FORWARD_ON less its server.
 */
__attribute__((noinline)) int plain(struct xdp_md *ctx, struct pl_packet *p)
{
	/* Nothing has the address of this one, so that it is kept in registers. */
	struct pl_packet q = {};
	struct pl_settings *s = settings();
	int done;

	if (!ctx || !p)
		return XDP_PASS;
	q.ifindex = p->ifindex;
	if (!is_for_us(ctx, q.ifindex) && !marked_in(ctx, q.ifindex))
		return verdict(PL_OTHER_HOST, XDP_PASS);
	q.now = now_tick();
	if (!parse_plain(ctx, &q)) {
		p->now = q.now;
		return NOT_PLAIN;
	}
	q.hash = pl_hash(&q.src, q.sport, q.proto, 4, s->seed);
	done = s->tuning & PL_TUNE_PASS ? LOOK_ON - LOOK_FURTHER : plain_way(ctx, &q, s, 4);
	if (done <= LOOK_ON)
		*p = q;
	return done;
}

/* The same over IPv6, for a packet that plain() found not to be its own. */
__attribute__((noinline)) int plain6(struct xdp_md *ctx, struct pl_packet *p)
{
	struct pl_packet q = {};
	struct pl_settings *s = settings();
	int done;

	if (!ctx || !p)
		return XDP_PASS;
	q.ifindex = p->ifindex;
	q.now = p->now;
	if (!parse_plain6(ctx, &q))
		return NOT_PLAIN;
	q.hash = pl_hash(&q.src, q.sport, q.proto, 6, s->seed);
	done = s->tuning & PL_TUNE_PASS ? LOOK_ON - LOOK_FURTHER : plain_way(ctx, &q, s, 6);
	if (done <= LOOK_ON)
		*p = q;
	return done;
}

#endif
