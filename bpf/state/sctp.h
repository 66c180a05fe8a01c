/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SCTP as IPVS tracks it (net/netfilter/ipvs/ip_vs_proto_sctp.c): from the first chunk of a
 * packet, its direction and the state so far to the next state. Only ESTABLISHED is active.
 */
#ifndef PLENUM_BPF_STATE_SCTP_H
#define PLENUM_BPF_STATE_SCTP_H

#include "bpf/state/tcp.h"

enum { CH_DATA, CH_INIT, CH_INIT_ACK, CH_COOKIE_ECHO, CH_COOKIE_ACK, CH_SHUTDOWN, CH_SHUTDOWN_ACK, CH_SHUTDOWN_DONE,
       CH_ERROR, CH_ABORT, CH_EVENTS };

/* RFC 9260 section 3.2: chunk type to event; everything else moves nothing. */
const __u8 sctp_event[16] = {
	[1] = CH_INIT, [2] = CH_INIT_ACK, [6] = CH_ABORT, [7] = CH_SHUTDOWN, [8] = CH_SHUTDOWN_ACK, [9] = CH_ERROR,
	[10] = CH_COOKIE_ECHO, [11] = CH_COOKIE_ACK, [14] = CH_SHUTDOWN_DONE,
};

#define NO PL_SCTP_NONE
#define I1 PL_SCTP_INIT1
#define IN PL_SCTP_INIT
#define CS PL_SCTP_COOKIE_SENT
#define CR PL_SCTP_COOKIE_REPLIED
#define CW PL_SCTP_COOKIE_WAIT
#define CO PL_SCTP_COOKIE
#define CE PL_SCTP_COOKIE_ECHOED
#define ES PL_SCTP_ESTABLISHED
#define SS PL_SCTP_SHUTDOWN_SENT
#define SR PL_SCTP_SHUTDOWN_RECEIVED
#define SA PL_SCTP_SHUTDOWN_ACK_SENT
#define RJ PL_SCTP_REJECTED
#define CL PL_SCTP_CLOSED

/* [direction][event][state]; 16 columns so that a masked index is always inside. */
const __u8 sctp_next[4][16][16] = {
	[PL_INPUT] = {
		/*                    NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL */
		[CH_DATA]         = { ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_INIT]         = { I1, IN, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, IN, IN },
		[CH_INIT_ACK]     = { CW, CW, CW, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_COOKIE_ECHO]  = { CR, IN, IN, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_COOKIE_ACK]   = { ES, I1, IN, CS, CR, CW, CO, ES, ES, SS, SR, SA, RJ, CL },
		[CH_SHUTDOWN]     = { SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL },
		[CH_SHUTDOWN_ACK] = { CL, IN, IN, CS, CR, CW, CO, CE, ES, CL, SR, CL, RJ, CL },
		[CH_SHUTDOWN_DONE] = { CL, CL, CL, CS, CR, CW, CO, CE, ES, SS, SR, CL, RJ, CL },
		[CH_ERROR]        = { CL, I1, IN, CS, CR, CW, CO, CL, ES, SS, SR, SA, RJ, CL },
		[CH_ABORT]        = { CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL },
	},
	[PL_OUTPUT] = {
		[CH_DATA]         = { ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_INIT]         = { CW, CW, CW, CW, CW, CW, CW, CW, ES, CW, CW, CW, CW, CW },
		[CH_INIT_ACK]     = { CS, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_COOKIE_ECHO]  = { CE, CE, CE, CE, CE, CE, CE, CE, ES, SS, SR, SA, RJ, CL },
		[CH_COOKIE_ACK]   = { ES, ES, ES, ES, ES, ES, ES, ES, ES, SS, SR, SA, RJ, CL },
		[CH_SHUTDOWN]     = { SS, SS, SS, SS, SS, SS, SS, SS, SS, SS, SR, SA, RJ, CL },
		[CH_SHUTDOWN_ACK] = { SA, SA, SA, SA, SA, CW, CO, CE, ES, SA, SA, SA, RJ, CL },
		[CH_SHUTDOWN_DONE] = { CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_ERROR]        = { CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_ABORT]        = { CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL },
	},
	[PL_INPUT_ONLY] = {
		[CH_DATA]         = { ES, I1, IN, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_INIT]         = { I1, IN, IN, IN, IN, IN, CO, CE, ES, SS, SR, SA, IN, IN },
		[CH_INIT_ACK]     = { CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_COOKIE_ECHO]  = { ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_COOKIE_ACK]   = { ES, I1, IN, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL },
		[CH_SHUTDOWN]     = { SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL },
		[CH_SHUTDOWN_ACK] = { CL, IN, IN, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL },
		[CH_SHUTDOWN_DONE] = { CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL },
		[CH_ERROR]        = { CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL },
		[CH_ABORT]        = { CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL },
	},
};

#undef NO
#undef I1
#undef IN
#undef CS
#undef CR
#undef CW
#undef CO
#undef CE
#undef ES
#undef SS
#undef SR
#undef SA
#undef RJ
#undef CL

static __always_inline __u32 sctp_state(__u32 state, __u32 direction, __u8 chunk)
{
	__u8 event = chunk < 16 ? sctp_event[chunk & 15] : CH_DATA;

	return sctp_next[direction & 3][event & 15][state & 15];
}

#endif
