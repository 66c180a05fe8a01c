/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A new connection's place. In this order: a free slot or one that holds an expired
 * connection, in the primary bucket unless that is crowded and the alternate one is not; then,
 * of both, a half-open connection, one that is closed, and last of all a live one: of each
 * kind the nearest to its end, so that nothing established goes while a flood's entry stands
 * in either bucket. Each is counted under its own name.
 */
#ifndef PLENUM_BPF_INSERT_H
#define PLENUM_BPF_INSERT_H

#include "bpf/connection.h"

enum insert_result { INSERT_MADE, INSERT_ALIKE, INSERT_FOUND, INSERT_CONTENDED, INSERT_FULL };

struct victim {
	__u64 word;
	__s32 slot;	/* -1: none */
	__u32 event;	/* the reason to count; 0 for a free slot */
	__u32 left;	/* ticks to its end */
};

/* Further off than any connection's end. */
#define LAST 0x7fffffffu

/* Looks one bucket over for a slot that costs nobody anything. Reads its first line only. */
__attribute__((noinline)) int choose_slot(__u32 bucket, __u32 now, struct victim *v)
{
	struct pl_bucket *b = bucket_at(bucket);

	if (!b || !v)
		return 0;
	v->slot = -1;
	for (int i = 0; i < PL_SLOTS; i++) {
		__u64 w = word_read(b, i);

		if (w & PL_WORD_BUSY)
			continue;
		if (!(w & PL_WORD_LIVE)) {
			v->slot = i;
			v->word = w;
			v->event = 0;
			return 1;
		}
		/* Goes on: a free slot is better still. A template whose connections live ends with them. */
		if ((__s32)((__u32)w - now) <= 0 && v->slot < 0 &&
		    !(w & PL_WORD_TEMPLATE && b->conn[i].packets)) {
			v->slot = i;
			v->word = w;
			v->event = PL_EVENT_EVICTED_EXPIRED;
		}
	}
	return v->slot >= 0;
}

/* What an eviction is called: the first of these names goes first. A template that no
 * connection has assured is a flood's as likely as not; one without connections only remembers
 * a client. */
static __always_inline __u32 eviction_of(const struct pl_conn *c, __u64 word)
{
	__u32 state = word_state(word);
	__u8 proto = c->proto;

	if (word & PL_WORD_TEMPLATE) {
		if (!(state & PL_TEMPLATE_ASSURED))
			return PL_EVENT_EVICTED_HALF_OPEN;
		return c->packets ? PL_EVENT_EVICTED_OLDEST : PL_EVENT_EVICTED_CLOSED;
	}
	if (is_half_open(proto, state))
		return PL_EVENT_EVICTED_HALF_OPEN;
	return is_over(proto, state) ? PL_EVENT_EVICTED_CLOSED : PL_EVENT_EVICTED_OLDEST;
}

/* Looks a bucket over for one who must go, better than *v. */
__attribute__((noinline)) int choose_victim(__u32 bucket, __u32 now, struct victim *v)
{
	struct pl_bucket *b = bucket_at(bucket);
	int found = 0;

	if (!b || !v)
		return 0;
	for (int i = 0; i < PL_SLOTS; i++) {
		__u64 w = word_read(b, i);
		__u32 left = (__u32)w - now, event;

		if ((w & (PL_WORD_BUSY | PL_WORD_LIVE)) != PL_WORD_LIVE)
			continue;
		event = eviction_of(&b->conn[i], w);
		if (event == PL_EVENT_EVICTED_OLDEST && w & PL_WORD_TEMPLATE)
			left = LAST;
		if (event > v->event || (event == v->event && left >= v->left))
			continue;
		found = 1;
		v->slot = i;
		v->word = w;
		v->event = event;
		v->left = left;
	}
	return found;
}

/* Claims the victim's slot: its word says BUSY afterwards and the slot is ours. Fills r->loads.lost. */
static __always_inline int claim(__u32 bucket, const struct victim *v, struct conn_ref *r,
				 const struct pl_settings *s)
{
	struct pl_bucket *b = bucket_at(bucket);
	__u32 slot = v->slot & (PL_SLOTS - 1);
	__u64 word = v->word;

	if (!b)
		return 0;
	if (CAS(&b->word[slot], word, (word & PL_WORD_BUCKET) | PL_WORD_BUSY) != word)
		return 0;
	if (word & PL_WORD_LIVE) {
		__u32 lost = conn_ended(word, b->conn[slot].server, b->conn[slot].control, bucket, s);

		if (!r->loads.lost[0])
			r->loads.lost[0] = lost;
		else if (!r->loads.lost[1])
			r->loads.lost[1] = lost;
		else
			r->loads.lost[2] = lost;
		if (word & PL_WORD_TEMPLATE && b->conn[slot].flags & PL_CONN_CALL_ID) {
			__u32 place = PL_PLACE(bucket, slot);

			bpf_map_delete_elem(&pl_call_ids, &place);
		}
		count(v->event);
	}
	return 1;
}

