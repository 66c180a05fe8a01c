/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The part of bpf/abi.h that names what becomes of packets; included there. */
#ifndef PLENUM_BPF_REASON_ABI_H
#define PLENUM_BPF_REASON_ABI_H

/*
 * Every packet ends in exactly one verdict and every verdict has a name: the counter map,
 * `plenum status --drops`, metrics and documentation all read this list.
 * X(NAME, name, kind, text); kind is pass (up the stack, untouched), forward, reply (an
 * error sent back), hold (handed to user space, which brings it back) or drop. Events that
 * are no verdict are of kind event.
 */
#define PL_REASONS(X)                                                                                                  \
	X(NOT_IP, not_ip, pass, "neither IPv4 nor IPv6")                                                               \
	X(NOT_OURS, not_ours, pass, "no service and no connection of ours")                                            \
	X(OTHER_HOST, other_host, pass, "link-layer address is not this interface's")                                  \
	X(FRAGMENT, fragment, pass, "IP fragment of a datagram that is none of ours")                                  \
	X(FRAGMENT_UNHELD, fragment_unheld, pass, "fragment before its first one, with nobody to keep it")             \
	X(MALFORMED, malformed, pass, "header truncated or inconsistent, left to the stack")                           \
	X(NO_SYN, no_syn, pass, "TCP segment without SYN and without a connection, left to the stack")                 \
	X(FTP_DATA, ftp_data, pass, "from port 20 and of no connection: a server's FTP data, left to the stack")        \
	X(BACKUP, backup, pass, "backup_only: this director is the backup, left to the stack")                         \
	X(LOCAL, local, pass, "the chosen server is this director")                                                    \
	X(FORWARD_NAT, nat, forward, "to a server by NAT")                                                             \
	X(FORWARD_NAT_REPLY, nat_reply, forward, "from a NAT server back to its client")                               \
	X(FORWARD_DR, dr, forward, "to a server by direct routing")                                                    \
	X(FORWARD_TUNNEL, tunnel, forward, "to a server through a tunnel")                                             \
	X(FORWARD_STACK, stack, forward, "rewritten, then left to the stack: no neighbour yet, or to be fragmented")   \
	X(FORWARD_ICMP, icmp_related, forward, "ICMP error of a known connection")                                     \
	X(REPLY_NO_SERVER, no_server, reply, "no server available: port unreachable sent")                             \
	X(REPLY_STRAY, stray, reply, "a NAT server's packet of no connection: port unreachable sent (nat_icmp_send)")  \
	X(REPLY_TTL, ttl_exceeded, reply, "TTL ran out: time exceeded sent")                                           \
	X(REPLY_TOO_BIG, too_big, reply, "larger than the path's MTU: fragmentation needed sent")                      \
	X(DROP_ICMP_LIMIT, icmp_limited, drop, "an ICMP error was due but the rate limit was reached")                 \
	X(DROP_SERVER_GONE, server_gone, drop, "the connection's server was removed")                                  \
	X(DROP_NO_SERVER, no_server_icmp, drop, "an ICMP error for a service without a server")                        \
	X(DROP_NO_NEXT_HOP, no_next_hop, drop, "no route or neighbour to the server at the moment")                    \
	X(DROP_TOO_BIG, too_big_no_df, drop, "larger than the path's MTU, may be fragmented, cannot be here")          \
	X(DROP_TABLE_FULL, table_full, drop, "both buckets hold only connections being written")                       \
	X(DROP_CONTENDED, contended, drop, "the bucket stayed locked by another CPU")                                  \
	X(DROP_NO_CALL_ID, no_call_id, drop, "persistence engine sip: no Call-ID in the packet, or not UDP")            \
	X(DROP_NO_ROOM, no_room, drop, "no headroom in the buffer for the outer header")                               \
	X(DROP_DEFENCE, defence, drop, "drop_packet: a packet that would begin a connection, dropped under load")      \
	X(DROP_TAKEOVER, takeover, drop, "of no connection yet, right behind a takeover: the sender will repeat it")    \
	X(DROP_UNSUPPORTED, unsupported, drop, "the forwarding method cannot carry this packet")                       \
	X(FRAGMENT_HELD, fragment_held, hold, "fragment before its first one: kept until that has come")               \
	X(TOO_BIG_CUT, too_big_cut, hold, "larger than the path's MTU: handed on to be cut into fragments")            \
	X(DROP_FRAGMENT_TINY, fragment_tiny, drop, "first fragment without a whole transport header")                  \
	X(DROP_FRAGMENT_OVERLAP, fragment_overlap, drop, "fragment of a datagram whose fragments overlap")             \
	X(DROP_FRAGMENT_DUPLICATE, fragment_duplicate, drop, "fragment that came before")                              \
	X(DROP_FRAGMENT_REFUSED, fragment_refused, drop, "fragment of a datagram whose first one was refused")         \
	X(DROP_FRAGMENT_ERROR, fragment_error, drop, "an ICMP error was due, but none is sent about a later fragment") \
	X(EVENT_NEW, connection_new, event, "connections made")                                                        \
	X(EVENT_TEMPLATE, template_new, event, "persistence templates made")                                           \
	X(EVENT_CALL_ID_FULL, call_ids_full, event, "SIP calls whose Call-ID found no room: not persistent")                \
	X(EVENT_REUSED, connection_reused, event, "closed connections made anew by a SYN")                             \
	X(EVENT_EVICTED_EXPIRED, evicted_expired, event, "expired connections replaced in place")                      \
	X(EVENT_EVICTED_HALF_OPEN, evicted_half_open, event, "half-open connections evicted from a full bucket")       \
	X(EVENT_EVICTED_CLOSED, evicted_closed, event, "closed connections evicted from a full bucket")                \
	X(EVENT_EVICTED_OLDEST, evicted_oldest, event, "live connections evicted from a full bucket")                  \
	X(EVENT_NODEST, expired_nodest, event, "connections ended at a packet since their server was removed")         \
	X(EVENT_DROP_ENTRY, dropped_entries, event, "connections removed by the drop_entry defence")                   \
	X(EVENT_SPILLED, spilled, event, "connections placed in their alternate bucket")                               \
	X(EVENT_RACE, insert_race, event, "flows that two CPUs inserted at once; one entry was kept")                  \
	X(EVENT_FRAGMENTS_RELEASED, fragments_released, event, "fragments kept, and sent on after their first one")    \
	X(EVENT_FRAGMENTS_EXPIRED, fragments_expired, event, "fragments kept in vain: their first one never came")     \
	X(EVENT_FRAGMENTS_NO_ROOM, fragments_no_room, event, "fragments that could not be kept: too many already")     \
	X(EVENT_FRAGMENTS_CUT, fragments_cut, event, "fragments made out of packets too large for their path")          \
	X(EVENT_MARKED, marked, event, "packets that came up to netfilter, were marked there and brought back")

#define PL_REASON_ENUM(NAME, name, kind, text) PL_##NAME,
enum pl_reason { PL_REASONS(PL_REASON_ENUM) PL_REASON_COUNT };
#undef PL_REASON_ENUM

#endif
