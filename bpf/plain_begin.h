/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way of a connection's first packet: TCP or UDP over bare IPv4, for a service of one
 * port without persistence, where the connection finds room in its own bucket. What plain()
 * read of the packet is not read again, and each map is asked once. What is not so goes the long
 * way (unknown()), with nothing done yet: a scheduler is asked once for each connection.
 */
#ifndef PLENUM_BPF_PLAIN_BEGIN_H
#define PLENUM_BPF_PLAIN_BEGIN_H

#include "bpf/answer.h"
#include "bpf/insert.h"
#include "bpf/plain.h"
#include "bpf/scheduler/table.h"
#include "bpf/service.h"

/* Whether a packet of no connection, unlike most, has to be looked at more closely. */
static __always_inline int is_special(const struct pl_packet *p, const struct pl_settings *s)
{
	/* As constants where they are: most of the hash is done by the compiler. */
	struct pl_addr client = { .w = { 0, 0, PL_MAPPED, p->src.w[3] } };

	return !p->first || p->sport == FTP_DATA_PORT || s->lookups & PL_LOOKUP_MARK || s->drop_rate ||
	       s->tuning & PL_TUNE_SECURE_TCP || may_be_answer(&client);
}

/* The packet's service, by the shortcut; 0: not to be found by it, or one that asks for more. */
static __always_inline __u32 plain_service(const struct pl_packet *p)
{
	__u32 place = pl_front_place(p->dst.w[3], p->dport, p->proto);
	__u32 index = *(volatile __u64 *)&pl_vip_front[place];
	struct pl_service *svc;

	svc = bpf_map_lookup_elem(&pl_services, &index);
	if (!index || !svc || svc->key.addr.w[3] != p->dst.w[3] || svc->key.port != p->dport ||
	    svc->key.proto != p->proto || svc->key.family != 4 || svc->persist_ticks || svc->flags)
		return 0;
	return index;
}

/* A place in the bucket for the key's connection, claimed; PL_SLOTS: not here. */
static __always_inline __u64 plain_place(struct pl_bucket *b, __u32 tag)
{
	__u64 slot;

	if (spills(b))
		return PL_SLOTS;
	slot = slot_free(b, PL_WORD_LIVE | (__u64)tag << PL_WORD_TAG_SHIFT);
	return slot < PL_SLOTS && slot_claim(b, slot) ? slot : PL_SLOTS;
}

/* The word of the connection that the packet begins: a SYN's is half open (secure_tcp alone knows
 * it otherwise, see is_special()), UDP's without an answer. */
static __always_inline __u64 plain_word(const struct pl_packet *p, const struct pl_settings *s, __u32 tag)
{
	__u64 word = PL_WORD_LIVE | (__u64)tag << PL_WORD_TAG_SHIFT;

	if (p->proto == IPPROTO_TCP)
		return word | (__u64)PL_TCP_SYN_RECV << PL_WORD_STATE_SHIFT | PL_WORD_ACTIVE |
		       (__u32)(p->now + s->tcp_timeout[PL_TCP_SYN_RECV]);
	return word | (__u64)PL_UDP_NEW << PL_WORD_STATE_SHIFT | (__u32)(p->now + s->udp_timeout);
}

/* One connection more. 1 when its service must hear of it. */
static __always_inline int plain_load(__u32 server, __u8 proto)
{
	struct pl_load *l = bpf_map_lookup_elem(&pl_loads, &server);

	if (!l)
		return 0;
	__sync_fetch_and_add(proto == IPPROTO_TCP ? &l->active : &l->inactive, 1);
	return PL_READ(l->flags) & PL_LOAD_WATCHED;
}

/*
 * For a packet of no connection that plain() read. A verdict; FORWARD_ON less its server; or
 * LOOK_ON - LOOK_NOT_THERE and nothing done.
 */
__attribute__((noinline)) int plain_begin(struct xdp_md *ctx, struct pl_packet *p)
{
	struct pl_settings *s = settings();
	struct conn_key k = {};
	struct pl_packet q;	/* nothing has its address, as in plain() */
	struct pl_next_hop *hop;
	struct pl_server *server;
	struct pl_stats *stats;
	struct pl_bucket *b;
	__u32 service, id, tag;
	__u64 slot;
	int rc, watched;

	if (!ctx || !p || is_special(p, s))
		goto look_on;
	service = plain_service(p);
	if (!service)
		goto look_on;
	tag = pl_tag(p->hash);
	/* Now: the bucket is the one thing more that the hash is for. */
	__asm__ volatile("" : "+r"(tag));
	b = bucket_at((__u32)p->hash & s->bucket_mask);
	if (!b || !lock_once(b))
		goto look_on;
	slot = plain_place(b, tag);
	if (slot == PL_SLOTS)
		goto unlock;
	id = schedule(service, p);
	server = bpf_map_lookup_elem(&pl_servers, &id);
	if (!id || !server) {
		__sync_fetch_and_and(&b->word[slot & (PL_SLOTS - 1)], ~PL_WORD_BUSY);
		goto unlock;
	}
	k.client = &p->src;
	k.other = &p->dst;
	k.client_port = p->sport;
	k.other_port = p->dport;
	k.proto = p->proto;
	k.family = 4;
	entry_write(b, slot, &k, id, server);
	watched = plain_load(id, p->proto);
	entry_show(b, slot, plain_word(p, s, tag));
	bucket_unlock(b);
	if (watched)
		pl_load_changed(0, id, 1);
	count(PL_EVENT_NEW);
	stats = bpf_map_lookup_elem(&pl_stats, &id);
	if (!stats)
		return verdict(PL_DROP_SERVER_GONE, XDP_DROP);
	stats->connections++;
	if (s->sync)
		sync_note(((__u32)p->hash & s->bucket_mask) * PL_SLOTS + slot, PL_SYNC_NEW);
	if (server->flags & PL_SERVER_LOCAL || server->forward == PL_FWD_TUNNEL)
		return FORWARD_ON - (int)id;
	q = *p;
	hop = plain_rewritten(ctx, &q, server, 4);
	if (!hop)
		return FORWARD_ON - (int)id;
	trace_server(id);
	stats->in_packets++;
	stats->in_bytes += q.length;
	return plain_sent(ctx, &q, server, hop);

unlock:
	bucket_unlock(b);
look_on:
	rc = LOOK_ON - LOOK_NOT_THERE;
	/* Here alone, not in a register from the start. */
	__asm__ volatile("" : "+r"(rc));
	return rc;
}

#endif
