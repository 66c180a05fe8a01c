/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nat_icmp_send: a NAT server that sends what belongs to no connection is told so, as
 * ip_vs_out() does. Looked at only where the setting is on, behind everything else.
 */
#ifndef PLENUM_BPF_STRAY_H
#define PLENUM_BPF_STRAY_H

#include "bpf/icmp_error.h"

/* The address this director has towards the NAT server that a packet is from, in *from; 0 when
 * it is from none. */
__attribute__((noinline)) int is_stray(const struct pl_packet *p, struct pl_addr *from)
{
	struct pl_service_key key = {};
	struct pl_server *server;
	struct pl_next_hop *hop;
	__u32 *index, id;

	if (!p || !from || (p->proto == IPPROTO_TCP && p->event & TCP_FLAG_RST_BIT) ||
	    (p->proto == IPPROTO_SCTP && p->event == SCTP_ABORT))
		return 0;
	key.addr = p->src;
	key.port = p->sport;
	key.proto = p->proto;
	key.family = p->family;
	index = bpf_map_lookup_elem(&pl_reals, &key);
	if (!index) {
		key.proto = 0;
		index = bpf_map_lookup_elem(&pl_reals, &key);
	}
	server = index ? bpf_map_lookup_elem(&pl_servers, index) : 0;
	if (!server || !(server->flags & PL_SERVER_AVAILABLE) || server->port != p->sport ||
	    !addr_equal(&server->addr, &p->src))
		return 0;
	id = server->next_hop;
	hop = bpf_map_lookup_elem(&pl_next_hops, &id);
	if (!id || !hop)
		return 0;
	*from = hop->source;
	return 1;
}

#endif
