/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet of no connection: perhaps the first of one (ip_vs_schedule, ip_vs_sched_persist).
 * Finds its service and its server, by template or by schedule, and makes the connection.
 */
#ifndef PLENUM_BPF_BEGIN_H
#define PLENUM_BPF_BEGIN_H

#include "bpf/insert.h"
#include "bpf/mark.h"
#include "bpf/persist.h"
#include "bpf/scheduler/table.h"
#include "bpf/service.h"
#include "bpf/sip.h"
#include "bpf/takeover.h"
#include "bpf/tuning.h"

/* What is no reason: a template decides; there is none; the packet is all of its connection. */
enum { PL_BEGIN_PERSISTENT = PL_REASON_COUNT, PL_BEGIN_TEMPLATE, PL_BEGIN_ONE_PACKET };

static __always_inline struct pl_service *service_slot(__u32 index)
{
	return bpf_map_lookup_elem(&pl_services, &index);
}

static __always_inline struct pl_server *server_at(__u32 index)
{
	return bpf_map_lookup_elem(&pl_servers, &index);
}

/*
 * A service has nobody for the packet. FTP's is asked for ports that need not be FTP's; with
 * cache_bypass a mark's lets packets go where they were addressed.
 */
static __always_inline int no_server(const struct pl_packet *p, const struct pl_service *svc,
				     const struct pl_settings *s)
{
	if (!svc->key.proto && s->tuning & PL_TUNE_CACHE_BYPASS)
		return PL_NOT_OURS;
	return svc->key.port == FTP_PORT && p->dport != FTP_PORT ? PL_NOT_OURS : PL_REPLY_NO_SERVER;
}

static __always_inline int is_one_packet(const struct pl_packet *p, const struct pl_service *svc)
{
	return svc->flags & PL_SERVICE_ONE_PACKET && p->proto == IPPROTO_UDP && p->first != PL_FIRST_QUOTED;
}

/*
 * A packet of no connection: 0 with the server in r->server that it goes to, or the reason why
 * not; or PL_BEGIN_PERSISTENT with the service in r->server.
 */
__attribute__((noinline)) int choose(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r)
{
	struct pl_settings *s = settings();
	struct pl_service *svc;
	__u32 service;

	if (!ctx || !p || !r)
		return PL_NOT_OURS;
	service = service_of(p, s->lookups & PL_LOOKUP_MARK ? mark_of(ctx, p) : 0, s->lookups);
	svc = service_slot(service);
	if (!service || !svc)
		return PL_NOT_OURS;
	if (!may_begin(p, s))
		return taking_over(p, s) ? PL_DROP_TAKEOVER : PL_NO_SYN;
	if (defence_drops(s))
		return PL_DROP_DEFENCE;
	if (p->sport == FTP_DATA_PORT)
		return PL_FTP_DATA;
	r->control = 0;
	r->server = service;
	if (svc->persist_ticks)
		return PL_BEGIN_PERSISTENT;
	/* Only persistent services are for ports besides their own. */
	if (svc->key.proto && svc->key.port != p->dport)
		return no_server(p, svc, s);
	r->server = schedule(service, p);
	if (!r->server)
		return no_server(p, svc, s);
	if (!is_one_packet(p, svc))
		return 0;
	count_connection(r->server);
	return PL_BEGIN_ONE_PACKET;
}

/* The key of the packet's template; call_id_read() was before where it is a SIP service. */
static __always_inline void service_template(struct conn_key *k, struct pl_addr *client, const struct pl_packet *p,
					     const struct pl_service *svc, const struct pl_settings *s)
{
	template_key(k, client, p, svc, s);
	if (svc->flags & PL_SERVICE_SIP)
		call_id_key(k, s);
}

/* What a template means for the packet. r->control is its place from now on. */
static __always_inline int template_taken(struct pl_packet *p, struct conn_ref *r, const struct pl_service *svc)
{
	r->control = control_take(r, p->now);
	if (!is_one_packet(p, svc))
		return 0;
	control_release(r->control);
	count_connection(r->server);
	return PL_BEGIN_ONE_PACKET;
}

/* 1 and *r filled when the client of the packet has a template in the service, else 0. */
__attribute__((noinline)) int template_look(struct pl_packet *p, struct conn_ref *r, __u32 index)
{
	struct pl_settings *s = settings();
	struct pl_service *svc = service_slot(index);
	struct conn_key k = {};
	struct pl_addr client;

	if (!p || !r || !svc)
		return 0;
	service_template(&k, &client, p, svc, s);
	return conn_find(&k, s, r);
}

/*
 * For a persistent service, `index`: 0 with the server of the client's template in r->server, or
 * the reason why not, or PL_BEGIN_TEMPLATE: there is none; template_schedule() goes on.
 */
