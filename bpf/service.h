/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which service a packet that belongs to no connection is for, in IPVS's order
 * (ip_vs_service_find): its firewall mark's, its very port's, FTP's for what may be FTP
 * data, the one for every port. Knows keys only; what such a service then does is begin.h.
 */
#ifndef PLENUM_BPF_SERVICE_H
#define PLENUM_BPF_SERVICE_H

#include "bpf/maps.h"
#include "bpf/packet.h"

#define FTP_PORT bpf_htons(21)
#define FTP_DATA_PORT bpf_htons(20)
#define FIRST_FREE_PORT 1024	/* ports below belong to a service each, not to FTP data */

static __always_inline __u32 service_at(const struct pl_service_key *key)
{
	__u32 *index = bpf_map_lookup_elem(&pl_vips, key);

	return index ? *index : 0;
}

/* Index of the service, or 0. `mark` is the packet's, 0: none. */
static __always_inline __u32 service_of(const struct pl_packet *p, __u32 mark, __u32 lookups)
{
	struct pl_service_key key = { .family = p->family };
	__u32 index;

	if (mark) {
		pl_mark_addr(&key.addr, mark, p->family);
		index = service_at(&key);
		if (index)
			return index;
	}
	key.addr = p->dst;
	key.port = p->dport;
	key.proto = p->proto;
	index = service_at(&key);
	if (index || !(lookups & (PL_LOOKUP_FTP | PL_LOOKUP_ANY_PORT)))
		return index;
	if (lookups & PL_LOOKUP_FTP && p->proto == IPPROTO_TCP &&
	    (p->dport == FTP_DATA_PORT || bpf_ntohs(p->dport) >= FIRST_FREE_PORT)) {
		key.port = FTP_PORT;
		index = service_at(&key);
		if (index)
			return index;
	}
	if (!(lookups & PL_LOOKUP_ANY_PORT))
		return 0;
	key.port = 0;
	return service_at(&key);
}

#endif
