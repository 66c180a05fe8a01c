/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The connection table (layout and words: abi.h). Lookups take no lock: an entry is written
 * only while its word says BUSY, and a reader looks at the word again after the entry.
 * Inserts hold the lock bit of the primary bucket, so a flow that arrives on two CPUs at
 * once gets one entry. Every change of a word but its time is a compare-and-swap, and whoever
 * wins one that makes, moves or ends a connection adjusts the server's load: loads stay exact.
 */
#ifndef PLENUM_BPF_CONNECTION_H
#define PLENUM_BPF_CONNECTION_H

#include "bpf/bucket_scan.h"
#include "bpf/count.h"
#include "bpf/hash.h"
#include "bpf/maps.h"
#include "bpf/ranking.h"
#include "bpf/state/state.h"
#include "bpf/sync_note.h"

/* What a packet asks the table for. */
struct conn_key {
	const struct pl_addr *client;	/* a key lives no longer than the packet it is of */
	const struct pl_addr *other;	/* the virtual address, or in an answer the server's */
	__be16 client_port;
	__be16 other_port;
	__u8 proto;
	__u8 family;
	__u8 answer;		/* from a NAT server to its client */
	__u8 template;		/* a persistence template is looked for, not a connection */
	__u8 flags;		/* of a template: enum pl_conn_flags */
	__u32 bucket;		/* primary */
	__u32 tag;
	__u32 now;
	__u32 control;		/* of a new entry: struct pl_conn */
};

/* Servers whose services have yet to hear what happened to their loads; 0 is none. See settle(). */
struct load_changes {
	__u32 changed;	/* gained a connection, or (REF_SHIFTED) one is active that was not, or no more */
	__u32 lost[3];	/* set by what ends others: a new one, its template, what came before */
};

/* Where a connection stands, with what was read there. */
struct conn_ref {
	__u64 word;
	__u32 bucket;
	__u32 server;
	__u32 generation;	/* of the server's slot when the connection was made */
	__be16 vport;
	__u8 forward;
	__u8 slot;
	__u32 control;		/* filled for answers and templates: place of the template */
	union {
		struct load_changes loads;
		struct {
			__u32 : 32;		/* loads.changed */
			struct pl_addr vip;	/* filled for answers */
		};
	};
};

#define REF_SHIFTED (1U << 31)

#define CAS(p, from, to) __sync_val_compare_and_swap(p, from, to)
#define CAS_TRIES 4

static __always_inline __u32 now_tick(void)
{
	return bpf_ktime_get_coarse_ns() >> PL_TICK_SHIFT;
}

static __always_inline struct pl_bucket *bucket_at(__u32 index)
{
	return bpf_map_lookup_elem(&pl_conns, &index);
}

static __always_inline __u64 word_read(struct pl_bucket *b, __u64 slot)
{
	return *(volatile __u64 *)&b->word[slot & (PL_SLOTS - 1)];
}

static __always_inline __u32 word_state(__u64 word)
{
	return (word & PL_WORD_STATE) >> PL_WORD_STATE_SHIFT;
}

static __always_inline __u32 word_tag(__u64 word)
{
	return (word & PL_WORD_TAG) >> PL_WORD_TAG_SHIFT;
}

static __always_inline void key_place(struct conn_key *k, __u64 hash, const struct pl_settings *s)
{
	k->bucket = (__u32)hash & s->bucket_mask;
	k->tag = pl_tag(hash);
}

static __always_inline void key_hash(struct conn_key *k, const struct pl_settings *s)
{
	key_place(k, pl_hash(k->client, k->client_port, k->proto, k->family, s->seed), s);
}

static __always_inline __u32 alternate_of(__u32 bucket, __u32 tag, const struct pl_settings *s)
{
	return (bucket ^ PL_ALTERNATE(tag)) & s->bucket_mask;
}

/* Counts connections of a server. The server, if its service must hear of it, else 0. A
 * function of its own: inlined it costs the director stack that the longest chain needs. */
__attribute__((noinline)) __u32 load_count(__u32 server, int active, int inactive)
{
	struct pl_load *l = bpf_map_lookup_elem(&pl_loads, &server);

	if (!l)
		return 0;
	if (active)
		__sync_fetch_and_add(&l->active, active);
	if (inactive)
		__sync_fetch_and_add(&l->inactive, inactive);
	return PL_READ(l->flags) & PL_LOAD_WATCHED ? server : 0;
}