static __always_inline __u32 live_in(struct pl_bucket *b)
{
	__u32 n = 0;

	for (int i = 0; i < PL_SLOTS; i++)
		n += word_read(b, i) >> 59 & 1;	/* PL_WORD_LIVE */
	return n;
}

/* Where the free slot is to be taken: the primary bucket, or the alternate when that is emptier. */
static __always_inline __u32 roomier(__u32 bucket, __u32 other)
{
	struct pl_bucket *b = bucket_at(bucket), *o = bucket_at(other);
	__u32 live;

	if (!b || !o)
		return bucket;
	live = live_in(b);
	return live >= CROWDED && live_in(o) < live ? other : bucket;
}

/* 1 with the place in *r, claimed; 0 when there was none, or somebody took it meanwhile. */
__attribute__((noinline)) int try_slot(__u32 primary, __u32 tag, struct conn_ref *r, __u32 now)
{
	struct pl_settings *s = settings();
	struct victim v = { .slot = -1 };
	__u32 other, first, second, bucket;

	if (!r)
		return 0;
	other = alternate_of(primary, tag, s);
	first = roomier(primary, other);
	second = first ^ primary ^ other;
	if (choose_slot(first, now, &v)) {
		bucket = first;
	} else if (choose_slot(second, now, &v)) {
		bucket = second;
	} else {
		v.event = PL_REASON_COUNT;
		bucket = primary;
		choose_victim(bucket, now, &v);
		if (v.event != PL_EVENT_EVICTED_HALF_OPEN && choose_victim(other, now, &v))
			bucket = other;
		if (v.slot < 0)
			return 0;
	}
	if (!claim(bucket, &v, r, s))
		return 0;
	r->bucket = bucket;
	r->slot = v.slot & (PL_SLOTS - 1);
	return 1;
}

/* A primary bucket as an insert finds it. */
struct prospect {
	__u32 free;	/* the first free slot; PL_SLOTS: none, or only its last ones */
	__u32 alike;	/* 1: it may hold the key's connection already */
};

static __always_inline void prospect_fill(struct prospect *at, struct pl_bucket *b, const struct conn_key *k)
{
	__u64 want = PL_WORD_LIVE | (__u64)k->tag << PL_WORD_TAG_SHIFT;

	at->free = slot_free(b, want);
	at->alike = k->template || spills(b) || (at->free == PL_SLOTS && slot_with(b, want) < PL_SLOTS);
}

/* Claims a slot that is free; 0: it is not any more. */
static __always_inline int slot_claim(struct pl_bucket *b, __u64 slot)
{
	__u64 *word = &b->word[slot & (PL_SLOTS - 1)], w = *(volatile __u64 *)word;

	return !(w & (PL_WORD_LIVE | PL_WORD_BUSY)) && CAS(word, w, (w & PL_WORD_BUCKET) | PL_WORD_BUSY) == w;
}

/*
 * Where most new connections go: the first free slot of the primary bucket, unless only its
 * last ones are free. 1 with the slot claimed; 0: find_slot() is to look further.
 */
static __always_inline int free_slot(struct pl_bucket *b, const struct prospect *at, const struct conn_key *k,
				     struct conn_ref *r)
{
	if (at->free >= PL_SLOTS || !slot_claim(b, at->free))
		return 0;
	r->bucket = k->bucket;
	r->slot = at->free;
	return 1;
}

/* The same, tried again: a packet or the sweep may have changed the slot's word meanwhile. */
static __always_inline int find_slot(const struct conn_key *k, struct conn_ref *r, __u32 now)
{
	return try_slot(k->bucket, k->tag, r, now) || try_slot(k->bucket, k->tag, r, now) ||
	       try_slot(k->bucket, k->tag, r, now) || try_slot(k->bucket, k->tag, r, now);
}

static __always_inline void entry_write(struct pl_bucket *b, __u64 slot, const struct conn_key *k, __u32 server,
					const struct pl_server *to)
{
	struct pl_conn *c = &b->conn[slot & (PL_SLOTS - 1)];

	c->client = k->client->w[3];
	c->vip = k->other->w[3];
	c->client_port = k->client_port;
	c->vport = k->other_port;
	c->server = server;
	c->proto = k->proto;
	c->family = k->family;
	c->forward = to->forward;
	c->generation = to->generation;
	c->flags = k->flags;
	c->packets = !k->template;
	c->control = k->control;
	if (k->family == 6) {
		struct pl_conn_upper *u = &b->upper[slot & (PL_SLOTS - 1)];

		u->client[0] = k->client->w[0];
		u->client[1] = k->client->w[1];
		u->client[2] = k->client->w[2];
		u->vip[0] = k->other->w[0];
		u->vip[1] = k->other->w[1];
		u->vip[2] = k->other->w[2];
	}
}

/* The Call-ID that the CPU read last, for the template at `place`. */
static __always_inline void call_id_write(__u32 place)
{
	__u32 zero = 0;
	struct pl_sip *sip = bpf_map_lookup_elem(&pl_sip, &zero);

	if (sip && bpf_map_update_elem(&pl_call_ids, &place, &sip->call_id, BPF_ANY))
		count(PL_EVENT_CALL_ID_FULL);
}

