/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Persistence engine sip: the Call-ID of a SIP message over UDP (RFC 3261 section 20.8), read
 * as ip_vs_pe_sip.c and nf_conntrack_sip.c read it, and templates known by it. Octets pass one
 * by one through a small machine; nothing is looked at twice.
 */
#ifndef PLENUM_BPF_SIP_H
#define PLENUM_BPF_SIP_H

#include "bpf/connection.h"

/* Where in the message the machine is. */
enum sip_at {
	SIP_LINE,	/* somewhere in a line */
	SIP_START,	/* at the start of one */
	SIP_NAME,	/* the name so far is Call-ID's */
	SIP_COMPACT,	/* behind the name's short form, "i" */
	SIP_COLON,	/* blanks before the colon */
	SIP_BLANK,	/* blanks behind it */
	SIP_WORD,	/* the value */
	SIP_DOMAIN,	/* the value, behind its @ */
	SIP_FOUND,
	SIP_WRONG,
};

const char sip_name[8] = "call-id";

/* Characters of a word (RFC 3261 section 25.1, and the comma as the kernel has it), a bit each. */
const __u32 sip_word[4] = { 0, 0xd7ffff26, 0xbffffffe, 0x6fffffff };

static __always_inline __u8 sip_lower(__u8 c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static __always_inline int sip_alpha(__u8 c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

static __always_inline int sip_in_word(__u8 c)
{
	return c < 128 && sip_word[c >> 5 & 3] >> (c & 31) & 1;
}

static __always_inline int sip_line_end(__u8 c)
{
	return c == '\r' || c == '\n';
}

/* 1: the blank was passed over; 0: c is what follows the blanks. */
static __always_inline int sip_skip(struct pl_sip_walk *w, __u8 c)
{
	if (w->folded) {
		if (w->folded == 1 && w->last == '\r' && c == '\n')
			return 1;
		if (c == ' ' || c == '\t') {
			w->folded = 2;
			return 1;
		}
		if (w->folded == 1)
			w->at = SIP_WRONG;	/* the line ended, and no other continues it */
		w->folded = 0;
		if (w->at == SIP_WRONG)
			return 1;
	}
	if (c == ' ')
		return 1;
	if (sip_line_end(c)) {
		w->folded = 1;
		return 1;
	}
	return 0;
}

static __always_inline void sip_append(struct pl_sip_walk *w, struct pl_call_id *id, __u8 c)
{
	if (w->length >= PL_CALL_ID_LENGTH) {
		w->at = SIP_WRONG;
		return;
	}
	id->text[w->length & (PL_CALL_ID_ROOM - 1)] = c;
	w->length++;
	w->word++;
}

static __always_inline void sip_value(struct pl_sip_walk *w, struct pl_call_id *id, __u8 c)
{
	if (sip_in_word(c)) {
		sip_append(w, id, c);
	} else if (!w->word) {
		w->at = SIP_LINE;	/* no Call-ID at all; another line may have one */
	} else if (c == '@' && w->at == SIP_WORD) {
		sip_append(w, id, c);
		w->at = w->at == SIP_WRONG ? SIP_WRONG : SIP_DOMAIN;
		w->word = 0;
	} else {
		w->at = sip_line_end(c) ? SIP_FOUND : SIP_WRONG;
	}
}

static __always_inline void sip_read(struct pl_sip_walk *w, struct pl_call_id *id, __u8 c)
{
	if (w->at == SIP_START && !(w->last == '\r' && c == '\n')) {
		w->matched = 0;
		w->at = SIP_NAME;
	}
	if (w->at == SIP_NAME) {
		if (sip_lower(c) == sip_name[w->matched & 7]) {
			if (++w->matched == sizeof(sip_name) - 1)
				w->at = SIP_COLON;
			return;
		}
		w->at = !w->matched && sip_lower(c) == 'i' ? SIP_COMPACT : SIP_LINE;
		if (w->at == SIP_COMPACT)
			return;
	}
	if (w->at == SIP_COMPACT)
		w->at = sip_alpha(c) ? SIP_LINE : SIP_COLON;
	if (w->at == SIP_LINE || w->at == SIP_START) {
		w->at = sip_line_end(c) ? SIP_START : SIP_LINE;
	} else if (w->at == SIP_COLON) {
		if (!sip_skip(w, c))
			w->at = c == ':' ? SIP_BLANK : SIP_WRONG;
	} else if (w->at == SIP_BLANK) {
		if (sip_skip(w, c))
			return;
		w->length = 0;
		w->word = 0;
		w->at = SIP_WORD;
		sip_value(w, id, c);
	} else {
		sip_value(w, id, c);
	}
}

static long sip_step(__u32 i, void *unused)
{
	__u32 zero = 0;
	struct pl_sip *sip = bpf_map_lookup_elem(&pl_sip, &zero);
	__u8 c;

	if (!sip || i >= PL_SIP_MESSAGE)
		return 1;
	c = sip->message[i];
	sip_read(&sip->walk, &sip->call_id, c);
	sip->walk.last = c;
	return sip->walk.at >= SIP_FOUND;
}

/* 0 and the Call-ID in the CPU's struct pl_sip, or -1: none that could be used. */
__attribute__((noinline)) int call_id_read(struct xdp_md *ctx, struct pl_packet *p)
{
	__u32 zero = 0, offset, length;
	struct pl_sip *sip = bpf_map_lookup_elem(&pl_sip, &zero);

	if (!ctx || !p || !sip || p->proto != IPPROTO_UDP || p->first == PL_FIRST_QUOTED)
		return -1;
	offset = p->l4 + sizeof(struct udphdr);
	if (p->length < offset - p->l3 + 1)
		return -1;
	length = p->length - (offset - p->l3);
	if (length > PL_SIP_MESSAGE)
		length = PL_SIP_MESSAGE;
	/* It is 1..PL_SIP_MESSAGE; this tells Linux 6.1's verifier. */
	__asm__ volatile("" : "+r"(length));
	length = ((length - 1) & (PL_SIP_MESSAGE - 1)) + 1;
	if (bpf_xdp_load_bytes(ctx, offset, sip->message, length))
		return -1;
	__builtin_memset(&sip->call_id, 0, sizeof(sip->call_id));
	__builtin_memset(&sip->walk, 0, sizeof(sip->walk));
	bpf_loop(length, sip_step, 0, 0);
	if (sip->walk.at != SIP_FOUND)
		return -1;
	sip->call_id.length = sip->walk.length;
	return 0;
}

#endif