/* The same, and its service hears of it at once. */
static __always_inline void load_add(__u32 server, int active, int inactive)
{
	if (load_count(server, active, inactive))
		pl_load_changed(0, server, active + inactive);
}

static __always_inline void load_add_persistent(__u32 server, int n)
{
	struct pl_load *l = bpf_map_lookup_elem(&pl_loads, &server);

	if (l)
		__sync_fetch_and_add(&l->persistent, n);
}

/* An entry's fields, compared a word at a time. */
static __always_inline int entry_is(const struct pl_conn *c, const struct conn_key *k)
{
	__u64 ends = (__u64)k->other->w[3] << 32 | k->client->w[3];
	__u64 ports = (__u64)k->family << 40 | (__u64)k->proto << 32 | (__u32)k->other_port << 16 | k->client_port;

	return *(const __u64 *)&c->client == ends && !((*(const __u64 *)&c->client_port ^ ports) & PL_CONN_ENDS);
}

static __always_inline int upper_is(const struct pl_conn_upper *u, const struct conn_key *k)
{
	return u->client[0] == k->client->w[0] && u->client[1] == k->client->w[1] && u->client[2] == k->client->w[2] &&
	       u->vip[0] == k->other->w[0] && u->vip[1] == k->other->w[1] && u->vip[2] == k->other->w[2];
}

/*
 * What conn_touch_in() and insertions left to be said. They are deep in a chain of calls, which
 * may use 512 bytes of stack together: their callers say it, before the next packet asks for a
 * server.
 */
static __always_inline void settle(struct load_changes *l)
{
	if (l->changed)
		pl_load_changed(0, l->changed & ~REF_SHIFTED, l->changed & REF_SHIFTED ? 0 : 1);
	l->changed = 0;
}

/* The same after insertions, which may have taken others' places. */
__attribute__((noinline)) int settle_all(struct load_changes *l)
{
	if (!l)
		return 0;
	if (l->lost[0])
		pl_load_changed(0, l->lost[0], -1);
	if (l->lost[1])
		pl_load_changed(0, l->lost[1], -1);
	if (l->lost[2])
		pl_load_changed(0, l->lost[2], -1);
	l->lost[0] = l->lost[1] = l->lost[2] = 0;
	settle(l);
	return 0;
}

/* Whether the template at `place` has the Call-ID that the CPU read last. */
__attribute__((noinline)) int call_id_is(__u32 place)
{
	struct pl_call_id *id = bpf_map_lookup_elem(&pl_call_ids, &place);
	__u32 zero = 0;
	struct pl_sip *sip = bpf_map_lookup_elem(&pl_sip, &zero);
	__u64 difference;

	if (!id || !sip)
		return 0;
	difference = id->length ^ sip->call_id.length;
	for (__u32 i = 0; i < PL_CALL_ID_ROOM; i += 8)
		difference |= *(__u64 *)&id->text[i] ^ *(__u64 *)&sip->call_id.text[i];
	return !difference;
}

/* The hash of the call that was read last; a function of its own, which has its own stack. */
__attribute__((noinline)) __u64 call_id_hash(void)
{
	__u32 zero = 0;
	struct pl_sip *sip = bpf_map_lookup_elem(&pl_sip, &zero);
	struct pl_settings *s = settings();

	return sip && s ? pl_hash_call_id(&sip->call_id, s->seed) : 0;
}

/* Makes k the key of the call that was read last. */
static __always_inline void call_id_key(struct conn_key *k, const struct pl_settings *s)
{
	k->flags = PL_CONN_CALL_ID;
	key_place(k, call_id_hash(), s);
}

static __always_inline int entry_matches(struct pl_bucket *b, __u32 bucket, __u32 slot, const struct conn_key *k)
{
	struct pl_conn *c = &b->conn[slot & (PL_SLOTS - 1)];
	struct pl_conn_upper *u = &b->upper[slot & (PL_SLOTS - 1)];
	struct pl_server *server;
	__u32 id;

	if (!k->answer)
		return entry_is(c, k) && (k->family != 6 || upper_is(u, k)) &&
		       (!k->template || (c->flags == k->flags &&
					 (!(k->flags & PL_CONN_CALL_ID) ||
					  call_id_is(PL_PLACE(bucket, slot & (PL_SLOTS - 1))))));
	if (c->client != k->client->w[3] || c->client_port != k->client_port || c->proto != k->proto ||
	    c->family != k->family)
		return 0;
	if (k->family == 6 && (u->client[0] != k->client->w[0] || u->client[1] != k->client->w[1] ||
			       u->client[2] != k->client->w[2]))
		return 0;
	id = c->server;
	server = bpf_map_lookup_elem(&pl_servers, &id);
	return server && c->forward == PL_FWD_MASQ && server->generation == c->generation &&
	       addr_equal(&server->addr, k->other) && pl_server_port(server, c->vport) == k->other_port;
}

