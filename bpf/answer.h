/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers of NAT servers: recognised, accounted and sent back to the client. */
#ifndef PLENUM_BPF_ANSWER_H
#define PLENUM_BPF_ANSWER_H

#include "bpf/forward/nat.h"

/* Whether an address may be a NAT server's; what is not needs no second lookup. */
static __always_inline int may_be_answer(const struct pl_addr *server)
{
	__u32 bit = pl_nat_bit(server);

	return pl_nat_filter[bit / 64] >> (bit & 63) & 1;
}

/* A verdict. The caller settles *r. */
__attribute__((noinline)) int answer(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r)
{
	struct pl_settings *s = settings();

	if (!ctx || !p || !r)
		return XDP_DROP;
	/* An answer is what makes a UDP client a real one. */
	if (r->control && p->proto == IPPROTO_UDP)
		control_assure(r->control);
	conn_touch_in(r, p, PL_OUTPUT, s, 1);
	count_out(r->server, p->length);
	return forward_answer(ctx, p, &r->vip, r->vport, s);
}

#endif
