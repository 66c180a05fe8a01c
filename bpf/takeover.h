/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The moment behind a takeover: this director has become master, and what the former one told of its
 * connections last is still under way. A packet that would be somebody's stray at any other time is
 * likely one of a connection not heard of yet: answered by a reset, or sent on as it is, it would end that
 * connection. Dropped, it comes again.
 */
#ifndef PLENUM_BPF_TAKEOVER_H
#define PLENUM_BPF_TAKEOVER_H

#include "bpf/packet.h"

static __always_inline int taking_over(const struct pl_packet *p, const struct pl_settings *s)
{
	return s->takeover && (__s32)(s->takeover - (__u32)p->now) > 0;
}

#endif
