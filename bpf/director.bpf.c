// SPDX-License-Identifier: GPL-2.0-only
/*
 * The director: one XDP program on every interface that clients or servers reach it by.
 * A packet belongs to a connection, begins one, is an answer of a NAT server, is an ICMP
 * error about one of these, or is none of our business and goes up the stack untouched.
 */
#include "bpf/answer.h"
#include "bpf/begin.h"
#include "bpf/forward/dr.h"
#include "bpf/forward/nat.h"
#include "bpf/forward/tunnel.h"
#include "bpf/fragment.h"
#include "bpf/icmp_error.h"
#include "bpf/icmp_related.h"
#include "bpf/icmp_schedule.h"
#include "bpf/maps.h"
#include "bpf/marked.h"
#include "bpf/packet.h"
#include "bpf/plain.h"
#include "bpf/plain_begin.h"
#include "bpf/stray.h"
#include "bpf/takeover.h"
#include "bpf/trace_packet.h"
#include "bpf/tuning.h"
#include "bpf/tunnel_related.h"

char _license[] SEC("license") = "GPL";

/* Whether a server is this director itself. */
static __always_inline int is_local(const struct pl_server *server)
{
	return server->flags & PL_SERVER_LOCAL || server->forward == PL_FWD_LOCAL;
}

/* On to the server of a connection, by its method. A verdict. */
__attribute__((noinline)) int forward(struct xdp_md *ctx, struct pl_packet *p, __u32 id)
{
	struct pl_server *server = server_at(id);
	struct pl_next_hop *hop;
	__u32 index;

	if (!ctx || !p || !server)
		return verdict(PL_DROP_SERVER_GONE, XDP_DROP);
	count_in(id, p->length);
	index = server->next_hop;
	hop = bpf_map_lookup_elem(&pl_next_hops, &index);
	if (is_local(server))
		return verdict(PL_LOCAL, XDP_PASS);
	if (server->forward == PL_FWD_MASQ)
		return forward_nat(ctx, p, server, hop);
	if (!hop || !hop->ifindex)
		return verdict(PL_DROP_NO_NEXT_HOP, XDP_DROP);
	if (server->forward == PL_FWD_TUNNEL)
		return forward_tunnel(ctx, p, server, hop, PL_FORWARD_TUNNEL);
	return forward_dr(ctx, p, hop, PL_FORWARD_DR);
}

/*
 * A packet of a connection to this director itself goes up the stack, is marked there as the first
 * one was and comes back once more: it has been here.
 */
static __always_inline int is_counted(const struct pl_packet *p, const struct pl_server *server)
{
	return is_local(server) && marked_port(p->ifindex);
}

/* What begin() said, carried out. */
static __always_inline int refuse(struct xdp_md *ctx, struct pl_packet *p, int reason)
{
	switch (reason) {
	case PL_REPLY_NO_SERVER:
		return icmp_error(ctx, p, &p->dst, PL_REPLY_NO_SERVER, 0);
	case PL_NOT_OURS:
	case PL_NO_SYN:
	case PL_FTP_DATA:
		return verdict(reason, XDP_PASS);
	}
	return verdict(reason, XDP_DROP);
}

/*
 * A packet of TCP, UDP or SCTP that is not simply one more of a connection. A verdict; *r says
 * whose it was: no server when it was sent to none, *is_answer when it is for the client.
 */
static __always_inline int flow(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r, __u32 look, int *is_answer)
{
	struct pl_settings *s = settings();
	int reason, taken;

	*is_answer = 0;
	if (!ctx || !p)
		return verdict(PL_NOT_OURS, XDP_PASS);
	if (s->tuning & PL_TUNE_PASS) {
		if (may_be_answer(&p->src) && find(p, r, KEY_ANSWER)) {
			*is_answer = 1;
			reason = answer(ctx, p, r);
			settle(&r->loads);
			return reason;
		}
		return verdict(PL_BACKUP, XDP_PASS);
	}
	if (look != LOOK_NOT_THERE && find(p, r, KEY_REQUEST)) {
		struct pl_server *server = server_of(r);
		int another = begins_another(p, r, s);

		if (!another && server) {
			if (is_counted(p, server))
				return verdict(PL_LOCAL, XDP_PASS);
			conn_touch(r, p, PL_INPUT, s);
			return forward(ctx, p, r->server);
		}
		if (!another && !(s->tuning & PL_TUNE_EXPIRE_NODEST)) {
			r->server = 0;
			return verdict(PL_DROP_SERVER_GONE, XDP_DROP);
		}
		if (conn_end(r, s))
			count(another ? PL_EVENT_REUSED : PL_EVENT_NODEST);
	} else if (may_be_answer(&p->src)) {
		if (find(p, r, KEY_ANSWER)) {
			*is_answer = 1;
			reason = answer(ctx, p, r);
			settle(&r->loads);
			return reason;
		}
		taken = taking_over(p, s);
		if ((taken || s->tuning & PL_TUNE_NAT_ICMP_SEND) && is_stray(p, &r->vip))
			return taken ? verdict(PL_DROP_TAKEOVER, XDP_DROP) :
				       icmp_error(ctx, p, &r->vip, PL_REPLY_STRAY, 0);
		/* Both looks may have left an address where `lost` stands. */
		r->loads = (struct load_changes){};
	}
	reason = begin(ctx, p, r);
	settle_all(&r->loads);
	if (!reason)
		return forward(ctx, p, r->server);
	r->server = 0;
	return refuse(ctx, p, reason);
}

