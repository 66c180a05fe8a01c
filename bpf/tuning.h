/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IPVS's sysctls where they decide what becomes of a packet: whether it begins a connection,
 * whether it begins another one on the ports of one there is, whether it is dropped under
 * load. Nothing here is on the way of a packet that simply belongs to a connection.
 */
#ifndef PLENUM_BPF_TUNING_H
#define PLENUM_BPF_TUNING_H

#include "bpf/connection.h"

/* Whether a packet of no connection may begin one (tcp_conn_schedule, sctp_conn_schedule). */
static __always_inline int may_begin(const struct pl_packet *p, const struct pl_settings *s)
{
	if (p->first)
		return 1;
	if (p->proto == IPPROTO_TCP)
		return s->tuning & PL_TUNE_SLOPPY_TCP && !(p->event & TCP_FLAG_RST_BIT);
	return p->proto == IPPROTO_SCTP && s->tuning & PL_TUNE_SLOPPY_SCTP && p->event != SCTP_ABORT;
}

static __always_inline int is_controlled(const struct conn_ref *r)
{
	struct pl_bucket *b = bucket_at(r->bucket);

	return b && b->conn[r->slot & (PL_SLOTS - 1)].control;
}

/*
 * Whether a SYN or INIT of a connection begins another one (ip_vs_in, is_new_conn_expected):
 * that one is over, or with expire_nodest_conn its server has weight 0.
 */
static __always_inline int begins_another(const struct pl_packet *p, const struct conn_ref *r,
					  const struct pl_settings *s)
{
	__u32 state = word_state(r->word), id = r->server;

	if (!p->first || p->proto == IPPROTO_UDP || !(s->tuning & PL_TUNE_REUSE))
		return 0;
	if (s->tuning & PL_TUNE_EXPIRE_NODEST) {
		struct pl_server *server = bpf_map_lookup_elem(&pl_servers, &id);

		if (server && !server->weight)
			return 1;
	}
	/* One of a persistent client, or of an FTP session, goes on: its template says where to. */
	if (is_controlled(r))
		return 0;
	return is_over(p->proto, state) ||
	       (s->tuning & PL_TUNE_REUSE_FIN && p->proto == IPPROTO_TCP && state == PL_TCP_FIN_WAIT &&
		r->forward != PL_FWD_MASQ);
}

/* drop_packet: whether this one, which would begin a connection, is the one to be dropped. */
static __always_inline int defence_drops(struct pl_settings *s)
{
	return s->drop_rate && !(__sync_add_and_fetch(&s->drop_counter, 1) % s->drop_rate);
}

#endif
