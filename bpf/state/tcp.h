/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP as IPVS tracks it (net/netfilter/ipvs/ip_vs_proto_tcp.c): from the flags of a packet,
 * its direction and the state so far to the next state.
 */
#ifndef PLENUM_BPF_STATE_TCP_H
#define PLENUM_BPF_STATE_TCP_H

#include "bpf/packet.h"

/* Directions: from the client, from the server, and from the client of a connection whose
 * answers do not pass here (direct routing, tunnels). */
enum pl_direction { PL_INPUT, PL_OUTPUT, PL_INPUT_ONLY, PL_DIRECTIONS };

enum { EV_SYN, EV_FIN, EV_ACK, EV_RST, EV_TCP };

#define NO PL_TCP_NONE
#define ES PL_TCP_ESTABLISHED
#define SS PL_TCP_SYN_SENT
#define SR PL_TCP_SYN_RECV
#define FW PL_TCP_FIN_WAIT
#define TW PL_TCP_TIME_WAIT
#define CL PL_TCP_CLOSE
#define CW PL_TCP_CLOSE_WAIT
#define LA PL_TCP_LAST_ACK
#define LI PL_TCP_LISTEN
#define SA PL_TCP_SYNACK

/*
 * [direction][event][state]; 16 columns so that a masked index is always inside. The second
 * half is secure_tcp's (tcp_states_dos): behind NAT no packet of a client establishes a
 * connection, only those of the server that answers it.
 */
const __u8 tcp_next[8][EV_TCP][16] = {
	[PL_INPUT] = {
		/*            NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
		[EV_SYN] = { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
		[EV_FIN] = { CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW },
		[EV_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
		[EV_RST] = { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR },
	},
	[PL_OUTPUT] = {
		[EV_SYN] = { SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR },
		[EV_FIN] = { TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW },
		[EV_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES },
		[EV_RST] = { CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL },
	},
	[PL_INPUT_ONLY] = {
		[EV_SYN] = { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
		[EV_FIN] = { CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW },
		[EV_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
		[EV_RST] = { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL },
	},
	[PL_TUNE_SECURE_TCP + PL_INPUT] = {
		[EV_SYN] = { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA },
		[EV_FIN] = { CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA },
		[EV_ACK] = { ES, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA },
		[EV_RST] = { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL },
	},
	[PL_TUNE_SECURE_TCP + PL_OUTPUT] = {
		[EV_SYN] = { SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA },
		[EV_FIN] = { TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW },
		[EV_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES },
		[EV_RST] = { CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL },
	},
	[PL_TUNE_SECURE_TCP + PL_INPUT_ONLY] = {
		[EV_SYN] = { SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA },
		[EV_FIN] = { CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW },
		[EV_ACK] = { ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
		[EV_RST] = { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL },
	},
};

#undef NO
#undef ES
#undef SS
#undef SR
#undef FW
#undef TW
#undef CL
#undef CW
#undef LA
#undef LI
#undef SA

static __always_inline __u32 tcp_state(__u32 state, __u32 direction, __u8 flags)
{
	__u32 event;

	/* What most segments do: nothing, in every direction. */
	if (state == PL_TCP_ESTABLISHED && (flags & (TCP_FLAG_FIN_BIT | TCP_FLAG_SYN_BIT | TCP_FLAG_RST_BIT |
						     TCP_FLAG_ACK_BIT)) == TCP_FLAG_ACK_BIT)
		return PL_TCP_ESTABLISHED;
	if (flags & TCP_FLAG_RST_BIT)
		event = EV_RST;
	else if (flags & TCP_FLAG_SYN_BIT)
		event = EV_SYN;
	else if (flags & TCP_FLAG_FIN_BIT)
		event = EV_FIN;
	else if (flags & TCP_FLAG_ACK_BIT)
		event = EV_ACK;
	else
		return PL_TCP_CLOSE;
	/* clang knows the bounds and leaves the mask out, by which Linux 6.1's verifier knows them. */
	asm volatile("" : "+r"(direction));
	return tcp_next[direction & 7][event][state & 15];
}

static __always_inline int tcp_is_active(__u32 state)
{
	return (1u << state) & (1u << PL_TCP_ESTABLISHED | 1u << PL_TCP_SYN_SENT | 1u << PL_TCP_SYN_RECV |
				1u << PL_TCP_SYNACK);
}

#endif
