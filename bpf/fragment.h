/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IP fragments. A first fragment goes through the program like any packet, and what became
 * of it is noted for the later ones, which have no ports. Fragments of one datagram that
 * overlap are refused (RFC 5722), as is a first fragment too short for its transport header,
 * for which server a datagram is must not be a matter of which half is believed.
 *
 * Nothing is reassembled: each fragment is sent on at once and counted as a packet. What
 * cannot concern us, by two bits that hash the addresses, goes up the stack unnoticed.
 */
#ifndef PLENUM_BPF_FRAGMENT_H
#define PLENUM_BPF_FRAGMENT_H

#include "bpf/answer.h"
#include "bpf/hand_over.h"

/* The fragment at hand. In a map, for it lives across calls and the stack is short. */
struct fragment {
	struct pl_fragment_key key;
	__u32 start, end;	/* of its part of the datagram, in units of 8 bytes */
	__u32 more;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fragment);
} pl_fragment_now SEC(".maps");

const struct pl_datagram blank_datagram = {};

static __always_inline __u32 ticks_of(__u8 family)
{
	return (family == 6 ? PL_DATAGRAM_SECONDS_V6 : PL_DATAGRAM_SECONDS_V4) * 1000000000ULL >> PL_TICK_SHIFT;
}

/* Where a fragment goes; not negative: a verdict. */
enum fragment_way { WAY_FLOW = -1, WAY_TINY = -2, WAY_SERVER = -3, WAY_CLIENT = -4 };

static __always_inline struct fragment *fragment_now(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pl_fragment_now, &zero);
}

/*
 * Reads what parse_v4() or parse_v6() stopped at: leaves p->l4 and p->proto as in a whole
 * packet, *f filled. 0, or -1 for a fragment that no sender makes.
 */
static __always_inline int fragment_read(struct xdp_md *ctx, struct pl_packet *p, struct fragment *f)
{
	void *end = end_of(ctx);
	__u32 offset, length;

	f->key.src = p->src;
	f->key.dst = p->dst;
	f->key.family = p->family;
	f->key.zero = 0;
	if (p->family == 6) {
		struct fragment_header *header = at(ctx, p->l4);

		if ((void *)(header + 1) > end)
			return -1;
		offset = bpf_ntohs(header->offset) & PL_IP6_OFFSET;
		f->more = bpf_ntohs(header->offset) & PL_IP6_MORE;
		f->key.id = header->id;
		f->key.proto = 0;
		p->proto = header->next;
		p->l4 += sizeof(*header);
	} else {
		struct iphdr *ip = at(ctx, p->l3);

		if ((void *)(ip + 1) > end)
			return -1;
		offset = (bpf_ntohs(ip->frag_off) & PL_IP_OFFSET) * 8;
		f->more = bpf_ntohs(ip->frag_off) & PL_IP_MORE;
		f->key.id = ip->id;
		f->key.proto = ip->protocol;
	}
	if (p->length <= p->l4 - p->l3)
		return -1;
	length = p->length - (p->l4 - p->l3);
	if ((f->more && length & 7) || offset + length > 65535)
		return -1;
	f->start = offset / 8;
	f->end = (offset + length + 7) / 8;
	return 0;
}

/* Not inlined: otherwise clang keeps half of a packet pointer, and the verifier refuses it. */
__attribute__((noinline)) int fragment_transport(struct xdp_md *ctx, struct pl_packet *p)
{
	if (!ctx || !p)
		return -PL_MALFORMED;
	return parse_transport(ctx, p);
}

static __always_inline int may_be_request(const struct pl_addr *to)
{
	__u32 bit = pl_nat_bit(to);

	return pl_vip_filter[bit / 64] >> (bit & 63) & 1;
}

/* The datagram a fragment is part of; one whose time is over is forgotten. */
static __always_inline struct pl_datagram *datagram_of(const struct pl_fragment_key *key, __u32 now)
{
	struct pl_datagram *d = bpf_map_lookup_elem(&pl_datagrams, key);

	if (!d || (__s32)(d->expires - now) > 0 || d->state == PL_DATAGRAM_NEW)
		return d;
	bpf_map_delete_elem(&pl_datagrams, key);
	return 0;
}

enum seen { SEEN_NONE, SEEN_ALL, SEEN_SOME };

/* The units start..end-1 of a datagram, 64 of them at a time. */
struct seen_walk {
	struct pl_datagram *d;
	__u32 start, end;
	__u32 mark;
	__u32 seen;	/* bit 0: some were seen before, bit 1: some were not */
};

static long seen_word(__u32 i, struct seen_walk *w)
{
	__u32 word = w->start / 64 + i, first = word * 64;
	__u64 mask = ~0ULL, old;

	if (first >= w->end)
		return 1;
	if (w->start > first)
		mask &= ~0ULL << ((w->start - first) & 63);
	if (w->end - first < 64)
		mask &= ~0ULL >> ((64 - (w->end - first)) & 63);
	word &= PL_DATAGRAM_UNITS / 64 - 1;
	old = w->mark ? __sync_fetch_and_or(&w->d->seen[word], mask) : w->d->seen[word];
	w->seen |= (old & mask ? 1 : 0) | (~old & mask ? 2 : 0);
	return 0;
}