static __always_inline int spills(struct pl_bucket *b)
{
	return word_read(b, 1) >> PL_WORD_SPILL_SHIFT;
}

static __always_inline void ref_fill(struct conn_ref *r, struct pl_bucket *b, __u32 slot, const struct conn_key *k)
{
	struct pl_conn *c = &b->conn[slot & (PL_SLOTS - 1)];

	r->slot = slot;
	r->server = c->server;
	r->generation = c->generation;
	r->forward = c->forward;
	r->vport = c->vport;
	if (k->answer) {
		struct pl_conn_upper *u = &b->upper[slot & (PL_SLOTS - 1)];

		r->control = c->control;
		r->vip.w[3] = c->vip;
		r->vip.w[2] = k->family == 6 ? u->vip[2] : PL_MAPPED;
		r->vip.w[1] = k->family == 6 ? u->vip[1] : 0;
		r->vip.w[0] = k->family == 6 ? u->vip[0] : 0;
	}
}

#define PL_WORD_TEMPLATE_INVALID ((__u64)PL_TEMPLATE_INVALID << PL_WORD_STATE_SHIFT)

/* 1 when one bucket holds the key's connection, with *r filled; else 0. */
static __always_inline int find_in_bucket(struct pl_bucket *b, __u32 bucket, const struct conn_key *k, struct conn_ref *r)
{
	__u64 want = PL_WORD_LIVE | (__u64)k->tag << PL_WORD_TAG_SHIFT | (k->template ? PL_WORD_TEMPLATE : 0);
	__u64 mask = k->template ? IDENTITY | PL_WORD_TEMPLATE_INVALID : IDENTITY;

	for (int i = 0; i < PL_SLOTS; i++) {
		__u64 w = word_read(b, i);

		if ((w & mask) != want)
			continue;
		/* Past its time it is no connection any more, though nobody cleared it away yet. */
		if ((__s32)((__u32)w - k->now) < 0 && !(k->template && b->conn[i].packets))
			continue;
		if (!entry_matches(b, bucket, i, k))
			continue;
		ref_fill(r, b, i, k);
		r->word = word_read(b, i);
		if ((r->word & mask) != want)
			continue;	/* replaced while it was read */
		return 1;
	}
	return 0;
}

enum look { LOOK_NOT_THERE, LOOK_THERE, LOOK_FURTHER };

/* 1 and *r filled when the table holds the key's connection, else 0. */
static __always_inline int conn_find(const struct conn_key *k, const struct pl_settings *s, struct conn_ref *r)
{
	__u32 bucket = k->bucket;

	for (int i = 0; i < 2; i++) {
		struct pl_bucket *b = bucket_at(bucket);

		if (!b)
			return 0;
		if (find_in_bucket(b, bucket, k, r)) {
			r->bucket = bucket;
			return 1;
		}
		if (!spills(b))
			return 0;
		bucket = alternate_of(k->bucket, k->tag, s);
	}
	return 0;
}

/* The connection's server, or 0 when that was removed: then its packets are dropped and its
 * time is not renewed, so that it ends. */
static __always_inline struct pl_server *server_of(const struct conn_ref *r)
{
	__u32 id = r->server;
	struct pl_server *server = bpf_map_lookup_elem(&pl_servers, &id);

	return server && server->flags & PL_SERVER_AVAILABLE && server->generation == r->generation ? server : 0;
}

/* How a packet's two ends are to be understood when its connection is looked for. */
enum key_role {
	KEY_DESTINATION_IS_CLIENT = 1,	/* else the source is */
	KEY_OTHER_IS_SERVER = 2,	/* else the other end is the virtual address */
	KEY_REQUEST = 0,
	KEY_ANSWER = KEY_DESTINATION_IS_CLIENT | KEY_OTHER_IS_SERVER,
	/* Packets quoted by ICMP errors, as the one who complains saw them. */
	KEY_QUOTED_ANSWER = KEY_DESTINATION_IS_CLIENT,
	KEY_QUOTED_REQUEST = KEY_OTHER_IS_SERVER,
};

