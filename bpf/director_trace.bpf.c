// SPDX-License-Identifier: GPL-2.0-only
/* The director once more, telling what becomes of packets: in the place of the other one
 * while somebody traces, over the same maps. */
#define PL_TRACE
#include "bpf/director.bpf.c"
