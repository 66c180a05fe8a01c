/* SPDX-License-Identifier: GPL-2.0-only */
/* What the protocols have in common: next state, whether it counts as active, its timeout. */
#ifndef PLENUM_BPF_STATE_STATE_H
#define PLENUM_BPF_STATE_STATE_H

#include "bpf/packet.h"
#include "bpf/state/sctp.h"
#include "bpf/state/tcp.h"

/* What a direction becomes while secure_tcp is on. Hidden from the compiler, which would know
 * that the sum is a row of tcp_next and not mask it: Linux 6.1 does not know. */
static __always_inline __u32 secure_tcp(const struct pl_settings *s)
{
	__u32 on = s->tuning & PL_TUNE_SECURE_TCP;

	asm volatile("" : "+r"(on));
	return on;
}

static __always_inline __u32 next_state(__u8 proto, __u32 state, __u32 direction, __u8 event)
{
	if (proto == IPPROTO_TCP)
		return tcp_state(state, direction, event);
	if (proto == IPPROTO_SCTP)
		return sctp_state(state, direction, event);
	/* Whoever made its address up hears no answer: only the client's own second packet counts. */
	return (direction & 3) == PL_OUTPUT ? state : PL_UDP_NORMAL;
}

static __always_inline int is_active(__u8 proto, __u32 state)
{
	if (proto == IPPROTO_TCP)
		return !!tcp_is_active(state);
	if (proto == IPPROTO_SCTP)
		return state == PL_SCTP_ESTABLISHED;
	return 0;
}

static __always_inline __u32 timeout_of(const struct pl_settings *s, __u8 proto, __u32 state)
{
	if (proto == IPPROTO_TCP)
		return s->tcp_timeout[state & 15];
	if (proto == IPPROTO_SCTP)
		return s->sctp_timeout[state & 15];
	return s->udp_timeout;
}

/* A connection that gets there makes its persistence template an assured one. */
static __always_inline int is_established(__u8 proto, __u32 state)
{
	return (proto == IPPROTO_TCP && state == PL_TCP_ESTABLISHED) ||
	       (proto == IPPROTO_SCTP && state == PL_SCTP_ESTABLISHED);
}

/* Of a connection's first packet. */
static __always_inline __u32 first_state(__u8 proto, __u32 direction, __u8 event, const struct pl_settings *s)
{
	return proto == IPPROTO_UDP ? PL_UDP_NEW
				    : next_state(proto, 0, direction | secure_tcp(s), event);
}

/* Closed: a SYN or INIT that finds its connection so begins another one, and no packet of
 * value is left to come. */
static __always_inline int is_over(__u8 proto, __u32 state)
{
	if (proto == IPPROTO_TCP)
		return state == PL_TCP_TIME_WAIT || state == PL_TCP_CLOSE;
	if (proto == IPPROTO_SCTP)
		return state == PL_SCTP_CLOSED;
	return 0;
}

/*
 * Half-open: evicted before anything established. A UDP flow of one packet counts as half-open,
 * for a flood of them from made-up addresses never gets a second one; losing one costs a
 * client that is still there no more than another choice of server at its next packet.
 */
static __always_inline int is_half_open(__u8 proto, __u32 state)
{
	if (proto == IPPROTO_TCP)
		return state == PL_TCP_NONE || state == PL_TCP_SYN_RECV || state == PL_TCP_SYN_SENT ||
		       state == PL_TCP_SYNACK;
	if (proto == IPPROTO_SCTP)
		return state < PL_SCTP_ESTABLISHED;
	return proto == IPPROTO_UDP && state == PL_UDP_NEW;
}

#endif