/* The same where nobody asks whose it was. */
__attribute__((noinline)) int unknown(struct xdp_md *ctx, struct pl_packet *p, __u32 look)
{
	struct conn_ref r = {};
	int is_answer;

	return flow(ctx, p, &r, look, &is_answer);
}

/* A first fragment whose transport header is not whole: refused where it would be ours. A verdict. */
__attribute__((noinline)) int tiny(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r)
{
	struct pl_settings *s = settings();
	int ours;

	if (!ctx || !p || !r)
		return XDP_DROP;
	ours = find(p, r, KEY_REQUEST) || (may_be_answer(&p->src) && find(p, r, KEY_ANSWER)) ||
	       service_of(p, s->lookups & PL_LOOKUP_MARK ? mark_of(ctx, p) : 0, s->lookups);
	r->server = 0;
	return ours ? verdict(PL_DROP_FRAGMENT_TINY, XDP_DROP) : verdict(PL_FRAGMENT, XDP_PASS);
}

/* A fragment of IPv4 or IPv6. A verdict. */
__attribute__((noinline)) int fragmented(struct xdp_md *ctx, struct pl_packet *p)
{
	struct conn_ref r = {};
	int is_answer = 0, way;

	if (!ctx || !p)
		return XDP_DROP;
	way = fragment_in(ctx, p, &r);
	switch (way) {
	case WAY_FLOW:
		way = flow(ctx, p, &r, LOOK_FURTHER, &is_answer);
		return fragment_note(p, &r, way, is_answer);
	case WAY_TINY:
		return fragment_note(p, &r, tiny(ctx, p, &r), 0);
	case WAY_SERVER:
		return fragment_sent(p, forward(ctx, p, r.server));
	case WAY_CLIENT:
		return fragment_sent(p, answer_fragment(ctx, p, &r));
	}
	return way;
}

/* ICMP and ICMPv6. A verdict. */
__attribute__((noinline)) int icmp(struct xdp_md *ctx, struct pl_packet *p)
{
	struct conn_ref r = {};
	int rc;

	if (!ctx || !p)
		return XDP_DROP;
	rc = icmp_related(ctx, p, &r);
	if (rc == RELATED_NONE)
		rc = tunnel_related(ctx, p, &r);
	if (rc == RELATED_NONE && quoted_request(ctx, p)) {
		r.loads = (struct load_changes){};
		rc = quoted_begun(begin(ctx, p, &r), &r, p->now);
		settle_all(&r.loads);
		if (rc == RELATED_TO_SERVER)
			rc = quoted_back(ctx, p) ? RELATED_NONE : icmp_related(ctx, p, &r);
	}
	if (rc == RELATED_TO_SERVER)
		return forward_related(ctx, p, r.server);
	return rc == RELATED_NONE ? verdict(PL_NOT_OURS, XDP_PASS) : rc;
}

#define IS_ICMP (-101)
#define IS_FRAGMENT (-102)

/* What plain() and plain6() left: everything that is not TCP or UDP over bare IP. A verdict, LOOK_ON as
 * of plain(), IS_ICMP or IS_FRAGMENT. */
__attribute__((noinline)) int other(struct xdp_md *ctx, struct pl_packet *p)
{
	int rc;

	if (!ctx || !p)
		return XDP_DROP;
	switch (parse_link(ctx, p)) {
	case bpf_htons(ETH_P_IP):
		rc = parse_v4(ctx, p);
		break;
	case bpf_htons(ETH_P_IPV6):
		rc = parse_v6(ctx, p);
		break;
	default:
		return verdict(PL_NOT_IP, XDP_PASS);
	}
	if (rc)
		return rc == -PL_FRAGMENT ? IS_FRAGMENT : verdict(-rc, XDP_PASS);
	if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		return IS_ICMP;
	rc = parse_transport(ctx, p);
	return rc ? verdict(-rc, XDP_PASS) : LOOK_ON - LOOK_FURTHER;
}

#ifdef PL_TRACE
static __always_inline int direct(struct xdp_md *ctx)
#else
SEC("xdp")
int director(struct xdp_md *ctx)
#endif
{
	struct pl_packet p = { .ifindex = ctx->ingress_ifindex };
	int done = plain(ctx, &p);

	if (done == NOT_PLAIN)
		done = plain6(ctx, &p);
	if (done == NOT_PLAIN) {
		done = other(ctx, &p);
		if (done == IS_ICMP)
			return icmp(ctx, &p);
		if (done == IS_FRAGMENT)
			return fragmented(ctx, &p);
	}
	if (done == LOOK_ON - LOOK_NOT_THERE && p.family == 4)
		done = plain_begin(ctx, &p);
	if (done > LOOK_ON)
		return done;
	if (done <= FORWARD_ON)
		return forward(ctx, &p, FORWARD_ON - done);
	return unknown(ctx, &p, LOOK_ON - done);
}

#ifdef PL_TRACE
SEC("xdp")
int director(struct xdp_md *ctx)
{
	int action;

	trace_begin(ctx);
	action = direct(ctx);
	trace_end(action);
	return action;
}
#endif
