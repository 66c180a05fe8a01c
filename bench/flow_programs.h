/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What bench_flow tells its programs: which packets to write, where to send them. */
#ifndef PLENUM_BENCH_FLOW_PROGRAMS_H
#define PLENUM_BENCH_FLOW_PROGRAMS_H

#include <linux/types.h>

/* Packet n of a run is of flow n & mask: client address client + (n >> 14), port 1024 + 16,384
 * of them. Addresses and ports in host order. */
struct flow_order {
  __u32 ifindex; /* packets are sent by this interface */
  __u32 mask;
  __u32 client, server;
  __u16 client_port, server_port;
  __u8 protocol; /* TCP or UDP */
  __u8 flags;    /* of TCP */
  __u8 to_mac[6], from_mac[6];
  __u16 spare;
  __u32 next;           /* number of the next packet */
  __u32 first, last;    /* the packets between whose making time is taken */
  __u64 started, ended; /* ns of CLOCK_MONOTONIC */
};

/* What `redirect` does with a packet. */
struct flow_way {
  __u32 ifindex;
  __u8 to_mac[6], from_mac[6];
};

#endif