static __always_inline void key_ends(struct conn_key *k, const struct pl_packet *p, __u32 role)
{
	if (role & KEY_DESTINATION_IS_CLIENT) {
		k->client = &p->dst;
		k->other = &p->src;
		k->client_port = p->dport;
		k->other_port = p->sport;
	} else {
		k->client = &p->src;
		k->other = &p->dst;
		k->client_port = p->sport;
		k->other_port = p->dport;
	}
	k->proto = p->proto;
	k->family = p->family;
	k->answer = !!(role & KEY_OTHER_IS_SERVER);
	k->now = p->now;
}

static __always_inline void key_fill(struct conn_key *k, const struct pl_packet *p, __u32 role,
				     const struct pl_settings *s)
{
	key_ends(k, p, role);
	key_hash(k, s);
}

/* The key of a client's packet, whose hash is kept with the packet. */
static __always_inline void key_request(struct conn_key *k, struct pl_packet *p, const struct pl_settings *s)
{
	key_ends(k, p, KEY_REQUEST);
	if (!p->hash)
		p->hash = pl_hash(k->client, k->client_port, k->proto, k->family, s->seed);
	key_place(k, p->hash, s);
}

/*
 * 1 and *r filled when a packet in that role belongs to a connection, else 0. A function of
 * its own, as are the others that are not static: the verifier checks each once.
 */
__attribute__((noinline)) int find(const struct pl_packet *p, struct conn_ref *r, __u32 role)
{
	struct pl_settings *s = settings();
	struct conn_key k = {};

	if (!p || !r)
		return 0;
	key_fill(&k, p, role, s);
	return conn_find(&k, s, r);
}

static __always_inline void spill_add(struct pl_bucket *primary, int up)
{
	for (int i = 0; i < CAS_TRIES; i++) {
		__u64 w = word_read(primary, 1), n = w >> PL_WORD_SPILL_SHIFT;

		if (n == PL_SPILL_MANY || (!up && !n))
			return;
		if (CAS(&primary->word[1], w, w + (up ? 1ULL << PL_WORD_SPILL_SHIFT : -(1ULL << PL_WORD_SPILL_SHIFT))) == w)
			return;
	}
	if (up)	/* too busy to count: "many" is always safe */
		__sync_fetch_and_or(&primary->word[1], (__u64)PL_SPILL_MANY << PL_WORD_SPILL_SHIFT);
}

/* Sets bits of an entry's word, unless the entry `word` was of is there no more. */
static __always_inline void word_change(struct pl_bucket *b, __u32 slot, __u64 word, __u64 set)
{
	for (int i = 0; i < CAS_TRIES; i++) {
		__u64 seen = CAS(&b->word[slot & (PL_SLOTS - 1)], word, word | set);

		if (seen == word || (seen ^ word) & IDENTITY)
			return;
		word = seen;
	}
}

/* A connection of the template at `place` was established. */
static __always_inline void control_assure(__u32 place)
{
	struct pl_bucket *b = bucket_at((place - 1) / PL_SLOTS);
	__u32 slot = (place - 1) % PL_SLOTS;
	__u64 word;

	if (!place || !b)
		return;
	word = word_read(b, slot);
	if ((word & (PL_WORD_LIVE | PL_WORD_TEMPLATE)) == (PL_WORD_LIVE | PL_WORD_TEMPLATE))
		word_change(b, slot, word, (__u64)PL_TEMPLATE_ASSURED << PL_WORD_STATE_SHIFT);
}

/* A connection of the template at `place` ended. The place may hold something else meanwhile:
 * a template with connections is the last to be evicted, but it may be. */
static __always_inline void control_release(__u32 place)
{
	struct pl_bucket *b = bucket_at((place - 1) / PL_SLOTS);
	__u32 slot = (place - 1) % PL_SLOTS;

	if (!place || !b || (word_read(b, slot) & (PL_WORD_LIVE | PL_WORD_TEMPLATE)) != (PL_WORD_LIVE | PL_WORD_TEMPLATE))
		return;
	for (int i = 0; i < CAS_TRIES; i++) {
		__u32 n = *(volatile __u32 *)&b->conn[slot].packets;

		if (!n || CAS(&b->conn[slot].packets, n, n - 1) == n)
			return;
	}
}

/* After the word that said LIVE was swapped away: what the connection counted for. The
 * server, if its service must hear of it, else 0. */