__attribute__((noinline)) int template_find(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r, __u32 index)
{
	struct pl_settings *s = settings();
	struct pl_service *svc = service_slot(index);
	struct pl_server *server;

	if (!ctx || !p || !r || !svc)
		return PL_NOT_OURS;
	if (svc->flags & PL_SERVICE_SIP && call_id_read(ctx, p))
		return PL_DROP_NO_CALL_ID;
	if (!template_look(p, r, index))
		return PL_BEGIN_TEMPLATE;
	server = server_of(r);
	if (server && (server->weight || !(s->tuning & PL_TUNE_EXPIRE_QUIESCENT)))
		return template_taken(p, r, svc);
	template_invalidate(r);
	return PL_BEGIN_TEMPLATE;
}

/* 0 with the server in r->server that a template is to be made for, or the reason why not. */
__attribute__((noinline)) int template_schedule(struct pl_packet *p, struct conn_ref *r, __u32 index)
{
	struct pl_settings *s = settings();
	struct pl_service *svc = service_slot(index);

	if (!p || !r || !svc)
		return PL_NOT_OURS;
	r->server = schedule(index, p);
	return r->server ? 0 : no_server(p, svc, s);
}

/* Makes the client's template on the server in r->server. 0, or the reason why not. */
__attribute__((noinline)) int template_make(struct pl_packet *p, struct conn_ref *r, __u32 index)
{
	struct pl_settings *s = settings();
	struct pl_service *svc = service_slot(index);
	struct conn_key k = {};
	struct pl_addr client;
	struct pl_server *server;
	struct insertion i;
	__u32 id;
	int rc;

	if (!p || !r || !svc)
		return PL_NOT_OURS;
	id = r->server;
	server = server_at(id);
	if (!server)
		return PL_REPLY_NO_SERVER;
	service_template(&k, &client, p, svc, s);
	/* Kept in memory as a whole: each field in a place of its own takes more of the stack. */
	__asm__ volatile("" : : "r"(&k) : "memory");
	rc = insert_begin(&i, &k);
	if (rc == INSERT_CONTENDED)
		return PL_DROP_CONTENDED;
	if (rc == INSERT_ALIKE && template_look(p, r, index))
		insert_found(&i);
	else if (insert_end(&i, &k, id, server, 0, r, s) == INSERT_FULL)
		return PL_DROP_TABLE_FULL;
	return template_taken(p, r, svc);
}

/* Makes the connection of a packet to the server chosen. 0 with *r naming it, or the reason
 * why not. */
__attribute__((noinline)) int enter(struct pl_packet *p, struct conn_ref *r)
{
	struct pl_settings *s = settings();
	struct pl_server *server;
	struct conn_key k = {};
	struct insertion i;
	__u32 id, state, control;
	int rc;

	if (!p || !r)
		return PL_NOT_OURS;
	id = r->server;
	control = r->control;
	server = server_at(id);
	if (!server)
		return PL_REPLY_NO_SERVER;
	state = p->first == PL_FIRST_QUOTED ? 0 :
		first_state(p->proto, server->forward == PL_FWD_MASQ ? PL_INPUT : PL_INPUT_ONLY, p->event, s);
	key_request(&k, p, s);
	k.control = control;
	rc = insert_begin(&i, &k);
	if (rc == INSERT_ALIKE && find(p, r, KEY_REQUEST))
		rc = insert_found(&i);
	else if (rc != INSERT_CONTENDED)
		rc = insert_end(&i, &k, id, server, state, r, s);
	switch (rc) {
	case INSERT_CONTENDED:
		control_release(control);
		return PL_DROP_CONTENDED;
	case INSERT_FULL:
		control_release(control);
		return PL_DROP_TABLE_FULL;
	case INSERT_FOUND:
		control_release(control);
		if (!server_of(r))
			return PL_DROP_SERVER_GONE;
		conn_touch_in(r, p, PL_INPUT, s, 1);
		return 0;
	}
	if (control && is_established(p->proto, state))
		control_assure(control);
	count(PL_EVENT_NEW);
	count_connection(id);
	if (s->sync)
		sync_note(r->bucket * PL_SLOTS + r->slot, PL_SYNC_NEW);
	return 0;
}

/* All of it. 0 with the server in r->server, or the reason why not. */
static __always_inline int begin(struct xdp_md *ctx, struct pl_packet *p, struct conn_ref *r)
{
	int reason = choose(ctx, p, r);

	if (reason == PL_BEGIN_PERSISTENT) {
		__u32 service = r->server;

		reason = template_find(ctx, p, r, service);
		if (reason == PL_BEGIN_TEMPLATE)
			reason = template_schedule(p, r, service);
		if (!reason && !r->control)
			reason = template_make(p, r, service);
	}
	if (reason == PL_BEGIN_ONE_PACKET)
		return 0;
	return reason ? reason : enter(p, r);
}

#endif
