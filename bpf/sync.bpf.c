// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enters what other directors told into the connection table, in the kernel: the same code as
 * for packets, so the same locks, loads and places, and a daemon killed half-way leaves
 * nothing locked. Never attached; user space runs it over the records in sync_inbox. Decides
 * as ip_vs_proc_conn() (net/netfilter/ipvs/ip_vs_sync.c) does.
 */
#include "bpf/insert.h"

char _license[] SEC("license") = "GPL";

PL_ARRAY(sync_inbox, BPF_F_MMAPABLE, struct pl_sync_record, PL_SYNC_INBOX);

/* Call-IDs, by the number of their record. */
PL_ARRAY(sync_calls, BPF_F_MMAPABLE, struct pl_call_id, PL_SYNC_INBOX);

static __always_inline struct pl_sync_record *record_at(__u32 i)
{
	return bpf_map_lookup_elem(&sync_inbox, &i);
}

/* What the record says of the connection at *r: state, load, time, packets. */
__attribute__((noinline)) int record_write(struct pl_sync_record *rec, struct conn_ref *r, __u32 now)
{
	__u64 changes = PL_WORD_EXPIRES | PL_WORD_STATE, active = 0, word;
	struct pl_bucket *b;
	__u32 slot;

	if (!rec || !r)
		return 0;
	b = bucket_at(r->bucket);
	word = r->word;
	slot = r->slot & (PL_SLOTS - 1);
	if (!b)
		return 0;
	if (!(rec->flags & PL_SYNC_TEMPLATE)) {
		changes |= PL_WORD_ACTIVE;
		active = rec->flags & PL_SYNC_ACTIVE ? PL_WORD_ACTIVE : 0;
	}
	for (int i = 0; i < CAS_TRIES; i++) {
		__u64 to = (word & ~changes) | (__u32)(now + rec->timeout) |
			   (__u64)(rec->state & 0xf) << PL_WORD_STATE_SHIFT | active;
		__u64 seen = CAS(&b->word[slot], word, to);

		if (seen == word) {
			if ((word ^ to) & PL_WORD_ACTIVE && load_count(r->server, active ? 1 : -1, active ? -1 : 1) &&
			    !r->loads.changed)
				r->loads.changed = r->server | REF_SHIFTED;
			if (rec->flags & PL_SYNC_TEMPLATE)
				b->conn[slot].control = rec->timeout;
			else
				b->conn[slot].packets = rec->packets;
			return 1;
		}
		if ((seen ^ word) & IDENTITY)
			return 0;	/* it ended meanwhile */
		word = seen;
	}
	return 0;
}

/* Whether two slots stand for one server: a server held until its service is there, too. */
static __always_inline int same_server(__u32 a, __u32 b)
{
	struct pl_server *x = bpf_map_lookup_elem(&pl_servers, &a), *y = bpf_map_lookup_elem(&pl_servers, &b);

	return x && y && x->port == y->port && addr_equal(&x->addr, &y->addr);
}

static __always_inline void record_key(const struct pl_sync_record *rec, const struct pl_settings *s, struct conn_key *k)
{
	k->client = &rec->client;
	k->other = &rec->vip;
	k->client_port = rec->client_port;
	k->other_port = rec->vport;
	k->proto = rec->proto;
	k->family = rec->family;
	k->answer = 0;
	k->template = !!(rec->flags & PL_SYNC_TEMPLATE);
	k->control = k->template ? rec->timeout : 0;
	k->now = now_tick();
	key_hash(k, s);
	if (rec->flags & PL_SYNC_CALL_ID)
		call_id_key(k, s);
}

/* Puts the Call-ID of a record where that of a packet would be. */
__attribute__((noinline)) int record_call_id(__u32 i)
{
	struct pl_call_id *id = bpf_map_lookup_elem(&sync_calls, &i);
	__u32 zero = 0;
	struct pl_sip *sip = bpf_map_lookup_elem(&pl_sip, &zero);

	if (!id || !sip)
		return 0;
	__builtin_memcpy(&sip->call_id, id, sizeof(*id));
	return 1;
}

