/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bucket's eight words looked over, by their upper halves. Every packet of a known connection
 * does it once and every first one twice, in the midst of many variables: written in C, each
 * slot costs a stack access for the bucket and one for its own number, twice as much as here.
 * Compiled for a process (the fuzzers') it is C; both say the same.
 */
#ifndef PLENUM_BPF_BUCKET_SCAN_H
#define PLENUM_BPF_BUCKET_SCAN_H

#include "bpf/abi.h"

#define PL_UPPER(bits) ((__u32)((bits) >> 32))

/* From so many connections on a bucket shares with its alternate one, so that few are ever full. */
#define CROWDED 6

/* What of a word says which connection's it may be. */
#define IDENTITY (PL_WORD_TAG | PL_WORD_TEMPLATE | PL_WORD_LIVE | PL_WORD_BUSY)
#define TAKEN (PL_WORD_LIVE | PL_WORD_BUSY)

static __always_inline __u32 upper_read(struct pl_bucket *b, __u32 slot)
{
	return ((volatile __u32 *)&b->word[slot & (PL_SLOTS - 1)])[1];
}

#ifdef __bpf__

/* u: the upper half of the word `at` bytes into the bucket. */
#define SCAN_READ(at) "%[u] = *(u32 *)(%[b] + " at ")\n\t"
#define SCAN_TO(label) "if %[u] == %[want] goto " label "_%=\n\t"
#define SCAN_IS(at, label) SCAN_READ(at) "%[u] &= %[identity]\n\t" SCAN_TO(label)
#define SCAN_LABEL(label) label "_%=:\n\t"
#define SCAN_SAY(slot) "%[slot] = " slot "\n\t"
#define SCAN_GO(label) "goto " label "_%=\n\t"
#define SCAN_FREE(at, slot)                                                                      \
	SCAN_READ(at) "%[t] = %[u]\n\t%[t] &= %[taken]\n\tif %[t] == 0 goto free" slot "_%=\n\t" \
		      "%[u] &= %[identity]\n\t" SCAN_TO("none")

/* The first slot whose word, of the bits of IDENTITY, is `want`; PL_SLOTS: none. Buckets fill
 * from the front. */
static __always_inline __u64 slot_with(struct pl_bucket *b, __u64 want)
{
	__u64 u, slot;

	__asm__ volatile(SCAN_IS("4", "at0") SCAN_IS("12", "at1") SCAN_IS("20", "at2") SCAN_IS("28", "at3")
			 SCAN_IS("36", "at4") SCAN_IS("44", "at5") SCAN_IS("52", "at6") SCAN_IS("60", "at7")
			 SCAN_SAY("8") SCAN_GO("said")
			 SCAN_LABEL("at0") SCAN_SAY("0") SCAN_GO("said")
			 SCAN_LABEL("at1") SCAN_SAY("1") SCAN_GO("said")
			 SCAN_LABEL("at2") SCAN_SAY("2") SCAN_GO("said")
			 SCAN_LABEL("at3") SCAN_SAY("3") SCAN_GO("said")
			 SCAN_LABEL("at4") SCAN_SAY("4") SCAN_GO("said")
			 SCAN_LABEL("at5") SCAN_SAY("5") SCAN_GO("said")
			 SCAN_LABEL("at6") SCAN_SAY("6") SCAN_GO("said")
			 SCAN_LABEL("at7") SCAN_SAY("7")
			 SCAN_LABEL("said")
			 : [u] "=&r"(u), [slot] "=&r"(slot)
			 : [b] "r"(b), [want] "r"(want >> 32), [identity] "i"(PL_UPPER(IDENTITY))
			 : "memory");
	return slot;
}

/* The first free slot of the first CROWDED, where no slot's word is `want`; else PL_SLOTS. */
static __always_inline __u64 slot_free(struct pl_bucket *b, __u64 want)
{
	__u64 u, t, slot;

	__asm__ volatile(SCAN_FREE("4", "0") SCAN_FREE("12", "1") SCAN_FREE("20", "2")
			 SCAN_FREE("28", "3") SCAN_FREE("36", "4") SCAN_FREE("44", "5") SCAN_GO("none")
			 SCAN_LABEL("free5") SCAN_SAY("5") SCAN_GO("from6")
			 SCAN_LABEL("free4") SCAN_SAY("4") SCAN_GO("from5")
			 SCAN_LABEL("free3") SCAN_SAY("3") SCAN_GO("from4")
			 SCAN_LABEL("free2") SCAN_SAY("2") SCAN_GO("from3")
			 SCAN_LABEL("free1") SCAN_SAY("1") SCAN_GO("from2")
			 SCAN_LABEL("free0") SCAN_SAY("0")
					     SCAN_IS("12", "none")
			 SCAN_LABEL("from2") SCAN_IS("20", "none")
			 SCAN_LABEL("from3") SCAN_IS("28", "none")
			 SCAN_LABEL("from4") SCAN_IS("36", "none")
			 SCAN_LABEL("from5") SCAN_IS("44", "none")
			 SCAN_LABEL("from6") SCAN_IS("52", "none")
					     SCAN_IS("60", "none") SCAN_GO("said")
			 SCAN_LABEL("none") SCAN_SAY("8")
			 SCAN_LABEL("said")
			 : [u] "=&r"(u), [t] "=&r"(t), [slot] "=&r"(slot)
			 : [b] "r"(b), [want] "r"(want >> 32), [identity] "i"(PL_UPPER(IDENTITY)),
			   [taken] "i"(PL_UPPER(TAKEN))
			 : "memory");
	return slot;
}

#else

static __always_inline __u64 slot_with(struct pl_bucket *b, __u64 want)
{
	for (__u32 i = 0; i < PL_SLOTS; i++)
		if ((upper_read(b, i) & PL_UPPER(IDENTITY)) == PL_UPPER(want))
			return i;
	return PL_SLOTS;
}

static __always_inline __u64 slot_free(struct pl_bucket *b, __u64 want)
{
	__u32 free = PL_SLOTS;

	for (__u32 i = PL_SLOTS; i-- > 0;) {
		__u32 u = upper_read(b, i);

		if (!(u & PL_UPPER(TAKEN)))
			free = i;
		else if ((u & PL_UPPER(IDENTITY)) == PL_UPPER(want))
			return PL_SLOTS;
	}
	return free < CROWDED ? free : PL_SLOTS;
}

#endif

_Static_assert(PL_SLOTS == 8 && CROWDED == 6 && sizeof(((struct pl_bucket *)0)->word) == 64 &&
		       !__builtin_offsetof(struct pl_bucket, word),
	       "the slots are written out above");

#endif