/* What of the units start..end-1 was sent on before; with `mark` they count as sent on now. */
__attribute__((noinline)) int datagram_seen(struct pl_datagram *d, __u32 start, __u32 end, __u32 mark)
{
	struct seen_walk w = { .d = d, .start = start, .end = end, .mark = mark };

	if (!d || start >= end || end > PL_DATAGRAM_UNITS)
		return SEEN_SOME;
	bpf_loop(PL_DATAGRAM_UNITS / 64, seen_word, &w, 0);
	return w.seen == 2 ? SEEN_NONE : w.seen == 1 ? SEEN_ALL : SEEN_SOME;
}

/* Whether a fragment fits what is known of the datagram's end. */
static __always_inline int end_agrees(const struct pl_datagram *d, const struct fragment *f)
{
	return !d->total || (f->more ? f->end < d->total : f->end == d->total);
}

/* 0 when the fragment is new, else the verdict. */
static __always_inline int fragment_is_known(struct pl_datagram *d, const struct fragment *f)
{
	int seen = datagram_seen(d, f->start, f->end, 0);

	if (seen == SEEN_NONE && end_agrees(d, f))
		return 0;
	if (seen == SEEN_ALL && end_agrees(d, f))
		return verdict(PL_DROP_FRAGMENT_DUPLICATE, XDP_DROP);
	d->state = PL_DATAGRAM_OVERLAPPED;
	return verdict(PL_DROP_FRAGMENT_OVERLAP, XDP_DROP);
}

/* An IPv4 id is soon used again: a first fragment a second after the last one sent on begins a new datagram. */
#define PL_ID_REUSE_TICKS 60

static __always_inline int fragment_first(struct xdp_md *ctx, struct pl_packet *p, struct fragment *f)
{
	struct pl_datagram *d = datagram_of(&f->key, p->now);
	int rc;

	if (d && (d->state == PL_DATAGRAM_TO_SERVER || d->state == PL_DATAGRAM_TO_CLIENT)) {
		if (p->family == 4 && (d->seen[0] & 1) && p->now - d->touched > PL_ID_REUSE_TICKS) {
			bpf_map_delete_elem(&pl_datagrams, &f->key);
		} else {
			rc = fragment_is_known(d, f);
			if (rc)
				return rc;
		}
	} else if (d && d->state == PL_DATAGRAM_OVERLAPPED) {
		return verdict(PL_DROP_FRAGMENT_OVERLAP, XDP_DROP);
	} else if (d && d->state == PL_DATAGRAM_REFUSED) {
		return verdict(PL_DROP_FRAGMENT_REFUSED, XDP_DROP);
	}
	p->fragment = PART_FIRST;
	rc = fragment_transport(ctx, p);
	if (rc == PL_PARSED)
		return WAY_FLOW;
	if (rc == -PL_MALFORMED) {
		/* The ports are there, the whole of the header is not. */
		__be16 *ports = at(ctx, p->l4);

		if ((void *)(ports + 2) <= end_of(ctx)) {
			p->sport = ports[0];
			p->dport = ports[1];
			p->first = 0;
			return WAY_TINY;
		}
	}
	return verdict(PL_FRAGMENT, XDP_PASS);
}

/* Kept by user space until the first fragment has come. */
static __always_inline int fragment_hold(struct xdp_md *ctx, struct pl_packet *p, struct fragment *f)
{
	struct pl_datagram *d;

	bpf_map_update_elem(&pl_datagrams, &f->key, &blank_datagram, BPF_NOEXIST);
	d = bpf_map_lookup_elem(&pl_datagrams, &f->key);
	if (!d)
		return verdict(PL_FRAGMENT_UNHELD, XDP_PASS);
	/* Where the first fragment came in between, user space sees it when it looks. */
	if (__sync_val_compare_and_swap(&d->state, PL_DATAGRAM_NEW, PL_DATAGRAM_WAITING) == PL_DATAGRAM_NEW)
		d->expires = p->now + ticks_of(p->family);
	if (hand_over(ctx, p, PL_FRAME_HELD, &f->key, 0))
		return verdict(PL_FRAGMENT_UNHELD, XDP_PASS);
	return verdict(PL_FRAGMENT_HELD, XDP_DROP);
}

static __always_inline int fragment_later(struct xdp_md *ctx, struct pl_packet *p, struct fragment *f,
					  struct conn_ref *r)
{
	struct pl_datagram *d = datagram_of(&f->key, p->now);
	__u32 state = d ? *(volatile __u32 *)&d->state : PL_DATAGRAM_WAITING;
	int rc;