static __always_inline __u32 conn_ended(__u64 word, __u32 server, __u32 control, __u32 bucket,
					const struct pl_settings *s)
{
	__u32 lost = 0;

	if (word & PL_WORD_TEMPLATE) {
		load_add_persistent(server, -1);
		control = 0;
	} else if (word & PL_WORD_ACTIVE) {
		lost = load_count(server, -1, 0);
	} else {
		lost = load_count(server, 0, -1);
	}
	if (control)
		control_release(control);
	if (word & PL_WORD_ALTERNATE) {
		struct pl_bucket *primary = bucket_at(alternate_of(bucket, word_tag(word), s));

		if (primary)
			spill_add(primary, 0);
	}
	return lost;
}

/* What sync_packet() is to look at: see bpf/sync_note.h. */
static __always_inline void sync_packet(const struct conn_ref *r, __u32 direction, const struct pl_settings *s)
{
	if (s->sync && direction != PL_OUTPUT)
		sync_count(r->bucket * PL_SLOTS + r->slot, r->word);
}

/* A packet of the connection: next state, new expiry, loads. Leaves what services must hear
 * of in *r where the caller settles, else says it. */
static __always_inline void conn_touch_in(struct conn_ref *r, const struct pl_packet *p, __u32 direction,
					  const struct pl_settings *s, int caller_settles)
{
	struct pl_bucket *b = bucket_at(r->bucket);
	__u64 word = r->word;

	if (!b)
		return;
	sync_packet(r, direction, s);
	if (r->forward != PL_FWD_MASQ && direction == PL_INPUT)
		direction = PL_INPUT_ONLY;
	direction |= secure_tcp(s);
	for (int i = 0; i < CAS_TRIES; i++) {
		__u32 state = next_state(p->proto, word_state(word), direction, p->event);
		__u32 expires = p->now + timeout_of(s, p->proto, state);
		__u64 to = (word & ~(PL_WORD_EXPIRES | PL_WORD_STATE | PL_WORD_ACTIVE)) | expires |
			   (__u64)state << PL_WORD_STATE_SHIFT;
		__u64 seen;

		if (is_active(p->proto, state))
			to |= PL_WORD_ACTIVE;
		if (to == word)
			return;
		if (!((word ^ to) & ~PL_WORD_EXPIRES)) {
			/*
			 * Only the time moves on, which is most packets: half the word is stored
			 * plainly, for a locked operation would make this packet's cache misses
			 * wait for the last one's. At worst a slot given away at this very moment
			 * gets this time instead of its own, until its next packet.
			 */
			*(volatile __u32 *)&b->word[r->slot & (PL_SLOTS - 1)] = expires;
			return;
		}
		seen = CAS(&b->word[r->slot & (PL_SLOTS - 1)], word, to);
		if (seen == word) {
			if ((word ^ to) & PL_WORD_ACTIVE) {
				int up = to & PL_WORD_ACTIVE ? 1 : -1;

				if (caller_settles)
					r->loads.changed = load_count(r->server, up, -up) ? r->server | REF_SHIFTED : 0;
				else
					load_add(r->server, up, -up);
			}
			if (s->sync && (word ^ to) & PL_WORD_STATE)
				sync_note(r->bucket * PL_SLOTS + r->slot, PL_SYNC_STATE);
			if (is_established(p->proto, state))
				control_assure(b->conn[r->slot & (PL_SLOTS - 1)].control);
			return;
		}
		if ((seen ^ word) & (PL_WORD_TAG | PL_WORD_LIVE | PL_WORD_BUSY))
			return;	/* it ended meanwhile */
		word = seen;
	}
}

static __always_inline void conn_touch(struct conn_ref *r, const struct pl_packet *p, __u32 direction,
				       const struct pl_settings *s)
{
	conn_touch_in(r, p, direction, s, 0);
}

/* Ends a connection now; 1 when it was this call that did. The caller settles all of *r, once
 * the next one is made. */
static __always_inline int conn_end(struct conn_ref *r, const struct pl_settings *s)
{
	struct pl_bucket *b = bucket_at(r->bucket);
	__u64 word = r->word;
	__u32 control;

	if (!b)
		return 0;
	control = b->conn[r->slot & (PL_SLOTS - 1)].control;
	for (int i = 0; i < CAS_TRIES; i++) {
		__u64 seen = CAS(&b->word[r->slot & (PL_SLOTS - 1)], word, word & PL_WORD_BUCKET);

		if (seen == word) {
			r->loads.lost[0] = conn_ended(word, r->server, control, r->bucket, s);
			return 1;
		}
		if ((seen ^ word) & (PL_WORD_TAG | PL_WORD_LIVE | PL_WORD_BUSY))
			return 0;
		word = seen;
	}
	return 0;
}

#endif