/* How often a locked bucket is tried: the holder is done in 100 ns, unless a hypervisor or a
 * real-time kernel takes its CPU away. */
#define LOCK_TRIES 20000

struct lock_wait {
	__u32 bucket;
	__u32 got;
};

static __always_inline int lock_once(struct pl_bucket *b)
{
	__u64 w = word_read(b, 0);

	return !(w & PL_WORD_LOCK) && CAS(&b->word[0], w, w | PL_WORD_LOCK) == w;
}

static long lock_try(__u32 i, struct lock_wait *wait)
{
	struct pl_bucket *b = bucket_at(wait->bucket);

	wait->got = b && lock_once(b);
	return !b || wait->got;
}

static __always_inline int bucket_lock(struct pl_bucket *b, __u32 bucket)
{
	struct lock_wait wait = { .bucket = bucket };

	if (lock_once(b))
		return 1;
	bpf_loop(LOCK_TRIES, lock_try, &wait, 0);
	return wait.got;
}

static __always_inline void bucket_unlock(struct pl_bucket *b)
{
	__sync_fetch_and_and(&b->word[0], ~PL_WORD_LOCK);
}

/* The word a new entry begins with, in its primary bucket. */
static __always_inline __u64 fresh_word(const struct conn_key *k, const struct pl_settings *s, __u32 state)
{
	__u64 word = PL_WORD_LIVE | (__u64)k->tag << PL_WORD_TAG_SHIFT | (__u64)state << PL_WORD_STATE_SHIFT;

	if (k->template)
		return word | PL_WORD_TEMPLATE | (__u32)(k->now + k->control);
	if (is_active(k->proto, state))
		word |= PL_WORD_ACTIVE;
	return word | (__u32)(k->now + timeout_of(s, k->proto, state));
}

/* An insertion under way: its primary bucket is locked. */
struct insertion {
	struct pl_bucket *primary;
	struct prospect at;
};

/*
 * Begins an insertion; the caller found no such connection before, without the lock. It goes on
 * with insert_end(); but after INSERT_ALIKE it looks again first and, when another CPU was
 * quicker, goes on with insert_found(). INSERT_CONTENDED: there is no insertion.
 * The look is the caller's, for it has a function for it, with its own stack.
 */
static __always_inline int insert_begin(struct insertion *i, const struct conn_key *k)
{
	i->primary = bucket_at(k->bucket);
	if (!i->primary || !bucket_lock(i->primary, k->bucket))
		return INSERT_CONTENDED;
	prospect_fill(&i->at, i->primary, k);
	return i->at.alike ? INSERT_ALIKE : INSERT_MADE;
}

static __always_inline int insert_found(struct insertion *i)
{
	bucket_unlock(i->primary);
	count(PL_EVENT_RACE);
	return INSERT_FOUND;
}

/*
 * Shows the entry that was written to a claimed slot. Only BUSY and the bucket's bits are set
 * there now. The bucket's may change, and the time too: a packet of the connection that was here
 * may have stored its own.
 */
static __always_inline void entry_show(struct pl_bucket *b, __u64 slot, __u64 fresh)
{
	*(volatile __u32 *)&b->word[slot & (PL_SLOTS - 1)] = (__u32)fresh;
	__sync_fetch_and_xor(&b->word[slot & (PL_SLOTS - 1)], (fresh & ~PL_WORD_EXPIRES) ^ PL_WORD_BUSY);
}

/* Makes the key's connection on `server` in `state`. INSERT_MADE, which the caller counts, or
 * INSERT_FULL. */
static __always_inline int insert_end(struct insertion *i, const struct conn_key *k, __u32 server,
				      const struct pl_server *to, __u32 state, struct conn_ref *r,
				      const struct pl_settings *s)
{
	struct pl_bucket *primary = i->primary, *b;
	__u64 fresh;

	if (!free_slot(primary, &i->at, k, r) && !find_slot(k, r, k->now)) {
		bucket_unlock(primary);
		return INSERT_FULL;
	}
	b = r->bucket == k->bucket ? primary : bucket_at(r->bucket);
	if (!b) {
		bucket_unlock(primary);
		return INSERT_FULL;
	}
	entry_write(b, r->slot, k, server, to);
	if (k->flags & PL_CONN_CALL_ID)
		call_id_write(PL_PLACE(r->bucket, r->slot));
	fresh = fresh_word(k, s, state);
	if (k->template)
		load_add_persistent(server, 1);
	else
		r->loads.changed = load_count(server, !!(fresh & PL_WORD_ACTIVE), !(fresh & PL_WORD_ACTIVE));
	if (r->bucket != k->bucket) {
		fresh |= PL_WORD_ALTERNATE;
		spill_add(primary, 1);
		count(PL_EVENT_SPILLED);
	}
	entry_show(b, r->slot, fresh);
	bucket_unlock(primary);
	r->word = fresh;
	r->server = server;
	r->generation = to->generation;
	r->forward = to->forward;
	r->vport = k->other_port;
	if (k->template)
		count(PL_EVENT_TEMPLATE);
	return INSERT_MADE;
}

#endif