	p->fragment = PART_LATER;
	p->proto = IPPROTO_FRAGMENT;	/* nothing to be rewritten behind the IP header */
	switch (state) {
	case PL_DATAGRAM_TO_STACK:
		return verdict(PL_FRAGMENT, XDP_PASS);
	case PL_DATAGRAM_REFUSED:
		return verdict(PL_DROP_FRAGMENT_REFUSED, XDP_DROP);
	case PL_DATAGRAM_OVERLAPPED:
		return verdict(PL_DROP_FRAGMENT_OVERLAP, XDP_DROP);
	}
	if (!d || state == PL_DATAGRAM_NEW || state == PL_DATAGRAM_WAITING)
		return fragment_hold(ctx, p, f);
	rc = fragment_is_known(d, f);
	if (rc)
		return rc;
	r->server = d->server;
	r->generation = d->generation;
	r->vip = d->vip;
	if (!server_of(r))
		return verdict(PL_DROP_SERVER_GONE, XDP_DROP);
	return state == PL_DATAGRAM_TO_SERVER ? WAY_SERVER : WAY_CLIENT;
}

/* What parse_v4() or parse_v6() called a fragment. enum fragment_way, or a verdict. */
__attribute__((noinline)) int fragment_in(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r)
{
	struct fragment *f = fragment_now();
	int rc;

	if (!ctx || !p || !r || !f)
		return verdict(PL_MALFORMED, XDP_PASS);
	if (!may_be_request(&p->dst) && !may_be_answer(&p->src))
		return verdict(PL_FRAGMENT, XDP_PASS);
	if (fragment_read(ctx, p, f))
		return verdict(PL_MALFORMED, XDP_PASS);
	if (!f->start && !f->more) {
		/* A fragment header around a whole packet (RFC 6946). */
		rc = fragment_transport(ctx, p);
		return rc ? verdict(-rc, XDP_PASS) : WAY_FLOW;
	}
	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP && p->proto != IPPROTO_SCTP)
		return verdict(PL_FRAGMENT, XDP_PASS);
	return f->start ? fragment_later(ctx, p, f, r) : fragment_first(ctx, p, f);
}

static __always_inline void fragment_mark(struct pl_datagram *d, const struct fragment *f, __u32 now)
{
	d->touched = now;
	if (datagram_seen(d, f->start, f->end, 1) != SEEN_NONE)
		return;
	if (!f->more)
		d->total = f->end;
	if (__sync_fetch_and_add(&d->units, f->end - f->start) + (f->end - f->start) == d->total)
		bpf_map_delete_elem(&pl_datagrams, &f->key);	/* it is whole: its id may be used again */
}

/*
 * Notes what became of a first fragment: `action` is its verdict, r->server the server, if
 * any. The same as a value.
 */
__attribute__((noinline)) int fragment_note(struct pl_packet *p, struct conn_ref *r, int action, int is_answer)
{
	struct fragment *f = fragment_now();
	struct pl_server *server;
	struct pl_datagram *d;
	__u32 state, before, id;

	if (!p || !r || !f || p->fragment != PART_FIRST)
		return action;
	id = r->server;
	server = bpf_map_lookup_elem(&pl_servers, &id);
	bpf_map_update_elem(&pl_datagrams, &f->key, &blank_datagram, BPF_NOEXIST);
	d = bpf_map_lookup_elem(&pl_datagrams, &f->key);
	if (!d)
		return action;
	if (!id || !server)
		state = action == XDP_PASS ? PL_DATAGRAM_TO_STACK : PL_DATAGRAM_REFUSED;
	else
		state = is_answer ? PL_DATAGRAM_TO_CLIENT : PL_DATAGRAM_TO_SERVER;
	d->server = id;
	d->generation = server ? server->generation : 0;
	d->vip = r->vip;
	d->expires = p->now + ticks_of(p->family);
	before = __sync_lock_test_and_set(&d->state, state);
	if (state == PL_DATAGRAM_TO_SERVER || state == PL_DATAGRAM_TO_CLIENT) {
		if (!p->cut)
			fragment_mark(d, f, p->now);
	}
	if (before == PL_DATAGRAM_WAITING)
		tell_first(&f->key, p->now);
	return action;
}

/* A later fragment was sent on. The same as a value. */
__attribute__((noinline)) int fragment_sent(struct pl_packet *p, int action)
{
	struct fragment *f = fragment_now();
	struct pl_datagram *d;

	if (!p || !f || p->cut)
		return action;
	d = bpf_map_lookup_elem(&pl_datagrams, &f->key);
	if (d)
		fragment_mark(d, f, p->now);
	return action;
}

/* A later fragment of a NAT server's answer, on its way to the client. A verdict. */
__attribute__((noinline)) int answer_fragment(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r)
{
	struct pl_settings *s = settings();

	if (!ctx || !p || !r)
		return XDP_DROP;
	count_out(r->server, p->length);
	return forward_answer(ctx, p, &r->vip, 0, s);
}

#endif
