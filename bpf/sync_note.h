/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What other directors should hear of is noted here for user space to send (rings: abi.h).
 * Knows when the packet count says so; whether to send at all, and what, user space decides.
 * Nothing here is called while settings.sync is off.
 */
#ifndef PLENUM_BPF_SYNC_NOTE_H
#define PLENUM_BPF_SYNC_NOTE_H

#include "bpf/maps.h"
#include "bpf/state/state.h"

/* `index`: bucket * PL_SLOTS + slot. A CPU writes its own ring alone. */
__attribute__((noinline)) int sync_note(__u32 index, __u32 why)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct pl_sync_ring *ring = bpf_map_lookup_elem(&pl_sync_rings, &cpu);
	__u64 head;

	if (!ring)
		return 0;
	head = ring->head;
	*(volatile __u32 *)&ring->note[head & (PL_SYNC_RING - 1)] = index | why << PL_SYNC_NOTE_SHIFT;
	/* The reader sees the note when it sees the head. */
	__sync_fetch_and_add(&ring->head, 1);
	return 0;
}

/*
 * Counts a packet of the client in and notes the connection when its number, or without a
 * period its time, says so (ip_vs_sync_conn_needed()). `word`: as it was before the packet.
 * The count is a plain one: packets of one flow meet one CPU.
 */
__attribute__((noinline)) int sync_count(__u32 index, __u64 word)
{
	__u32 bucket = index / PL_SLOTS, n, state, expires;
	struct pl_settings *s = settings();
	struct pl_bucket *b = bpf_map_lookup_elem(&pl_conns, &bucket);
	struct pl_conn *c;
	int due;

	if (!b)
		return 0;
	c = &b->conn[index & (PL_SLOTS - 1)];
	n = ++c->packets;
	if (s->sync_period) {
		due = n % s->sync_period == s->sync_threshold;
	} else if (s->sync_step) {
		state = (word & PL_WORD_STATE) >> PL_WORD_STATE_SHIFT;
		expires = (__u32)(bpf_ktime_get_coarse_ns() >> PL_TICK_SHIFT) + timeout_of(s, c->proto, state);
		due = expires / s->sync_step != (__u32)word / s->sync_step;
	} else {
		due = n == s->sync_threshold;
	}
	if (due)
		sync_note(index, PL_SYNC_PACKETS);
	return 0;
}

#endif
