/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lblc and lblcr ask of a destination's remembered servers, compiled on both sides as
 * bpf/ranking.h is. Changes nothing; who remembers, and how long, is bpf/scheduler/locality.h.
 */
#ifndef PLENUM_BPF_LOCALITY_H
#define PLENUM_BPF_LOCALITY_H

#include "bpf/ranking.h"

/* A remembered server, 0 when it is not what it was. */
PL_INLINE struct pl_server *pl_known_server(pl_view view, const struct pl_locality_server *s)
{
	struct pl_server *server = pl_server_at(view, s->server);

	return server && s->server && server->flags & PL_SERVER_AVAILABLE && server->generation == s->generation ?
		       server :
		       0;
}

/* Whether a server has too much to do while another has little (is_overloaded()). */
PL_INLINE int pl_locality_crowded(struct pl_load *l, struct pl_service *svc)
{
	return PL_READ(l->active) > PL_READ(l->weight) && (__s32)PL_READ(svc->roomy) > 0;
}

/* The set's server with the least burden (most: 0), or the most; 0: none. */
PL_OUT_OF_LINE __u32 pl_locality_pick(pl_view view, struct pl_locality *known, int most)
{
	__u32 best = 0, best_weight = 0, count;
	__u64 best_overhead = 0;

	PL_USE(view);
	if (!known)
		return 0;
	count = PL_READ(known->count);
	for (__u32 i = 0; i < PL_LOCALITY_SERVERS; i++) {
		__u32 id = known->server[i].server, weight;
		struct pl_load *l;
		__u64 overhead;

		if (i >= count)
			break;
		l = pl_load_at(view, id);
		if (!l)
			continue;
		weight = PL_READ(l->weight);
		if (!weight)
			continue;
		if (!most && (PL_READ(l->flags) & PL_LOAD_OVERLOADED || !pl_known_server(view, &known->server[i])))
			continue;
		overhead = pl_overhead(l);
		if (best && (most ? best_overhead * weight >= overhead * best_weight :
				    best_overhead * weight <= overhead * best_weight))
			continue;
		best = id;
		best_weight = weight;
		best_overhead = overhead;
	}
	return best;
}

#endif