/* 1 and *r filled when a record's connection is there, else 0. */
__attribute__((noinline)) int record_look(struct pl_sync_record *rec, struct conn_ref *r)
{
	struct pl_settings *s = settings();
	struct conn_key k = {};

	if (!rec || !r)
		return 0;
	record_key(rec, s, &k);
	return conn_find(&k, s, r);
}

/* Makes a record's connection, of which there is none. PL_SYNC_MADE, or why not. The caller settles *l. */
__attribute__((noinline)) int record_insert(struct pl_sync_record *rec, struct load_changes *l)
{
	struct pl_settings *s = settings();
	struct pl_server *server;
	struct conn_key k = {};
	struct conn_ref r = {};
	struct insertion i;
	__u32 id;
	int rc;

	if (!rec || !l)
		return PL_SYNC_FULL;
	id = rec->server;
	server = bpf_map_lookup_elem(&pl_servers, &id);
	if (!server)
		return PL_SYNC_FULL;
	record_key(rec, s, &k);
	rc = insert_begin(&i, &k);
	if (rc == INSERT_ALIKE && record_look(rec, &r))
		rc = insert_found(&i);
	else if (rc != INSERT_CONTENDED)
		rc = insert_end(&i, &k, id, server, rec->state & 0xf, &r, s);
	if (rc != INSERT_CONTENDED && rc != INSERT_FULL)
		record_write(rec, &r, k.now);
	*l = r.loads;
	return rc == INSERT_CONTENDED ? PL_SYNC_CONTENDED : rc == INSERT_FULL ? PL_SYNC_FULL : PL_SYNC_MADE;
}

/* What record_find() leaves to record_insert(), behind it and not inside it: the stack is small. */
enum { RECORD_IS_NEW = 0x100, RECORD_MOVES };

/* What becomes of one record: enum pl_sync_result, or one of those above. The caller settles *l. */
__attribute__((noinline)) int record_find(struct pl_sync_record *rec, struct load_changes *l)
{
	struct pl_settings *s = settings();
	struct conn_ref r = {};
	struct pl_server *server;
	__u32 id;

	if (!rec || !l)
		return PL_SYNC_REFUSED;
	id = rec->server;
	server = bpf_map_lookup_elem(&pl_servers, &id);
	if (!id || !server)
		return PL_SYNC_REFUSED;
	if (!record_look(rec, &r))
		return RECORD_IS_NEW;
	/* A template keeps its server as long as that is there. */
	if ((r.server == id && r.generation == server->generation) || (rec->flags & PL_SYNC_TEMPLATE && server_of(&r))) {
		id = record_write(rec, &r, now_tick()) ? PL_SYNC_UPDATED : PL_SYNC_CONTENDED;
		*l = r.loads;
		return id;
	}
	/* The end of a connection that was made anew since, elsewhere. */
	if (!(rec->flags & PL_SYNC_ACTIVE) && server_of(&r) && !same_server(r.server, id))
		return PL_SYNC_IGNORED;
	if (!conn_end(&r, s))
		return PL_SYNC_CONTENDED;
	*l = r.loads;
	return RECORD_MOVES;
}

static long record_next(__u32 i, void *none)
{
	struct pl_sync_record *rec = record_at(i);
	struct load_changes loads = {};
	int result;

	if (!rec || rec->proto == PL_SYNC_END)
		return 1;
	if (rec->flags & PL_SYNC_CALL_ID && !record_call_id(i))
		return 0;
	result = record_find(rec, &loads);
	if (result >= RECORD_IS_NEW) {
		int moves = result == RECORD_MOVES;

		settle_all(&loads);
		result = record_insert(rec, &loads);
		if (moves && result == PL_SYNC_MADE)
			result = PL_SYNC_MOVED;
	}
	settle_all(&loads);
	rec->result = result;
	return 0;
}

/* XDP_PASS, when all were looked at; the frame it is run with is not. */
SEC("xdp")
int sync_apply(struct xdp_md *ctx)
{
	bpf_loop(PL_SYNC_INBOX, record_next, 0, 0);
	return XDP_PASS;
}
