/* SPDX-License-Identifier: GPL-2.0-only */
/* Direct routing: the packet as it is, to the server's link-layer address. */
#ifndef PLENUM_BPF_FORWARD_DR_H
#define PLENUM_BPF_FORWARD_DR_H

#include "bpf/hand_over.h"
#include "bpf/icmp_error.h"

static __always_inline int forward_dr(struct xdp_md *ctx, struct pl_packet *p, const struct pl_next_hop *hop,
				      __u32 reason)
{
	switch (path_check(p, hop->mtu, 0)) {
	case PATH_TTL:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_TTL, 0);
	case PATH_TOO_BIG:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_TOO_BIG, hop->mtu);
	case PATH_FRAGMENT:
		if (cut_packet(ctx, p, hop->mtu))
			return verdict(PL_DROP_TOO_BIG, XDP_DROP);
		return verdict(PL_TOO_BIG_CUT, XDP_DROP);
	}
	if (ttl_decrement(ctx, p) || link_write(ctx, p, hop, 0, ethertype_of(p->family)))
		return verdict(PL_DROP_NO_ROOM, XDP_DROP);
	return verdict(reason, link_send(p, hop->ifindex));
}

#endif
