/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Persistence templates: which server the clients of one address, or network, keep. Follows
 * ip_vs_sched_persist and ip_vs_conn.c. Knows how a template is keyed, renewed, given up and
 * how its connections are counted; the entries themselves are the connection table's.
 */
#ifndef PLENUM_BPF_PERSIST_H
#define PLENUM_BPF_PERSIST_H

#include "bpf/connection.h"
#include "bpf/service.h"

static __always_inline void mask_client(struct pl_addr *a, __u8 family, __u32 mask)
{
	if (family != 6) {
		a->w[3] &= mask;
		return;
	}
#pragma unroll
	for (__u32 i = 0; i < 4; i++) {
		__u32 kept = mask > i * 32 ? mask - i * 32 : 0;

		if (kept < 32)
			a->w[i] &= kept ? bpf_htonl(~0u << (32 - kept)) : 0;
	}
}

/*
 * The key of the packet's template in this service. A service for one port shares it among
 * connections to that port, all others among all ports: FTP's data must meet its control.
 * *client lives as long as the key.
 */
static __always_inline void template_key(struct conn_key *k, struct pl_addr *client, const struct pl_packet *p,
					 const struct pl_service *svc, const struct pl_settings *s)
{
	*client = p->src;
	mask_client(client, p->family, svc->persist_mask);
	k->client = client;
	k->other = svc->key.proto ? &p->dst : &svc->key.addr;
	k->client_port = 0;
	k->other_port = svc->key.port == FTP_PORT ? 0 : svc->key.port;
	k->proto = svc->key.proto;
	k->family = p->family;
	k->answer = 0;
	k->template = 1;
	k->flags = 0;
	k->now = p->now;
	k->control = svc->persist_ticks;
	key_hash(k, s);
}

/* Found no more from now on; it ends with its time and its connections. */
static __always_inline void template_invalidate(const struct conn_ref *r)
{
	struct pl_bucket *b = bucket_at(r->bucket);

	if (b)
		word_change(b, r->slot, r->word, PL_WORD_TEMPLATE_INVALID);
}

/*
 * One connection more for the template *r names, whose time begins again. Its place, or 0
 * when it ended at this very moment: then the connection goes without.
 */
static __always_inline __u32 control_take(const struct conn_ref *r, __u32 now)
{
	__u32 slot = r->slot & (PL_SLOTS - 1), place = PL_PLACE(r->bucket, slot);
	struct pl_bucket *b = bucket_at(r->bucket);
	struct pl_conn *c;

	if (!b)
		return 0;
	c = &b->conn[slot];
	if ((__s32)((__u32)word_read(b, slot) - now) < 0)
		c->control = PL_TEMPLATE_GRACE;
	/* Its time first: who would end it compares the whole word. */
	*(volatile __u32 *)&b->word[slot] = now + c->control;
	__sync_fetch_and_add(&c->packets, 1);
	if (!((word_read(b, slot) ^ r->word) & IDENTITY))
		return place;
	control_release(place);
	return 0;
}

#endif
