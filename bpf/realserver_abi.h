/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The ABI between the real server's XDP program (decapsulation) and user space. C11 and
 * C++20 both read it. Addresses and ports are in network order. User space writes all of it
 * but the counters.
 */
#ifndef PLENUM_BPF_REALSERVER_ABI_H
#define PLENUM_BPF_REALSERVER_ABI_H

#include "bpf/abi.h"

/* Keys of pl_rs_vips and pl_rs_locals; the value is this number. */
#define PL_RS_PRESENT 1
#define PL_RS_MAX_ADDRESSES 4096

/* Which tunnels are taken off. */
#define PL_RS_IPIP 1	/* IP protocols 4 and 41 */
#define PL_RS_GUE 2	/* UDP to gue_port, variants 0 and 1 */
#define PL_RS_GRE 4	/* IP protocol 47, without key and sequence number */

struct pl_rs_settings {
	__u32 tunnels;		/* PL_RS_* */
	__be16 gue_port;
	__u16 reserved;
};
PL_SIZE(struct pl_rs_settings, 8);

/*
 * What can become of a packet, once each: X(NAME, name, kind, meaning), kind being pass (goes
 * up the stack untouched), decap or drop.
 */
#define PL_RS_VERDICTS(X)                                                                                              \
	X(NOT_TUNNEL, not_tunnel, pass, "no tunnel that is to be taken off")                                           \
	X(DECAP_IPIP, ipip, decap, "taken out of IP in IP")                                                            \
	X(DECAP_GUE, gue, decap, "taken out of GUE")                                                                   \
	X(DECAP_GRE, gre, decap, "taken out of GRE")                                                                   \
	X(FRAGMENT, fragment, pass, "the outer packet is a fragment")                                                  \
	X(OUTER_MALFORMED, outer_malformed, pass, "outer header truncated or inconsistent")                            \
	X(NOT_LOCAL, not_local, pass, "outer destination is no address of this server")                                \
	X(OUTER_CHECKSUM, outer_checksum, pass, "outer IPv4 header checksum wrong")                                    \
	X(UDP_CHECKSUM, udp_checksum, pass, "outer UDP checksum present and wrong")                                    \
	X(GUE_UNKNOWN, gue_unknown, pass, "GUE version, control message or payload protocol not known")                \
	X(GUE_FLAGS, gue_flags, pass, "GUE header has flags that are not known, or remote checksums unprotected")      \
	X(GRE_UNKNOWN, gre_unknown, pass, "GRE version, flag or payload protocol not known")                           \
	X(GRE_CHECKSUM, gre_checksum, pass, "GRE checksum present and wrong")                                          \
	X(INNER_MALFORMED, inner_malformed, pass, "inner header truncated or inconsistent")                            \
	X(NOT_VIP, not_vip, pass, "inner destination is no VIP")                                                       \
	X(DROP_ECN, ecn, drop, "congestion was marked on the way, but the sender does not know ECN (RFC 6040)")        \
	X(DROP_FAILED, failed, drop, "the frame could not be shortened")

#define PL_RS_VERDICT_ENUM(NAME, name, kind, text) PL_RS_##NAME,
enum pl_rs_verdict { PL_RS_VERDICTS(PL_RS_VERDICT_ENUM) PL_RS_VERDICT_COUNT };
#undef PL_RS_VERDICT_ENUM

#endif
